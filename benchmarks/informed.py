"""Weeks until a new offer is ready, with uniform and with informed exploration.

``python -m benchmarks.informed --help``. A strategy with ready offers gets a new one. Each week,
explorers draw their first offer as the product draws it, from the progress of the look-back of four
weeks; everybody else gets ready offers, popular ones more often (Zipf). Only exploration shows the
new offer until it is ready. Exits 1 if informed exploration takes more than half the weeks.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

import numpy as np

from benchmarks.peer_tables import figure
from benchmarks.report import Table, show
from scorer.ranking.informed import first_chances

MIN_DISPLAYS, MIN_SUCCESSES, LOOK_BACK = 250, 25, 4
_WARM_UP, _MOST = 8, 520


@dataclass(frozen=True)
class Shop:
    """A strategy: offers beside the new one, displays a week, rate of success, explorers."""

    offers: int
    displays: int
    rate: float
    share: float

    @property
    def name(self) -> str:
        return f"{self.offers} offers, {self.displays:,} displays a week, {self.rate:.0%}"


SHOPS = (
    Shop(5, 10_000, 0.05, 0.1),
    Shop(20, 40_000, 0.05, 0.1),
    Shop(20, 100_000, 0.02, 0.1),
    Shop(100, 200_000, 0.05, 0.1),
    Shop(100, 1_000_000, 0.01, 0.1),
)


def weeks_to_ready(shop: Shop, seed: int, is_informed: bool) -> int:
    """Weeks from the launch of the offer, whose code is the last, until it is ready."""
    rng = np.random.default_rng([seed, shop.offers, int(is_informed)])
    n = shop.offers + 1
    popular = np.append(1 / np.arange(1, n), 0.0)
    popular /= popular.sum()
    explored = round(shop.share * shop.displays)
    history: list[np.ndarray] = []
    for week in range(_WARM_UP + _MOST):
        is_launched = week >= _WARM_UP
        recent = np.sum([np.zeros((2, n)), *history[-LOOK_BACK:]], axis=0)
        progress = np.minimum(recent[0] / MIN_DISPLAYS, recent[1] / MIN_SUCCESSES)
        if progress[-1] >= 1:
            return week - _WARM_UP
        eligible = np.ones((1, n), dtype=np.bool_)
        eligible[0, -1] = is_launched
        chances = first_chances(progress, eligible)[0] if is_informed else eligible[0] * 1.0
        shown = rng.multinomial(explored, chances / chances.sum())
        shown += rng.multinomial(shop.displays - explored, popular)
        history.append(np.stack([shown, rng.binomial(shown, shop.rate)]))
    return _MOST


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 if a requirement is missed, else 0."""
    parser = argparse.ArgumentParser("python -m benchmarks.informed", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="launches per strategy")
    options = parser.parse_args(arguments)
    rows, are_met = [], True
    for shop in SHOPS:
        uniform, informed = (
            np.array([weeks_to_ready(shop, seed, how) for seed in range(options.seeds)])
            for how in (False, True)
        )
        ratio = float(informed.mean() / uniform.mean())
        are_met &= ratio <= 0.5
        rows.append([shop.name, figure(uniform, 1), figure(informed, 1), f"{ratio:.2f}"])
    header = ["strategy", "uniform", "informed", "informed / uniform"]
    show(Table("Weeks until a new offer is ready", header, rows))
    return 0 if are_met else 1


if __name__ == "__main__":
    sys.exit(main())
