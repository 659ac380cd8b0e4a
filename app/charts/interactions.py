"""Charts of the page Interactions."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from app.charts import style
from app.text import reward, short

ALL = "all"
_KINDS = {
    "segment": style.BLUE,
    "context": style.ORANGE,
    "pair": style.PURPLE,
    "decisioning": style.GREY,
}
_YES_NO = "datum.label == 'true' ? 'yes' : datum.label == 'false' ? 'no' : datum.label"
_WIDEST = 0.6
_MOST_SHAPES = {"One feature alone": "circle", "Two features together": "diamond"}
_LONGEST = 30
_BELOW = style.legend("bottom", columns=1)


def value_order(values: list[str]) -> list[str]:
    """Return values of a feature in their order: quarters by number, then text, missing last."""

    def key(value: str) -> tuple[int, float, str]:
        words = value.split(" ")
        start = {"up": (0, -1), "over": (2, -1)}.get(words[0], (1, 0))
        try:
            number = float(words[start[1]])
        except ValueError:
            return (4 if value == "(missing)" else 3, 0.0, value)
        return (start[0], number, "")

    return sorted(values, key=key)


def pair(
    frame: pd.DataFrame, names: tuple[str, str], measure: str, is_amount: bool
) -> alt.LayerChart:
    """Return a heat map of two features of an offer, with the margins of each feature.

    `frame` has feature_value (rows), other_feature_value (columns), where `ALL` is a margin,
    displays, successes, rate, shrunken_rate, lift.
    """
    rows = [*value_order(list(set(frame["feature_value"]) - {ALL})), ALL]
    columns = [*value_order(list(set(frame["other_feature_value"]) - {ALL})), ALL]
    return _heat_map(
        frame,
        ("feature_value", "other_feature_value"),
        (names[0], names[1], rows, columns),
        f"{measure} by {names[0]} and {names[1]}",
        is_amount,
    )


def by_value(frame: pd.DataFrame, feature: str, measure: str, is_amount: bool) -> alt.LayerChart:
    """Return a heat map of offers by the values of one feature.

    `frame` has offer_label, feature_value, displays, successes, rate, shrunken_rate, lift.
    """
    rows = list(dict.fromkeys(frame["offer_label"]))
    columns = value_order(list(set(frame["feature_value"])))
    return _heat_map(
        frame,
        ("offer_label", "feature_value"),
        ("", feature, rows, columns),
        f"{measure} of each offer by {feature}",
        is_amount,
    )


def _heat_map(
    frame: pd.DataFrame,
    fields: tuple[str, str],
    axes: tuple[str, str, list[str], list[str]],
    title: str,
    is_amount: bool,
) -> alt.LayerChart:
    form = style.value_format(is_amount)
    frame = frame.assign(rate_text=[reward(value, is_amount) for value in frame["rate"]])
    base = alt.Chart(frame).encode(
        y=_side(fields[0], axes[0], axes[2], False),
        x=_side(fields[1], axes[1], axes[3], True),
        tooltip=[
            alt.Tooltip(f"{fields[0]}:N", title=axes[0] or "Offer"),
            alt.Tooltip(f"{fields[1]}:N", title=axes[1]),
            alt.Tooltip("rate:Q", title="Rate", format=form),
            alt.Tooltip("shrunken_rate:Q", title="Shrunken rate", format=form),
            alt.Tooltip("lift:Q", title="Lift over the mean", format="+.0%"),
            alt.Tooltip("displays:Q", title="Displays", format=",d"),
            alt.Tooltip("successes:Q", title="Successes", format=",d"),
        ],
    )
    rate = base.mark_text(color=style.TEXT_ON_CELLS, dy=-7, fontSize=13, fontWeight="bold")
    count = base.mark_text(color=style.TEXT_ON_CELLS, dy=9, fontSize=10.5)
    below = "Rates above the displays; colours are shrunk to the mean where displays are few"
    return (
        alt.layer(
            base.mark_rect(cornerRadius=3).encode(color=_lift()),
            rate.encode(text="rate_text:N"),
            count.encode(text=alt.Text("displays:Q", format=",d")),
        )
        .properties(title=style.title(title, below), height=alt.Step(46))
        .configure_view(strokeWidth=0)
    )


def _side(field: str, name: str, values: list[str], is_across: bool) -> Any:
    """Return an axis of a heat map: the x axis on top, or the y axis."""
    looks = {"labelExpr": _YES_NO, "grid": False, "domain": False, "ticks": False}
    angle = -40 if is_across and len(values) > 10 else 0
    across = style.labels(130, labelAngle=angle, orient="top", **looks)
    axis = across if is_across else style.labels(230, **looks)
    channel = alt.X if is_across else alt.Y
    return channel(f"{field}:N", title=short(name, _LONGEST) or None, sort=values, axis=axis)


def _lift() -> alt.Color:
    scale = alt.Scale(
        domain=[-_WIDEST, 0, _WIDEST], range=style.LOW_TO_HIGH, interpolate="rgb", clamp=True
    )
    legend = alt.Legend(
        title="Lift over the mean",
        format="+.0%",
        labelExpr=style.PERCENT,
        orient="bottom",
        gradientLength=alt.ExprRef("containerSize()[0] < 400 ? 150 : 220"),
        values=[-_WIDEST, -_WIDEST / 2, 0, _WIDEST / 2, _WIDEST],
    )
    return alt.Color("lift:Q", scale=scale, legend=legend)


def personal(frame: pd.DataFrame) -> alt.Chart:
    """Return how much each offer's rate varies between people.

    `frame` has offer_label, what (one feature, or two together), names, strength, in the order
    to show.
    """
    kinds = list(_MOST_SHAPES)
    return (
        alt.Chart(frame)
        .mark_point(filled=True, size=110, opacity=1)
        .encode(
            y=alt.Y(
                "offer_label:N",
                title=None,
                sort=list(dict.fromkeys(frame["offer_label"])),
                axis=style.labels(200, grid=True),
            ),
            x=alt.X(
                "strength:Q",
                title="Typical change",
                axis=alt.Axis(format=".0%", tickCount=6),
                scale=alt.Scale(zero=True, nice=True),
            ),
            color=alt.Color(
                "what:N",
                scale=alt.Scale(domain=kinds, range=[style.BLUE, style.ORANGE]),
                legend=_BELOW,
            ),
            shape=alt.Shape(
                "what:N",
                scale=alt.Scale(domain=kinds, range=list(_MOST_SHAPES.values())),
                legend=_BELOW,
            ),
            tooltip=[
                alt.Tooltip("offer_label:N", title="Offer"),
                alt.Tooltip("names:N", title="By"),
                alt.Tooltip("strength:Q", title="Typical change", format=".0%"),
            ],
        )
        .properties(
            title=style.title(
                "Offers with the largest differences between people", "In the log, beyond chance"
            ),
            height=alt.Step(26),
        )
    )


def weights(frame: pd.DataFrame, of_what: str) -> alt.Chart:
    """Return the features that a model uses; `frame` has feature_name, feature_kind, share."""
    kinds = {name: colour for name, colour in _KINDS.items() if name in set(frame["feature_kind"])}
    base = alt.Chart(frame).encode(
        y=alt.Y("feature_name:N", title=None, sort=None, axis=style.labels(200)),
        x=alt.X(
            "share:Q",
            title="Share in the model",
            axis=alt.Axis(format=".0%", tickCount=5),
        ),
        tooltip=[
            alt.Tooltip("feature_name:N", title="Feature"),
            alt.Tooltip("feature_kind:N", title="Kind"),
            alt.Tooltip("share:Q", title="Share", format=".1%"),
            alt.Tooltip("importance:Q", title="Mean effect on the margin", format=".3f"),
        ],
    )
    bars = base.mark_bar(cornerRadiusEnd=3).encode(
        color=alt.Color(
            "feature_kind:N",
            scale=alt.Scale(domain=list(kinds), range=list(kinds.values())),
            legend=style.legend("bottom", columns=2),
        )
    )
    below = "SHAP interaction with the offer: only this can change an order"
    return bars.properties(
        title=style.title(f"Features in the model: {short(of_what, _LONGEST)}", below),
        height=alt.Step(24),
    )
