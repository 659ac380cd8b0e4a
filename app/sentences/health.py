"""Sentences of the page Health."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd

from app import text
from app.text import plain, prose

ASSUMPTIONS = {
    "offers_differ": "Choosing for each person pays",
    "stable_traffic": "Traffic is stable",
    "stable_performance": "Offers perform as before",
    "guardrails_hold": "Guardrails hold",
    "displays_arrive": "Displays arrive",
    "exploration_runs": "Exploration runs",
    "records_are_readable": "Records are readable",
    "inputs_are_used": "Inputs are used",
    "propensities_are_known": "Propensities are known",
    "outcomes_are_final": "Outcomes become final",
}
THREE = ("offers_differ", "stable_traffic", "stable_performance")
SEVERITIES = {
    "ok": ":green[✓ in order]",
    "notice": ":violet[● notice]",
    "warning": ":orange[▲ warning]",
    "severe": ":red[■ severe]",
}
MEASURES = {
    "outcome_is_final": (
        "Label maturity",
        "Displays whose attribution window is closed; training uses only these",
    ),
    "interaction_has_display": (
        "Interactions joined to their display",
        "The display of the others is missing from the log",
    ),
    "conversion_has_display": (
        "Conversions that follow a display",
        "The others had no display before them, or it is missing from the log",
    ),
    "propensity_is_known": (
        "Displays with a known propensity",
        "A display without one is used in training, not in policy evaluation",
    ),
    "offer_is_listed": (
        "Displays of offers in the catalogue",
        "The others are of offers that the catalogue does not list, which are not ranked",
    ),
}
COMPARISONS = {
    "latest_week": ("Latest week against before", "before", "last 7 days"),
    "ranked_population": (
        "People ranked against people in the log",
        "people in the log",
        "people ranked",
    ),
}


def worst(findings: pd.DataFrame, assumption: str) -> pd.Series | None:
    """Return the worst finding of an assumption, None if it was not measured."""
    rows = findings[findings["assumption"] == assumption]
    return None if rows.empty else rows.sort_values("severity_order", kind="stable").iloc[0]


def card(findings: pd.DataFrame, assumption: str) -> str:
    """Return an assumption, whether it holds, why and what to do, as markdown."""
    found, name = worst(findings, assumption), ASSUMPTIONS[assumption]
    if found is None:
        return f"**{name}**\n\nNot measured yet."
    severity = SEVERITIES.get(str(found["severity"]), plain(found["severity"]))
    advice = f"\n\n**Do:** {prose(found['advice'])}" if text.is_known(found["advice"]) else ""
    return f"**{name}**\n\n{severity}\n\n{prose(found['sentence'])}{advice}"


def sides(frame: pd.DataFrame, comparison: str) -> tuple[pd.DataFrame, tuple[str, str]]:
    """Return one row per value and side, and the names of the sides with their counts."""
    _, base, new = COMPARISONS[comparison]
    names = (
        f"{base} ({text.count(frame['base_count'].sum())})",
        f"{new} ({text.count(frame['new_count'].sum())})",
    )
    parts = [
        frame[["feature_value"]].assign(
            side=name, share=frame[f"{side}_share"], count=frame[f"{side}_count"]
        )
        for name, side in zip(names, ("base", "new"), strict=True)
    ]
    return pd.concat(parts), names


def pairs(counts: dict[str, int]) -> str:
    """Return the number of pairs of offers by verdict, as markdown; `counts` is by verdict."""
    total, unclear = sum(counts.values()), counts.get("unclear", 0)
    if unclear == total:
        return (
            f"Random traffic is too small to compare any of the {text.count(total)} pairs of offers"
            " by themselves. Whether choosing for each person pays is measured on all offers"
            " together, above."
        )
    return (
        f"Of {text.count(total)} pairs of offers, **{counts.get('different', 0)} appeal to"
        f" different people** and {counts.get('alike', 0)} are alike; {unclear} have too little"
        " random traffic to compare. It makes little difference which of two alike offers is shown."
    )


def totals(quality: pd.DataFrame, measure: str) -> str:
    """Return how many records of a measure are in order, in words."""
    rows = quality[quality["measure"] == measure]
    records, fine = int(rows["records"].sum()), int(rows["records_in_order"].sum())
    if records == 0:
        return "no record"
    lacking = text.count(records - fine)
    return f"{text.percent(fine / records, 1)} of {text.count(records)}; {lacking} not"


def ages(freshness: pd.Series, now: datetime) -> pd.DataFrame:
    """Return one row per thing that ages: its last moment, and how long ago it is."""
    things = {
        "last_display": "Last display",
        "last_interaction": "Last click or dismissal",
        "last_conversion": "Last conversion event",
        "last_run": "Last run",
        "trained_as_of": "Deployed model: trained",
        "learned_up_to": "Deployed model: end of its data",
        "ranked_from": "Ranked offers valid from",
        "ranked_to": "Ranked offers valid to",
    }
    days = {"last_display", "last_interaction", "last_conversion"}
    return pd.DataFrame(
        [
            {
                "thing": words,
                "moment": text.day(freshness[name])
                if name in days
                else text.moment(freshness[name]),
                "age": _age(freshness[name], now),
            }
            for name, words in things.items()
        ]
    )


def _age(value: pd.Timestamp, now: datetime) -> str:
    if not text.is_known(value):
        return "never"
    passed = pd.Timestamp(now) - pd.Timestamp(value)
    days = abs(passed) // timedelta(days=1)
    amount = "less than a day" if days == 0 else f"{days} {'day' if days == 1 else 'days'}"
    return f"{amount} ago" if passed >= timedelta(0) else f"in {amount}"
