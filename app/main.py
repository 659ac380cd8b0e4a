"""The review app: navigation only. Start it with `nextoffer app`.

Reads the published file only.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_FOLDER = Path(__file__).parent
_PAGES, _STYLE = _FOLDER / "pages", _FOLDER / "style.css"
_LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 150 32" width="150" height="32">'
    '<text x="0" y="24" font-family="system-ui, sans-serif" font-size="24" font-weight="700"'
    ' fill="#2b83ba">nextoffer</text></svg>'
)
_SECTIONS = {
    "What to do": ("overview", "performance", "offers", "ranked_offers", "what_if"),
    "Whether to trust it": ("model", "interactions", "policy_value", "health"),
}


def run() -> None:
    """Draw the page of the URL."""
    page = st.navigation(
        {section: [_page(name) for name in names] for section, names in _SECTIONS.items()},
        expanded=True,
    )
    st.set_page_config(page_title=f"{page.title} · nextoffer", layout="wide")
    st.html(_STYLE)
    st.logo(_LOGO, size="large")
    page.run()


def _page(name: str) -> st.Page:
    title = name.replace("_", " ").capitalize()
    return st.Page(_PAGES / f"{name}.py", title=title, url_path=name, default=name == "overview")


if __name__ == "__main__":
    run()
