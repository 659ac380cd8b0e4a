"""Page Health: whether the assumptions of personalisation hold and the data is usable."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from app import components, text
from app.charts import health as charts
from app.filters import choose, choose_button
from app.queries import health as queries
from app.sentences import health as sentences
from app.view import View, now, show

DRIFTS_SHOWN = 15
LEAST_DRIFT = 0.01  # PSI beyond chance that the chart shows


def render(view: View) -> None:
    """Draw the page."""
    findings = queries.findings(view.publication, view.strategy_id)
    _draw_cards(findings)
    drawers: dict[str, Callable[[View], None]] = {
        "Offers differ": _draw_similarity,
        "Stable traffic": _draw_traffic,
        "Stable performance": _draw_shifts,
        "Data quality": _draw_quality,
        "Freshness": _draw_freshness,
    }
    drawers[choose_button("Section", "section", list(drawers))](view)
    with st.expander("All findings"):
        components.show_table(
            findings,
            {
                "severity": "Severity",
                "assumption": "Assumption",
                "subject": "About",
                "sentence": st.column_config.TextColumn("Finding", width="large"),
                "advice": st.column_config.TextColumn("What to do", width="medium"),
                "retrain_recommended": "Retrain now",
            },
        )


def _draw_cards(findings: pd.DataFrame) -> None:
    if findings.empty:
        st.info("**No assumption was checked yet.** `nextoffer run` checks them.")
        return
    for assumption, column in zip(sentences.THREE, st.columns(3), strict=True):
        with column, st.container(border=True, height="stretch"):
            components.say(sentences.card(findings, assumption))
    others = [name for name in sentences.ASSUMPTIONS if name not in sentences.THREE]
    worst = {name: sentences.worst(findings, name) for name in others}
    measured = {name: found["severity"] for name, found in worst.items() if found is not None}
    broken = [name for name, severity in measured.items() if severity != "ok"]
    for name in broken:
        with st.container(border=True):
            components.say(sentences.card(findings, name))
    fine = [sentences.ASSUMPTIONS[name] for name in measured if name not in broken]
    if fine:
        st.caption(f"In order: {', '.join(fine)}.")


def _draw_similarity(view: View) -> None:
    verdicts = queries.verdicts(view.publication, view.strategy_id)
    if verdicts.empty:
        st.info("No pair of offers has enough random traffic to be compared.")
        return
    counts = dict(zip(verdicts["verdict"], verdicts["pairs"], strict=True))
    components.say(sentences.pairs(counts))
    similar = queries.similar(view.publication, view.strategy_id)
    if similar.empty:
        return
    components.show_table(
        similar,
        {
            "offer_name": components.key_column("Offer"),
            "verdict": "Verdict",
            "other_offer_name": "Other offer",
            "similarity": st.column_config.NumberColumn(
                "Similarity", format="%.2f", help="1: both appeal to the same people"
            ),
            "most_different_feature": "Largest difference by",
            "sentence": st.column_config.TextColumn("Finding", width="large"),
        },
    )


def _draw_traffic(view: View) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        comparison = choose(
            "Compare",
            "compare",
            list(sentences.COMPARISONS),
            lambda name: sentences.COMPARISONS[name][0],
        )
        drifts = queries.drifts(view.publication, view.strategy_id, comparison)
        if drifts.empty:
            feature = None
        else:
            feature = choose(
                "Feature (largest drift first)", "drift", drifts["feature_name"].tolist()
            )
    if feature is None:
        st.info("There is no traffic to compare yet.")
        return
    chosen = drifts.set_index("feature_name").loc[feature]
    components.say(text.prose(chosen["sentence"]))
    left, right = st.columns(2, gap="large")
    with left:
        moved = drifts[drifts["psi_beyond_chance"] >= LEAST_DRIFT]
        if not (drifts["status"] == "ok").any():
            st.info("**Insufficient:** fewer than 100 people on one side.")
        elif moved.empty:
            components.say("**Drift by feature**\n\nNo feature moved beyond chance.")
        else:
            below = "Dashed: warning from 0.1, severe from 0.25"
            components.show_chart(charts.drift(moved.head(DRIFTS_SHOWN), below), "Drift by feature")
    with right:
        frame = queries.distributions(view.publication, view.strategy_id, comparison, feature)
        if frame.empty:
            st.info("The distributions of this feature are not published.")
            return
        both, names = sentences.sides(frame, comparison)
        components.show_chart(
            charts.distributions(both, feature, names), f"Distributions of {feature}"
        )


def _draw_shifts(view: View) -> None:
    frame = queries.shifts(view.publication, view.strategy_id)
    shown = frame.dropna(subset=["previous_reward", "recent_reward"])
    if shown.empty:
        st.info("No offer has random traffic both in the last days and before.")
        return
    shown = shown.assign(offer_label=shown["offer_id"].map(text.offer_labels(shown)))
    components.show_chart(
        charts.shifts(shown, view.unit, view.is_amount), "Reward of each offer, before and now"
    )
    told = frame[frame["severity"] != "ok"]
    for _, row in told.iterrows():
        advice = f" {row['advice']}" if text.is_known(row["advice"]) else ""
        components.say(f"- **{row['severity']}**: {text.prose(row['sentence'] + advice)}")


def _draw_quality(view: View) -> None:
    quality = queries.quality(view.publication, view.strategy_id)
    quality = quality.assign(
        share=quality["records_in_order"] / quality["records"],
        not_in_order=quality["records"] - quality["records_in_order"],
    )
    measured = [name for name in sentences.MEASURES if name in set(quality["measure"])]
    columns = st.columns(2, gap="large")
    for place, name in enumerate(measured):
        title, below = sentences.MEASURES[name]
        with columns[place % 2]:
            components.show_chart(
                charts.quality(
                    quality[quality["measure"] == name],
                    title,
                    f"In order: {sentences.totals(quality, name)}",
                ),
                title,
            )
            st.caption(f"{below}.")
    if not measured:
        st.info("The last 30 days have no records.")
    _draw_unused(view)
    _draw_rejected(view)


def _draw_unused(view: View) -> None:
    unused = queries.unused(view.publication)
    if unused.empty:
        return
    st.markdown("**Parts of the inputs without effect or without a match**")
    components.show_table(
        unused,
        {
            "severity": "Severity",
            "input_name": "Input",
            "finding": "What",
            "sentence": st.column_config.TextColumn("Finding", width="large"),
        },
    )


def _draw_rejected(view: View) -> None:
    rejected = queries.rejected(view.publication)
    if rejected.empty:
        st.info("No record was rejected.")
        return
    components.show_chart(charts.rejected(rejected), "Rejected records by reason")
    components.show_table(
        rejected,
        {
            "input_name": "Input",
            "reason": "Reason",
            "records": st.column_config.NumberColumn("Records", format="localized"),
            "files": "Files",
            "first_file": "First file",
            "example": st.column_config.TextColumn("Example", width="large"),
        },
    )


def _draw_freshness(view: View) -> None:
    freshness = queries.freshness(view.publication, view.strategy_id)
    components.show_table(
        sentences.ages(freshness, now()),
        {"thing": "What", "moment": "When (UTC)", "age": "Age"},
    )


show("Health", render)
