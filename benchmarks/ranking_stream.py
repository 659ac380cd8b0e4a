"""Writing ranked offers: people in, rows of ``scorer.ranked_offers`` out, at several sizes.

``python -m benchmarks.ranking_stream --profiles 100000 300000 1000000``. Every size runs in a
separate process on new tables, so that peak memory is measured per size.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from benchmarks.ranking_tables import AS_OF, PLACEMENTS, STRATEGY, fill_ranking_tables, sample_model
from benchmarks.report import Table, show, write_markdown
from scorer.models.protocol import RewardModel
from scorer.ranking.batch import rank_candidates, write_ranked_offers
from scorer.ranking.context import Deployed, load_context
from scorer.warehouse.database import connect_build, limited_memory

_SAMPLED_PROFILES = 20_000
Result = TypeVar("Result")


@dataclass(frozen=True)
class Streamed:
    """One run of ``write_ranked_offers``; seconds, and megabytes of resident memory."""

    profiles: int
    rows: int
    cpu: float
    wall: float
    before: float
    peak: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; always 0, because this benchmark has no requirements."""
    options = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        made = _in_process(_make_model, Path(folder), options.offers, options.kind)
        runs = []
        for profiles in options.profiles:
            _in_process(_make_tables, Path(folder), profiles, options.offers)
            runs.append(_in_process(stream, Path(folder) / "build.duckdb", made))
    table = _table(runs, options.offers, options.kind)
    show(table)
    if options.out:
        write_markdown(options.out, "python -m benchmarks.ranking_stream", [table])
    return 0


def stream(build: Path, model: RewardModel) -> Streamed:
    """Write the ranked offers of a build made by :func:`fill_ranking_tables`.

    Kernels are compiled and pages warmed by a first batch; then memory and time are measured.
    """
    with connect_build(build) as connection:
        context = load_context(connection, STRATEGY, AS_OF, Deployed(model, "bench"))
        with limited_memory(connection):
            rank_candidates(connection, context).read_next_batch()
        before, cpu, wall = _megabytes(), time.process_time(), time.perf_counter()
        rows = write_ranked_offers(connection, context)
        cpu, wall, peak = time.process_time() - cpu, time.perf_counter() - wall, _megabytes()
        found = connection.execute("select count(*) from ranking_candidates").fetchall()
    return Streamed(found[0][0] // PLACEMENTS, rows, cpu, wall, before, peak)


def _in_process(function: Callable[..., Result], *arguments: object) -> Result:
    """Result of a call in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def _make_model(folder: Path, offers: int, kind: str) -> RewardModel:
    with connect_build(folder / "sample.duckdb") as connection:
        fill_ranking_tables(connection, _SAMPLED_PROFILES, offers)
        return sample_model(connection, kind)


def _make_tables(folder: Path, profiles: int, offers: int) -> None:
    (folder / "build.duckdb").unlink(missing_ok=True)
    with connect_build(folder / "build.duckdb") as connection:
        fill_ranking_tables(connection, profiles, offers)


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _table(runs: list[Streamed], offers: int, kind: str) -> Table:
    header = [
        "profiles",
        "rows",
        "CPU s",
        "wall s",
        "CPU µs / decision",
        "rows / CPU s",
        "MB before",
        "MB peak",
    ]
    rows = [
        [
            f"{r.profiles:,}",
            f"{r.rows:,}",
            f"{r.cpu:.1f}",
            f"{r.wall:.1f}",
            f"{1e6 * r.cpu / (r.profiles * PLACEMENTS):.1f}",
            f"{r.rows / r.cpu:,.0f}",
            f"{r.before:,.0f}",
            f"{r.peak:,.0f}",
        ]
        for r in runs
    ]
    return Table(f"{PLACEMENTS} placements, {offers} offers, {kind}", header, rows)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ranking_stream", description=__doc__
    )
    parser.add_argument("--profiles", type=int, nargs="+", default=[100_000, 300_000, 1_000_000])
    parser.add_argument("--offers", type=int, default=100)
    parser.add_argument("--kind", default="residual_trees", help="candidate model")
    parser.add_argument("--folder", help="where the tables are made")
    parser.add_argument("--out", type=Path, help="markdown file for the table")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
