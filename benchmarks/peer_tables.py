"""Tables of the results of peers over several seeds."""

from __future__ import annotations

import numpy as np

from benchmarks.cells import Outcome
from benchmarks.report import Table
from benchmarks.requirements import standard_error


def world_table(world: str, outcomes: list[Outcome]) -> Table:
    """One row per peer, best first; means over seeds with their standard errors."""
    rows = []
    for peer in dict.fromkeys(o.peer for o in outcomes):
        own = [o for o in outcomes if o.peer == peer]
        done = [o for o in own if o.status == "ok"]
        status = ", ".join(sorted({o.status for o in own}))
        normalised = np.array([o.normalised for o in done if not np.isnan(o.normalised)])
        reached = [figure(np.array([o.ratio for o in done])), figure(normalised)]
        times = [_mean([o.fit_seconds for o in done]), _mean([o.score_seconds for o in done])]
        rank = np.mean([o.value for o in done]) if done else -np.inf
        rows.append((rank, [peer, *reached, *times, status]))
    header = ["peer", "x best single", "normalised", "fit CPU s", "score CPU s", "status"]
    ordered = sorted(rows, key=lambda row: -row[0])
    return Table(world, header, [row for _, row in ordered])


def figure(values: np.ndarray, digits: int = 3) -> str:
    """Mean with its standard error over seeds; the error is omitted for a single seed."""
    if values.size == 0:
        return "-"
    if values.size == 1:
        return f"{values[0]:.{digits}f} (1 seed)"
    return f"{values.mean():.{digits}f} ± {standard_error(values):.{digits}f}"


def _mean(values: list[float]) -> str:
    return f"{np.mean(values):.1f}" if values else "-"
