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


def lift_over_time(frame: pd.DataFrame, title: str) -> style.Figure:
    """Return the lift of 7 days by day with its band; `frame` is that of `gain_over_time`."""
    known = frame[frame["lift"].notna()]
    base = alt.Chart(known).encode(
        x=alt.X("display_date:T", title=None, axis=alt.Axis(format="%d %b", tickCount=6)),
        tooltip=[
            alt.Tooltip("display_date:T", title="Day (UTC)", format="%Y-%m-%d"),
            alt.Tooltip("lift:Q", title="Lift", format="+.0%"),
            alt.Tooltip("lift_low:Q", title="at least", format="+.0%"),
            alt.Tooltip("lift_high:Q", title="at most", format="+.0%"),
        ],
    )
    axis = alt.Axis(format="+.0%", tickCount=5)
    band = base.mark_area(opacity=0.18, color=style.BLUE).encode(
        y=alt.Y("lift_low:Q", title="Lift over random", axis=axis), y2="lift_high:Q"
    )
    line = base.mark_line(color=style.BLUE, strokeWidth=2).encode(y="lift:Q")
    zero = alt.Chart(pd.DataFrame({"y": [0.0]})).mark_rule(color=style.GREY, strokeDash=[4, 4])
    below = "Of the day and the 6 days before it, with 95 % intervals"
    return alt.layer(band, line, zero.encode(y="y:Q")).properties(
        title=style.title(title, below), height=260
    )


def cumulative(frame: pd.DataFrame, title: str, form: str) -> style.Figure:
    """Return the gain added up over the days; `frame` has display_date and gain."""
    return (
        alt.Chart(frame[frame["gain"].notna()])
        .mark_area(color=style.BLUE, opacity=0.35, line={"color": style.BLUE})
        .encode(
            x=alt.X("display_date:T", title=None, axis=alt.Axis(format="%d %b", tickCount=6)),
            y=alt.Y("gain:Q", title="Gain over random", axis=alt.Axis(format=",.0f", tickCount=5)),
            tooltip=[
                alt.Tooltip("display_date:T", title="Day (UTC)", format="%Y-%m-%d"),
                alt.Tooltip("gain:Q", title="Gain so far", format=",.0f"),
            ],
        )
        .properties(title=style.title(title, "Against the mean of random traffic"), height=260)
    )


def life(frame: pd.DataFrame, events: pd.DataFrame, title: str) -> style.Figure:
    """Return the arms over the whole life of a strategy, with its events as lines.

    `frame` has arm, display_date, share, displays; `events` has event_date, kind, words.
    """
    areas = (
        alt.Chart(frame)
        .mark_bar(opacity=0.75)
        .encode(
            x=alt.X(
                "yearmonthdate(display_date):T",
                title=None,
                axis=alt.Axis(format="%d %b", tickCount=8),
            ),
            y=alt.Y(
                "share:Q",
                title="Share of displays",
                axis=alt.Axis(format="%", values=[0, 0.5, 1]),
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
    )
    below = "By UTC day"
    if events.empty:
        return areas.properties(title=style.title(title, below), height=240)
    marks = alt.Chart(events).encode(
        x=alt.X("event_date:T", title=None),
        tooltip=[
            alt.Tooltip("event_date:T", title="Day (UTC)", format="%Y-%m-%d"),
            alt.Tooltip("words:N", title="What"),
        ],
    )
    kinds = ["Model", "Offer"]
    legend = style.legend("bottom")
    rules = marks.mark_rule(strokeWidth=1.5, strokeDash=[3, 3], color=style.GREY)
    points = marks.mark_point(filled=True, size=110, opacity=1).encode(
        y=alt.value(-9),  # above the bars
        shape=alt.Shape(
            "kind:N", scale=alt.Scale(domain=kinds, range=["circle", "diamond"]), legend=legend
        ),
        color=alt.Color(
            "kind:N",
            scale=alt.Scale(domain=kinds, range=[style.PURPLE, style.GREEN]),
            legend=legend,
        ),
    )
    return (
        alt.layer(areas, rules, points)
        .resolve_scale(color="independent", shape="independent")
        .properties(title=style.title(title, f"{below}; lines mark models and offers"), height=240)
    )


def funnel(frame: pd.DataFrame, title: str) -> style.Figure:
    """Return people by step; `frame` has step, people, share (of the first step)."""
    base = alt.Chart(frame).encode(
        y=alt.Y("step:N", title=None, sort=None, axis=style.labels(180)),
        x=alt.X("people:Q", title="People", axis=alt.Axis(format="s", tickCount=4)),
        tooltip=[
            alt.Tooltip("step:N", title="Step"),
            alt.Tooltip("people:Q", title="People", format=",d"),
            alt.Tooltip("share:Q", title="of all", format=".1%"),
        ],
    )
    return base.mark_bar(color=style.BLUE, cornerRadiusEnd=3).properties(
        title=style.title(title, "People in the last 30 days"), height=alt.Step(34)
    )


def frequency(frame: pd.DataFrame, title: str) -> style.Figure:
    """Return people by how many displays they saw; `frame` has label, people."""
    return (
        alt.Chart(frame)
        .mark_bar(color=style.BLUE, cornerRadiusEnd=3)
        .encode(
            x=alt.X("label:N", title="Displays seen", sort=None, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("people:Q", title="People", axis=alt.Axis(format="s", tickCount=4)),
            tooltip=[
                alt.Tooltip("label:N", title="Displays"),
                alt.Tooltip("people:Q", title="People", format=",d"),
            ],
        )
        .properties(title=style.title(title, "Displays of 30 days by person"), height=200)
    )


def lifts(frame: pd.DataFrame, title: str) -> style.Figure:
    """Return lift and interval, one line a row; `frame` has label, lift, lift_low, lift_high."""
    base = alt.Chart(frame).encode(
        y=alt.Y("label:N", title=None, sort=None, axis=style.labels(320)),
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
