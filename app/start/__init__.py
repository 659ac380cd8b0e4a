"""Where Streamlit starts.

It is not next to the folder `pages`: Streamlit would treat the files there as pages of its own and
open a link to one of them without the navigation.
"""
