"""The review app: navigation only. Start it with `nextoffer app`.

Reads the published file only.
"""

from __future__ import annotations

import streamlit as st

PAGES = {
    "What to do": [
        st.Page("pages/overview.py", title="Overview", url_path="overview", default=True),
        st.Page("pages/performance.py", title="Performance", url_path="performance"),
        st.Page("pages/offers.py", title="Offers", url_path="offers"),
        st.Page("pages/ranked_offers.py", title="Ranked offers", url_path="ranked_offers"),
    ],
    "Whether to trust it": [
        st.Page("pages/model.py", title="Model", url_path="model"),
        st.Page("pages/interactions.py", title="Interactions", url_path="interactions"),
        st.Page("pages/policy_value.py", title="Policy value", url_path="policy_value"),
        st.Page("pages/health.py", title="Health", url_path="health"),
    ],
}

st.set_page_config(page_title="nextoffer", layout="wide")
st.navigation(PAGES, expanded=True).run()
