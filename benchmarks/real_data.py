"""Policy value on real randomised offers: cross-fitted doubly robust, relative to best single.

``python -m benchmarks.real_data --help``; benchmarks/README.md describes the measures.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import peers
from benchmarks.cross_fitted import Measured, best_peer_ratio, measure
from benchmarks.flat_displays import find_data, read
from benchmarks.report import Table, show, write_markdown

PEER_RATIO = 0.97
CRACKER_RATIO = 1.4
FALLBACK_RATIO = 0.99
CLAIM_ERRORS = 1.64
_MODEL = "xgb_per_offer"

Results = dict[str, list[Measured]]
Check = tuple[str, str, bool]


@dataclass(frozen=True)
class Plan:
    """KPI type of a data set and the requirement on it."""

    kpi_type: str
    checks: tuple[Callable[[Results], Check], ...]


def as_good_as_peers(results: Results) -> Check:
    """Compare ours with the best peer of the run, by doubly robust value."""
    ratio, peer = best_peer_ratio(results)
    return f">= {PEER_RATIO} x best peer ({peer})", f"{ratio:.3f}", ratio >= PEER_RATIO


def beats_best_single(results: Results) -> Check:
    ratio = float(np.mean([m.ratio for m in results[peers.OURS]]))
    return f">= {CRACKER_RATIO} x best single", f"{ratio:.3f}", ratio >= CRACKER_RATIO


def falls_back(results: Results) -> Check:
    ratio = float(np.mean([m.ratio for m in results[peers.OURS]]))
    return f">= {FALLBACK_RATIO} x best single", f"{ratio:.3f}", ratio >= FALLBACK_RATIO


def claims_nothing(results: Results) -> Check:
    """No repeat shows a lift of more than 1.64 standard errors."""
    scores = [m.against_single.z or 0.0 for m in results[peers.OURS]]
    return "no lift claimed", f"z = {max(scores):.2f}", max(scores) <= CLAIM_ERRORS


def says_insufficient(results: Results) -> Check:
    statuses = {m.estimate.status for m in results[peers.OURS]}
    return "says insufficient", ", ".join(sorted(statuses)), statuses == {"insufficient"}


PLANS = {
    "choice_cracker": Plan("binary", (as_good_as_peers, beats_best_single)),
    "choice_yogurt": Plan("binary", (as_good_as_peers,)),
    "karlan_list": Plan("continuous", (falls_back, claims_nothing)),
    "penn_bonus": Plan("continuous", (falls_back, claims_nothing)),
    "obd_random_men": Plan("binary", (says_insufficient,)),
    "obd_bts_men": Plan("binary", (says_insufficient,)),
}


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when a requirement is missed, 2 for wrong usage, 3 without data."""
    options = _parser().parse_args(arguments)
    try:
        folder = find_data(options.data)
    except FileNotFoundError as error:
        print(f"error: {error}", file=sys.stderr)
        return 3
    threadpool_limits(1)
    chosen = list(dict.fromkeys([peers.BEST_SINGLE, *options.peers]))
    tables, checks = [], []
    for name in options.datasets:
        results = _measure(folder, name, chosen, options.repeats)
        tables.append(_table(name, results))
        if peers.OURS in results:
            checks += [(name, *check(results)) for check in PLANS[name].checks]
    if checks:
        tables.append(_check_table(checks))
    for table in tables:
        show(table)
    command = " ".join(sys.argv[1:] if arguments is None else arguments)
    for path in options.out:
        write_markdown(path, f"python -m benchmarks.real_data {command}", tables)
    return 0 if all(is_met for *_, is_met in checks) else 1


def _measure(folder: Path, name: str, chosen: list[str], repeats: int) -> Results:
    dataset = read(folder, name, PLANS[name].kpi_type)
    results: Results = {peer: [] for peer in chosen}
    for seed in range(repeats):
        started = time.process_time()
        for peer, found in measure(dataset, chosen, _MODEL, seed).items():
            results[peer].append(found)
        spent = time.process_time() - started
        print(f"{name} repeat {seed}: {spent:.0f} CPU s", file=sys.stderr, flush=True)
    return results


def _table(name: str, results: Results) -> Table:
    header = ["peer", "value (DR)", "95 % interval", "x best single", "z", "true ratio"]
    header += ["responses", "status"]
    rows = [(_mean(m.value for m in found), _row(peer, found)) for peer, found in results.items()]
    rows.sort(key=lambda row: -np.nan_to_num(row[0], nan=-np.inf))
    return Table(name, header, [row for _, row in rows])


def _row(peer: str, found: list[Measured]) -> list[str]:
    """Means over the repeats; the interval, z and counts are those of the first."""
    first = found[0]
    low, high, z = first.estimate.low, first.estimate.high, first.against_single.z
    return [
        peer,
        _text(_mean(m.value for m in found), 4),
        "-" if low is None or high is None else f"{low:.4f} to {high:.4f}",
        _text(_mean(m.ratio for m in found), 3),
        "-" if z is None else f"{z:.2f}",
        _text(_mean(m.true_ratio for m in found), 3),
        str(first.estimate.matching_responses),
        first.failure or first.estimate.status,
    ]


def _mean(values: object) -> float:
    return float(np.mean(list(values)))  # type: ignore[call-overload]


def _text(value: float, digits: int) -> str:
    return "-" if np.isnan(value) else f"{value:.{digits}f}"


def _check_table(checks: list[tuple[str, str, str, bool]]) -> Table:
    rows = [[name, wanted, got, "met" if ok else "MISSED"] for name, wanted, got, ok in checks]
    return Table("Requirements", ["data set", "required", "reached", "result"], rows)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.real_data", description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of the Parquet files")
    parser.add_argument(
        "--datasets", nargs="+", default=list(PLANS), choices=PLANS, metavar="DATASET"
    )
    parser.add_argument(
        "--peers", nargs="+", default=list(peers.DEFAULT), choices=peers.PEERS, metavar="PEER"
    )
    parser.add_argument("--repeats", type=int, default=1, help="different splits into folds")
    parser.add_argument("--out", type=Path, action="append", default=[], help="a .md file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
