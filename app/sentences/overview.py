"""Sentences of the page Overview; a row is one of `queries.standing`."""

from __future__ import annotations

import math

import pandas as pd

from app import text

STATES = {
    "succeeded": ("Live", "green"),
    "collecting": ("Collecting", "gray"),
    "held_back": ("Held back", "orange"),
    "failed": ("Failed", "red"),
    "never ran": ("Never ran", "gray"),
}


def has_model(row: pd.Series) -> bool:
    """Return whether a model is deployed."""
    return text.is_known(row["deployed_model_version"])


def version(row: pd.Series) -> str:
    """Return the deployed version."""
    return str(row["deployed_model_version"]) if has_model(row) else "none yet"


def standing(row: pd.Series) -> str:
    """Return the state of a strategy and the reason."""
    why = f" {text.plain(row['reason'])}." if text.is_known(row["reason"]) else ""
    kpi = f"KPI: {text.plain(row['kpi_name'])}."
    serving = "the earlier model stays" if has_model(row) else "everything stays random"
    words = {
        "succeeded": "A model is deployed and ranks the offers for each person.",
        "collecting": "Too little data for a model: offers are shown at random.",
        "held_back": f"The new model is not deployed; {serving}.",
        "failed": f"The last run failed; {serving}.",
        "never ran": "No run yet.",
    }.get(row["status"], "")
    # A model that is held back leaves the earlier model or the best single offer deployed.
    if row["model_kind"] == "best_single" and row["status"] in ("succeeded", "held_back"):
        words = "Nothing is personalised: everybody gets the best single offer first."
    return f"{words}{why} {kpi} Last run {text.day(row['last_run'])}."


def changes(
    runs: pd.DataFrame, weeks: pd.DataFrame, new_offers: pd.DataFrame, is_amount: bool
) -> list[str]:
    """Return what changed for one strategy since last week, as markdown.

    Each frame holds only the rows of the strategy.

    `runs` are the last two, the newest first; `weeks` has traffic_type, is_this_week, displays,
    reward_per_display and its standard_error; `new_offers` has offer_name.
    """
    sentences = _of_runs(runs) + _of_rewards(weeks, is_amount)
    if len(new_offers):
        names = [text.plain(name) for name in new_offers["offer_name"]]
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        sentences.append(f"Shown for the first time: {', '.join(names[:3])}{more}.")
    return sentences


def _of_runs(runs: pd.DataFrame) -> list[str]:
    if len(runs) < 2:
        return ["This is the first run."] if len(runs) else []
    new, old = runs.iloc[0], runs.iloc[1]
    sentences = []
    version, before = new["deployed_model_version"], old["deployed_model_version"]
    if not text.is_known(version):
        sentences.append("Still no model." if not text.is_known(before) else "The model is gone.")
    elif not text.is_known(before):
        sentences.append(f"The first model went live: {text.plain(version)}.")
    elif version != before:
        sentences.append(f"Model {text.plain(version)} replaced {text.plain(before)}.")
    else:
        sentences.append(f"The model is still {text.plain(version)}.")
    ready = [row["offers_ready"] for row in (new, old)]
    if all(map(text.is_known, ready)) and ready[0] != ready[1]:
        sentences.append(f"Offers ready: {text.count(ready[0])}, before {text.count(ready[1])}.")
    return sentences


def _of_rewards(weeks: pd.DataFrame, is_amount: bool) -> list[str]:
    sentences = []
    for arm in ("contextual", "random"):
        rows = weeks[weeks["traffic_type"] == arm].set_index("is_this_week")
        if not (True in rows.index and False in rows.index):
            continue
        new, old = rows.loc[True], rows.loc[False]
        mean, before = new["reward_per_display"], old["reward_per_display"]
        if not (text.is_known(mean) and text.is_known(before)) or before == 0:
            continue
        error = math.hypot(new["standard_error"], old["standard_error"])
        beyond = "more than chance" if abs(mean - before) > 1.96 * error else "within chance"
        sentences.append(
            f"{text.arm(arm)} traffic earned {text.reward(mean, is_amount)} per display, before"
            f" {text.reward(before, is_amount)}: {text.change(mean / before - 1)}, {beyond}."
        )
    return sentences
