"""Words, numbers and boxes that pages share. Whatever comes from data is shown as text."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from app.charts.style import Figure

NONE = "–"
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|>~$<&:=^])")
_RUNS = re.compile(r"\\[-.](?=\\[-.])")
ARMS = {
    "contextual": "Personalised",
    "random": "Random",
    "noncontextual": "Fallback",
    "unknown": "Unknown",
}


def plain(text: Any) -> str:
    """Return text so that markdown shows it letter by letter.

    The word joiner after a colon keeps `:name:` from becoming an emoji or an icon, and the one
    between dashes or dots keeps them from becoming a long dash or an ellipsis.
    """
    escaped = _MARKDOWN.sub(r"\\\1", str(text)).replace(":", ":\u2060").replace("\n", " ")
    return _RUNS.sub("\\g<0>\u2060", escaped)


def say(text: str) -> None:
    """Say that there is nothing to show, and why; `text` is markdown, data in it `plain`."""
    st.info(text)


def nothing_published(home: Path) -> None:
    """Say that nothing is published yet, and which commands change that."""
    st.info(
        f"**Nothing is published yet** in {plain(home)}.\n\n"
        "Run `nextoffer demo` for a simulated bank, or `nextoffer run --raw FOLDER` on your own"
        " events. This page shows the result as soon as it is there."
    )


def outdated(what: str) -> None:
    """Say that the publication was written by another version."""
    st.warning(
        "**This publication was written by another version of nextoffer** and lacks something"
        f" that this page needs: {plain(what)}\n\nRun `nextoffer run --force`."
    )


def cold_start(status: Any, reason: Any) -> None:
    """Say that there is no model yet, and that everything is random so far."""
    why = f" Reason: {plain(reason)}." if is_known(reason) else ""
    failed = " The last run failed." if status == "failed" else ""
    st.info(
        f"**Cold start: no model yet.**{failed} Every offer is drawn at random, to collect the"
        f" data that the first model needs.{why}"
    )


def age_of_publication(as_of: datetime, age: timedelta, is_stale: bool) -> None:
    """Say how old the shown data is."""
    since = f"{age.days} days" if age.days >= 2 else f"{max(0, age // timedelta(hours=1))} hours"
    if is_stale:
        st.warning(
            f"**Stale:** computed for {moment(as_of)}, {since} ago. A cycle is 7 days: newer"
            " events are not seen until `nextoffer run`. All times are UTC."
        )
    else:
        st.caption(f"Computed for {moment(as_of)}, {since} ago. All times are UTC.")


def show_chart(chart: Figure, alt_text: str) -> None:
    """Show a chart over the whole width; `alt_text` says it to those who cannot see it.

    Its title becomes text of the page, which wraps on a narrow screen where a title is cut off.
    """
    title = getattr(chart, "title", None)
    if isinstance(title, alt.TitleParams):
        words = title.to_dict()
        below = words.get("subtitle")
        st.markdown(
            f"**{plain(words['text'])}**" + (f"  \n:small[:gray[{plain(below)}]]" if below else "")
        )
        chart = chart.copy(deep=False)
        chart.title = alt.Undefined
    st.altair_chart(chart, width="stretch", alt=alt_text)


def show_table(frame: pd.DataFrame, columns: dict[str, Any], **options: Any) -> None:
    """Show the columns named in `columns` (label or column config), in their order, as text."""
    st.dataframe(
        frame, column_order=list(columns), column_config=columns, hide_index=True, **options
    )


def facts(values: dict[str, str]) -> None:
    """Show names and values, one line each; both are markdown, data in them `plain`."""
    st.table(
        pd.DataFrame({"name": list(values), "value": list(values.values())}),
        border="horizontal",
        hide_index=True,
        hide_header=True,
    )


def is_known(value: Any) -> bool:
    """Return whether a value is neither NULL nor NaN."""
    return value is not None and bool(pd.notna(value))


def moment(value: Any) -> str:
    """Return a time as text, `2026-10-25 00:00 UTC`."""
    return f"{value:%Y-%m-%d %H:%M} UTC" if is_known(value) else NONE


def day(value: Any) -> str:
    """Return a day as text, `2026-10-25`."""
    return f"{value:%Y-%m-%d}" if is_known(value) else NONE


def count(value: Any) -> str:
    """Return a count as text, `12,345`."""
    return f"{int(value):,}" if is_known(value) else NONE


def percent(value: Any, digits: int = 0) -> str:
    """Return a share as text, `12 %`."""
    return f"{float(value):.{digits}%}".replace("%", " %") if is_known(value) else NONE


def decimals(value: Any, digits: int = 3) -> str:
    """Return a number as text, `0.277`."""
    return f"{float(value):.{digits}f}" if is_known(value) else NONE


def change(value: Any) -> str:
    """Return a relative change as text, `+12 %`; changes below 10 % with one digit."""
    if not is_known(value):
        return NONE
    digits = 1 if abs(float(value)) < 0.1 else 0
    rounded = round(float(value), digits + 2) + 0.0
    return f"{rounded:+.{digits}%}".replace("%", " %").replace("-", "−")


def interval(low: Any, high: Any) -> str:
    """Return an interval of relative changes as text, `+3 % to +9 %`."""
    return f"{change(low)} to {change(high)}" if is_known(low) and is_known(high) else NONE


def intervals(frame: pd.DataFrame) -> list[str]:
    """Return the intervals `lift_low` to `lift_high` of a frame as text."""
    pairs = zip(frame["lift_low"], frame["lift_high"], strict=True)
    return [interval(low, high) for low, high in pairs]


def reward(value: Any, is_amount: bool) -> str:
    """Return a mean reward as text: an amount with 2 decimals, or a rate as `7.01 %`."""
    if not is_known(value):
        return NONE
    return f"{float(value):,.2f}" if is_amount else percent(value, 2)


def p_value(value: Any) -> str:
    """Return a p-value as text, `0.012` or `< 0.001`."""
    if not is_known(value):
        return NONE
    return "< 0.001" if float(value) < 0.001 else f"{float(value):.3f}"


def arm(traffic_type: Any) -> str:
    """Return the name of an arm for people."""
    return ARMS.get(str(traffic_type), str(traffic_type))
