"""Filters whose values stand in the URL, so that a view can be shared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import streamlit as st

from app.components import plain

ALL_PLACEMENTS = "all"
_CUSTOM = "custom"
_KNOWN_DAYS = 30


@dataclass(frozen=True)
class Period:
    """The UTC days from `start` to `end`, both included; `is_custom` where somebody chose them."""

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


def choose(
    label: str,
    name: str,
    options: list[str],
    words: Callable[[str], str] = str,
) -> str:
    """Let one of at least one option be chosen; it stands as `name` in the URL.

    The choice is kept from page to page. An option of the URL that does not exist is named in a
    warning, and the first is taken.
    """
    chosen = _adopt(name, options, label)
    st.selectbox(
        label,
        options,
        key=_key(name),
        format_func=words,
        on_change=_take,
        args=(name,),
        width=260,
        filter_mode="contains",
    )
    _remember(name, chosen)
    return chosen


def choose_strategy(strategies: list[str]) -> str:
    """Let a strategy be chosen."""
    return choose("Strategy", "strategy", strategies)


def choose_placement(placements: list[str]) -> str | None:
    """Let a placement be chosen; None is all together."""
    options = [ALL_PLACEMENTS, *(name for name in placements if name != ALL_PLACEMENTS)]
    chosen = choose(
        "Placement",
        "placement",
        options,
        lambda name: "All placements" if name == ALL_PLACEMENTS else name,
    )
    return None if chosen == ALL_PLACEMENTS else chosen


def choose_period(as_of: datetime, has_custom: bool = False) -> Period:
    """Let 7 or 30 days, or where `has_custom` a range of days before `as_of`, be chosen."""
    options = ["30", "7", _CUSTOM] if has_custom else ["30", "7"]
    chosen = _adopt("days", options, "Period")
    st.segmented_control(
        "Period",
        options,
        key=_key("days"),
        format_func=lambda name: "Custom" if name == _CUSTOM else f"{name} days",
        on_change=_take,
        args=("days",),
        required=True,
    )
    _remember("days", chosen)
    return _choose_range(as_of) if chosen == _CUSTOM else Period.last(int(chosen), as_of)


def _choose_range(as_of: datetime) -> Period:
    known, usual = Period.last(_KNOWN_DAYS, as_of), Period.last(14, as_of)
    start, end = _date_of("from") or usual.start, _date_of("to") or usual.end
    start = min(max(start, known.start), known.end)
    chosen = st.date_input(
        f"Days (UTC), of the last {_KNOWN_DAYS}",
        value=(start, min(max(start, end), known.end)),
        min_value=known.start,
        max_value=known.end,
        format="YYYY-MM-DD",
        width=260,
    )
    days = chosen if isinstance(chosen, tuple) else (chosen,)
    if len(days) == 2:
        start, end = days
    _remember("from", start.isoformat())
    _remember("to", end.isoformat())
    return Period(start, max(start, end), is_custom=True)


def _date_of(name: str) -> date | None:
    value = st.query_params.get(name) or st.session_state.get(_kept(name))
    try:
        return date.fromisoformat(str(value)) if value else None
    except ValueError:
        return None


def _adopt(name: str, options: list[str], label: str) -> str:
    """Return the value of the URL where somebody changed it, else what was last chosen.

    The widget is told in every run: what Streamlit remembers of it does not outlast a change of
    page in all cases.
    """
    asked = st.query_params.get(name)
    if asked is not None and asked != st.session_state.get(_written(name)):
        st.session_state[_kept(name)] = asked
        if asked not in options:
            st.warning(plain(f"{label} {asked} of the link does not exist; another is shown."))
    kept = st.session_state.get(_kept(name))
    chosen = kept if kept in options else options[0]
    st.session_state[_key(name)] = chosen
    return chosen


def _take(name: str) -> None:
    """Keep what was chosen; Streamlit calls this before it draws the page again."""
    st.session_state[_kept(name)] = st.session_state[_key(name)]


def _remember(name: str, value: str) -> None:
    st.session_state[_kept(name)] = value
    st.session_state[_written(name)] = value
    if st.query_params.get(name) != value:
        st.query_params[name] = value


def _key(name: str) -> str:
    return f"filter_{name}"


def _kept(name: str) -> str:
    return f"kept_{name}"


def _written(name: str) -> str:
    return f"written_{name}"
