"""The text and charts of a page."""

from __future__ import annotations

import re

from streamlit.testing.v1 import AppTest

_BOXES = ("markdown", "caption", "info", "warning", "error", "success", "title", "subheader")


def text_of(app: AppTest) -> str:
    """Return the text of a page without markdown escapes and word joiners."""
    found = [str(element.value) for kind in _BOXES for element in getattr(app, kind)]
    return (
        re.sub(r"\\([^\w\s])", r"\1", "\n".join(found)).replace("\u2060", "").replace("\u00a0", " ")
    )


def charts_of(app: AppTest) -> list[str]:
    """Return the specification of each chart, as JSON."""
    return [element.proto.spec for element in app.get("vega_lite_chart")]
