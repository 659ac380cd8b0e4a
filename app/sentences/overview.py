"""Sentences of the page Overview; a row is one of `queries.standing`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from app import text

STATES = {
    "succeeded": ("Succeeded", "green"),
    "collecting": ("Collecting", "gray"),
    "held_back": ("Held back", "orange"),
    "failed": ("Failed", "red"),
    "never ran": ("Never ran", "gray"),
}
MEANING = (
    "**Random** is what offers earn when they are drawn by chance. The **best single offer** is the"
    " one that earns most when everybody sees it. The lift over random is measured on the displays"
    " of the last 30 days; the lift over the best single offer is what choosing for each person"
    " adds, estimated on the log."
)
CONTROL = " **Control** is the order of the business: priority, then offer id."


@dataclass(frozen=True)
class Step:
    """What to do next for a strategy, and the page that explains it."""

    words: str
    page: str
    label: str


def has_model(row: pd.Series) -> bool:
    """Return whether a model is deployed."""
    return text.is_known(row["deployed_model_version"])


def version(row: pd.Series) -> str:
    """Return the deployed version."""
    return str(row["deployed_model_version"]) if has_model(row) else "none yet"


def gain(row: pd.Series) -> str:
    """Return what personalisation brought, `≈ CHF 96,000 more in 30 days than random`."""
    value = row["incremental_reward"]
    if not text.is_known(value):
        return "No gain to show yet"
    more = "more" if value >= 0 else "less"
    if row["kpi_type"] == "continuous" and text.is_known(row["currency"]):
        worth = f"{text.about(abs(value), text.plain(row['currency']))} {more}"
    else:
        worth = f"{text.about(abs(value))} {more} {text.named(row['reward_name'])}"
    return f"≈ {worth} in 30 days than random"


def gain_range(row: pd.Series) -> str:
    """Return the 95 % interval of the gain, or what it needs."""
    low, high = row["incremental_reward_low"], row["incremental_reward_high"]
    if not text.is_known(row["incremental_reward"]):
        return (
            "A gain needs 20 successes in personalised and in random traffic of the last 30 days."
        )
    between = f"95 % interval: {text.about(low)} to {text.about(high)}."
    if low <= 0 <= high:
        return f"{between} It contains 0, so the difference may be chance."
    return between


def rewards(row: pd.Series) -> str:
    """Return what a display earned in both arms."""
    is_amount = row["kpi_type"] == "continuous"
    mean, random = (text.reward(row[f"{name}"], is_amount) for name in _REWARDS)
    if text.NONE in (mean, random):
        return ""
    return f"A personalised display earned {mean}, a random one {random}."


_REWARDS = ("reward_per_display", "random_reward")


def standing(row: pd.Series) -> str:
    """Return the state of a strategy and the reason."""
    why = f" {_sentence(row['reason'])}" if text.is_known(row["reason"]) else ""
    net = " after costs" if row["reward_name"] != row["kpi_name"] else ""
    kpi = f"KPI: {text.named(row['kpi_name'])}{net}."
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
    last_run = f" Last run {text.day(row['last_run'])}." if text.is_known(row["last_run"]) else ""
    return f"{words}{why} {kpi}{last_run}"


def _sentence(reason: str) -> str:
    """Return the reason of a run as a sentence."""
    written = reason[:1].upper() + reason[1:].rstrip(".")
    return f"{text.prose(written)}."


def next_step(row: pd.Series, alerts: pd.DataFrame) -> Step:
    """Return the most urgent thing to do for a strategy; `alerts` are its own, the worst first."""
    if row["status"] == "never ran":
        return Step("Run a cycle: `nextoffer run --raw FOLDER`.", "health", "Look at the data")
    if row["status"] == "failed":
        return Step(
            "Repair what stopped the last run, then run it again.", "model", "See what failed"
        )
    worst = alerts.iloc[0] if len(alerts) else None
    if worst is not None and worst["severity"] == "severe":
        return _of_alert(worst)
    if row["status"] == "collecting":
        return Step(
            "Wait for data: a model needs two ready offers.", "offers", "See when offers are ready"
        )
    if text.is_known(row["lift_high"]) and row["lift_high"] < 0:
        return Step(
            "Roll the model back: personalised traffic earns less than random.",
            "model",
            "See the versions and commands",
        )
    if worst is not None and worst["severity"] == "warning":
        return _of_alert(worst)
    if row["status"] == "held_back":
        return Step(
            "Compare the new model with the one that serves.", "policy_value", "See the comparison"
        )
    if worst is not None:
        return _of_alert(worst)
    if row["offers_missing"]:
        missing = int(row["offers_missing"])
        return Step(
            f"{missing} {'offer is' if missing == 1 else 'offers are'} not ready yet.",
            "offers",
            "See what is missing",
        )
    return Step(
        "Nothing to repair. See who responds to what, to plan the next offer.",
        "interactions",
        "See the strongest effect",
    )


def meaning(standing: pd.DataFrame) -> str:
    """Return what the lifts of all strategies are over, as markdown."""
    return MEANING + (CONTROL if standing["status_over_control"].notna().any() else "")


def arms(row: pd.Series) -> str:
    """Return the shares of the other arms in the displays of 7 days, and who explores."""
    if not text.is_known(row["random_share"]):
        return "no displays yet"
    others = f"random {text.percent(row['random_share'])}"
    if text.is_known(row["control_share_shown"]):
        others += f", control {text.percent(row['control_share_shown'])}"
    share = text.percent(row["exploration_share"])
    explorers = f"{share} of people explore" if has_model(row) else "Everybody explores"
    return f"of displays; {others}. {explorers}."


def _of_alert(alert: pd.Series) -> Step:
    words = text.prose(alert["advice" if text.is_known(alert["advice"]) else "sentence"])
    if alert["assumption"] == "guardrails_hold":
        return Step(words, "performance", "See the guardrails")
    return Step(words, "health", "See the finding")


def changes(
    runs: pd.DataFrame, weeks: pd.DataFrame, new_offers: pd.DataFrame, is_amount: bool
) -> list[str]:
    """Return what changed for one strategy since last week, as markdown.

    Each frame holds only the rows of the strategy.

    `runs` are the last two, the newest first; `weeks` has arm, is_this_week, displays,
    reward_per_display and its standard_error; `new_offers` has offer_name.
    """
    if len(runs) == 1:
        return ["This is the first run."]
    sentences = _of_runs(runs) + _of_rewards(weeks, is_amount)
    if len(new_offers):
        names = [text.named(name) for name in new_offers["offer_name"]]
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        sentences.append(f"Shown for the first time: {', '.join(names[:3])}{more}.")
    return sentences


def _of_runs(runs: pd.DataFrame) -> list[str]:
    if runs.empty:
        return []
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
    for arm in ("personalised", "random"):
        rows = weeks[weeks["arm"] == arm].set_index("is_this_week")
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
