"""Page Overview: the state of each strategy, and what to do."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import components, text
from app.charts.performance import lifts
from app.queries import overview as queries
from app.sentences import overview as sentences
from app.view import View, show


def render(view: View) -> None:
    """Draw the page."""
    standing = view.strategies.merge(queries.standing(view.publication), on="strategy_id")
    _lifts(standing)
    alerts = queries.alerts(view.publication)
    for _, row in standing.iterrows():
        with st.container(border=True):
            _strategy(row)
            left, right = st.columns(2, gap="large")
            with left:
                _alerts(alerts[alerts["strategy_id"] == row["strategy_id"]])
            with right:
                _changes(view, row)


def _lifts(standing: pd.DataFrame) -> None:
    known = standing[standing["lift"].notna()]
    if known.empty:
        st.info(
            "**No lift yet.** It needs 20 successes in personalised and in random traffic in the"
            " last 30 days."
        )
        return
    better = int((known["lift_low"] > 0).sum())
    title = (
        f"Personalised traffic is better than random in {better} of {len(standing)}"
        f" {'strategy' if len(standing) == 1 else 'strategies'}, last 30 days"
    )
    components.show_chart(lifts(known.assign(label=known["strategy_id"]), title), title)


def _strategy(row: pd.Series) -> None:
    state, colour = sentences.STATES.get(row["status"], (row["status"], "gray"))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(text.plain(row["strategy_id"]), width="content", anchor=False)
        st.badge(state, color=colour)
    st.markdown(sentences.standing(row))
    boxes = st.columns(4)
    lift = text.change(row["lift"])
    boxes[0].metric("Lift, 30 days", lift, help="Over random traffic")
    between = text.interval(row["lift_low"], row["lift_high"])
    boxes[0].caption(f"{between} (95 %)" if between != text.NONE else "not measured yet")
    boxes[1].metric("Personalised, 7 days", text.percent(row["personalised_share"]))
    boxes[1].caption(f"of displays; random {text.percent(row['random_share'])}")
    boxes[2].metric("Last trained (UTC)", text.day(row["trained_as_of"]))
    boxes[2].caption(f"version {text.plain(sentences.version(row))}")
    boxes[3].metric("Offers ready", f"{row['offers_ready']} of {row['offers']}")
    explorers = f"{text.percent(row['exploration_share'])} of people explore"
    boxes[3].caption(explorers if sentences.has_model(row) else "everybody explores")


def _alerts(alerts: pd.DataFrame) -> None:
    st.markdown("**Alerts**")
    if alerts.empty:
        st.markdown("No alerts.")
    for _, alert in alerts.head(5).iterrows():
        box = {"severe": st.error, "warning": st.warning}.get(alert["severity"], st.info)
        advice = f"\n\n{text.plain(alert['advice'])}" if text.is_known(alert["advice"]) else ""
        box(f"**{alert['severity'].capitalize()}:** {text.plain(alert['sentence'])}{advice}")
    if len(alerts) > 5:
        st.markdown(f"and {len(alerts) - 5} more: see the page Health.")
    if alerts["retrain_recommended"].any():
        st.code("nextoffer run --retrain-now", language=None)


def _changes(view: View, row: pd.Series) -> None:
    st.markdown("**Since last week**")
    frames = [
        frame[frame["strategy_id"] == row["strategy_id"]]
        for frame in (
            queries.last_runs(view.publication),
            queries.weeks(view.publication),
            queries.new_offers(view.publication),
        )
    ]
    found = sentences.changes(frames[0], frames[1], frames[2], row["kpi_type"] == "continuous")
    st.markdown("\n".join(f"- {sentence}" for sentence in found) or "Nothing to compare yet.")


show("Overview", render, by=())
