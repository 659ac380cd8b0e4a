"""Names and values of the page Model, as markdown; data in them is escaped."""

from __future__ import annotations

import shlex
from pathlib import Path

import pandas as pd

from app import text

_OUTCOMES = {
    "succeeded": "Succeeded: the model is deployed.",
    "collecting": "Collecting: too little data, all traffic is random.",
    "held_back": "Held back: the new model is not deployed; the earlier one stays.",
    "failed": "Failed: an error stopped it.",
}
# A model that is held back leaves the earlier model or the best single offer deployed.
_BEST_SINGLE_OUTCOMES = {
    "succeeded": "Succeeded: everybody gets the best single offer first.",
    "held_back": "Held back: the new model is not deployed; everybody gets the best single offer"
    " first.",
}


def deployed(row: pd.Series, shares: pd.DataFrame) -> dict[str, str]:
    """Return names and values of the deployed version, with the traffic by arm."""
    traffic = ", ".join(
        f"{text.arm(arm).lower()} {text.percent(share)}"
        for arm, share in zip(shares["arm"], shares["share"], strict=True)
    )
    return {
        "Version": text.plain(row["model_version"]),
        "Kind": text.plain(str(row["model_kind"]).replace("_", " ")),
        "Trained as of": text.moment(row["trained_as_of"]),
        "Data window (UTC)": _window(row),
        "Training displays": text.count(row["training_rows"]),
        "Offers included": text.count(row["offers_included"]),
        "Offers personalised": text.count(row["offers_personalised"]),
        "Traffic, 7 days": traffic or "no displays",
    }


def training(row: pd.Series) -> dict[str, str]:
    """Return names and values of a training run; `model_kind` is the kind of the deployed model."""
    reason = text.prose(row["reason"]) if text.is_known(row["reason"]) else "none given"
    is_best_single = row["model_kind"] == "best_single"
    outcomes = _OUTCOMES | (_BEST_SINGLE_OUTCOMES if is_best_single else {})
    return {
        "Computed for": text.moment(row["as_of"]),
        "Outcome": text.plain(outcomes.get(row["status"], row["status"])),
        "Reason": reason,
        "Data window (UTC)": _window(row),
        "Training displays": text.count(row["training_rows"]),
        "with a success": text.count(row["successes"]),
        "Offers ready": f"{text.count(row['offers_ready'])} of"
        f" {text.count(row['offers_included'])} included",
        "Trained version": text.plain(row["model_version"])
        if text.is_known(row["model_version"])
        else "none",
    }


def properties(row: pd.Series) -> dict[str, str]:
    """Return names and values of a strategy's configuration."""
    is_net = row["objective"] == "net_value"
    kind = "success or not" if row["outcome_type"] == "binary" else "amount per display"
    places = row["placement_ids"]
    informed = ", offers with little data more often" if row["exploration"] == "informed" else ""
    found = {
        "KPI": text.plain(f"{row['kpi_name']} ({kind})"),
        "Reward": "net value: the KPI minus the costs of the catalogue",
        "Success events": text.plain(row["success_event_types"]),
        "Attribution window": f"{row['window_hours']:g} hours after the display",
        "Look-back": f"{row['lookback_days']} days",
        "Offer is ready with": f"{row['min_displays']} displays and {row['min_successes']}"
        " successes in the look-back",
        "Exploration": f"{text.percent(row['exploration_share'])} of people once there is a model"
        f"{informed}",
        "Control": f"{text.percent(row['control_share'])} of people get the order of the business",
        "Guardrails": text.plain(row["guardrails"]),
        "Offers ranked": f"{row['top_k']} per person and placement",
        "Placements": text.plain(places) if text.is_known(places) else "all",
    }
    if not is_net:
        del found["Reward"]
    if not row["control_share"]:
        del found["Control"]
    if not text.is_known(row["guardrails"]):
        del found["Guardrails"]
    return found


def rows(versions: pd.DataFrame, is_amount: bool) -> pd.DataFrame:
    """Return the versions with state, value, interval, lift, Gini and kind as text."""

    def value(number: object) -> str:
        return text.reward(number, is_amount)

    return versions.assign(
        state=["deployed" if flag else "" for flag in versions["is_deployed"]],
        value=[value(number) for number in versions["policy_value"]],
        interval=[
            f"{value(low)} to {value(high)}" if text.is_known(low) else text.NONE
            for low, high in zip(versions["value_low"], versions["value_high"], strict=True)
        ],
        lift=[text.change(number) for number in versions["lift_over_best_single"]],
        later=[text.decimals(number) for number in versions["later_gini"]],
        training=[text.decimals(number) for number in versions["training_gini"]],
        kind=versions["model_kind"].str.replace("_", " "),
    )


def calibration(ratio: float | None) -> str:
    """Return whether scores are calibrated; `ratio` is the mean reward by the mean score."""
    if ratio is None or not text.is_known(ratio):
        return "too few successes to judge its scores"
    if abs(ratio - 1) < 0.05:
        return "scores are right within 5 % on average"
    direction = "too low" if ratio > 1 else "too high"
    return f"scores are {direction}: the reward was {text.percent(ratio)} of the expected one"


def commands(home: Path, strategy: str, versions: pd.DataFrame) -> list[str]:
    """Return the commands that change the model, quoted for a shell."""
    place, name = shlex.quote(str(home)), shlex.quote(strategy)
    others = versions.loc[~versions["is_deployed"].astype(bool), "model_version"].tolist()
    version = shlex.quote(others[0]) if others else "MODEL_VERSION"
    return [
        f"nextoffer models list --home {place}",
        f"nextoffer models promote --home {place} {name} {version}",
        f"nextoffer models rollback --home {place} {name}",
        f"nextoffer rank --home {place} && nextoffer publish --home {place}",
    ]


def _window(row: pd.Series) -> str:
    return f"{text.day(row['data_window_start'])} to {text.day(row['data_window_end'])}"
