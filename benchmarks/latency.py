"""One request: a user arrives, all offers are scored; p50 and p99 of wall microseconds.

The cross product of one user and its offers is part of XGBoost's time, as it is of any caller's.
Requests of both take turns, so that both meet the same machine.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.ranking_models import (
    KINDS,
    Floats,
    Ranker,
    Size,
    make_displays,
    make_users,
    train_ranker,
)
from benchmarks.report import Table, show, write_markdown
from scorer.forest import FactorisedForest

LEAST_RATIO, MOST_TAIL, AT_OFFERS = 12.0, 5.0, 100


def main() -> int:
    """Run, print, write; exit code 1 when a requirement is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--offers", type=int, nargs="+", default=[20, 100, 500])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=["one_hot", "native"])
    parser.add_argument("--requests", type=int, default=3000)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    rows, missed = [], False
    for kind in arguments.kinds:
        for n_offers in arguments.offers:
            size = Size(n_offers)
            ranker = train_ranker(kind, size, make_displays(size))
            theirs, ours = measure(ranker, make_users(arguments.requests, 3))
            rows.append([kind, str(n_offers), *figures(theirs, ours)])
            if kind == "one_hot" and n_offers == AT_OFFERS:
                missed = is_short(theirs, ours)
    header = ["model", "offers", "inplace p50", "inplace p99", "ours p50", "ours p99"]
    table = Table("One request, wall µs", [*header, "p50 ratio", "ours p99 / p50"], rows)
    show(table)
    if arguments.out:
        command = " ".join(["python -m benchmarks.latency", *sys.argv[1:]])
        write_markdown(arguments.out, command, [table])
    return int(missed)


def measure(ranker: Ranker, users: Floats) -> tuple[np.ndarray, np.ndarray]:
    """Wall microseconds of every request: XGBoost's and ours."""
    forest = FactorisedForest(ranker.booster, ranker.offers, ranker.offer_columns)
    rows = ranker.crossed(users[:1])
    n_offer_columns = ranker.offers.shape[1]

    def theirs(user: Floats) -> np.ndarray:
        rows[:, n_offer_columns:] = user
        return ranker.booster.inplace_predict(rows, predict_type="margin")

    np.testing.assert_array_equal(theirs(users[0]), forest.score_one(users[0]))
    gc.collect()
    gc.disable()
    spent = [(_microseconds(theirs, user), _microseconds(forest.score_one, user)) for user in users]
    gc.enable()
    first, second = np.array(spent).T
    return first, second


def _microseconds(work: Callable[[Floats], object], user: Floats) -> float:
    start = time.perf_counter_ns()
    work(user)
    return (time.perf_counter_ns() - start) / 1e3


def figures(theirs: np.ndarray, ours: np.ndarray) -> list[str]:
    """p50 and p99 of both, the ratio of the medians, and the tail of ours."""
    quantiles = [*np.quantile(theirs, [0.5, 0.99]), *np.quantile(ours, [0.5, 0.99])]
    ratio, tail = quantiles[0] / quantiles[2], quantiles[3] / quantiles[2]
    return [*(f"{q:.0f}" for q in quantiles), f"{ratio:.1f}", f"{tail:.1f}"]


def is_short(theirs: np.ndarray, ours: np.ndarray) -> bool:
    """Whether the requirements of one-hot models of 100 offers are missed."""
    ratio = np.median(theirs) / np.median(ours)
    tail = np.quantile(ours, 0.99) / np.median(ours)
    return ratio < LEAST_RATIO or tail > MOST_TAIL


if __name__ == "__main__":
    sys.exit(main())
