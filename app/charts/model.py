"""Charts of the page Model."""

from __future__ import annotations

import altair as alt
import pandas as pd

from app.charts import style


def policy_values(
    versions: pd.DataFrame, baselines: pd.DataFrame, title: str, unit: str, is_amount: bool
) -> style.Figure:
    """Return the value of each version with its interval, and lines for the baselines.

    `versions` has model_version, trained_as_of, policy_value, value_low and value_high;
    `baselines` has as_of, policy (in words) and policy_value.
    """
    form = style.value_format(is_amount)
    axis = alt.X("trained_as_of:T", title="Trained as of (UTC)", axis=alt.Axis(format="%d %b"))
    value = alt.Y("policy_value:Q", title=unit, axis=alt.Axis(format=form, tickCount=5))
    base = alt.Chart(versions.assign(policy="Model version")).encode(
        x=axis,
        color=_policy_colour(),
        tooltip=[
            alt.Tooltip("model_version:N", title="Version"),
            alt.Tooltip("trained_as_of:T", title="Trained as of", format="%Y-%m-%d"),
            alt.Tooltip("policy_value:Q", title=unit, format=form),
            alt.Tooltip("value_low:Q", title="at least", format=form),
            alt.Tooltip("value_high:Q", title="at most", format=form),
        ],
    )
    bars = base.mark_rule(size=2).encode(y=alt.Y("value_low:Q", title=unit), y2="value_high:Q")
    points = base.mark_point(filled=True, size=80, opacity=1).encode(y=value)
    lines = (
        alt.Chart(baselines)
        .mark_line(strokeDash=[5, 4], strokeWidth=2)
        .encode(
            x=alt.X("as_of:T"),
            y=alt.Y("policy_value:Q", title=unit),
            color=_policy_colour(),
            tooltip=[
                alt.Tooltip("policy:N", title="Policy"),
                alt.Tooltip("as_of:T", title="Cycle", format="%Y-%m-%d"),
                alt.Tooltip("policy_value:Q", title=unit, format=form),
            ],
        )
    )
    below = "Doubly robust estimates on logged displays, with 95 % intervals"
    return alt.layer(lines, bars, points).properties(title=style.title(title, below), height=340)


def calibration(frame: pd.DataFrame, title: str, unit: str, is_amount: bool) -> style.Figure:
    """Return actual against expected reward by decile of the score, with the diagonal."""
    form = style.value_format(is_amount)
    top = float(max(frame["mean_score"].max(), frame["mean_reward_high"].max(), 0)) * 1.05
    least = float(min(frame["mean_score"].min(), frame["mean_reward"].min()))  # of net values
    bottom = float(min(least, frame["mean_reward_low"].min())) * 1.05 if least < 0 else 0.0
    scale = alt.Scale(domain=[bottom, top], nice=False, clamp=True)
    base = alt.Chart(frame).encode(
        x=alt.X(
            "mean_score:Q",
            title=f"Expected {unit}",
            axis=alt.Axis(format=form, tickCount=6),
            scale=scale,
        ),
        tooltip=[
            alt.Tooltip("decile:O", title="Decile"),
            alt.Tooltip("displays:Q", title="Displays", format=",d"),
            alt.Tooltip("mean_score:Q", title="expected", format=form),
            alt.Tooltip("mean_reward:Q", title="actual", format=form),
            alt.Tooltip("mean_reward_low:Q", title="at least", format=form),
            alt.Tooltip("mean_reward_high:Q", title="at most", format=form),
        ],
    )
    diagonal = (
        alt.Chart(pd.DataFrame({"x": [bottom, top], "y": [bottom, top]}))
        .mark_line(color=style.GREY, strokeDash=[4, 4])
        .encode(x=alt.X("x:Q", scale=scale), y=alt.Y("y:Q", scale=scale))
    )
    bars = base.mark_rule(size=2, color=style.BLUE).encode(
        y=alt.Y("mean_reward_low:Q", scale=scale), y2="mean_reward_high:Q"
    )
    points = base.mark_point(filled=True, size=70, color=style.BLUE, opacity=1).encode(
        y=alt.Y(
            "mean_reward:Q",
            title=f"Actual {unit}",
            axis=alt.Axis(format=form, tickCount=6),
            scale=scale,
        )
    )
    below = "Ten parts of later displays by score; on the dashed line the model is right"
    return alt.layer(diagonal, bars, points).properties(title=style.title(title, below), height=380)


def _policy_colour() -> alt.Color:
    names = ["Model version", "Best single offer", "Random"]
    return alt.Color(
        "policy:N",
        scale=alt.Scale(domain=names, range=[style.BLUE, style.GREY, style.ORANGE]),
        legend=style.legend(),
    )
