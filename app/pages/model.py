"""Page: Model. What is deployed, how it was made, and is it any good?"""

from __future__ import annotations

import shlex

import pandas as pd
import streamlit as st

from app import components as say
from app.charts import model as charts
from app.database import home_folder
from app.queries import model as queries
from app.view import View, show

_OUTCOMES = {
    "succeeded": "Succeeded: the strategy has a model in use.",
    "collecting": "Collecting: too little data, all traffic is random.",
    "held_back": "Held back: the new model was not good enough and is not in use.",
    "failed": "Failed: an error stopped it.",
}


def render(view: View) -> None:
    """Draw the page."""
    versions = queries.versions(view.publication, view.strategy_id)
    left, right = st.columns(2, gap="large")
    with left:
        _deployed(view, versions)
    with right:
        _last_run(view)
    _history(view, versions)
    _calibration(view, versions)
    _properties(view)
    _commands(view, versions)


def _deployed(view: View, versions: pd.DataFrame) -> None:
    st.subheader("Currently deployed")
    current = versions[versions["model_version"] == view.strategy["deployed_model_version"]]
    if current.empty:
        st.markdown("No model is deployed: every offer is drawn at random.")
        return
    row = current.iloc[0]
    shares = queries.traffic(view.publication, view.strategy_id)
    traffic = ", ".join(
        f"{say.arm(arm).lower()} {say.percent(share)}"
        for arm, share in zip(shares["traffic_type"], shares["share"], strict=True)
    )
    say.facts(
        {
            "Version": say.plain(row["model_version"]),
            "Kind": say.plain(str(row["model_kind"]).replace("_", " ")),
            "Trained as of": say.moment(row["trained_as_of"]),
            "Data window (UTC)": _window(row),
            "Training displays": say.count(row["training_rows"]),
            "Offers included": say.count(row["offers_included"]),
            "Offers personalised": say.count(row["offers_personalised"]),
            "Traffic, 7 days": traffic or "no displays",
        }
    )


def _window(row: pd.Series) -> str:
    return f"{say.day(row['data_window_start'])} to {say.day(row['data_window_end'])}"


def _last_run(view: View) -> None:
    st.subheader("Last training job")
    runs = queries.last_run(view.publication, view.strategy_id)
    if runs.empty:
        st.markdown("No training has run for this strategy.")
        return
    row = runs.iloc[0]
    reason = say.plain(row["reason"]) if say.is_known(row["reason"]) else "none given"
    say.facts(
        {
            "Computed for": say.moment(row["as_of"]),
            "Outcome": say.plain(_OUTCOMES.get(row["status"], row["status"])),
            "Reason": reason,
            "Data window (UTC)": _window(row),
            "Training displays": say.count(row["training_rows"]),
            "with a success": say.count(row["successes"]),
            "Offers ready": f"{say.count(row['offers_ready'])} of"
            f" {say.count(row['offers_included'])} included",
            "Trained version": say.plain(row["model_version"])
            if say.is_known(row["model_version"])
            else "none",
        }
    )


def _history(view: View, versions: pd.DataFrame) -> None:
    st.subheader("Version history")
    if versions.empty:
        st.info("No version was trained yet.")
        return
    known = versions[versions["policy_value"].notna()]
    if not known.empty:
        names = {"best_single": "Best single offer", "random": "Random"}
        baselines = queries.baselines(view.publication, view.strategy_id)
        baselines = baselines.assign(policy=baselines["policy"].map(names))
        title = f"Policy value of each version: estimated {view.unit}"
        chart = charts.policy_values(known, baselines, title, view.unit, view.is_amount)
        say.show_chart(chart, title)
    _versions_table(view, versions)
    st.caption(
        "Gini: 0 is a random order, 1 a perfect one; of later displays, which no training saw, it"
        " is the honest one. Policy value: what the version's ranking would have earned per display"
        " (doubly robust, 95 % interval), when it was trained. All times are UTC."
    )


def _versions_table(view: View, versions: pd.DataFrame) -> None:
    def value(low: object) -> str:
        return say.reward(low, view.is_amount)

    rows = versions.assign(
        state=["deployed" if flag else "" for flag in versions["is_deployed"]],
        value=[value(number) for number in versions["policy_value"]],
        interval=[
            f"{value(low)} to {value(high)}" if say.is_known(low) else say.NONE
            for low, high in zip(versions["value_low"], versions["value_high"], strict=True)
        ],
        lift=[say.change(number) for number in versions["lift_over_best_single"]],
        later=[say.decimals(number) for number in versions["later_gini"]],
        training=[say.decimals(number) for number in versions["training_gini"]],
        kind=versions["model_kind"].str.replace("_", " "),
    )
    say.show_table(
        rows,
        {
            "model_version": "Version",
            "state": st.column_config.TextColumn("State", width=90),
            "trained_as_of": st.column_config.DateColumn("Trained as of", format="YYYY-MM-DD"),
            "value": "Policy value",
            "interval": "95 % interval",
            "lift": "Over best single",
            "later": "Gini, later",
            "training": "in training",
            "kind": "Kind",
            "training_rows": st.column_config.NumberColumn("Displays", format="localized"),
        },
    )


def _calibration(view: View, versions: pd.DataFrame) -> None:
    st.subheader("Calibration")
    known = versions[versions["later_displays"].notna()]
    if known.empty:
        st.info("No version has displays after its training data yet: look again next week.")
        return
    deployed = view.strategy["deployed_model_version"]
    names = known["model_version"].tolist()
    if say.is_known(deployed) and deployed not in names:
        st.markdown(
            f"The deployed version {say.plain(deployed)} has no displays after its training data"
            " yet. Shown is an earlier one."
        )
    version = st.selectbox("Version", names, key=f"calibration_{view.strategy_id}", width=260)
    frame = queries.calibration(view.publication, view.strategy_id, str(version))
    row = known.set_index("model_version").loc[version]
    ratio = row["calibration_ratio"]
    title = f"Version {version}: {_calibration_words(ratio)}"
    say.show_chart(charts.calibration(frame, title, view.unit, view.is_amount), title)


def _calibration_words(ratio: float) -> str:
    if not say.is_known(ratio):
        return "too few successes to judge its scores"
    if abs(ratio - 1) < 0.05:
        return "scores are right within 5 % on average"
    direction = "too low" if ratio > 1 else "too high"
    return f"scores are {direction}: {say.percent(ratio)} of what was expected came"


def _properties(view: View) -> None:
    st.subheader("Properties")
    row = queries.properties(view.publication, view.strategy_id).iloc[0]
    features = queries.features(view.publication, view.strategy_id)
    kind = "amount per display" if view.is_amount else "success or not"
    places = row["placement_ids"]
    say.facts(
        {
            "KPI": say.plain(f"{row['kpi_name']} ({kind})"),
            "Success events": say.plain(row["success_event_types"]),
            "Attribution window": f"{row['window_hours']:g} hours after the display",
            "Look-back": f"{row['lookback_days']} days",
            "Offer is ready with": f"{row['min_displays']} displays and {row['min_successes']}"
            " successes in the look-back",
            "Exploration": f"{say.percent(row['exploration_share'])} of people, with a model",
            "Offers ranked": f"{row['top_k']} per person and placement",
            "Placements": say.plain(places) if say.is_known(places) else "all",
        }
    )
    for kind, title in (("segment", "Segments"), ("context", "Context")):
        names = features.loc[features["feature_kind"] == kind, "feature_name"].tolist()
        with st.expander(f"{title}: {len(names)}"):
            st.dataframe({title: names}, hide_index=True)


def _commands(view: View, versions: pd.DataFrame) -> None:
    st.subheader("Promote or roll back")
    st.markdown(
        "This app only reads. To change the model, run one of these in a terminal; then `rank` and"
        " `publish` serve it."
    )
    home, strategy = shlex.quote(str(home_folder())), shlex.quote(view.strategy_id)
    others = versions.loc[~versions["is_deployed"].astype(bool), "model_version"].tolist()
    version = shlex.quote(others[0]) if others else "MODEL_VERSION"
    lines = [
        f"nextoffer models list --home {home}",
        f"nextoffer models promote --home {home} {strategy} {version}",
        f"nextoffer models rollback --home {home} {strategy}",
        f"nextoffer rank --home {home} && nextoffer publish --home {home}",
    ]
    st.code("\n".join(lines), language="bash", wrap_lines=True)


show("Model", render)
