"""Attacks nextoffer: ``python -m tests.attack --help``, or ``make attack``.

Every attack is seeded. The runner prints a table: tried, survived, seconds, and what fell.
Exit code 1 when anything fell.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.attack import (
    boosters,
    crash_points,
    inputs,
    machine,
    numbers,
    readers,
    signals,
    state,
)
from tests.attack.arena import Arena, Attack, Result, carry_out
from tests.attack.cycles import prepare

LONGEST_MINUTES = 20.0
# Attack -> what carries it out, how many tries, and its part of the time. What one attack does not
# need of its part is for those after it.
ATTACKS: dict[str, tuple[Attack, int, float]] = {
    "recomputed numbers": (numbers.attack, 2_000, 1),
    "changed model files": (boosters.attack, 1_000, 1),
    "limits of the machine": (machine.attack, 20, 2),
    "reads during publications": (readers.attack, 10_000, 2),
    "kills and signals": (signals.attack, 200, 5),
    "crash points": (crash_points.attack, 100, 3),
    "edits of state": (state.attack, 300, 3),
    "bad inputs": (inputs.attack, 500, 4),
}
# Attacks that work in this process, one try after the other.
ALONE = {"recomputed numbers", "reads during publications"}
# Tries of `--small`, which `make test` carries out.
SMALL = {
    "recomputed numbers": 50,
    "changed model files": 50,
    "reads during publications": 50,
    "kills and signals": 2,
    "crash points": 1,
    "edits of state": 2,
    "bad inputs": 4,
}


def main(arguments: list[str] | None = None) -> int:
    """Run the attacks; 1 if anything fell, else 0."""
    started = time.monotonic()
    options = _parser().parse_args(arguments)
    os.environ["NEXTOFFER_ALLOW_FUTURE"] = "1"
    wanted = SMALL if options.small else {name: tries for name, (_, tries, _) in ATTACKS.items()}
    wanted = {name: wanted[name] for name in options.only or wanted}
    results = []
    with tempfile.TemporaryDirectory(prefix="nextoffer-attack-") as scratch:
        arenas = _arenas(Path(scratch), options.prepared, options.workers)
        weights = {name: ATTACKS[name][2] for name in wanted}
        for name, tries in wanted.items():
            left = options.minutes * 60 - (time.monotonic() - started)
            seconds = left * weights[name] / sum(weights.values())
            del weights[name]
            result = carry_out(
                name,
                ATTACKS[name][0],
                arenas[:1] if name in ALONE else arenas,
                options.tries or tries,
                options.seed,
                seconds,
            )
            results.append(result)
            print(_row(result), flush=True)
    return int(any(result.fell for result in results))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.attack")
    parser.add_argument("--seed", type=int, default=0, help="Seed of all attacks.")
    parser.add_argument("--only", choices=list(ATTACKS), action="append", help="Only this attack.")
    parser.add_argument("--tries", type=int, help="Tries of each attack.")
    parser.add_argument(
        "--minutes", type=float, default=LONGEST_MINUTES, help="No try begins after them."
    )
    parser.add_argument("--workers", type=int, default=2, help="Tries at the same time.")
    parser.add_argument(
        "--prepared", type=Path, help="Folder of prepared homes to use again; empty at first."
    )
    parser.add_argument("--small", action="store_true", help="Only a few tries of each attack.")
    return parser


def _arenas(scratch: Path, kept: Path | None, workers: int) -> Sequence[Arena]:
    os.environ["NEXTOFFER_PARSED"] = str((kept or scratch) / "parsed")
    prepared = prepare(kept or scratch / "prepared")
    folders = [scratch / f"arena{number}" for number in range(workers)]
    for folder in folders:
        folder.mkdir()
    return [Arena(folder, prepared) for folder in folders]


def _row(result: Result) -> str:
    survived = result.tried - len(result.fell)
    row = f"| {result.name} | {result.tried:,} | {survived:,} | {result.seconds:.0f} |"
    return "\n".join([row, *(f"    fell: {sentence}" for sentence in result.fell[:20])])


if __name__ == "__main__":
    sys.exit(main())
