"""Sentences of the page What if; a row is one of `queries.exploration`."""

from __future__ import annotations

import math

import pandas as pd

from app import text

WAYS = (
    "At the traffic of the last 7 days and the rewards of the last 30, with uniform exploration."
    " The weeks count from the day of the change; a new offer gets the same part of random traffic"
    " as the others."
)


def share(value: float) -> str:
    """Return a share with as many digits as it needs, `10 %` or `12.5 %`."""
    return text.percent(value, 0 if math.isclose(100 * value, round(100 * value)) else 1)


def cost(row: pd.Series, unit: str, is_amount: bool) -> str:
    """Return what exploration costs in a week, `≈ CHF 2,400`; `unit` is a currency or a KPI."""
    if not text.is_known(row["cost"]):
        return text.NONE
    return "≈ " + worth(max(0.0, float(row["cost"])), unit, is_amount)


def worth(value: float, unit: str, is_amount: bool) -> str:
    """Return a reward with its unit, the currency before an amount, the KPI after a count."""
    return text.about(value, unit) if is_amount else f"{text.about(value)} {unit}"


def cost_range(row: pd.Series) -> str:
    """Return the 95 % interval of the cost, or why there is none."""
    if not text.is_known(row["cost_low"]):
        return "needs 20 successes in each arm"
    return f"{text.about(row['cost_low'])} to {text.about(row['cost_high'])} (95 %)"


def weeks(value: object) -> str:
    """Return weeks, rounded up; more than 10 years are one value."""
    if not text.is_known(value):
        return text.NONE
    number = math.ceil(float(str(value)))
    if number > 520:
        return "over 10 years"
    return f"{text.count(number)} {'week' if number == 1 else 'weeks'}"


def ready(row: pd.Series) -> str:
    """Return how long a new offer takes to be ready."""
    if not text.is_known(row["ready_weeks"]):
        return text.NONE
    return weeks(row["ready_weeks"]) if row["is_reachable"] else "never"


def look_back(row: pd.Series) -> str:
    """Return why a new offer is never ready, or what it needs."""
    if text.is_known(row["ready_weeks"]) and not row["is_reachable"]:
        return f"its displays of {row['lookback_days']} days are too few"
    return f"with {row['min_displays']} displays and {row['min_successes']} successes"


def compare(now: pd.Series, then: pd.Series, unit: str, is_amount: bool) -> str:
    """Return what another exploration share would change, as markdown."""
    chosen, before = share(then["share"]), share(now["share"])
    if then["share"] == now["share"]:
        return f"**{before}** is the present exploration share. Move the slider to compare."
    parts = []
    if text.is_known(then["cost"]):
        more = float(then["cost"] - now["cost"])
        words = "more" if more >= 0 else "less"
        unit = text.plain(unit)
        parts.append(f"costs ≈ {worth(abs(more), unit, is_amount)} {words} a week")
    if text.is_known(then["lift_weeks"]):
        parts.append(
            f"shows a lift of 10 % in {weeks(then['lift_weeks'])} instead of"
            f" {weeks(now['lift_weeks'])}"
        )
    if text.is_known(then["ready_weeks"]):
        parts.append(f"makes a new offer ready in {ready(then)} instead of {ready(now)}")
    if not parts:
        return "Random traffic has too few successes to compare exploration shares."
    words = ", ".join(parts).replace("in never", "never")
    return f"Exploring with **{chosen}** of the people instead of {before} {words}."


def with_thresholds(offers: pd.DataFrame, displays: int, successes: int) -> pd.DataFrame:
    """Return the offers with `then_ready`, whether they would be ready, and the words for both.

    `offers` has offer_name, displays, pooled_displays, pooled_successes and is_ready.
    """
    then = (
        (offers["pooled_displays"] >= displays)
        & (offers["displays"] >= displays / 10)
        & (offers["pooled_successes"] >= successes)
    )
    words = {True: "ready", False: "not ready"}
    return offers.assign(then_ready=then, now=offers["is_ready"].map(words), then=then.map(words))


def thresholds(offers: pd.DataFrame) -> str:
    """Return which offers other thresholds make ready; `offers` is that of `with_thresholds`."""
    then, now = offers["then_ready"], offers["is_ready"]
    gained, lost = offers[then & ~now], offers[~then & now]
    count = int(then.sum())
    parts = [f"**{count} of {len(offers)} offers would be ready**, now {int(now.sum())}."]
    if count < 2:
        parts.append(
            "A model needs two: the strategy would collect data, and all traffic be random."
        )
    parts += [
        f"{words}: {_names(rows)}."
        for words, rows in (("Ready, too", gained), ("No longer ready", lost))
        if len(rows)
    ]
    if not len(gained) and not len(lost):
        parts.append("No offer changes.")
    return " ".join(parts)


def _names(offers: pd.DataFrame) -> str:
    names = [text.named(name) for name in offers["offer_name"]]
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more
