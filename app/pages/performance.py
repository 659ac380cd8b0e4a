"""Page Performance: whether, when and where personalised traffic is better than random."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import components, text
from app.charts import performance as charts
from app.queries import performance as queries
from app.sentences import performance as sentences
from app.view import View, show


def render(view: View) -> None:
    """Draw the page."""
    asked = (view.publication, view.strategy_id, view.placement, view.period)
    arms = sentences.named(queries.arms(*asked))
    if arms.empty:
        st.info("No display of this period has a final outcome yet.")
        return
    _headline(view, arms)
    _table(view, arms)
    over_time = sentences.named(queries.over_time(*asked))
    title = sentences.compare(arms, view.unit, view.is_amount, view.period.words)
    components.show_chart(charts.over_time(over_time, title, view.unit, view.is_amount), title)
    allocation = sentences.named(queries.allocation(*asked))
    title = sentences.traffic(allocation)
    components.show_chart(charts.allocation(allocation, title), title)
    _groups(view, sentences.named(queries.by_group(*asked)))


def _headline(view: View, arms: pd.DataFrame) -> None:
    by_type = arms.set_index("traffic_type")
    model = by_type.loc["contextual"] if "contextual" in by_type.index else None
    random = by_type.loc["random"] if "random" in by_type.index else None
    st.markdown(f"**{text.plain(view.unit.capitalize())}, {view.period.words}**")
    boxes = st.columns(4)
    for box, label, row in ((boxes[0], "Random", random), (boxes[1], "Personalised", model)):
        value = text.reward(row["reward_per_display"], view.is_amount) if row is not None else "–"
        box.metric(label, value, help=text.plain(view.unit.capitalize()))
    lift = model["lift"] if model is not None else None
    boxes[2].metric("Lift over random", text.change(lift))
    boxes[3].metric("p-value", text.p_value(model["p_value"] if model is not None else None))
    st.markdown(sentences.verdict(model, view.period.words))


def _table(view: View, arms: pd.DataFrame) -> None:
    rows = sentences.rows(arms, view.is_amount)
    columns = {
        "arm": "Arm",
        "displays": st.column_config.NumberColumn("Displays", format="localized"),
        "successes": st.column_config.NumberColumn("Successes", format="localized"),
        "rate": "Success rate",
        "reward": view.unit.capitalize(),
        "lift_text": "Lift over random",
        "interval": "95 % interval",
        "p_text": "p-value",
    }
    if not view.is_amount:
        columns.pop("reward")
    components.show_table(rows, columns)
    st.caption(
        "Only displays whose attribution window is closed"
        f" ({view.strategy['window_hours']:g} hours after the display)."
        + (
            " In a custom period displays are taken as independent of each other."
            if view.period.is_custom
            else " Intervals and p-values allow for people who see many offers."
        )
    )


def _groups(view: View, groups: pd.DataFrame) -> None:
    st.subheader("By placement and activity")
    model = groups[groups["traffic_type"] == "contextual"]
    known = model[model["lift"].notna()]
    if known.empty:
        st.info("No placement or activity has 20 successes in both arms yet.")
    else:
        labels = [f"{row.kind} {row.group_id}" for row in known.itertuples()]
        title = "Lift over random by placement and activity"
        components.show_chart(charts.lifts(known.assign(label=labels), title), title)
    rows = sentences.rows(groups, view.is_amount)
    columns = {
        "kind": "Kind",
        "group_id": "Placement or activity",
        "arm": "Arm",
        "displays": st.column_config.NumberColumn("Displays", format="localized"),
        "successes": st.column_config.NumberColumn("Successes", format="localized"),
        "reward": view.unit.capitalize(),
        "lift_text": "Lift over random",
        "interval": "95 % interval",
    }
    with st.expander("As a table"):
        components.show_table(rows, columns)


show("Performance", render, by=("strategy", "placement", "period"), wide_periods=True)
