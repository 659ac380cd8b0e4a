"""Page Ranked offers: the offers of a profile or a segment, the reasons and the SQL."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from app import components, text
from app.charts import ranked_offers as charts
from app.filters import choose, write
from app.queries import ranked_offers as queries
from app.sentences import ranked_offers as sentences
from app.view import View, show

MOST_ROWS = 50_000


def render(view: View) -> None:
    """Draw the page."""
    examples = queries.examples(view.publication, view.strategy_id)
    if not examples:
        st.info(
            "**No profile is ranked yet.** `nextoffer run` ranks all profiles of the raw folder."
        )
        return
    segments = queries.segments(view.publication, view.strategy_id)
    options = ["profile", "segment"] if segments else ["profile"]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        what = choose("Look up", "look_up", options)
        if what == "profile":
            profile = write("Profile", "profile", examples[0])
        else:
            segment = choose("Segment", "segment", segments)
    if what == "profile":
        _draw_profile(view, profile, examples)
    else:
        _draw_segment(view, segment)


def _draw_profile(view: View, profile: str, examples: list[str]) -> None:
    ranked = queries.of_profile(view.publication, view.strategy_id, profile, view.placement)
    if ranked.empty:
        known = ", ".join(text.named(name) for name in examples)
        st.warning(
            f"No offer is ranked for {text.named(profile)} here. Examples of ranked profiles:"
            f" {known}"
        )
        return
    st.caption(
        f"Valid from {text.moment(ranked['valid_from'].min())} to"
        f" {text.moment(ranked['valid_to'].max())}."
    )
    for placement, rows in ranked.groupby("placement_id"):
        components.heading(placement)
        components.say(sentences.placed_by(rows.iloc[0]))
        _draw_ranks(rows, view)
    _draw_why(view, ranked)
    sql = sentences.sql_of_profile(view.strategy_id, profile, view.placement)
    _draw_take_away(view, sql, lambda: ranked, f"These {len(ranked)} rows.")


def _draw_ranks(rows: pd.DataFrame, view: View) -> None:
    shown = rows.assign(
        arm=rows["arm"].map(text.arm),
        score_text=[text.reward(value, view.is_amount) for value in rows["score"]],
    )
    components.show_table(
        shown,
        {
            "rank": st.column_config.NumberColumn("Rank", width=50, pinned=True),
            "offer_name": components.key_column("Offer"),
            "score_text": st.column_config.TextColumn(
                "Score", alignment="right", help=f"Calibrated: expected {text.plain(view.unit)}"
            ),
            "arm": "Arm",
            "policy": "Placed by",
            "propensity": st.column_config.NumberColumn(
                "Propensity", format="%.4f", help="Probability of this offer at this rank"
            ),
            "model_version": "Model",
            "offer_id": "Id",
        },
    )


def _draw_why(view: View, ranked: pd.DataFrame) -> None:
    st.subheader("Why")
    options = {
        f"{row['rank']} {row['placement_id']} {row['offer_id']}": row
        for _, row in ranked.iterrows()
    }

    def words(key: str) -> str:
        row = options[key]
        return f"{row['placement_id']}, {row['rank']}: {row['offer_name']}"

    row = options[choose("Ranked offer", "why", list(options), words)]
    person = queries.person(
        view.publication, view.strategy_id, row["profile_id"], row["placement_id"]
    )
    components.say(sentences.known_of(person))
    reasons = queries.reasons(view.publication, row, person)
    if reasons.empty:
        st.info("The log does not show yet how such people respond to this offer.")
    else:
        has_weights = bool(reasons["share"].notna().any())
        below = "From the log, ordered by weight in the model" if has_weights else "From the log"
        reasons = reasons.assign(label=reasons["name"] + ": " + reasons["value"])
        components.show_chart(charts.reasons(reasons, below, view.is_amount), "Reasons by feature")
    if not text.is_known(row["model_version"]):
        return
    st.caption("The score of the model, term by term, and what would change the order:")
    components.code(sentences.explain_command(row))


def _draw_segment(view: View, segment: str) -> None:
    first = queries.of_segment(view.publication, view.strategy_id, segment, view.placement)
    members = int(first["members"].sum())
    if members == 0:
        st.info(f"No ranked profile is in {text.named(segment)}.")
        return
    for placement, rows in first.groupby("placement_id"):
        rows = rows.assign(offer_label=rows["offer_id"].map(text.offer_labels(rows)))
        sides = [
            rows.assign(who=charts.MEMBERS, share=rows["member_share"], people=rows["members"]),
            rows.assign(who=charts.OTHERS, share=rows["other_share"], people=rows["others"]),
        ]
        people = text.count(rows["members"].sum())
        components.show_chart(
            charts.first_offers(
                pd.concat(sides), f"{placement}: what {people} people in {segment} see first"
            ),
            f"First offers at {placement}",
        )

    def rows_to_take() -> pd.DataFrame:
        return queries.rows_of_segment(
            view.publication, view.strategy_id, segment, view.placement, MOST_ROWS
        )

    sql = sentences.sql_of_segment(view.strategy_id, segment, view.placement)
    limit = f"All ranks of the members, the first {MOST_ROWS:,} rows by profile."
    _draw_take_away(view, sql, rows_to_take, limit)


def _draw_take_away(view: View, sql: str, rows: Callable[[], pd.DataFrame], limit: str) -> None:
    st.subheader("Export")
    st.caption(
        f"{limit} For all rows, use `nextoffer publish --parquet FOLDER`, or run the SQL with"
        ' `nextoffer query "…"`.'
    )
    name = f"ranked_offers_{text.day(view.as_of)}"
    with st.container(horizontal=True):
        st.download_button(
            "CSV", lambda: sentences.csv(rows()), f"{name}.csv", "text/csv", on_click="ignore"
        )
        st.download_button(
            "Parquet",
            lambda: sentences.parquet(rows()),
            f"{name}.parquet",
            "application/vnd.apache.parquet",
            on_click="ignore",
        )
    components.code(sql)


show("Ranked offers", render, by=("strategy", "placement"))
