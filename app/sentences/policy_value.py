"""Sentences of the page Policy value. Insufficient evidence gives no figure."""

from __future__ import annotations

import pandas as pd

from app import text

POLICIES = {
    "random": "Random",
    "best_single": "Best single offer",
    "previous": "Previous model",
    "new": "New candidate",
    "deployed": "Deployed model",
    "version": "Stored model",
}
ESTIMATORS = {
    "dr": "Doubly robust (first choice)",
    "dr_shrunk": "Doubly robust, shrunk weights",
    "snips": "Weighted mean, self-normalised",
    "ips": "Weighted mean",
    "dm": "Direct estimate by the model",
}
INSUFFICIENT = "insufficient"
LIMITS = (
    "A value holds for displays like those of the log, for a single test, and only if the logged"
    " propensities are right. The new candidate is evaluated on its training displays by"
    " cross-fitting, so no person is scored by a model trained on that person; a previous model"
    " that stays, on the displays since its training. For other stored models, run"
    " `nextoffer evaluate`, then `nextoffer publish`."
)


def label(row: pd.Series) -> str:
    """Return the name of a policy, with the start of its model version."""
    name = POLICIES.get(str(row["policy"]), str(row["policy"]))
    has_version = text.is_known(row["model_version"]) and row["policy"] != "best_single"
    return f"{name} {str(row['model_version'])[:7]}" if has_version else name


def finding(chosen: pd.DataFrame, unit: str, is_amount: bool) -> str:
    """Return the value of the newest model, as markdown.

    `chosen` has the policies of one evaluation by one estimator.
    """
    rows = {str(row["policy"]): row for _, row in chosen.iterrows()}
    policy = next((name for name in ("deployed", "new", "previous") if name in rows), None)
    if policy is None:
        return "The last evaluation has no model."
    row, name = rows[policy], POLICIES[policy].lower()
    if row["status"] != "ok":
        return (
            f"The value of the {name} is **{INSUFFICIENT}**: fewer than 20 of the displays with"
            " the offer that it would show had a response."
        )
    value = text.reward(row["policy_value"], is_amount)
    lifts = [
        f", {_lift(row, over)} against {words}"
        for over, words in (("random", "random"), ("best_single", "the best single offer"))
        if text.is_known(row[f"lift_over_{over}"])
    ]
    return f"The {name} would earn **{value}** ({text.plain(unit)}){''.join(lifts)}."


def estimator(name: str) -> str:
    """Return the name of an estimator for people; one without such a name keeps its own."""
    return ESTIMATORS.get(name, name)


def distinct(latest: pd.DataFrame) -> pd.DataFrame:
    """Return the evaluations without the rows that the deployed model repeats."""
    deployed = set(latest.loc[latest["policy"] == "deployed", "model_version"].dropna())
    repeated = latest["policy"].isin(["new", "previous"]) & latest["model_version"].isin(deployed)
    return latest[~repeated]


def distinct_over_time(frame: pd.DataFrame) -> pd.DataFrame:
    """Return evaluations of many cycles without the rows that the deployed model repeats."""
    parts = [distinct(cycle) for _, cycle in frame.groupby("as_of")]
    return pd.concat(parts) if parts else frame


def replacement(chosen: pd.DataFrame, over_previous: pd.Series, is_amount: bool) -> str:
    """Return why a model with a lower estimate serves, as markdown; "" if it does not.

    `chosen` has the policies of one evaluation by one estimator; `over_previous` has the
    difference, low and high of the two models on the same displays, or missing values.
    """
    rows = {str(row["policy"]): row for _, row in chosen.iterrows()}
    if "deployed" not in rows or "previous" not in rows:
        return ""
    new, old = rows["deployed"], rows["previous"]
    values = [new["policy_value"], old["policy_value"]]
    is_replaced = new["model_version"] != old["model_version"]
    if not is_replaced or not all(map(text.is_known, values)) or values[0] >= values[1]:
        return ""
    shown = [text.reward(value, is_amount) for value in values]
    counts = [text.count(row["displays"]) for row in (new, old)]
    why = (
        f"**Why a model with a lower estimate serves.** {text.plain(label(new))} ({shown[0]})"
        f" replaced {text.plain(label(old).lower())} ({shown[1]}). The two estimates come from"
        f" different displays: {counts[0]} of the look-back, by cross-fitting, and the {counts[1]}"
        " since the training of the previous model. "
    )
    rule = (
        "The gate keeps the previous model only if the new one earns credibly less on the same"
        " displays, that is, if the whole 95 % interval of their difference is below 0."
    )
    low, high = over_previous["low"], over_previous["high"]
    if not (text.is_known(low) and text.is_known(high)):
        return why + rule
    between = f" Here it is {text.reward(low, is_amount)} to {text.reward(high, is_amount)}."
    return why + rule + between


def table(chosen: pd.DataFrame, is_amount: bool) -> pd.DataFrame:
    """Return one row of text per policy; figures of insufficient ones say so."""
    return pd.DataFrame([_cells(row, is_amount) for _, row in chosen.iterrows()])


def _cells(row: pd.Series, is_amount: bool) -> dict[str, str]:
    figures = {
        "value": _value(row, is_amount),
        "random": text.NONE if row["policy"] == "random" else _lift(row, "random"),
        "best": text.NONE if row["policy"] == "best_single" else _lift(row, "best_single"),
        "effective": text.count(row["effective_sample_size"]),
    }
    if row["status"] != "ok":
        figures = dict.fromkeys(figures, INSUFFICIENT)
    first, last = text.day(row["data_window_start"]), text.day(row["data_window_end"])
    return {
        "policy": str(row["label"]),
        **figures,
        "responses": text.count(row["matching_responses"]),
        "displays": text.count(row["displays"]),
        "window": f"{first} to {last}",
    }


def _value(row: pd.Series, is_amount: bool) -> str:
    value, low, high = (
        text.reward(row[name], is_amount) for name in ("policy_value", "value_low", "value_high")
    )
    return f"{value} ({low} to {high})"


def _lift(row: pd.Series, over: str) -> str:
    low, high = row[f"lift_over_{over}_low"], row[f"lift_over_{over}_high"]
    bounds = f" ({text.interval(low, high)})" if text.is_known(low) else ""
    return text.change(row[f"lift_over_{over}"]) + bounds
