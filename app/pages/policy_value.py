"""Page: what a policy would have earned on the displays of the log."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import components
from app.charts import policy_value as charts
from app.picks import pick
from app.queries import policy_value as queries
from app.view import View, show

POLICIES = {
    "random": "Random",
    "best_single": "Best single offer",
    "deployed": "Deployed model",
    "new": "New candidate",
    "version": "Stored model",
}
ESTIMATORS = {
    "dr": "Doubly robust (first choice)",
    "dr_shrunk": "Doubly robust, shrunk weights",
    "snips": "Weighted mean, self-normalised",
    "ips": "Weighted mean",
    "dm": "What the model says of itself",
}
FLOOR_WARNING = 0.05


def render(view: View) -> None:
    """Draw the page."""
    latest = queries.latest(view.publication, view.strategy_id)
    if latest.empty:
        components.say(
            "**Nothing is evaluated yet.** Policies are valued from the first training on, on"
            " displays whose outcome is final and whose propensity is known."
        )
        return
    found = [name for name in ESTIMATORS if name in set(latest["estimator"])]
    estimator = pick("Estimator", "estimator", found, ESTIMATORS.__getitem__)
    latest = latest.assign(
        label=latest.apply(_label, axis=1), policy_label=latest["policy"].map(POLICIES)
    )
    chosen = latest[latest["estimator"] == estimator]
    st.markdown(_finding(chosen, view.is_amount))
    components.show_chart(
        charts.values(chosen, _title(chosen), view.unit, view.is_amount),
        "Value of each policy with its interval",
    )
    _draw_table(chosen, view)
    _warn(chosen)
    left, right = st.columns(2, gap="large")
    with left:
        _draw_over_time(view, estimator)
    with right:
        _draw_estimators(latest, view)
    st.caption(
        "A value holds for displays like those of the log, for one look, and only if the logged"
        " propensities are right. The new candidate was chosen on the same displays as it is"
        " valued on, by models that did not learn from them; the deployed model is valued on the"
        " displays after its training. Other stored models: `nextoffer evaluate`, then"
        " `nextoffer publish`."
    )


def _label(row: pd.Series) -> str:
    name = POLICIES.get(str(row["policy"]), str(row["policy"]))
    has_version = components.is_known(row["model_version"]) and row["policy"] != "best_single"
    return f"{name} {str(row['model_version'])[:7]}" if has_version else name


def _title(chosen: pd.DataFrame) -> str:
    last = chosen["as_of"].max()
    return f"Value of each policy as of {components.day(last)}"


def _finding(chosen: pd.DataFrame, is_amount: bool) -> str:
    """Say what the newest model is worth, in markdown; without a figure where there is none."""
    rows = {str(row["policy"]): row for _, row in chosen.iterrows()}
    policy = "new" if "new" in rows else "deployed"
    if policy not in rows:
        return "No model is valued in the last evaluation."
    row, name = rows[policy], POLICIES[policy].lower()
    if row["status"] != "ok":
        return (
            f"The value of the {name} is **insufficient**: fewer than 20 of the displays that"
            " show what it would show had a response."
        )
    text = (
        f"The {name} would earn **{components.reward(row['policy_value'], is_amount)}** a display"
    )
    for over, words in (("random", "random"), ("best_single", "the best single offer")):
        if components.is_known(row[f"lift_over_{over}"]):
            lift = components.change(row[f"lift_over_{over}"])
            bounds = components.interval(
                row[f"lift_over_{over}_low"], row[f"lift_over_{over}_high"]
            )
            text += f", {lift} against {words} ({bounds})"
    return text + "."


def _draw_table(chosen: pd.DataFrame, view: View) -> None:
    def figure(row: pd.Series, text: str) -> str:
        return text if row["status"] == "ok" else charts.INSUFFICIENT

    shown = pd.DataFrame(
        [
            {
                "policy": row["label"],
                "value": figure(row, components.reward(row["policy_value"], view.is_amount)),
                "interval": figure(row, _range(row, view.is_amount)),
                "random": figure(row, _lift(row, "random")),
                "best": figure(row, _lift(row, "best_single")),
                "effective": figure(row, components.count(row["effective_sample_size"])),
                "responses": components.count(row["matching_responses"]),
                "displays": components.count(row["displays"]),
                "window": f"{components.day(row['data_window_start'])} to"
                f" {components.day(row['data_window_end'])}",
            }
            for _, row in chosen.iterrows()
        ]
    )
    help_of = {
        "effective": "As many displays chosen by the policy itself would tell as much",
        "responses": "Displays with a success that show what the policy would show",
    }
    labels = {
        "policy": "Policy",
        "value": view.unit.capitalize(),
        "interval": "95 % interval",
        "random": "Against random",
        "best": "Against best single",
        "effective": "Effective sample",
        "responses": "Responses",
        "displays": "Displays",
        "window": "Displays from, to (UTC)",
    }
    components.show_table(
        shown,
        {k: st.column_config.TextColumn(v, help=help_of.get(k)) for k, v in labels.items()},
    )


def _range(row: pd.Series, is_amount: bool) -> str:
    low, high = (components.reward(row[f"value_{end}"], is_amount) for end in ("low", "high"))
    return f"{low} to {high}"


def _lift(row: pd.Series, over: str) -> str:
    if row["policy"] == over or not components.is_known(row[f"lift_over_{over}"]):
        return components.NONE
    low, high = row[f"lift_over_{over}_low"], row[f"lift_over_{over}_high"]
    bounds = f" ({components.interval(low, high)})" if components.is_known(low) else ""
    return components.change(row[f"lift_over_{over}"]) + bounds


def _warn(chosen: pd.DataFrame) -> None:
    below = chosen["share_below_floor"].max()
    if components.is_known(below) and below > FLOOR_WARNING:
        st.warning(
            f"{components.percent(below)} of the displays had a propensity below the floor of the"
            " weights: values lean towards what was logged more often."
        )
    unknown = chosen["displays_without_propensity"].max()
    if components.is_known(unknown) and unknown > 0:
        st.info(f"{components.count(unknown)} displays without a known propensity are left out.")


def _draw_over_time(view: View, estimator: str) -> None:
    frame = queries.over_time(view.publication, view.strategy_id, estimator)
    frame = frame.assign(policy_label=frame["policy"].map(POLICIES))
    if frame["policy_value"].notna().sum() == 0:
        components.say("Every evaluation so far is insufficient: there is no line to draw.")
        return
    components.show_chart(
        charts.over_time(frame, view.unit, view.is_amount), "Policy value by cycle"
    )


def _draw_estimators(latest: pd.DataFrame, view: View) -> None:
    policies = list(dict.fromkeys(latest["label"]))
    first = next((name for name in policies if name.startswith(POLICIES["new"])), policies[-1])
    ordered = [first, *(name for name in policies if name != first)]
    chosen = pick("Policy", "policy", ordered)
    frame = latest[latest["label"] == chosen]
    order = {name: place for place, name in enumerate(ESTIMATORS)}
    frame = frame.assign(
        label=frame["estimator"].map(ESTIMATORS), place=frame["estimator"].map(order)
    )
    components.show_chart(
        charts.estimators(frame.sort_values("place"), view.unit, view.is_amount),
        f"{chosen} by every estimator",
    )
    st.caption(
        "Estimates further apart than their intervals point to wrong propensities. Where the model"
        " says more of itself than the others say of it, it flatters itself."
    )


show("Policy value", render)
