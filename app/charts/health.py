"""Charts of the page Health."""

from __future__ import annotations

import altair as alt
import pandas as pd

from app.charts import style

SEVERITIES = {
    "severe": "#c0392b",
    "warning": style.ORANGE,
    "notice": style.PURPLE,
    "ok": style.BLUE,
}
WARN_AT, SEVERE_AT = 0.1, 0.25
_LABELS = style.labels(210)


def drift(frame: pd.DataFrame, below: str) -> alt.LayerChart:
    """Return the population stability index by feature.

    `frame` has feature_name, severity, psi, psi_beyond_chance, psi_low, in the order to show.
    """
    names = list(frame["feature_name"])
    base = alt.Chart(frame).encode(
        y=alt.Y("feature_name:N", title=None, sort=names, axis=_LABELS),
        tooltip=[
            alt.Tooltip("feature_name:N", title="Feature"),
            alt.Tooltip("psi:Q", title="PSI", format=".3f"),
            alt.Tooltip("psi_beyond_chance:Q", title="beyond chance", format=".3f"),
            alt.Tooltip("psi_low:Q", title="at least", format=".3f"),
            alt.Tooltip("severity:N", title="Severity"),
        ],
    )
    most = max(float(frame["psi_beyond_chance"].max() or 0), SEVERE_AT) * 1.1
    bars = base.mark_bar(cornerRadiusEnd=3).encode(
        x=alt.X(
            "psi_beyond_chance:Q",
            title="PSI beyond chance",
            scale=alt.Scale(domain=[0, most]),
            axis=alt.Axis(tickCount=5, format=".2f"),
        ),
        color=_severity(),
    )
    lines = pd.DataFrame({"x": [WARN_AT, SEVERE_AT], "what": ["warning", "severe"]})
    rules = alt.Chart(lines).mark_rule(strokeDash=[4, 4], color=style.GREY).encode(x="x:Q")
    return alt.LayerChart(layer=[bars, rules]).properties(
        title=style.title("Drift by feature", below), height=alt.Step(22)
    )


def distributions(frame: pd.DataFrame, title: str, sides: tuple[str, str]) -> alt.Chart:
    """Return two distributions of a feature side by side.

    `frame` has feature_value, side, share, count; `sides` are base and new, in their order.
    """
    values = list(dict.fromkeys(frame["feature_value"]))
    return (
        alt.Chart(frame)
        .mark_bar(cornerRadiusEnd=3)
        .encode(
            y=alt.Y("feature_value:N", title=None, sort=values, axis=_LABELS),
            yOffset=alt.YOffset("side:N", sort=list(sides)),
            x=alt.X("share:Q", title="Share", axis=alt.Axis(format=".0%", tickCount=5)),
            color=alt.Color(
                "side:N",
                sort=list(sides),
                scale=alt.Scale(domain=list(sides), range=[style.GREY, style.BLUE]),
                legend=style.legend("bottom", columns=1, labelLimit=320),
            ),
            tooltip=[
                alt.Tooltip("feature_value:N", title="Value"),
                alt.Tooltip("side:N", title="Of"),
                alt.Tooltip("share:Q", title="Share", format=".1%"),
                alt.Tooltip("count:Q", title="Count", format=",d"),
            ],
        )
        .properties(title=style.title(title, "The two distributions"), height=alt.Step(34))
    )


def shifts(frame: pd.DataFrame, unit: str, is_amount: bool) -> alt.LayerChart:
    """Return the reward of each offer in random traffic, before and now.

    `frame` has offer_label, status, severity, previous_reward, recent_reward, displays, in the
    order to show. Offers with too little traffic are pale.
    """
    form = style.value_format(is_amount)
    names = list(frame["offer_label"])
    base = alt.Chart(frame).encode(
        y=alt.Y("offer_label:N", title=None, sort=names, axis=_LABELS),
        opacity=alt.condition("datum.status == 'ok'", alt.value(1.0), alt.value(0.35)),
        tooltip=[
            alt.Tooltip("offer_label:N", title="Offer"),
            alt.Tooltip("previous_reward:Q", title="Before", format=form),
            alt.Tooltip("recent_reward:Q", title="Last days", format=form),
            alt.Tooltip("relative_change:Q", title="Change", format="+.0%"),
            alt.Tooltip("adjusted_p_value:Q", title="p, adjusted", format=".3f"),
            alt.Tooltip("recent_displays:Q", title="Random displays, last days", format=",d"),
            alt.Tooltip("status:N", title="Evidence"),
        ],
    )
    axis = alt.X("previous_reward:Q", title=unit, axis=alt.Axis(format=form, tickCount=5))
    line = base.mark_rule(size=2, color=style.GREY).encode(x=axis, x2="recent_reward:Q")
    before = base.mark_point(shape="square", size=60, color=style.GREY, filled=False).encode(x=axis)
    now = base.mark_point(filled=True, size=100).encode(x="recent_reward:Q", color=_severity())
    below = "Square: before. Dot: the last days. Pale: too few successes to tell"
    return alt.LayerChart(layer=[line, before, now]).properties(
        title=style.title("Each offer in random traffic", below), height=alt.Step(26)
    )


def rejected(frame: pd.DataFrame) -> alt.LayerChart:
    """Return records rejected by reason; `frame` has reason, input_name, records, in order."""
    base = alt.Chart(frame).encode(
        y=alt.Y("reason:N", title=None, sort=list(dict.fromkeys(frame["reason"])), axis=_LABELS),
        tooltip=[
            alt.Tooltip("reason:N", title="Reason"),
            alt.Tooltip("input_name:N", title="Input"),
            alt.Tooltip("records:Q", title="Records", format=",d"),
        ],
    )
    x = alt.X("records:Q", title="Records", axis=alt.Axis(format=",d", tickCount=5, tickMinStep=1))
    bars = base.mark_bar(cornerRadiusEnd=3, color=style.ORANGE).encode(x=x)
    return alt.LayerChart(layer=[bars]).properties(
        title=style.title("Rejected records by reason", "Of all strategies and inputs"),
        height=alt.Step(30),
    )


def quality(frame: pd.DataFrame, title: str, below: str) -> alt.LayerChart:
    """Return the share of a day's records that is in order; `frame` has event_date, share."""
    base = alt.Chart(frame).encode(
        x=alt.X("event_date:T", title=None, axis=alt.Axis(format="%d %b", tickCount=6)),
        tooltip=[
            alt.Tooltip("event_date:T", title="Day (UTC)", format="%Y-%m-%d"),
            alt.Tooltip("share:Q", title="In order", format=".1%"),
            alt.Tooltip("records:Q", title="Records", format=",d"),
            alt.Tooltip("not_in_order:Q", title="Not in order", format=",d"),
        ],
    )
    y = alt.Y(
        "share:Q",
        title=None,
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format=".0%", values=[0, 0.5, 1]),
    )
    area = base.mark_area(opacity=0.15, color=style.BLUE).encode(y=y)
    line = base.mark_line(color=style.BLUE, strokeWidth=2, point=True).encode(y=y)
    return alt.LayerChart(layer=[area, line]).properties(
        title=style.title(title, below), height=170
    )


def _severity() -> alt.Color:
    return alt.Color(
        "severity:N",
        scale=alt.Scale(domain=list(SEVERITIES), range=list(SEVERITIES.values())),
        legend=None,
    )
