"""Attacks nextoffer: ``python -m tests.attack --help``, or ``make attack``.

Every attack is seeded. The runner prints a table: tried, survived, seconds, and what fell.
Exit code 1 when anything fell.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
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

# Attack -> what carries it out, how many tries, and after how many seconds no further one begins.
ATTACKS: dict[str, tuple[Attack, int, float]] = {
    "kills and signals": (signals.attack, 200, 420),
    "crash points": (crash_points.attack, 100, 180),
    "reads during publications": (readers.attack, 10_000, 150),
    "bad inputs": (inputs.attack, 500, 300),
    "edits of state": (state.attack, 300, 240),
    "changed model files": (boosters.attack, 1_000, 60),
    "limits of the machine": (machine.attack, 20, 120),
    "recomputed numbers": (numbers.attack, 2_000, 60),
}
# Tries of `--small`, which `make test` runs: quick ones that do not depend on the speed of the
# machine.
SMALL = {
    "reads during publications": 100,
    "bad inputs": 6,
    "edits of state": 5,
    "changed model files": 100,
    "recomputed numbers": 200,
}


def main(arguments: list[str] | None = None) -> int:
    """Run the attacks; 1 if anything fell, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.attack")
    parser.add_argument("--seed", type=int, default=0, help="Seed of all attacks.")
    parser.add_argument("--only", choices=list(ATTACKS), action="append", help="Only this attack.")
    parser.add_argument("--share", type=float, default=1.0, help="Part of the tries and seconds.")
    parser.add_argument("--small", action="store_true", help="Only a few tries of quick attacks.")
    options = parser.parse_args(arguments)
    os.environ["NEXTOFFER_ALLOW_FUTURE"] = "1"
    results = []
    with tempfile.TemporaryDirectory(prefix="nextoffer-attack-") as folder:
        arena = Arena(Path(folder))
        os.environ["NEXTOFFER_PARSED"] = str(arena.folder / "parsed")
        for name in options.only or (SMALL if options.small else ATTACKS):
            attack, tries, seconds = ATTACKS[name]
            wanted = SMALL[name] if options.small else max(1, int(tries * options.share))
            arena.prepared  # noqa: B018 - made before the seconds of an attack are counted
            result = carry_out(name, attack, arena, wanted, options.seed, seconds * options.share)
            results.append(result)
            print(_row(result), flush=True)
    return int(any(result.fell for result in results))


def _row(result: Result) -> str:
    survived = result.tried - len(result.fell)
    row = f"| {result.name} | {result.tried:,} | {survived:,} | {result.seconds:.0f} |"
    return "\n".join([row, *(f"    fell: {sentence}" for sentence in result.fell[:20])])


if __name__ == "__main__":
    sys.exit(main())
