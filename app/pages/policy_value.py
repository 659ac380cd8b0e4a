"""Page Policy value: what each policy would have earned on the logged displays."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import components, text
from app.charts import policy_value as charts
from app.filters import choose
from app.queries import policy_value as queries
from app.sentences import policy_value as sentences
from app.view import View, show

FLOOR_WARNING = 0.05
COLUMNS = {
    "policy": ("Policy", None),
    "value": ("{unit} (95 %)", None),
    "random": ("Lift over random", None),
    "best": ("Lift over best single", None),
    "effective": (
        "Effective sample size",
        "Displays chosen by the policy itself that would give the same precision",
    ),
    "responses": (
        "Matching responses",
        "Displays with a success that show the offer of the policy",
    ),
    "displays": ("Displays", "Displays in the estimate"),
    "window": ("Data window (UTC)", None),
}


def render(view: View) -> None:
    """Draw the page."""
    latest = queries.latest(view.publication, view.strategy_id)
    if latest.empty:
        st.info(
            "**Nothing is evaluated yet.** Each training evaluates policies on displays with a"
            " final outcome and a known propensity."
        )
        return
    latest = sentences.distinct(latest)
    known, present = list(sentences.ESTIMATORS), list(dict.fromkeys(latest["estimator"]))
    order = [name for name in known if name in present]
    order += [name for name in present if name not in known]
    estimator = choose("Estimator", "estimator", order, sentences.estimator)
    latest = latest.assign(
        label=latest.apply(sentences.label, axis=1),
        policy_label=latest["policy"].map(sentences.POLICIES),
    )
    chosen = latest[latest["estimator"] == estimator]
    components.say(sentences.finding(chosen, view.unit, view.is_amount))
    why = sentences.replacement(
        chosen, queries.over_previous(view.publication, view.strategy_id), view.is_amount
    )
    if why:
        components.say(why)
    title = f"Value of each policy as of {text.day(chosen['as_of'].max())}"
    components.show_chart(
        charts.values(chosen, title, view.unit, view.is_amount),
        "Value of each policy with its interval",
    )
    _draw_table(chosen, view)
    _warn(chosen)
    _draw_over_time(view, estimator)
    _draw_estimators(latest, order, view)
    st.caption(sentences.LIMITS)


def _draw_table(chosen: pd.DataFrame, view: View) -> None:
    unit = text.sentence_case(view.unit)
    columns = {
        name: st.column_config.TextColumn(
            label.replace("{unit}", unit), help=help_text, pinned=name == "policy"
        )
        for name, (label, help_text) in COLUMNS.items()
    }
    components.show_table(sentences.table(chosen, view.is_amount), columns)


def _warn(chosen: pd.DataFrame) -> None:
    below = chosen["share_below_floor"].max()
    if text.is_known(below) and below > FLOOR_WARNING:
        st.warning(
            f"{text.percent(below)} of the displays have a propensity below the floor of the"
            " weights: this biases the values towards offers that were shown more often."
        )
    unknown = chosen["displays_without_propensity"].max()
    if text.is_known(unknown) and unknown > 0:
        st.info(f"{text.count(unknown)} displays without a known propensity are left out.")


def _draw_over_time(view: View, estimator: str) -> None:
    frame = queries.over_time(view.publication, view.strategy_id, estimator)
    frame = sentences.distinct_over_time(frame)
    frame = frame.assign(policy_label=frame["policy"].map(sentences.POLICIES))
    if frame["policy_value"].notna().sum() == 0:
        st.info("Every evaluation so far is insufficient: nothing to draw.")
        return
    components.show_chart(
        charts.over_time(frame, view.unit, view.is_amount), "Policy value by cycle"
    )


def _draw_estimators(latest: pd.DataFrame, order: list[str], view: View) -> None:
    newest_first = latest.sort_values(
        "policy", key=lambda names: names != "deployed", kind="stable"
    )
    chosen = choose("Policy", "policy", list(dict.fromkeys(newest_first["label"])))
    frame = latest[latest["label"] == chosen]
    frame = frame.sort_values("estimator", key=lambda names: names.map(order.index))
    frame = frame.assign(label=frame["estimator"].map(sentences.estimator))
    components.show_chart(
        charts.estimators(frame, view.unit, view.is_amount), f"{chosen} by every estimator"
    )
    st.caption(
        "Estimates that differ by more than their intervals point to wrong propensities. If the"
        " direct estimate is higher than the others, the model overestimates its reward."
    )


show("Policy value", render)
