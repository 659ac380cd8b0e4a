"""How often a cycle keeps the deployed model by mistake, and how often it does so rightly.

``python -m benchmarks.replacement --help``. Each life is a strategy that trains weekly on the
newest four weeks and serves what it deploys, but for a share of random displays. The world stays
as it is, so a newer model is about as good as the deployed one and a hold-back is a mistake. Every
second cycle is also tried with a damaged window: rewards of all but the newest week, which the two
models are compared on, are dealt out at random. What learns from that should be held back.
"""

from __future__ import annotations

import argparse
import sys
from itertools import product

import numpy as np

from benchmarks.replacement_life import AMOUNTS, Comparison, Life
from benchmarks.report import Table, show
from scorer.training.gate import Z

WORSE = 0.01
HEADER = ["world", "held", f"z<-{Z}", "worse, by 1 %", "error", "measured", "served"]
HEADER += ["damaged held", f"z<-{Z}", "none", "served"]


def row(name: str, found: list[Comparison]) -> list[str]:
    """What became of one world's comparisons."""
    damaged = [c for c in found if c.is_damaged]
    whole = [c for c in found if not c.is_damaged]
    below = [c for c in whole if c.z < -Z]
    errors = np.array([c.error for c in whole if not np.isnan(c.error)])
    return [
        name,
        _share([c.is_held_back for c in whole]),
        _share([c.z < -Z for c in whole]),
        f"{sum(c.served < 0 for c in below)}, {sum(c.served < -WORSE for c in below)}",
        f"{errors.mean():+.2f}, {errors.std():.2f}" if errors.size else "-",
        f"{np.mean([c.measured for c in whole]):+.1%}",
        f"{np.mean([c.served for c in whole]):+.1%}",
        _share([c.is_held_back for c in damaged]),
        _share([c.z < -Z for c in damaged]),
        _share([bool(np.isnan(c.z)) for c in damaged]),
        f"{np.mean([c.served for c in damaged]):+.1%}",
    ]


def _share(cases: list[bool]) -> str:
    return f"{sum(cases)} of {len(cases)}"


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 2 for wrong usage."""
    options = _parser().parse_args(arguments)
    rows = []
    for name, share in product(options.worlds, options.random):
        try:
            lives = [Life(name, seed, share) for seed in range(options.lives)]
        except ValueError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        found = [comparison for life in lives for comparison in life.compare(options.cycles)]
        rows.append(row(f"{name}, {share:.0%} random", found))
        print(" | ".join(rows[-1]), file=sys.stderr, flush=True)
    show(Table("Comparisons with the deployed model", HEADER, rows))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.replacement", description=__doc__)
    worlds = ["additive-12-5-40k", f"additive-12-5-40k{AMOUNTS}", "threshold-12-5-40k"]
    parser.add_argument("--worlds", nargs="+", default=worlds)
    parser.add_argument("--random", type=float, nargs="+", default=[0.2], help="share of displays")
    parser.add_argument("--lives", type=int, default=5, help="strategies per world")
    parser.add_argument("--cycles", type=int, default=6, help="comparisons of each")
    return parser


if __name__ == "__main__":
    sys.exit(main())
