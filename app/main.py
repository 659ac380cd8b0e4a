"""Page of the app: the state of each strategy and the ranked offers of a profile.

Reads the published file only. Start it with `nextoffer app`.
"""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from app.database import Database, NothingPublishedError


def main() -> None:
    """Draw the page."""
    st.set_page_config(page_title="nextoffer", layout="wide")
    st.title("nextoffer")
    home = Path(os.environ.get("NEXTOFFER_HOME") or ".nextoffer").absolute()
    try:
        database = Database(home / "published.duckdb")
    except NothingPublishedError as error:
        st.info(str(error))
        return
    with database:
        st.caption(f"As of {database.as_of():%Y-%m-%d %H:%M} UTC · {database.path}")
        st.subheader("Strategies")
        st.dataframe(database.strategies(), hide_index=True)
        st.subheader("Ranked offers of a profile")
        _profile(database)


def _profile(database: Database) -> None:
    examples = database.example_profiles()
    if not examples:
        st.info("No profile is ranked yet.")
        return
    profile = st.text_input("Profile", value=examples[0])
    offers = database.ranked_offers(profile)
    if offers.empty:
        st.warning(
            f"No offer is ranked for {profile}. Known are, for example: {', '.join(examples)}"
        )
        return
    st.dataframe(offers, hide_index=True)


main()
