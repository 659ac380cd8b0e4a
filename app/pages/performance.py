"""Page: Performance. Is personalised traffic better than random, when and where?"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import components as say
from app.charts import performance as charts
from app.queries import performance as queries
from app.view import View, show


def render(view: View) -> None:
    """Draw the page."""
    asked = (view.publication, view.strategy_id, view.placement, view.period)
    arms = _named(queries.arms(*asked))
    if arms.empty:
        st.info("No display of this period has a final outcome yet.")
        return
    _headline(view, arms)
    _table(view, arms)
    over_time = _named(queries.over_time(*asked))
    title = _compare(view, arms)
    say.show_chart(charts.over_time(over_time, title, view.unit, view.is_amount), title)
    allocation = _named(queries.allocation(*asked))
    title = _allocation_title(allocation)
    say.show_chart(charts.allocation(allocation, title), title)
    _groups(view, _named(queries.by_group(*asked)))


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(arm=[say.arm(name) for name in frame["traffic_type"]])


def _headline(view: View, arms: pd.DataFrame) -> None:
    by_type = arms.set_index("traffic_type")
    model = by_type.loc["contextual"] if "contextual" in by_type.index else None
    random = by_type.loc["random"] if "random" in by_type.index else None
    st.markdown(f"**{say.plain(view.unit.capitalize())}, {view.period.words}**")
    boxes = st.columns(4)
    for box, label, row in ((boxes[0], "Random", random), (boxes[1], "Personalised", model)):
        value = say.reward(row["reward_per_display"], view.is_amount) if row is not None else "–"
        box.metric(label, value, help=say.plain(view.unit.capitalize()))
    lift = model["lift"] if model is not None else None
    boxes[2].metric("Lift over random", say.change(lift))
    boxes[3].metric("p-value", say.p_value(model["p_value"] if model is not None else None))
    st.markdown(_verdict(model, view))


def _verdict(model: pd.Series | None, view: View) -> str:
    if model is None:
        return f"Nothing was personalised in the {view.period.words}: there is no lift to measure."
    if model["status"] == "insufficient":
        return (
            "**Too little data for a lift.** It takes 20 successes in random and in personalised"
            " traffic, and both arms in the same period."
        )
    between = f"The 95 % interval of the lift is {say.interval(*model[['lift_low', 'lift_high']])}."
    if model["lift_low"] > 0:
        finding = "**Personalised traffic is better than random**, by more than chance."
    elif model["lift_high"] < 0:
        finding = "**Personalised traffic is worse than random**, by more than chance."
    else:
        finding = "**No difference beyond chance** between personalised and random traffic."
    power = model["power_sentence"]
    return f"{finding} {between}" + (f"\n\n{say.plain(power)}" if say.is_known(power) else "")


def _table(view: View, arms: pd.DataFrame) -> None:
    rows = arms.assign(
        reward=[say.reward(value, view.is_amount) for value in arms["reward_per_display"]],
        rate=[say.percent(value, 2) for value in arms["success_rate"]],
        lift_text=[say.change(value) for value in arms["lift"]],
        interval=say.intervals(arms),
        p_text=[say.p_value(value) for value in arms["p_value"]],
    )
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
    say.show_table(rows, columns)
    st.caption(
        "Displays whose attribution window is closed"
        f" ({view.strategy['window_hours']:g} hours after the display)."
        + (
            " In a custom period displays are taken as independent of each other."
            if view.period.is_custom
            else " Intervals and p-values allow for people who see many offers."
        )
    )


def _compare(view: View, arms: pd.DataFrame) -> str:
    rewards = arms.set_index("arm")["reward_per_display"]
    parts = [
        f"{name} {say.reward(rewards[name], view.is_amount)}"
        for name in ("Personalised", "Random")
        if name in rewards.index
    ]
    return f"{view.unit.capitalize()}, {view.period.words}: " + ", ".join(parts)


def _allocation_title(frame: pd.DataFrame) -> str:
    if frame.empty:
        return "No displays in this period"
    totals = frame.groupby("arm")["displays"].sum()
    shares = (totals / totals.sum()).sort_values(ascending=False)
    return "Traffic: " + ", ".join(
        f"{name.lower()} {say.percent(share)}" for name, share in shares.items()
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
        say.show_chart(charts.lifts(known.assign(label=labels), title), title)
    rows = groups.assign(
        reward=[say.reward(value, view.is_amount) for value in groups["reward_per_display"]],
        lift_text=[say.change(value) for value in groups["lift"]],
        interval=say.intervals(groups),
    )
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
        say.show_table(rows, columns)


show("Performance", render, by=("strategy", "placement", "period"), wide_periods=True)
