"""Sentences of the page Interactions, and the rows of its charts."""

from __future__ import annotations

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
        rate = text.reward(row["shrunken_rate"], is_amount)
        first, second = plain(row["feature_value"]), plain(row["other_feature_value"])
        return (
            f"**{rate}** where {plain(names[0])} is {first} and {plain(names[1])} is {second}"
            f" ({text.count(row['displays'])} displays)"
        )

    most, least = who(ordered.iloc[-1]), who(ordered.iloc[0])
    return f"**{plain(offer)}** performs best, {most}, and worst, {least}."


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
