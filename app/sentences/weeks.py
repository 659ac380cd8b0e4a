"""What changed since last week, in sentences. Data in them is escaped for markdown."""

from __future__ import annotations

import math

import pandas as pd

from app import components as say


def changes(
    runs: pd.DataFrame, weeks: pd.DataFrame, new_offers: pd.DataFrame, is_amount: bool
) -> list[str]:
    """Return what changed for one strategy; each frame holds its rows only.

    `runs` are the last two, the newest first; `weeks` has traffic_type, is_this_week, displays,
    reward_per_display and its standard_error; `new_offers` has offer_name.
    """
    sentences = _of_runs(runs) + _of_rewards(weeks, is_amount)
    if len(new_offers):
        names = [say.plain(name) for name in new_offers["offer_name"]]
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        sentences.append(f"Shown for the first time: {', '.join(names[:3])}{more}.")
    return sentences


def _of_runs(runs: pd.DataFrame) -> list[str]:
    if len(runs) < 2:
        return ["This is the first run."] if len(runs) else []
    new, old = runs.iloc[0], runs.iloc[1]
    sentences = []
    version, before = new["deployed_model_version"], old["deployed_model_version"]
    if not say.is_known(version):
        sentences.append("Still no model." if not say.is_known(before) else "The model is gone.")
    elif not say.is_known(before):
        sentences.append(f"The first model went live: {say.plain(version)}.")
    elif version != before:
        sentences.append(f"Model {say.plain(version)} replaced {say.plain(before)}.")
    else:
        sentences.append(f"The model is still {say.plain(version)}.")
    ready = [row["offers_ready"] for row in (new, old)]
    if all(map(say.is_known, ready)) and ready[0] != ready[1]:
        sentences.append(f"Offers ready: {say.count(ready[0])}, before {say.count(ready[1])}.")
    return sentences


def _of_rewards(weeks: pd.DataFrame, is_amount: bool) -> list[str]:
    sentences = []
    for arm in ("contextual", "random"):
        rows = weeks[weeks["traffic_type"] == arm].set_index("is_this_week")
        if not (True in rows.index and False in rows.index):
            continue
        new, old = rows.loc[True], rows.loc[False]
        mean, before = new["reward_per_display"], old["reward_per_display"]
        if not (say.is_known(mean) and say.is_known(before)) or before == 0:
            continue
        error = math.hypot(new["standard_error"], old["standard_error"])
        beyond = "more than chance" if abs(mean - before) > 1.96 * error else "within chance"
        sentences.append(
            f"{say.arm(arm)} traffic earned {say.reward(mean, is_amount)} per display, before"
            f" {say.reward(before, is_amount)}: {say.change(mean / before - 1)}, {beyond}."
        )
    return sentences
