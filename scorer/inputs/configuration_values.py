"""Texts that configuration columns may hold: those that the engine reads in the same way."""

from __future__ import annotations

import re
from collections.abc import Callable

from scorer.inputs.spellings import ID_NULL_MARKS

Test = Callable[[str], bool]
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def number(low: float, high: float = float("inf"), above: bool = False) -> Test:
    """Return a test for numbers in a range, without `low` itself if they must be `above` it."""

    def test(value: str) -> bool:
        # float() also accepts underscores and digits of other scripts, which the engine does not.
        if not _NUMBER.fullmatch(value):
            return False
        amount = float(value)
        return (low < amount if above else low <= amount) and amount <= high and amount < 1e15

    return test


def integer(low: int, high: int = 999_999_999) -> Test:
    """Return a test for whole numbers in a range."""

    def test(value: str) -> bool:
        return re.fullmatch(r"[+-]?[0-9]{1,9}", value) is not None and low <= int(value) <= high

    return test


def is_id(value: str) -> bool:
    """Return whether an id is not a mark of a missing value."""
    return value.lower() not in ID_NULL_MARKS


def one_of(*names: str) -> Test:
    """Return a test for one of the names, in any case."""
    return lambda value: value.lower() in names


def is_list(value: str) -> bool:
    """Return whether no part between bars is empty."""
    return all(part.strip() for part in value.split("|"))


def is_capping_event(value: str) -> bool:
    """Return whether a text is a term of capping rules or can be an event type."""
    return value in ("decision", "impression", "click") or "." in value.strip(".")


def is_currency(value: str) -> bool:
    """Return whether a text can be a currency: a code or a sign."""
    return 0 < len(value) <= 5 and " " not in value
