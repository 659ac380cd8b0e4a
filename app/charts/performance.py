"""Charts of the page Performance."""

from __future__ import annotations

import altair as alt
import pandas as pd

from app.charts import style

_HEIGHT = 340


def over_time(frame: pd.DataFrame, title: str, unit: str, is_amount: bool) -> style.Figure:
    """Return reward by day and arm with its interval as a band.

    `frame` has arm, display_date, displays, successes, reward_per_display, low and high.
    """
    form = style.value_format(is_amount)
    base = alt.Chart(frame).encode(
        x=alt.X("display_date:T", title=None, axis=alt.Axis(format="%d %b", tickCount=8)),
        color=style.arm_colour(frame),
        tooltip=[
            alt.Tooltip("arm:N", title="Arm"),
            alt.Tooltip("display_date:T", title="Day (UTC)", format="%Y-%m-%d"),
            alt.Tooltip("reward_per_display:Q", title=unit, format=form),
            alt.Tooltip("low:Q", title="at least", format=form),
            alt.Tooltip("high:Q", title="at most", format=form),
            alt.Tooltip("displays:Q", title="displays", format=",d"),
            alt.Tooltip("successes:Q", title="successes", format=",d"),
        ],
    )
    value = alt.Y(
        "reward_per_display:Q",
        title=unit,
        axis=alt.Axis(format=form, tickCount=5),
        scale=alt.Scale(zero=True),
    )
    band = base.mark_area(opacity=0.18).encode(y=alt.Y("low:Q", title=unit), y2="high:Q")
    line = base.mark_line(strokeWidth=2).encode(y=value)
    points = base.mark_point(filled=True, size=45).encode(y=value, shape=style.arm_shape(frame))
    below = "Mean of the day and up to 6 days before; the bands are 95 % intervals"
    return alt.layer(band, line, points).properties(title=style.title(title, below), height=_HEIGHT)


def allocation(frame: pd.DataFrame, title: str) -> style.Figure:
    """Return the share of each arm by day; `frame` has arm, display_date, displays, share."""
    return (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            x=alt.X(
                "yearmonthdate(display_date):T",
                title=None,
                axis=alt.Axis(format="%d %b", tickCount=8),
            ),
            y=alt.Y(
                "share:Q",
                title="Share of displays",
                axis=alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1]),
                scale=alt.Scale(domain=[0, 1]),
            ),
            color=style.arm_colour(frame),
            order=alt.Order("arm:N", sort="ascending"),
            tooltip=[
                alt.Tooltip("display_date:T", title="Day (UTC)", format="%Y-%m-%d"),
                alt.Tooltip("arm:N", title="Arm"),
                alt.Tooltip("share:Q", title="Share", format=".1%"),
                alt.Tooltip("displays:Q", title="Displays", format=",d"),
            ],
        )
        .properties(title=style.title(title, "By UTC day"), height=240)
    )


def lifts(frame: pd.DataFrame, title: str) -> style.Figure:
    """Return lift and interval, one line a row; `frame` has label, lift, lift_low, lift_high."""
    base = alt.Chart(frame).encode(
        y=alt.Y("label:N", title=None, sort=None, axis=alt.Axis(labelLimit=320)),
        tooltip=[
            alt.Tooltip("label:N", title="What"),
            alt.Tooltip("lift:Q", title="Lift", format="+.1%"),
            alt.Tooltip("lift_low:Q", title="at least", format="+.1%"),
            alt.Tooltip("lift_high:Q", title="at most", format="+.1%"),
        ],
    )
    axis = alt.X("lift_low:Q", title="Lift over random", axis=alt.Axis(format="+.0%", tickCount=6))
    rule = alt.Chart(pd.DataFrame({"x": [0.0]})).mark_rule(
        color=style.GREY, strokeDash=[4, 4], size=2
    )
    bars = base.mark_rule(size=3, color=style.BLUE).encode(x=axis, x2="lift_high:Q")
    points = base.mark_point(filled=True, size=90, color=style.BLUE, opacity=1).encode(x="lift:Q")
    return alt.layer(rule.encode(x="x:Q"), bars, points).properties(
        title=style.title(title, "Dots with 95 % intervals; right of the dashed line is better"),
        height=alt.Step(34),
    )
