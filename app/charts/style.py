"""The look of all charts: colours that colour-blind people can distinguish, on light and dark."""

from __future__ import annotations

from typing import Any, Literal

import altair as alt
import pandas as pd

BLUE, ORANGE, GREY, PURPLE, GREEN = "#2b83ba", "#d97706", "#8a8a8a", "#a855a0", "#1b9e77"
ARM_COLOURS = {
    "Personalised": BLUE,
    "Random": ORANGE,
    "Control": GREEN,
    "Fallback": PURPLE,
    "Unknown": GREY,
}
ARM_SHAPES = {
    "Personalised": "circle",
    "Random": "diamond",
    "Control": "cross",
    "Fallback": "square",
    "Unknown": "triangle",
}
LOW_TO_HIGH = ["#e08214", "#f7f3ee", "#4a9acb"]
TEXT_ON_CELLS = "#1f1f1f"
Figure = alt.Chart | alt.LayerChart | alt.FacetChart | alt.HConcatChart
# Percentages as in the text: `12 %`, and `0 %` without a sign.
PERCENT = "replace(replace(datum.label, /%$/, ' %'), /^[+\u2212]0 %$/, '0 %')"
# Widths of a chart in pixels: on a phone, and in one of two columns.
_PHONE, _HALF = 400, 600
_PHONE_LABELS, _HALF_LABELS, _TITLE = 130, 200, 300


def legend(orient: Literal["top", "bottom"] = "top", **looks: Any) -> alt.Legend:
    """Return a legend without title, one entry per line on a phone."""
    columns = alt.ExprRef(f"containerSize()[0] < {_PHONE} ? 1 : 4")
    usual = {"columns": columns, "labelLimit": 260, "symbolOpacity": 1, "title": None}
    return alt.Legend(orient=orient, **{**usual, **looks})


def labels(most: int = 260, **looks: Any) -> alt.Axis:
    """Return an axis of names at most so many pixels wide; narrow charts leave room for marks."""
    limit = alt.ExprRef(
        f"containerSize()[0] < {_PHONE} ? {min(most, _PHONE_LABELS)}"
        f" : containerSize()[0] < {_HALF} ? {min(most, _HALF_LABELS)} : {most}"
    )
    return alt.Axis(labelLimit=limit, **looks)


def legible(chart: Figure, colour: str) -> Figure:
    """Return a chart with labels of a colour, and percentages written as in the text."""
    chart = chart.configure_axis(labelColor=colour, titleColor=colour, titleLimit=_TITLE)
    chart = chart.configure_axisQuantitative(labelExpr=PERCENT)
    chart = chart.configure_text(color=colour).configure_title(subtitleColor=colour)
    return chart.configure_legend(labelColor=colour, titleColor=colour)


def arm_colour(frame: pd.DataFrame) -> alt.Color:
    """Return the colour by the column `arm`; one arm has the same on every page."""
    present = _present(frame)
    scale = alt.Scale(domain=present, range=[ARM_COLOURS[arm] for arm in present])
    return alt.Color("arm:N", scale=scale, legend=legend())


def arm_shape(frame: pd.DataFrame) -> alt.Shape:
    """Return the shape by the column `arm`, for readers who cannot distinguish the colours."""
    present = _present(frame)
    scale = alt.Scale(domain=present, range=[ARM_SHAPES[arm] for arm in present])
    return alt.Shape("arm:N", scale=scale, legend=legend())


def _present(frame: pd.DataFrame) -> list[str]:
    return [arm for arm in ARM_COLOURS if arm in set(frame["arm"])]


def value_format(is_amount: bool) -> str:
    """Return the number format of rewards: amounts with 2 decimals, rates in percent."""
    return ",.2f" if is_amount else ".1%"


def title(text: str, below: str = "") -> alt.TitleParams:
    """Return a chart title, and a line below it that says how to read it."""
    return alt.TitleParams(text, subtitle=below or alt.Undefined, anchor="start", offset=12)
