"""Boxes, charts and tables that pages share; text from data is shown as plain text."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, NamedTuple

import altair as alt
import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from app.charts.style import Figure, legible
from app.text import (
    NONE,
    cut,
    in_full,
    is_known,
    moment,
    named,
    plain,
    prose,
    short,
    without_formula,
)

_PAGES = Path(__file__).parent / "pages"
# Pixels of a letter of a label and of a headline figure, and of a box; two fit on a phone.
_LETTER, _DIGIT, _NARROWEST, _WIDEST = 7.2, 15.5, 152, 326
_PERCENT = "\u00a0%"  # in one line with its number


def nothing_published(home: Path) -> None:
    """Say that nothing is published yet, and which commands publish something."""
    st.info(
        f"**Nothing is published yet** in {plain(home)}.\n\n"
        "Run `nextoffer demo` for a simulated bank, or `nextoffer run --raw FOLDER` on your own"
        " events. This page then shows the result within seconds."
    )


def outdated(what: str) -> None:
    """Say that the publication was written by another version."""
    box(
        "warning",
        "**This publication was written by another version of nextoffer** and lacks a"
        f" table or column of this page: {plain(what)}\n\nRun `nextoffer run --force`.",
    )


def unreadable(what: str, remedy: str) -> None:
    """Say that the publication cannot be read, why, and what to do; the path is never cut."""
    st.error(f"{plain(what)}.\n\n**Do:** {remedy}.")


def cold_start(status: Any, reason: Any) -> None:
    """Say that the strategy has no model yet and shows offers at random."""
    why = f" Reason: {prose(reason)}." if is_known(reason) else ""
    failed = " The last run failed." if status == "failed" else ""
    box(
        "info",
        f"**Cold start: no model yet.**{failed} Offers are shown at random to collect the"
        f" data for the first model.{why}",
    )


def age_of_publication(as_of: datetime, age: timedelta, is_stale: bool) -> None:
    """Say how old the shown data is."""
    hours = max(0, age // timedelta(hours=1))
    since = f"{age.days} days" if age.days >= 2 else f"{hours} {'hour' if hours == 1 else 'hours'}"
    if is_stale:
        st.warning(
            f"**Stale:** computed for {moment(as_of)}, {since} ago, which is more than"
            " a cycle of 7 days. Run `nextoffer run` to compute it for today. All times are UTC."
        )
    else:
        st.caption(f"Computed for {moment(as_of)}, {since} ago. All times are UTC.")


def heading(name: str) -> None:
    """Show a name as a heading; where it is too long, the tooltip has all of it."""
    whole = plain(name) if short(name) != str(name) else None
    st.subheader(named(name), width="content", anchor=False, help=whole)


def say(markdown: str, width: Literal["stretch", "content"] = "stretch") -> None:
    """Show sentences; where text is too long to read, it is cut and the tooltip has all of it."""
    st.markdown(_laid_out(markdown), help=in_full(markdown) or None, width=width)


def box(kind: str, markdown: str) -> None:
    """Show sentences in a coloured box: info, warning or error.

    A box has no tooltip: where text in it is cut, the line below has one with all of it.
    """
    getattr(st, kind)(_laid_out(markdown))
    if whole := in_full(markdown):
        st.caption("The text above is cut.", help=whole)


def _laid_out(markdown: str) -> str:
    """Return cut markdown whose numbers stand in one line with their unit."""
    return cut(markdown).replace(" %", _PERCENT)


def link(page: str, label: str, strategy: str) -> None:
    """Show a link to a page of a strategy, by its id, which no other strategy has."""
    st.page_link(_PAGES / f"{page}.py", label=f"{label} →", query_params={"strategy": strategy})


def report_button(home: Path) -> None:
    """Show a button that writes the report of the publication."""
    from app.report import write_report

    if find_spec("vl_convert") is None:
        st.caption("For a report as a file: pip install 'nextoffer\\[report]'.")
        return
    st.download_button(
        "Download the report",
        lambda: write_report(home).encode(),
        "nextoffer-report.html",
        "text/html",
        on_click="ignore",
    )


def show_chart(chart: Figure, alt_text: str) -> None:
    """Show a chart over the whole width; `alt_text` describes it for screen readers.

    The title becomes text of the page, which wraps on a narrow screen; a chart title is cut off.
    """
    title = getattr(chart, "title", None)
    if isinstance(title, alt.TitleParams):
        words = title.to_dict()
        below = words.get("subtitle")
        say(f"**{plain(words['text'])}**" + (f"  \n:small[:gray[{plain(below)}]]" if below else ""))
        chart = chart.copy(deep=False)
        chart.title = alt.Undefined
    dark = st.context.theme.type == "dark"
    chart = legible(chart, "#c3c8cf" if dark else "#4a5058")
    st.altair_chart(chart, width="stretch", alt=alt_text)


def show_table(frame: pd.DataFrame, columns: dict[str, Any], **options: Any) -> None:
    """Show the columns named in `columns` (label or column config), in their order, as text.

    The table has a button that saves it as CSV, so that its text must not be run as formulas.
    """
    texts = frame.select_dtypes(["object", "string"])
    st.dataframe(
        frame.assign(**texts.map(without_formula)),
        column_order=list(columns),
        column_config=columns,
        hide_index=True,
        placeholder=NONE,
        **options,
    )


def code(text_to_copy: str) -> None:
    """Show a command or SQL to copy; without the colours of syntax, which are too pale to read."""
    st.code(text_to_copy, language=None, wrap_lines=True)


class Headline(NamedTuple):
    """A figure with its label, and markdown below it."""

    label: str
    value: str
    below: str = ""
    help: str | None = None


def headlines(figures: list[Headline]) -> None:
    """Show figures side by side, wide enough for each; those that do not fit go to the next row."""
    needed = max(max(_LETTER * len(figure.label), _DIGIT * len(figure.value)) for figure in figures)
    with st.container(horizontal=True, gap="small"):
        for figure in figures:
            with st.container(width=int(min(max(needed, _NARROWEST), _WIDEST)), gap="xxsmall"):
                st.metric(figure.label, figure.value, help=figure.help)
                if figure.below:
                    st.caption(_laid_out(figure.below))


def key_column(label: str, width: int = 225) -> ColumnConfig:
    """Return a column that stays in view while the others scroll."""
    return st.column_config.TextColumn(label, pinned=True, width=width)


def facts(values: dict[str, str]) -> None:
    """Show names and values, one line each; both are markdown, data in them `plain`."""
    whole = [value.replace(" %", _PERCENT) for value in values.values()]
    st.table(
        pd.DataFrame({"name": list(values), "value": whole}),
        border="horizontal",
        hide_index=True,
        hide_header=True,
    )
