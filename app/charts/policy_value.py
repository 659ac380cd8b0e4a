"""Charts of the page Policy value. Insufficient evidence is written, never drawn as a number."""

from __future__ import annotations

import altair as alt
import pandas as pd

from app.charts import style
from app.text import reward

COLOURS = {
    "Random": style.ORANGE,
    "Best single offer": style.GREY,
    "Previous model": style.GREEN,
    "New candidate": style.PURPLE,
    "Deployed model": style.BLUE,
}
SHAPES = {
    "Random": "diamond",
    "Best single offer": "square",
    "Previous model": "cross",
    "New candidate": "triangle-up",
    "Deployed model": "circle",
}
INSUFFICIENT = "insufficient"
_FEWEST_TICKS = 6
_BELOW = "With 95 % intervals. The previous model is evaluated on the displays since its training"


def values(frame: pd.DataFrame, title: str, unit: str, is_amount: bool) -> alt.LayerChart:
    """Return the value of each policy with its interval.

    `frame` has label, status, policy_value, value_low, value_high, effective_sample_size and
    matching_responses, in the order to show.
    """
    form = style.value_format(is_amount)
    labels = list(dict.fromkeys(frame["label"]))
    known, unknown = frame[frame["status"] == "ok"], frame[frame["status"] != "ok"]
    known = known.assign(value_text=[reward(value, is_amount) for value in known["policy_value"]])
    y = alt.Y("label:N", title=None, sort=labels, scale=alt.Scale(domain=labels), axis=_LONG_LABELS)
    base = alt.Chart(known).encode(y=y, tooltip=_tooltip(unit, form))
    axis = alt.Axis(format=form, tickCount=_FEWEST_TICKS)
    low = alt.X("value_low:Q", title=unit, axis=axis, scale=alt.Scale(zero=True))
    colour = alt.Color(
        "policy_label:N",
        scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values())),
        legend=None,
    )
    layers: list[alt.Chart] = []
    if not known.empty:
        shape = alt.Shape(
            "policy_label:N",
            scale=alt.Scale(domain=list(SHAPES), range=list(SHAPES.values())),
            legend=None,
        )
        layers += [
            base.mark_rule(size=3).encode(x=low, x2="value_high:Q", color=colour),
            base.mark_point(filled=True, size=110, opacity=1).encode(
                x="policy_value:Q", color=colour, shape=shape
            ),
            base.mark_text(dy=-13, fontWeight="bold").encode(
                x="policy_value:Q", text="value_text:N"
            ),
        ]
    if not unknown.empty:
        layers.append(_written(unknown, y))
    return alt.LayerChart(layer=layers).properties(
        title=style.title(title, _BELOW),
        height=alt.Step(46),
    )


def _written(unknown: pd.DataFrame, y: alt.Y) -> alt.Chart:
    return (
        alt.Chart(unknown)
        .mark_text(align="left", fontStyle="italic", dx=6)
        .encode(y=y, x=alt.value(0), text=alt.value(f"{INSUFFICIENT}: too few matching responses"))
    )


def _tooltip(unit: str, form: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("label:N", title="Policy"),
        alt.Tooltip("policy_value:Q", title=unit, format=form),
        alt.Tooltip("value_low:Q", title="at least", format=form),
        alt.Tooltip("value_high:Q", title="at most", format=form),
        alt.Tooltip("effective_sample_size:Q", title="Effective sample size", format=",.0f"),
        alt.Tooltip("matching_responses:Q", title="Matching responses", format=",d"),
    ]


_LONG_LABELS = style.labels(240)


def over_time(frame: pd.DataFrame, unit: str, is_amount: bool) -> alt.LayerChart:
    """Return the value of each policy by evaluation, with its interval as a band.

    `frame` has policy_label, as_of, policy_value, value_low, value_high; rows without value are
    gaps.
    """
    form = style.value_format(is_amount)
    known = set(frame.loc[frame["policy_value"].notna(), "policy_label"])
    present = [name for name in COLOURS if name in known]
    frame = frame[frame["policy_label"].isin(present)]
    colour = alt.Color(
        "policy_label:N",
        scale=alt.Scale(domain=present, range=[COLOURS[name] for name in present]),
        legend=style.legend("bottom", columns=2),
    )
    base = alt.Chart(frame.assign(label=frame["policy_label"])).encode(
        x=alt.X("as_of:T", title=None, axis=alt.Axis(format="%d %b", tickCount=6)),
        color=colour,
        tooltip=[
            alt.Tooltip("as_of:T", title="Evaluated (UTC)", format="%Y-%m-%d"),
            *_tooltip(unit, form),
        ],
    )
    y = alt.Y(
        "policy_value:Q",
        title=unit,
        axis=alt.Axis(format=form, tickCount=5),
        scale=alt.Scale(zero=True),
    )
    shape = alt.Shape(
        "policy_label:N",
        scale=alt.Scale(domain=present, range=[SHAPES[name] for name in present]),
        legend=style.legend("bottom", columns=2),
    )
    band = base.mark_area(opacity=0.13).encode(
        y=alt.Y("value_low:Q", title=unit), y2="value_high:Q"
    )
    line = base.mark_line(strokeWidth=2).encode(y=y)
    point = base.mark_point(filled=True, size=55, opacity=1).encode(y=y, shape=shape)
    return alt.LayerChart(layer=[band, line, point]).properties(
        title=style.title("Policy value by cycle", "Bands are 95 % intervals"), height=340
    )


def estimators(frame: pd.DataFrame, unit: str, is_amount: bool) -> alt.LayerChart:
    """Return the value of one policy by each estimator.

    `frame` has label (the estimator in words), status, policy_value, value_low, value_high.
    """
    form = style.value_format(is_amount)
    labels = list(frame["label"])
    y = alt.Y("label:N", title=None, sort=labels, scale=alt.Scale(domain=labels), axis=_LONG_LABELS)
    known, unknown = frame[frame["status"] == "ok"], frame[frame["status"] != "ok"]
    layers: list[alt.Chart] = []
    if not known.empty:
        base = alt.Chart(known).encode(y=y, tooltip=_tooltip(unit, form))
        low = alt.X(
            "value_low:Q",
            title=unit,
            axis=alt.Axis(format=form, tickCount=_FEWEST_TICKS),
            scale=alt.Scale(zero=False),
        )
        layers += [
            base.mark_rule(size=3, color=style.BLUE).encode(x=low, x2="value_high:Q"),
            base.mark_point(filled=True, size=90, opacity=1, color=style.BLUE).encode(
                x="policy_value:Q"
            ),
        ]
    if not unknown.empty:
        layers.append(_written(unknown, y))
    return alt.LayerChart(layer=layers).properties(
        title=style.title("Value by estimator", "95 % intervals"), height=alt.Step(40)
    )
