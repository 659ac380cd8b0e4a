"""Charts of the page What if."""

from __future__ import annotations

import altair as alt
import pandas as pd

from app.charts import style

_SHARE = alt.X("share:Q", title="Exploration share", axis=alt.Axis(format=".0%", tickCount=6))
_TICKS = [0, 4, 13, 26, 52, 104, 260, 520, 1040]
_LINES = {"lift": style.BLUE, "new offer": style.ORANGE}


def cost(frame: pd.DataFrame, chosen: float, title: str) -> style.Figure:
    """Return the cost of a week by exploration share, with its interval as a band.

    `frame` has share, cost, cost_low, cost_high; a rule marks the chosen share.
    """
    base = alt.Chart(frame).encode(
        x=_SHARE,
        tooltip=[
            alt.Tooltip("share:Q", title="Exploration share", format=".1%"),
            alt.Tooltip("cost:Q", title="Cost of a week", format=",.0f"),
            alt.Tooltip("cost_low:Q", title="at least", format=",.0f"),
            alt.Tooltip("cost_high:Q", title="at most", format=",.0f"),
        ],
    )
    axis = alt.Axis(format=",.0f", tickCount=5)
    band = base.mark_area(opacity=0.18, color=style.BLUE).encode(
        y=alt.Y("cost_low:Q", title="Cost of a week", axis=axis), y2="cost_high:Q"
    )
    line = base.mark_line(strokeWidth=2, color=style.BLUE).encode(y="cost:Q")
    return alt.layer(band, line, _rule(chosen)).properties(
        title=style.title(title, "The band is the 95 % interval"), height=260
    )


def weeks(frame: pd.DataFrame, chosen: float, title: str) -> style.Figure:
    """Return the weeks until a lift shows and a new offer is ready, by exploration share.

    `frame` has share, lift_weeks, ready_weeks, is_reachable. Shares with which a new offer is never
    ready have no point.
    """
    columns = dict(zip(("lift_weeks", "ready_weeks"), _LINES, strict=True))
    is_reachable = frame["is_reachable"].astype("boolean").fillna(False)
    reached = frame.assign(ready_weeks=frame["ready_weeks"].where(is_reachable))
    long = reached.rename(columns=columns).melt("share", list(_LINES), "what", "weeks").dropna()
    lines = (
        alt.Chart(long)
        .mark_line(strokeWidth=2)
        .encode(
            x=_SHARE,
            y=alt.Y(
                "weeks:Q",
                title="Weeks",
                axis=alt.Axis(format=",.0f", values=_TICKS),
                scale=alt.Scale(type="symlog", constant=4),
            ),
            color=alt.Color(
                "what:N",
                scale=alt.Scale(domain=list(_LINES), range=list(_LINES.values())),
                legend=style.legend(),
            ),
            strokeDash=alt.StrokeDash(
                "what:N",
                scale=alt.Scale(domain=list(_LINES), range=[[1, 0], [6, 3]]),
                legend=style.legend(),
            ),
            tooltip=[
                alt.Tooltip("what:N", title="Until"),
                alt.Tooltip("share:Q", title="Exploration share", format=".1%"),
                alt.Tooltip("weeks:Q", title="Weeks", format=",.1f"),
            ],
        )
    )
    return alt.layer(lines, _rule(chosen)).properties(
        title=style.title(title, "At the traffic of the last 7 days"), height=260
    )


def _rule(chosen: float) -> alt.Chart:
    return (
        alt.Chart(pd.DataFrame({"share": [chosen]}))
        .mark_rule(color=style.GREY, strokeDash=[4, 4], size=2)
        .encode(x="share:Q")
    )
