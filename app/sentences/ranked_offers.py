"""Sentences, SQL and downloads of the page Ranked offers."""

from __future__ import annotations

import io
import shlex

import pandas as pd

from app import text
from app.text import plain

_SHOWN = (
    "placement_id, rank, offer_id, offer_name, score, traffic_type, policy, arm, propensity,"
    "\n    eligible_count, model_version"
)


def placed_by(ranked: pd.Series) -> str:
    """Return how the offers of a placement were chosen, as markdown."""
    model, chance = plain(ranked["model_version"]), text.percent(ranked["propensity"], 1)
    eligible = text.count(ranked["eligible_count"])
    if ranked["policy"] == "uniform":
        scored = f" The scores are those of model {model}." if _is_scored(ranked) else ""
        return (
            f"**Random:** this person explores in this cycle. Each of the {eligible} eligible"
            f" offers was equally likely.{scored}"
        )
    if ranked["policy"] == "informed":
        return (
            "**Random:** this person explores in this cycle. Of the"
            f" {eligible} eligible offers, those with little data were drawn more often."
            f" The propensity of the first offer is {chance}."
        )
    if ranked["policy"] == "control":
        return (
            "**Control:** this person gets the order of the business in this cycle: priority, then"
            f" offer id. The propensity of the first offer is {chance}."
        )
    if ranked["policy"] == "best_single":
        return (
            f"**Best single offer:** everybody is shown the offers that earn most on average, out"
            f" of {eligible} eligible ones. Nothing is personalised. The propensity of the first"
            f" offer is {chance}; the rest is exploration."
        )
    if ranked["policy"] == "fallback":
        return "**Fallback:** no offer is eligible for this person here."
    return (
        f"**Personalised** by model {model}, out of {eligible} eligible offers. The"
        f" propensity of the first offer is {chance}; the rest is exploration."
    )


def _is_scored(ranked: pd.Series) -> bool:
    return text.is_known(ranked["score"]) and text.is_known(ranked["model_version"])


def known_of(person: pd.DataFrame) -> str:
    """Return the features of a person that the ranking used, as markdown."""
    if person.empty:
        return "The features of this person are not published."
    inside = person[(person["feature_kind"] == "segment") & (person["told_value"] == "true")]
    context = person[(person["feature_kind"] == "context") & person["told_value"].notna()]
    names = ", ".join(plain(name) for name in inside["feature_name"]) or "none"
    facts = ", ".join(
        f"{plain(row['feature_name'])} {plain(row['told_value'])}" for _, row in context.iterrows()
    )
    return f"Segments: {names}  \nContext: {facts or 'none'}"


def literal(text: str) -> str:
    """Return text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def sql_of_profile(strategy: str, profile: str, placement: str | None) -> str:
    """Return SQL that gives the ranked offers of a profile."""
    here = f"\n    and placement_id = {literal(placement)}" if placement is not None else ""
    return (
        f"select {_SHOWN}\nfrom ranked_offers\nwhere strategy_id = {literal(strategy)}\n"
        f"    and profile_id = {literal(profile)}{here}\norder by placement_id, rank"
    )


def sql_of_segment(strategy: str, segment: str, placement: str | None) -> str:
    """Return SQL that gives the ranked offers of all members of a segment."""
    here = f"\n    and placement_id = {literal(placement)}" if placement is not None else ""
    return (
        f"select profile_id, {_SHOWN}\nfrom ranked_offers\n"
        f"where strategy_id = {literal(strategy)}{here}\n"
        "    and (profile_id, placement_id) in (\n"
        "        select (profile_id, placement_id)\n        from ranking_candidates\n"
        f"        where strategy_id = {literal(strategy)}"
        f" and list_contains(segments, {literal(segment)})\n    )\n"
        "order by profile_id, placement_id, rank"
    )


def explain_command(ranked: pd.Series) -> str:
    """Return the command that explains the score of a ranked offer."""
    options = {
        "strategy": ranked["strategy_id"],
        "profile": ranked["profile_id"],
        "placement": ranked["placement_id"],
        "offer": ranked["offer_id"],
    }
    told = (f"--{name}={shlex.quote(str(value))}" for name, value in options.items())
    return f"nextoffer explain {' '.join(told)}"


def csv(frame: pd.DataFrame) -> bytes:
    """Return rows as CSV, UTF-8; text that a spreadsheet would run as a formula is escaped."""
    return frame.map(text.without_formula).to_csv(index=False).encode()


def parquet(frame: pd.DataFrame) -> bytes:
    """Return rows as a Parquet file."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()
