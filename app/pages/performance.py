"""Page Performance: whether, when and where personalised traffic is better than random."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import components, text
from app.charts import performance as charts
from app.filters import choose
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
    _guardrails(view)
    _gain(view)
    _life(view)
    _features(view)
    _reach(view)
    _groups(view, sentences.named(queries.by_group(*asked)))


def _headline(view: View, arms: pd.DataFrame) -> None:
    by_arm = arms.set_index("arm")
    model = by_arm.loc["Personalised"] if "Personalised" in by_arm.index else None
    random = by_arm.loc["Random"] if "Random" in by_arm.index else None
    st.markdown(f"**{text.plain(text.sentence_case(view.unit))}, {view.period.words}**")
    figures = []
    for label, row in (("Random", random), ("Personalised", model)):
        value = text.reward(row["reward_per_display"], view.is_amount) if row is not None else "–"
        unit = text.plain(text.sentence_case(view.unit))
        figures.append(components.Headline(label, value, help=unit))
    lift, p_value = (model["lift"], model["p_value"]) if model is not None else (None, None)
    figures.append(components.Headline("Lift over random", text.change(lift)))
    figures.append(components.Headline("p-value", text.p_value(p_value)))
    components.headlines(figures)
    components.say(sentences.verdict(model, view.period.words))
    over_control = sentences.over_control(model)
    if over_control:
        components.say(over_control)


def _table(view: View, arms: pd.DataFrame) -> None:
    rows = sentences.rows(arms, view.is_amount)
    columns = {
        "arm": components.key_column("Arm", 110),
        "displays": st.column_config.NumberColumn("Displays", format="localized"),
        "successes": st.column_config.NumberColumn("Successes", format="localized"),
        "rate": "Success rate",
        "reward": text.sentence_case(view.unit),
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


def _guardrails(view: View) -> None:
    days = 30 if view.period.is_custom else view.period.days
    frame = queries.guardrails(view.publication, view.strategy_id, view.placement, days)
    if frame.empty:
        return
    st.subheader(f"Guardrails, last {days} days")
    components.say(sentences.guardrails(frame))
    rows = sentences.named(frame).assign(
        baseline=[text.arm(name) for name in frame["baseline"]],
        reward=[
            text.reward(value, kpi_type != "binary")
            for value, kpi_type in zip(frame["reward_per_display"], frame["kpi_type"], strict=True)
        ],
        lift_text=[text.change(value) for value in frame["lift"]],
        interval=text.intervals(frame),
    )
    components.show_table(
        rows,
        {
            "guardrail": components.key_column("Guardrail", 130),
            "arm": "Arm",
            "baseline": "Compared with",
            "verdict": "Verdict",
            "reward": "Reward per display",
            "lift_text": "Lift",
            "interval": "95 % interval",
            "displays": st.column_config.NumberColumn("Displays", format="localized"),
        },
    )


def _gain(view: View) -> None:
    frame = queries.gain_over_time(view.publication, view.strategy_id)
    if not frame["gain"].notna().any():
        return
    left, right = st.columns(2, gap="large")
    last = frame["gain"].dropna().iloc[-1]
    unit = str(view.strategy["currency"]) if view.is_amount else ""
    before = unit if text.is_known(view.strategy["currency"]) else ""
    what = "" if before else f" {view.strategy['reward_name']}"
    with left:
        title = "Lift over time, all placements"
        components.show_chart(charts.lift_over_time(frame, title), title)
    with right:
        title = f"Gain over random in 30 days: ≈ {text.about(last, before)}{what}"
        components.show_chart(charts.cumulative(frame, title, ",.0f"), title)


def _life(view: View) -> None:
    frame = sentences.named(queries.life(view.publication, view.strategy_id))
    if frame.empty:
        return
    events = sentences.events(queries.timeline(view.publication, view.strategy_id))
    title = "The whole life of the strategy"
    components.show_chart(charts.life(frame, events, title), title)
    if events.empty:
        return
    with st.expander(f"Events: {len(events)}"):
        components.show_table(
            events,
            {"event_date": st.column_config.DateColumn("Day (UTC)"), "words": "What"},
        )


def _features(view: View) -> None:
    frame = queries.by_feature(view.publication, view.strategy_id)
    st.subheader("By segment, device and other features")
    if frame.empty:
        st.info("No feature has personalised displays with several values yet.")
        return
    components.say(sentences.groups(frame))
    names = list(dict.fromkeys(frame["feature_name"]))
    shown = frame[frame["feature_name"] == choose("Feature", "group", names)]
    known = shown[shown["lift"].notna()]
    if not known.empty:
        labels = [text.short(value, 40) for value in known["feature_value"]]
        title = "Lift over random, look-back"
        components.show_chart(charts.lifts(known.assign(label=labels), title), title)
    rows = shown.assign(
        lift_text=[text.change(value) for value in shown["lift"]],
        interval=text.intervals(shown),
        p_text=[text.p_value(value) for value in shown["adjusted_p_value"]],
    )
    components.show_table(
        rows,
        {
            "feature_value": components.key_column("Value", 130),
            "verdict": "Verdict",
            "lift_text": "Lift over random",
            "interval": "95 % interval",
            "p_text": "Adjusted p-value",
            "displays": st.column_config.NumberColumn("Personalised", format="localized"),
            "random_displays": st.column_config.NumberColumn("Random", format="localized"),
        },
    )


def _reach(view: View) -> None:
    frame = queries.reach(view.publication, view.strategy_id)
    if frame.empty:
        return
    st.subheader("Reach and frequency")
    components.say(sentences.reach(frame))
    left, right = st.columns(2, gap="large")
    with left:
        steps = sentences.funnel(frame, str(view.strategy["kpi_name"]))
        components.show_chart(charts.funnel(steps, "From eligible to success"), "Funnel")
    with right:
        labels = ["10 or more" if n == 10 else str(n) for n in frame["frequency"]]
        components.show_chart(
            charts.frequency(frame.assign(label=labels), "Frequency"), "Frequency"
        )


def _groups(view: View, groups: pd.DataFrame) -> None:
    st.subheader("By placement and activity")
    model = groups[groups["arm"] == "Personalised"]
    known = model[model["lift"].notna()]
    if known.empty:
        st.info("No placement or activity has 20 successes in both arms yet.")
    else:
        labels = [f"{row.kind} {row.group_id}" for row in known.itertuples()]
        title = "Lift over random by placement and activity"
        components.show_chart(charts.lifts(known.assign(label=labels), title), title)
    rows = sentences.rows(groups, view.is_amount)
    columns = {
        "group_id": components.key_column("Placement or activity", 170),
        "kind": "Kind",
        "arm": "Arm",
        "displays": st.column_config.NumberColumn("Displays", format="localized"),
        "successes": st.column_config.NumberColumn("Successes", format="localized"),
        "reward": text.sentence_case(view.unit),
        "lift_text": "Lift over random",
        "interval": "95 % interval",
    }
    with st.expander("As a table"):
        components.show_table(rows, columns)


show("Performance", render, by=("strategy", "placement", "period"), wide_periods=True)
