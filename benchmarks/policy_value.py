"""Policy value on planted worlds: ours and peers fitted on the same rows.

``python -m benchmarks.policy_value --help``; benchmarks/README.md describes the measures.
"""

from __future__ import annotations

import argparse
import csv
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from benchmarks import peers
from benchmarks.cells import Cell, Outcome, run_cell
from benchmarks.peer_tables import figure, world_table
from benchmarks.report import Table, show, write_markdown
from benchmarks.requirements import Verdict, verdict
from benchmarks.worlds import WorldSpec

QUICK_WORLDS = (
    "additive-20-5-60k",
    "threshold-20-5-60k",
    "xnor-20-5-100k",
    "means-20-5-60k",
)
DEFAULT_WORLDS = (
    "additive-20-2-100k",
    "additive-100-2-300k",
    "additive-500-5-300k",
    "threshold-20-1-300k",
    "threshold-100-2-300k",
    "threshold-20-5-100k-logged",
    "xnor-20-5-300k",
    "xnor-100-2-300k",
    "means-20-2-100k",
    "means-100-1-300k",
    "null-20-2-100k",
)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when a requirement is missed, 2 for wrong usage, else 0."""
    options = _parser().parse_args(arguments)
    names = options.worlds or (QUICK_WORLDS if options.quick else DEFAULT_WORLDS)
    try:
        specs = [WorldSpec.parse(name, options.displays) for name in names]
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    seeds = options.seeds or (2 if options.quick else 3)
    chosen = list(dict.fromkeys([peers.BEST_SINGLE, *options.peers]))
    drawn = range(options.first, options.first + seeds)
    cells = [Cell(spec, seed, options.test_users) for spec in specs for seed in drawn]
    outcomes = _run(cells, chosen, options)
    tables, verdicts = _summaries(specs, outcomes)
    for table in tables:
        show(table)
    for path in options.out:
        _write(path, outcomes, tables, arguments)
    return 0 if all(v.is_met for v in verdicts) else 1


def _run(cells: list[Cell], names: list[str], options: argparse.Namespace) -> list[Outcome]:
    def one(cell: Cell) -> list[Outcome]:
        found = []
        for outcome in run_cell(cell, names, options.cap):
            found.append(outcome)
            print(_line(outcome), file=sys.stderr, flush=True)
        return found

    with ThreadPoolExecutor(options.jobs) as pool:
        return [outcome for found in pool.map(one, cells) for outcome in found]


def _line(o: Outcome) -> str:
    reached = f"{o.ratio:.3f} x best single, normalised {o.normalised:.3f}"
    reached += f", fit {o.fit_seconds:.1f} s, score {o.score_seconds:.1f} s"
    return f"{o.world} seed {o.seed} {o.peer}: {reached if o.status == 'ok' else o.status}"


def _summaries(
    specs: list[WorldSpec], outcomes: list[Outcome]
) -> tuple[list[Table], list[Verdict]]:
    by_world = {s.name: [o for o in outcomes if o.world == s.name] for s in specs}
    found = [verdict(by_world[s.name], s.is_null) for s in specs]
    verdicts = [v for v in found if v is not None]
    tables = [world_table(name, rows) for name, rows in by_world.items()]
    if verdicts:
        tables.append(_verdict_table(verdicts))
    return tables, verdicts


def _verdict_table(verdicts: list[Verdict]) -> Table:
    rows = [
        [
            v.world,
            v.peer,
            figure(v.ratios, digits=4),
            f"{v.ratios.min():.4f}",
            v.requirement,
            "met" if v.is_met else "MISSED",
        ]
        for v in verdicts
    ]
    header = ["world", "against", "ours / peer", "smallest seed", "required", "result"]
    return Table("Requirements", header, rows)


def _write(
    path: Path, outcomes: list[Outcome], tables: list[Table], arguments: list[str] | None
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".csv":
        with path.open("w", newline="") as file:
            fields = [*asdict(outcomes[0]), "ratio", "normalised"]
            writer = csv.DictWriter(file, fields)
            writer.writeheader()
            writer.writerows(
                asdict(o) | {"ratio": o.ratio, "normalised": o.normalised} for o in outcomes
            )
        return
    command = " ".join(sys.argv[1:] if arguments is None else arguments)
    write_markdown(path, f"python -m benchmarks.policy_value {command}", tables)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.policy_value", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small worlds, under 5 minutes")
    parser.add_argument("--worlds", nargs="+", help="truth-offers-rate[-displays][-logged]")
    parser.add_argument("--displays", type=int, default=100_000, help="for worlds that name none")
    parser.add_argument("--seeds", type=int, help="default 3, with --quick 2")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument(
        "--peers", nargs="+", default=list(peers.DEFAULT), choices=peers.PEERS, metavar="PEER"
    )
    parser.add_argument("--test-users", type=int, default=10_000, help="fresh users to measure on")
    parser.add_argument("--cap", type=float, default=900, help="wall seconds a peer may take")
    parser.add_argument("--jobs", type=int, default=2, help="worlds run at a time")
    parser.add_argument(
        "--out", type=Path, action="append", default=[], help="a .csv or .md file; repeatable"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
