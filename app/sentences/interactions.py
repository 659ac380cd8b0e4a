"""Sentences of the page Interactions, and the rows of its charts."""

from __future__ import annotations

import math
from statistics import NormalDist

import pandas as pd

from app import text
from app.charts.interactions import ALL
from app.text import plain


def with_margins(frame: pd.DataFrame, names: tuple[str, str]) -> pd.DataFrame:
    """Return the cells, with the margins of each feature as value `ALL`."""
    alone = frame["other_feature_name"].isna()
    second = alone & (frame["feature_name"] == names[1])
    placed = frame.copy()
    placed.loc[alone & ~second, "other_feature_value"] = ALL
    placed.loc[second, "other_feature_value"] = frame.loc[second, "feature_value"]
    placed.loc[second, "feature_value"] = ALL
    return placed


def finding(offer: str, cells: pd.DataFrame, names: tuple[str, str], is_amount: bool) -> str:
    """Return where the offer performs best and worst, as markdown."""
    ordered = cells.dropna(subset=["lift"]).sort_values("shrunken_rate")
    if len(ordered) < 2:
        return f"**{plain(offer)}** has too few displays to compare these features."

    def who(row: pd.Series) -> str:
        rate = text.reward(row["rate"], is_amount)
        first, second = _told(row["feature_value"]), _told(row["other_feature_value"])
        return (
            f"where {plain(names[0])} is {first} and {plain(names[1])} is {second}"
            f" (**{rate}**, {text.count(row['displays'])} displays)"
        )

    most, least = who(ordered.iloc[-1]), who(ordered.iloc[0])
    return (
        f"Allowing for cells with few displays, **{plain(offer)}** performs best {most}, and worst"
        f" {least}."
    )


def is_credible(effect: pd.Series) -> bool:
    """Return whether an interaction is beyond chance, counting all that were compared."""
    return least(effect) > 1


def least(effect: pd.Series) -> float:
    """Return the least factor in the 95 % interval of an interaction (Bonferroni over all)."""
    z = NormalDist().inv_cdf(1 - 0.025 / int(effect["tests"]))
    return math.exp(abs(effect["contrast"]) - z * effect["error"])


def lead(effect: pd.Series | None, is_amount: bool) -> str:
    """Return the strongest credible effect with both cells and its size, as markdown."""
    if effect is None:
        return "No two features have enough successes together to look for an effect of both."
    tests = text.count(effect["tests"])
    if not is_credible(effect):
        return (
            "**No offer depends on two features together beyond chance**, counting all"
            f" {tests} comparisons. The differences below may be noise."
        )
    rows = [_row(effect, 1, is_amount), _row(effect, 2, is_amount)]
    (ratio, first), (_, second) = sorted(rows, key=lambda row: -row[0])
    factor = math.exp(abs(effect["contrast"]))
    return (
        f"**{text.named(effect['offer_name'])}** depends on two features together."
        f" {text.sentence_case(first)}: **{ratio:.1f} times** as much."
        f" {text.sentence_case(second)}. Together the ratios differ by a factor of"
        f" {factor:.1f}, at least {least(effect):.1f} (95 %, counting {tests} comparisons)."
    )


def _row(effect: pd.Series, place: int, is_amount: bool) -> tuple[float, str]:
    """Return how two cells with one value of the first feature compare, and their ratio."""
    value = effect["feature_value" if place == 1 else "second_value"]
    cells = [
        (effect[f"rate_{place}{i}"], effect[f"displays_{place}{i}"], effect[name])
        for i, name in ((1, "other_feature_value"), (2, "second_other_value"))
    ]
    (high, many, more), (low, few, less) = sorted(cells, key=lambda cell: -cell[0])
    other = text.named(effect["other_feature_name"])
    return high / low, (
        f"where {text.named(effect['feature_name'])} is {_told(value)}, a display earns"
        f" {text.reward(high, is_amount)} if {other} is {_told(more)} ({text.count(many)} displays)"
        f" and {text.reward(low, is_amount)} if it is {_told(less)} ({text.count(few)})"
    )


def _told(value: object) -> str:
    return {"true": "yes", "false": "no"}.get(str(value), text.named(value))


def joint(cells: pd.DataFrame, alone: pd.DataFrame) -> str:
    """Return a sentence if two features differ much more together than alone, else nothing."""

    def spread(frame: pd.DataFrame) -> float:
        known = frame.dropna(subset=["lift"])
        weight = known["displays"].sum()
        squares = known["displays"] * known["lift"] ** 2
        return float((squares.sum() / weight) ** 0.5) if weight else 0.0

    each = [spread(one) for _, one in alone.groupby("feature_name")]
    if not each or spread(cells) < 1.5 * max(each) or spread(cells) < 0.1:
        return ""
    both, one = text.percent(spread(cells)), text.percent(max(each))
    return (
        f" Only the two together show it: rates typically differ by {both} between the cells, and"
        f" by at most {one} between the values of one feature (*all*)."
    )
