"""The result of a simulated week as a table: traffic, successes by arm, lift, model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from rich.table import Table
from rich.text import Text

from scorer.cli.status import shares_text
from scorer.simulation import Arm, StrategyWeek, WeekReport

_COLUMNS = (
    "strategy",
    "model",
    "traffic",
    "random",
    "personalised",
    "lift",
    "true lift",
    "of possible",
    "state",
)
_NAMES = {"random": "random", "contextual": "model", "noncontextual": "fallback"}


@dataclass(frozen=True)
class Served:
    """The ranked offers that the bank showed in a week, and the runs that ranked them."""

    ranked: pa.Table | None
    runs: Mapping[str, Mapping[str, Any]]

    @classmethod
    def before_the_first_cycle(cls) -> Served:
        """Return an empty ranking, which the bank has before the first cycle."""
        return cls(None, {})

    def model(self, strategy: str) -> str:
        """Return the shortened version of the model that ranked the offers of a strategy."""
        if self.ranked is None:
            return "none yet"
        mine = self.ranked.filter(pc.equal(self.ranked["strategy_id"], strategy))
        versions = pc.unique(mine["model_version"]).drop_null().to_pylist()
        return ", ".join(version[:7] for version in sorted(versions)) or "none yet"

    def state(self, strategy: str) -> str:
        """Return how the last run of the strategy before this week ended."""
        run = self.runs.get(strategy)
        if run is None:
            return "first week, all at random"
        if run["reason"]:
            return f"{run['status']}: {run['reason']}"
        ready = f"{run['offers_ready']} of {run['offers_included']} offers ready"
        return f"{run['status']}, {ready}"


def week_table(report: WeekReport, served: Served) -> Table:
    """Return one row per strategy.

    `lift` compares observed rewards per display of personalised and random traffic. `true lift` and
    `of possible` (share of the gain of the best policy over random) come from the truth of the
    world, for the first position; the scorer never sees it.
    """
    happened = "; ".join(report.happenings)
    title = f"Week {report.week}, until {report.end:%Y-%m-%d}, {report.displays:,} displays"
    table = Table(
        title=f"{title}: {happened}" if happened else title, title_justify="left", expand=False
    )
    for column in _COLUMNS:
        is_number = column in _COLUMNS[3:8]
        table.add_column(
            column,
            justify="right" if is_number else "left",
            no_wrap=is_number,
            overflow="fold",
        )
    for strategy_id, week in sorted(report.strategies.items()):
        state, model = served.state(strategy_id), served.model(strategy_id)
        table.add_row(*map(Text, (strategy_id, model, *_figures(week), state)))
    return table


def _figures(week: StrategyWeek) -> tuple[str, ...]:
    random, model = week.arms.get("random"), week.arms.get("contextual")
    truth = week.truth
    shown = sum(arm.displays for arm in week.arms.values())
    shares = {_NAMES[name]: arm.displays / shown for name, arm in sorted(week.arms.items())}
    lift = _ratio(model.reward_per_display, random.reward_per_display) if model and random else None
    return (
        shares_text(shares),
        _arm(random, week.kpi_type),
        _arm(model, week.kpi_type),
        _percent(lift),
        _percent(_ratio(truth.personalised, truth.random)),
        _share(truth.personalised - truth.random, truth.oracle - truth.random),
    )


def _arm(arm: Arm | None, kpi_type: str) -> str:
    if arm is None:
        return "-"
    if kpi_type == "continuous":
        return f"{arm.reward_per_display:.2f} a display"
    return f"{arm.successes} = {arm.rate:.1%}"


def _ratio(value: float, base: float) -> float | None:
    return None if math.isnan(value) or not base else value / base - 1


def _percent(lift: float | None) -> str:
    return "-" if lift is None else f"{lift:+.0%}"


def _share(part: float, whole: float) -> str:
    return "-" if math.isnan(part) or not whole else f"{part / whole:.0%}"
