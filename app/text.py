"""Numbers, times and ids of the data as text, for pages, charts and sentences."""

from __future__ import annotations

import math
import re
from typing import Any

import pandas as pd

NONE = "–"
LONGEST_NAME, LONGEST_PARAGRAPH = 60, 600
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|>~$<&:=^])")
_SIGN = re.compile(r"\\.|\*\*|[^\\]", re.DOTALL)
# Signs that a paragraph keeps at its start and at its end where it is cut.
_START, _END = 300, 150
_LONG = re.compile(rf"(?:\\.|[^\s\\*`]){{{LONGEST_NAME + 1},}}")
# As in scorer/spreadsheets.py.
_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-][0-9][0-9., ]*([eE][+-]?[0-9]+)? ?%?")
_RUNS = re.compile(r"\\[-.](?=\\[-.])")
ARMS = {
    "personalised": "Personalised",
    "random": "Random",
    "control": "Control",
    "fallback": "Fallback",
    "unknown": "Unknown",
}


def plain(text: Any) -> str:
    """Return text escaped so that markdown shows it unchanged.

    A word joiner after a colon keeps `:name:` from becoming an emoji or an icon; one between dashes
    or dots keeps them from becoming a long dash or an ellipsis.
    """
    escaped = _MARKDOWN.sub(r"\\\1", str(text)).replace(":", ":\u2060").replace("\n", " ")
    return _RUNS.sub("\\g<0>\u2060", escaped)


def without_formula(value: Any) -> Any:
    """Return a value for a file that a spreadsheet may open: a text is never run as a formula.

    A text that begins with a sign of a formula, and is more than a number, gets an apostrophe.
    """
    is_formula = isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.fullmatch(value)
    return f"'{value}" if is_formula else value


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
    return true_minus(f"{int(value):,}") if is_known(value) else NONE


def true_minus(text: str) -> str:
    """Return a number with a minus sign instead of a hyphen."""
    return text.replace("-", "\u2212")


def prose(text: Any) -> str:
    """Return a sentence of the tables as markdown, with minus signs before its numbers."""
    return plain(re.sub(r"(?<![\w-])-(?=\d)", "\u2212", str(text)))


def sentence_case(text: str) -> str:
    """Return text with a capital first letter; the rest stays as it is."""
    return text[:1].upper() + text[1:]


def short(name: Any, most: int = LONGEST_NAME) -> str:
    """Return a name of at most so many letters; the end of a longer one becomes `…`."""
    text = str(name)
    return text if len(text) <= most else text[: most - 1] + "…"


def named(name: Any) -> str:
    """Return a name as markdown text, cut where it is too long to read."""
    return plain(short(name))


def cut(markdown: str) -> str:
    """Return markdown without text that is too long to read.

    A long word loses its end, like a name. A paragraph that is still too long, because a name in it
    has many words, loses its middle, since the finding often follows the name.
    """
    return "\n".join(_without_middle(_without_ends(line)) for line in markdown.split("\n"))


def in_full(markdown: str) -> str:
    """Return the words and paragraphs that `cut` cuts, in full, a paragraph each."""
    found: list[str] = []
    for line in markdown.split("\n"):
        is_long = len(_SIGN.findall(_without_ends(line))) > LONGEST_PARAGRAPH
        found += [line] if is_long else _LONG.findall(line)
    return "\n\n".join(dict.fromkeys(found))


def _without_ends(line: str) -> str:
    return _LONG.sub(lambda word: "".join(_SIGN.findall(word[0])[: LONGEST_NAME - 1]) + "…", line)


def _without_middle(line: str) -> str:
    signs = _SIGN.findall(line)
    if len(signs) <= LONGEST_PARAGRAPH:
        return line
    start, end = signs[:_START], signs[-_END:]
    for mark in ("**", "`"):  # close what the cut leaves open
        start += [mark] * (start.count(mark) % 2)
        end[:0] = [mark] * (end.count(mark) % 2)
    return f"{''.join(start)} … {''.join(end)}"


def about(value: Any, before: str = "") -> str:
    """Return a number with two significant digits, `96,000`, or `CHF 96,000` with a currency."""
    if not is_known(value):
        return NONE
    number = float(value)
    digits = 0 if number == 0 else 1 - math.floor(math.log10(abs(number)))
    rounded = round(number, digits) + 0.0
    return f"{before} ".lstrip() + true_minus(f"{rounded:,.{max(0, digits)}f}")


def percent(value: Any, digits: int = 0) -> str:
    """Return a share as text, `12 %`."""
    return true_minus(f"{float(value):.{digits}%}").replace("%", " %") if is_known(value) else NONE


def decimals(value: Any, digits: int = 3) -> str:
    """Return a number as text, `0.277`."""
    return true_minus(f"{float(value):.{digits}f}") if is_known(value) else NONE


def change(value: Any) -> str:
    """Return a relative change as text, `+12 %`; changes below 10 % with one digit."""
    if not is_known(value):
        return NONE
    digits = 1 if abs(float(value)) < 0.1 else 0
    rounded = round(float(value), digits + 2) + 0.0
    return true_minus(f"{rounded:+.{digits}%}").replace("%", " %")


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
    return true_minus(f"{float(value):,.2f}") if is_amount else percent(value, 2)


def p_value(value: Any) -> str:
    """Return a p-value as text, `0.012` or `< 0.001`."""
    if not is_known(value):
        return NONE
    return "< 0.001" if float(value) < 0.001 else f"{float(value):.3f}"


def arm(name: Any) -> str:
    """Return the display name of an arm."""
    return ARMS.get(str(name), str(name))


def offer_labels(offers: pd.DataFrame) -> dict[str, str]:
    """Return the name of each offer, followed by its id if several share a name."""
    unique = offers.drop_duplicates("offer_id")
    shared = unique["offer_name"].duplicated(keep=False)
    names = unique["offer_name"].where(
        ~shared, unique["offer_name"] + " (" + unique["offer_id"] + ")"
    )
    return dict(zip(unique["offer_id"], names, strict=True))
