"""Widgets whose values Streamlit keeps in the URL, so that a view can be shared.

The name of a choice is its key in the session and in the URL; Streamlit carries it from page to
page. The URL holds the text of an option, and nothing for the first option.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

import streamlit as st
from streamlit.errors import StreamlitAPIException

from app.text import named, plain, short

ALL_PLACEMENTS = "all"
_CUSTOM = "custom"
T = TypeVar("T", int, float)
_KNOWN_DAYS, _USUAL_DAYS = 30, 14


@dataclass(frozen=True)
class Period:
    """The UTC days from `start` to `end`, both included; `is_custom` where a user chose them."""

    start: date
    end: date
    is_custom: bool = False

    @classmethod
    def last(cls, days: int, as_of: datetime) -> Period:
        """Return the last days before a moment."""
        end = (as_of - timedelta(microseconds=1)).date()
        return cls(end - timedelta(days=days - 1), end)

    @property
    def days(self) -> int:
        """Return the number of days."""
        return (self.end - self.start).days + 1

    @property
    def words(self) -> str:
        """Return the period in words, for titles."""
        if self.is_custom:
            return f"{self.start:%Y-%m-%d} to {self.end:%Y-%m-%d}"
        return f"last {self.days} days"


def choose(label: str, name: str, options: list[str], words: Callable[[str], str] = str) -> str:
    """Let the user choose one of at least one option; `words` gives the text of an option.

    A link may hold the option or its text. A link to an unknown option shows a warning and selects
    the first option.
    """
    words = _told_apart(options, words)
    _prepare(label, name, options, words)
    return st.selectbox(
        label,
        options,
        key=name,
        format_func=words,
        width=300,
        filter_mode="contains",
        bind="query-params",
    )


def _told_apart(options: list[str], words: Callable[[str], str]) -> Callable[[str], str]:
    """Return short texts of options, numbered if several are equal."""
    texts: dict[str, str] = {}
    for option in options:
        text, number = short(words(option)), 1
        while text in texts.values():
            text, number = f"{short(words(option))} ({number + 1})", number + 1
        texts[option] = text
    return texts.__getitem__


def choose_button(label: str, name: str, options: list[str]) -> str:
    """Let the user choose like `choose`, from buttons in a row."""
    _prepare(label, name, options, str)
    return st.radio(label, options, key=name, horizontal=True, bind="query-params")


def choose_step(label: str, name: str, options: list[T], usual: T, words: Callable[[T], str]) -> T:
    """Let the user choose one of several numbers on a slider that starts at `usual`."""
    if st.session_state.get(name, usual) not in options:  # those of another strategy
        del st.session_state[name]
    chosen: T = st.select_slider(label, options, usual, words, key=name, bind="query-params")
    return chosen


def _prepare(label: str, name: str, options: list[str], words: Callable[[str], str]) -> None:
    """Set the value of a widget where Streamlit would not.

    Another choice may have removed the option. And if the page changes right after a link was
    opened, Streamlit has the value in the session, but neither shows it nor keeps it in the URL.
    """
    asked = st.query_params.get(name)
    if name in st.session_state:
        before = st.session_state[name]
        value = st.session_state[name] = before if before in options else options[0]
        if asked is None and value != options[0]:
            with suppress(StreamlitAPIException):  # on the same page, the widget sets it
                st.query_params[name] = words(value)
    elif asked in options:
        if words(asked) != asked:
            st.session_state[name] = asked
            with suppress(StreamlitAPIException):
                st.query_params[name] = words(asked)
    elif asked is not None and asked not in map(words, options):
        st.warning(f"{plain(label)} {named(asked)} of the link does not exist; another is shown.")


def write(label: str, name: str, default: str) -> str:
    """Let the user write a text; an empty text means the default, which is shown in grey."""
    text: str = st.text_input(label, placeholder=default, key=name, width=360, bind="query-params")
    return text.strip() or default


def choose_strategy(names: dict[str, str]) -> str:
    """Let the user choose a strategy; `names` gives the name of each id."""
    return choose("Strategy", "strategy", list(names), names.__getitem__)


def choose_placement(placements: list[str]) -> str | None:
    """Let the user choose a placement; None means all placements."""
    options = [ALL_PLACEMENTS, *(name for name in placements if name != ALL_PLACEMENTS)]
    chosen = choose(
        "Placement",
        "placement",
        options,
        lambda name: "All placements" if name == ALL_PLACEMENTS else name,
    )
    return None if chosen == ALL_PLACEMENTS else chosen


def choose_period(as_of: datetime, has_custom: bool = False) -> Period:
    """Let the user choose 7 or 30 days or, with `has_custom`, a range of days before `as_of`."""
    options = ["30", "7", _CUSTOM] if has_custom else ["30", "7"]
    chosen = choose_button("Period in days", "days", options)
    return _choose_range(as_of) if chosen == _CUSTOM else Period.last(int(chosen), as_of)


def _choose_range(as_of: datetime) -> Period:
    known, usual = Period.last(_KNOWN_DAYS, as_of), Period.last(_USUAL_DAYS, as_of)
    start, end = (
        st.date_input(
            f"{name.capitalize()} (UTC)",
            value=day,
            min_value=known.start,
            max_value=known.end,
            format="YYYY-MM-DD",
            key=name,
            width=140,
            bind="query-params",
        )
        for name, day in (("from", usual.start), ("to", usual.end))
    )
    return Period(start, max(start, end), is_custom=True)
