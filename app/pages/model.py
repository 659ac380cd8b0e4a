"""Page Model: what is deployed, how it was trained and how good it is."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import components, text
from app.charts import model as charts
from app.database import home_folder
from app.filters import choose
from app.queries import model as queries
from app.sentences import model as sentences
from app.view import View, show


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
        components.say("No model is deployed: offers are shown at random.")
        return
    row = current.iloc[0]
    components.facts(sentences.deployed(row, queries.traffic(view.publication, view.strategy_id)))


def _last_run(view: View) -> None:
    st.subheader("Last training run")
    runs = queries.last_run(view.publication, view.strategy_id)
    if runs.empty:
        components.say("No training has run for this strategy.")
        return
    components.facts(sentences.training(runs.iloc[0]))


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
        components.show_chart(chart, title)
    _versions_table(view, versions)
    st.caption(
        "Gini: 0 is a random order, 1 a perfect one. Trust the Gini of later displays, which are"
        " not in the training data. Policy value: what the ranking of the version would have earned"
        " per display (doubly robust, 95 % interval), measured at training. All times are UTC."
    )


def _versions_table(view: View, versions: pd.DataFrame) -> None:
    rows = sentences.rows(versions, view.is_amount)
    components.show_table(
        rows,
        {
            "model_version": components.key_column("Version", 120),
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
        st.info(
            "No version has displays after its training data yet. The next cycle will have some."
        )
        return
    deployed = view.strategy["deployed_model_version"]
    names = known["model_version"].tolist()
    if text.is_known(deployed) and deployed not in names:
        components.say(
            f"The deployed version {text.plain(deployed)} has no displays after its training data"
            " yet. The chart shows an earlier one."
        )
    version = choose("Version", "version", names)
    frame = queries.calibration(view.publication, view.strategy_id, version)
    row = known.set_index("model_version").loc[version]
    ratio = row["calibration_ratio"]
    title = f"Version {version}: {sentences.calibration(ratio)}"
    components.show_chart(charts.calibration(frame, title, view.unit, view.is_amount), title)


def _properties(view: View) -> None:
    st.subheader("Properties")
    row = queries.properties(view.publication, view.strategy_id).iloc[0]
    features = queries.features(view.publication, view.strategy_id)
    components.facts(sentences.properties(row))
    for kind, title in (("segment", "Segments"), ("context", "Context")):
        names = features.loc[features["feature_kind"] == kind, "feature_name"].tolist()
        with st.expander(f"{title}: {len(names)}"):
            st.dataframe({title: names}, hide_index=True)


def _commands(view: View, versions: pd.DataFrame) -> None:
    st.subheader("Promote or roll back")
    components.say(
        "The app is read-only. To change the model, run one of these in a terminal; then run `rank`"
        " and `publish` to serve it."
    )
    lines = sentences.commands(home_folder(), view.strategy_id, versions)
    components.code("\n".join(lines))


show("Model", render)
