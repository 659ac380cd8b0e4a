"""Page Offers: which offers are ready, how they perform, which are new and which are alike."""

from __future__ import annotations

import streamlit as st

from app import components, text
from app.charts import offers as charts
from app.queries import offers as queries
from app.sentences import offers as sentences
from app.view import View, show

_CHARTED = 25


def render(view: View) -> None:
    """Draw the page."""
    _readiness(view)
    _performance(view)
    _journey(view)
    _similarity(view)


def _readiness(view: View) -> None:
    st.subheader("Readiness")
    frame = queries.readiness(view.publication, view.strategy_id)
    if frame.empty:
        st.info("The strategy has no offer.")
        return
    row = frame.iloc[0]
    gone = sum(bool(sentences.absence(offer, view.as_of)) for _, offer in frame.iterrows())
    are = "is" if gone == 1 else "are"
    retired = f" {gone} {are} not offered at present." if gone else ""
    components.say(
        f"**{int(frame['is_ready'].sum())} of {len(frame)} offers are ready.**{retired} An offer is"
        f" ready with {row['min_displays']} displays and {row['min_successes']} successes in"
        f" {row['lookback_days']} days. Until then personalised traffic ranks it below every ready"
        " offer, and random traffic shows it like any other. The pace is that of the last 7 days."
        f"{sentences.pools(frame)}"
    )
    rows = frame.assign(
        state=[sentences.readiness(offer, view.as_of) for _, offer in frame.iterrows()],
        missing=[sentences.missing(offer, view.as_of) for _, offer in frame.iterrows()],
    )
    number = st.column_config.NumberColumn
    components.show_table(
        rows,
        {
            "offer_name": components.key_column("Offer"),
            "state": st.column_config.TextColumn("Ready", width=215),
            "missing": st.column_config.TextColumn("Still needed", width=195),
            "displays": number("Displays", format="localized"),
            "successes": number("Successes", format="localized"),
            "displays_a_day": number("Displays/day", format="%.1f"),
            "successes_a_day": number("Successes/day", format="%.1f"),
            "offer_id": "Id",
        },
    )


def _performance(view: View) -> None:
    st.subheader("Performance in random and personalised traffic")
    frame = queries.performance(view.publication, view.strategy_id, view.placement, view.period)
    frame = frame.assign(arm=[text.arm(name) for name in frame["arm"]])
    known = frame[frame["reward_per_display"].notna() & (frame["place"] <= _CHARTED)]
    if known.empty:
        st.info("No display of this period has a final outcome yet.")
        return
    title = f"{text.sentence_case(view.unit)} by offer, {view.period.words}"
    if frame["place"].max() > _CHARTED:
        title += f": the {_CHARTED} with the most displays"
    components.show_chart(charts.rewards(known, title, view.unit, view.is_amount), title)
    st.caption(
        "Random traffic measures an offer on everybody. Personalised traffic shows it to the people"
        " who are expected to like it, and so usually earns more."
    )
    rows = frame.assign(
        reward=[text.reward(value, view.is_amount) for value in frame["reward_per_display"]],
        part=[text.percent(value, 1) for value in frame["share"]],
    )
    number = st.column_config.NumberColumn
    with st.expander("As a table"):
        components.show_table(
            rows,
            {
                "offer_name": components.key_column("Offer"),
                "arm": "Arm",
                "displays": number("Displays", format="localized"),
                "part": "Share of the arm",
                "mature_displays": number("With final outcome", format="localized"),
                "successes": number("Successes", format="localized"),
                "reward": text.sentence_case(view.unit),
                "offer_id": "Id",
            },
        )


def _journey(view: View) -> None:
    st.subheader("New offers")
    frame = queries.journey(view.publication, view.strategy_id)
    if frame.empty:
        st.info("No offer was first shown in the last 30 days.")
        return
    components.say(
        "A new offer starts in random traffic. Once it is ready, the model ranks it for each person"
        " and it gets personalised traffic, too."
    )
    frame = frame.assign(arm=[text.arm(name) for name in frame["arm"]])
    for _, rows in frame.groupby("offer_id", sort=False):
        first = rows.iloc[0]
        title = f"{first['offer_name']}: first shown on {text.day(first['first_date'])}"
        components.show_chart(charts.journey(rows, title), title)


def _similarity(view: View) -> None:
    st.subheader("Similarity")
    frame = queries.similarity(view.publication, view.strategy_id)
    if frame.empty:
        st.info("No pair of offers has enough random traffic to be compared yet.")
        return
    counts = frame["verdict"].value_counts()
    if counts.get("unclear", 0) == len(frame):
        components.say(
            f"Random traffic is too small to compare any of the {text.count(len(frame))} pairs of"
            " offers: at present a difference would show only from"
            f" {frame['detectable_factor'].median():.1f} times the odds."
        )
        return
    title = (
        f"Pairs of offers: {counts.get('different', 0)} appeal to different people,"
        f" {counts.get('alike', 0)} to the same, {counts.get('unclear', 0)} unclear"
    )
    components.show_chart(charts.similarity(frame[frame["verdict"] != "unclear"], title), title)
    st.caption(
        "Unclear pairs are left empty: they have too little random traffic. A difference shows only"
        f" from {frame['detectable_factor'].median():.1f} times the odds."
    )
    alike = frame[frame["verdict"] == "alike"]
    for sentence in alike["sentence"].head(5):
        components.say(f"- {text.prose(sentence)}")


show("Offers", render, by=("strategy", "placement", "period"))
