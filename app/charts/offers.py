"""Charts of the page Offers."""

from __future__ import annotations

import altair as alt
import pandas as pd

from app.charts import style
from app.text import decimals

_VERDICTS = {"different": "#7fb8de", "alike": "#f0b26b"}


def rewards(frame: pd.DataFrame, title: str, unit: str, is_amount: bool) -> style.Figure:
    """Return reward by offer and arm with 95 % intervals; in the order of the frame.

    `frame` has offer_name, arm, displays, share, successes, reward_per_display, low and high.
    """
    form = style.value_format(is_amount)
    order = list(dict.fromkeys(frame["offer_name"]))
    base = alt.Chart(frame).encode(
        y=alt.Y("offer_name:N", title=None, sort=order, axis=style.labels(260)),
        yOffset=alt.YOffset("arm:N", sort=["Personalised", "Random"]),
        color=style.arm_colour(frame),
        tooltip=[
            alt.Tooltip("offer_name:N", title="Offer"),
            alt.Tooltip("arm:N", title="Arm"),
            alt.Tooltip("reward_per_display:Q", title=unit, format=form),
            alt.Tooltip("low:Q", title="at least", format=form),
            alt.Tooltip("high:Q", title="at most", format=form),
            alt.Tooltip("displays:Q", title="Displays", format=",d"),
            alt.Tooltip("share:Q", title="of the arm's displays", format=".1%"),
        ],
    )
    axis = alt.Axis(format=form, tickCount=6, orient="top")
    bars = base.mark_rule(size=2).encode(x=alt.X("low:Q", title=unit, axis=axis), x2="high:Q")
    points = base.mark_point(filled=True, size=60, opacity=1).encode(
        x=alt.X("reward_per_display:Q", title=unit, axis=axis), shape=style.arm_shape(frame)
    )
    below = "Dots with 95 % intervals; what was shown most is on top"
    return alt.layer(bars, points).properties(title=style.title(title, below), height=alt.Step(13))


def journey(frame: pd.DataFrame, title: str) -> style.Figure:
    """Return the daily share of displays by arm of one offer."""
    return (
        alt.Chart(frame)
        .mark_line(point=alt.OverlayMarkDef(filled=True, size=35), strokeWidth=2)
        .encode(
            x=alt.X("display_date:T", title=None, axis=alt.Axis(format="%d %b", tickCount=6)),
            y=alt.Y(
                "share:Q",
                title="Share of the arm's displays",
                axis=alt.Axis(format=".0%", tickCount=5),
            ),
            color=style.arm_colour(frame),
            tooltip=[
                alt.Tooltip("display_date:T", title="Day (UTC)", format="%Y-%m-%d"),
                alt.Tooltip("arm:N", title="Arm"),
                alt.Tooltip("share:Q", title="Share", format=".1%"),
                alt.Tooltip("displays:Q", title="Displays", format=",d"),
            ],
        )
        .properties(
            title=style.title(title, "Share of the displays of each arm, by UTC day"), height=280
        )
    )


def similarity(frame: pd.DataFrame, title: str) -> style.Figure:
    """Return a heat map of pairs of offers with a clear verdict, and their similarity."""
    mirrored = frame.rename(
        columns={"offer_name": "other_offer_name", "other_offer_name": "offer_name"}
    )
    both = pd.concat([frame, mirrored], ignore_index=True)
    both["shown"] = [decimals(value, 2) for value in both["similarity"]]
    base = alt.Chart(both).encode(
        x=alt.X(
            "offer_name:N",
            title=None,
            axis=style.labels(180, labelAngle=-40, labelOverlap=False),
        ),
        y=alt.Y("other_offer_name:N", title=None, axis=style.labels(200, labelOverlap=False)),
        tooltip=[
            alt.Tooltip("sentence:N", title="Finding"),
            alt.Tooltip("similarity:Q", title="Similarity", format=".2f"),
            alt.Tooltip("most_different_feature:N", title="Differs most in"),
        ],
    )
    cells = base.mark_rect(stroke=style.GREY, strokeWidth=0.5).encode(
        color=alt.Color(
            "verdict:N",
            scale=alt.Scale(domain=list(_VERDICTS), range=list(_VERDICTS.values())),
            legend=style.legend(title="People respond", symbolStrokeWidth=0),
        )
    )
    texts = base.mark_text(color=style.TEXT_ON_CELLS, fontSize=11).encode(text="shown:N")
    below = "1 is the same people, 0 different ones; an empty pair has too little data"
    return alt.layer(cells, texts).properties(title=style.title(title, below), height=alt.Step(22))
