"""Where Streamlit starts.

Not beside the folder `pages`: Streamlit would take its files for pages of its own making, and
open a link to one of them without the navigation.
"""
