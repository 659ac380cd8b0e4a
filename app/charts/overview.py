"""Charts of the page Overview."""

from __future__ import annotations

import pandas as pd

from app.charts import performance, style


def lifts(frame: pd.DataFrame, title: str) -> style.Figure:
    """Return lift and interval, one line a strategy."""
    return performance.lifts(frame.assign(label=frame["strategy_id"]), title)
