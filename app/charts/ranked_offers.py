"""Charts of the page Ranked offers."""

from __future__ import annotations

import altair as alt
import pandas as pd

from app.charts import style

MEMBERS, OTHERS = "people in the segment", "other people"


def reasons(frame: pd.DataFrame, below: str, is_amount: bool) -> alt.LayerChart:
    """Return how people with each feature of a person respond to an offer.

    `frame` has label (feature and the person's value), lift, shrunken_rate, displays, share, in
    the order to show.
    """
    form = style.value_format(is_amount)
    base = alt.Chart(frame).encode(
        y=alt.Y("label:N", title=None, sort=list(frame["label"]), axis=style.labels(330)),
        tooltip=[
            alt.Tooltip("label:N", title="This person"),
            alt.Tooltip("shrunken_rate:Q", title="Rate there", format=form),
            alt.Tooltip("lift:Q", title="Lift over the mean", format="+.0%"),
            alt.Tooltip("displays:Q", title="Displays", format=",d"),
            alt.Tooltip("share:Q", title="Share in the model", format=".0%"),
        ],
    )
    bars = base.mark_bar(cornerRadius=2).encode(
        x=alt.X(
            "lift:Q",
            title="Lift over its mean",
            axis=alt.Axis(format="+.0%", tickCount=6),
        ),
        color=alt.condition("datum.lift > 0", alt.value(style.BLUE), alt.value(style.ORANGE)),
    )
    zero = alt.Chart(pd.DataFrame({"x": [0.0]})).mark_rule(color=style.GREY).encode(x="x:Q")
    return alt.LayerChart(layer=[bars, zero]).properties(
        title=style.title("How similar people respond to this offer", below),
        height=alt.Step(28),
    )


def first_offers(frame: pd.DataFrame, title: str) -> alt.Chart:
    """Return who gets which offer first at a placement.

    `frame` has offer_label, who (`MEMBERS` or `OTHERS`), share, people.
    """
    return (
        alt.Chart(frame)
        .mark_bar(cornerRadiusEnd=3)
        .encode(
            y=alt.Y(
                "offer_label:N",
                title=None,
                sort=list(dict.fromkeys(frame["offer_label"])),
                axis=style.labels(230),
            ),
            yOffset=alt.YOffset("who:N", sort=[MEMBERS, OTHERS]),
            x=alt.X("share:Q", title="Share of people", axis=alt.Axis(format=".0%", tickCount=5)),
            color=alt.Color(
                "who:N",
                sort=[MEMBERS, OTHERS],
                scale=alt.Scale(domain=[MEMBERS, OTHERS], range=[style.BLUE, style.GREY]),
                legend=style.legend("bottom"),
            ),
            tooltip=[
                alt.Tooltip("offer_label:N", title="Offer"),
                alt.Tooltip("who:N", title="Of"),
                alt.Tooltip("share:Q", title="Get it first", format=".1%"),
                alt.Tooltip("people:Q", title="People", format=",d"),
            ],
        )
        .properties(title=style.title(title, "Rank 1 of this cycle"), height=alt.Step(20))
    )
