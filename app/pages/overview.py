"""Page Overview: what each strategy brings, the next step, its state and what changed."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import components, text
from app.charts.performance import lifts
from app.database import home_folder
from app.queries import overview as queries
from app.sentences import overview as sentences
from app.view import View, show

_MOST_ALERTS = 5


def render(view: View) -> None:
    """Draw the page."""
    standing = view.strategies.merge(queries.standing(view.publication), on="strategy_id")
    alerts = queries.alerts(view.publication)
    for _, row in standing.iterrows():
        own = alerts[alerts["strategy_id"] == row["strategy_id"]]
        with st.container(border=True):
            _headline(row)
            _next_step(row, own)
            _figures(row)
            if own.empty:
                _changes(view, row)
                st.caption("No alerts.")
            else:
                left, right = st.columns(2, gap="large")
                with left:
                    _alerts(own)
                with right:
                    _changes(view, row)
    _lifts(standing)
    st.caption(sentences.meaning(standing))
    components.report_button(home_folder())


def _headline(row: pd.Series) -> None:
    state, colour = sentences.STATES.get(row["status"], (row["status"], "gray"))
    with st.container(horizontal=True, vertical_alignment="center"):
        components.heading(row["display_name"])
        st.badge(state, color=colour)
    components.say(f"#### {sentences.gain(row)}")
    components.say(" ".join(filter(None, (sentences.gain_range(row), sentences.rewards(row)))))


def _next_step(row: pd.Series, alerts: pd.DataFrame) -> None:
    step = sentences.next_step(row, alerts)
    with st.container(horizontal=True, vertical_alignment="center"):
        components.say(f"**Next step:** {step.words}", width="content")
        components.link(step.page, step.label, row["strategy_id"])


def _figures(row: pd.Series) -> None:
    is_best = row["model_kind"] == "best_single"
    other = "it is what everybody gets" if is_best else "not measured yet"
    model = (
        f"Model {text.plain(sentences.version(row))}, trained {text.day(row['trained_as_of'])}"
        if sentences.has_model(row)
        else "No model yet"
    )
    figures = [
        _lift("Lift over random", row, "lift", "No lift yet"),
        _lift("Lift over best single", row, "best_lift", other),
    ]
    if text.is_known(row["status_over_control"]):
        figures.append(_lift("Lift over control", row, "control_lift", "No lift yet"))
    shown = text.percent(row["personalised_share"])
    ready = f"{row['offers_ready']} of {row['offers']}"
    figures += [
        components.Headline("Personalised, 7 days", shown, sentences.arms(row)),
        components.Headline("Offers ready", ready, model),
    ]
    components.headlines(figures)
    components.say(sentences.standing(row))


def _lift(label: str, row: pd.Series, name: str, otherwise: str) -> components.Headline:
    between = text.interval(row[f"{name}_low"], row[f"{name}_high"])
    below = f"{between} (95 %)" if between != text.NONE else otherwise
    return components.Headline(label, text.change(row[name]), below)


def _alerts(alerts: pd.DataFrame) -> None:
    st.markdown("**Alerts**")
    for _, alert in alerts.head(_MOST_ALERTS).iterrows():
        kind = {"severe": "error", "warning": "warning"}.get(alert["severity"], "info")
        advice = f"\n\n{text.prose(alert['advice'])}" if text.is_known(alert["advice"]) else ""
        severity = f"**{alert['severity'].capitalize()}:**"
        components.box(kind, f"{severity} {text.prose(alert['sentence'])}{advice}")
    if len(alerts) > _MOST_ALERTS:
        components.say(f"and {len(alerts) - _MOST_ALERTS} more: see the page Health.")
    if alerts["retrain_recommended"].any():
        components.code("nextoffer run --retrain-now")


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
    components.say("\n".join(f"- {sentence}" for sentence in found) or "Nothing to compare yet.")


def _lifts(standing: pd.DataFrame) -> None:
    known = standing[standing["lift"].notna()]
    if known.empty:
        return
    better = int((known["lift_low"] > 0).sum())
    title = (
        f"Personalised traffic is better than random in {better} of {len(standing)}"
        f" {'strategy' if len(standing) == 1 else 'strategies'}, last 30 days"
    )
    labels = [text.short(name) for name in known["display_name"]]
    components.show_chart(lifts(known.assign(label=labels), title), title)


show("Overview", render, by=())
