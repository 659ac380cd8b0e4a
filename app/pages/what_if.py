"""Page What if: what another exploration share or other thresholds would change."""

from __future__ import annotations

import streamlit as st

from app import components, text
from app.charts import what_if as charts
from app.filters import choose_step
from app.queries import offers as offer_queries
from app.queries import what_if as queries
from app.sentences import offers as offer_sentences
from app.sentences import what_if as sentences
from app.view import View, show

SHARES = [*(n / 100 for n in range(1, 31)), 0.35, 0.4, 0.45, 0.5]
DISPLAYS = [25, 50, 100, 150, 200, 250, 300, 400, 500, 750, 1000, 1500, 2000, 3000, 5000, 10_000]
SUCCESSES = [5, 10, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200, 300, 500, 1000]


def render(view: View) -> None:
    """Draw the page."""
    _exploration(view)
    _thresholds(view)


def _exploration(view: View) -> None:
    st.subheader("Explore more or less")
    present = float(view.strategy["exploration_share"])
    shares = sorted({*SHARES, present} - {0.0})
    frame = queries.exploration(view.publication, view.strategy_id, shares)
    if frame.empty:
        st.info(
            "**Nothing was displayed in the last 7 days**, so there is no traffic to plan with."
        )
        return
    usual = present if present > 0 else shares[0]
    chosen = choose_step("Exploration share", "share", shares, usual, sentences.share)
    rows = frame.set_index("share", drop=False)
    now, then = rows.loc[usual], rows.loc[chosen]
    is_amount, unit = view.is_amount, view.worth
    cost = sentences.cost(then, text.short(unit, 12), is_amount)
    components.headlines(
        [
            components.Headline("Cost of a week", cost, sentences.cost_range(then)),
            components.Headline("10 % lift shows after", sentences.weeks(then["lift_weeks"])),
            components.Headline(
                "New offer ready after", sentences.ready(then), sentences.look_back(then)
            ),
        ]
    )
    components.say(sentences.compare(now, then, unit, is_amount))
    drawn = []
    if frame["cost"].notna().any():
        title = f"Cost of a week in {unit}: personalised minus random reward"
        drawn.append((charts.cost(frame, chosen, title), title))
    if frame["lift_weeks"].notna().any() or frame["ready_weeks"].notna().any():
        title = "Weeks until a 10 % lift shows, or a new offer is ready"
        drawn.append((charts.weeks(frame, chosen, title), title))
    if drawn:
        for column, (chart, title) in zip(st.columns(len(drawn), gap="large"), drawn, strict=True):
            with column:
                components.show_chart(chart, title)
    st.caption(f"{sentences.WAYS} To change it, set `exploration_share` in `ranking_strategies`.")


def _thresholds(view: View) -> None:
    st.subheader("Ask for more or less data of an offer")
    offers = offer_queries.readiness(view.publication, view.strategy_id)
    if offers.empty:
        st.info("The strategy has no offer.")
        return
    minimum = view.strategy[["min_displays", "min_successes"]].astype(int)
    left, right = st.columns(2, gap="large")
    with left:
        displays = choose_step(
            "Displays",
            "min_displays",
            sorted({*DISPLAYS, minimum.iloc[0]}),
            minimum.iloc[0],
            text.count,
        )
    with right:
        successes = choose_step(
            "Successes",
            "min_successes",
            sorted({*SUCCESSES, minimum.iloc[1]}),
            minimum.iloc[1],
            text.count,
        )
    judged = sentences.with_thresholds(offers, displays, successes)
    components.say(sentences.thresholds(judged))
    components.show_table(
        judged,
        {
            "offer_name": components.key_column("Offer"),
            "now": "Now",
            "then": "Then",
            "displays": st.column_config.NumberColumn("Displays", format="localized"),
            "successes": st.column_config.NumberColumn("Successes", format="localized"),
        },
    )
    st.caption(
        "An offer is ready with so many displays and successes in"
        f" {view.strategy['lookback_days']} days. With less data, differences between offers are"
        f" mostly noise.{offer_sentences.pools(offers)} To change it, set `min_displays` and"
        " `min_successes` in `ranking_strategies`."
    )


show("What if", render)
