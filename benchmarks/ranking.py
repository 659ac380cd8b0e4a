"""Rank 20, 100 and 500 offers for users: ours, the cross product and other scorers.

All figures are CPU microseconds per user on one thread, the minimum of three repeats in one
process. Before the timing, our margins must equal those of XGBoost bit by bit, and our best offers
a full sort of them.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from benchmarks.machine_limits import (
    copied_bytes_per_second,
    cpu_seconds,
    gemm_additions_per_second,
)
from benchmarks.ranking_models import (
    KINDS,
    Displays,
    Floats,
    Ranker,
    Size,
    make_displays,
    make_users,
    train_ranker,
)
from benchmarks.ranking_peers import PEERS, SAME_MODEL, UnreadableError
from benchmarks.report import Table, show, write_markdown
from scorer.forest import FactorisedForest

TOP = 5
ROWS_FOR_PEERS = 60_000
# Kind, number of offers, minimum ratio to inplace_predict.
REQUIRED = {("one_hot", 20): 20, ("one_hot", 100): 100, ("native", 100): 40}
LEAST_OF_WINDOW, LEAST_OF_TWO_THREADS = 5.0, 1.7

Figures = dict[str, float | str]


def main() -> int:
    """Run, print, write; exit code 1 when a requirement is missed."""
    arguments = parse_arguments()
    tables, missed = [], []
    for kind in arguments.kinds:
        rows = []
        for n_offers in arguments.offers:
            size = Size(n_offers, arguments.trees, arguments.depth)
            displays = make_displays(size)
            ranker = train_ranker(kind, size, displays)
            figures = measure(ranker, displays, arguments)
            rows.append((n_offers, figures))
            missed += shortfalls(kind, n_offers, figures)
        tables.append(as_table(kind, rows))
        show(tables[-1])
    for line in missed:
        print(f"missed: {line}")
    if arguments.out:
        command = " ".join(["python -m benchmarks.ranking", *sys.argv[1:]])
        write_markdown(arguments.out, command, tables)
    return int(bool(missed))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--offers", type=int, nargs="+", default=[20, 100, 500])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--peers", nargs="*", choices=list(PEERS), default=list(PEERS))
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--depth", type=int, default=6)
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


def measure(ranker: Ranker, displays: Displays, arguments: argparse.Namespace) -> Figures:
    """Measure CPU microseconds per user of every scorer, and derive the ratios."""
    figures: Figures = {}
    start = time.process_time()
    forest = FactorisedForest(ranker.booster, ranker.offers, ranker.offer_columns, threads=1)
    figures["ours: compile, CPU ms"] = 1e3 * (time.process_time() - start)
    users = make_users(arguments.users, 2)
    few = users[: max(1, ROWS_FOR_PEERS // len(ranker.offers))]
    check(ranker, forest, few)
    figures["cross product alone"] = _per_user(lambda: ranker.crossed(few), few)
    for name in dict.fromkeys(["inplace_predict", *arguments.peers]):
        figures[name] = peer_figure(name, ranker, displays, few)
    figures["ours, all margins"] = _per_user(lambda: forest.score(users), users)
    figures[f"ours, top {TOP}"] = _per_user(lambda: forest.top_k(users, TOP), users)
    figures["DuckDB window alone"] = window_figure(forest, few)
    figures.update(ratios(figures, forest, users))
    return figures


def check(ranker: Ranker, forest: FactorisedForest, users: Floats) -> None:
    """Check that our margins equal those of XGBoost bit by bit and give the same ranking."""
    margins = ranker.booster.inplace_predict(ranker.crossed(users), predict_type="margin")
    margins = margins.reshape(len(users), -1)
    if forest.score(users).tobytes() != margins.tobytes():
        raise SystemExit("ours does not give XGBoost's margins")
    expected = np.argsort(-margins, axis=1, kind="stable")[:, :TOP]
    if not np.array_equal(forest.top_k(users, TOP).columns, expected):
        raise SystemExit("ours does not rank as XGBoost's margins do")


def peer_figure(name: str, ranker: Ranker, displays: Displays, users: Floats) -> float | str:
    """CPU microseconds of a peer per user, including the cross product."""
    try:
        score = PEERS[name](ranker, displays)
    except ImportError:
        return "not installed"
    except UnreadableError as reason:
        return str(reason)
    rows = ranker.crossed(users)
    if name in SAME_MODEL:
        ours = ranker.booster.inplace_predict(rows, predict_type="margin")
        np.testing.assert_allclose(score(rows), ours, atol=1e-4)
    return _per_user(lambda: score(ranker.crossed(users)), users, repeats=2)


def window_figure(forest: FactorisedForest, users: Floats) -> float:
    """The best offers of margins that are already a table, by DuckDB's window, one thread."""
    margins = forest.score(users)
    n_users, n_offers = margins.shape
    connection = duckdb.connect(config={"threads": 1})
    scored = pa.table(
        {
            "user_id": np.repeat(np.arange(n_users), n_offers),
            "offer": np.tile(np.arange(n_offers, dtype=np.int32), n_users),
            "margin": margins.ravel(),
        }
    )
    connection.register("margins_arrow", scored)
    connection.execute("create table scored as select * from margins_arrow")
    query = (
        "select user_id, offer, margin from scored qualify row_number() over"
        f" (partition by user_id order by margin desc, offer) <= {TOP}"
    )
    found = connection.execute(f"{query} order by user_id, margin desc, offer").fetchnumpy()
    best = forest.top_k(users, TOP).columns
    if not np.array_equal(found["offer"], best.ravel()):
        raise SystemExit("DuckDB's window ranks otherwise")
    return _per_user(lambda: connection.sql(query).to_arrow_table(), users)


def ratios(figures: Figures, forest: FactorisedForest, users: Floats) -> Figures:
    """Ratios of the others to ours, of one thread to two, and shares of the limits of the
    machine."""
    ours, best = figures["ours, all margins"], figures[f"ours, top {TOP}"]
    seconds = ours * 1e-6 * len(users)
    moved = users.nbytes + len(users) * forest.n_offers * 4
    added = len(users) * forest.n_offers * forest.n_trees
    speedups = two_threads(forest, users)
    return {
        "inplace_predict / ours": figures["inplace_predict"] / ours,
        "DuckDB window / ours, top k": figures["DuckDB window alone"] / best,
        "2 threads, CPU": speedups[0],
        "2 threads, wall": speedups[1],
        "% of memory copy": 100 * moved / seconds / copied_bytes_per_second(),
        "% of GEMM additions": 100 * added / seconds / gemm_additions_per_second(),
    }


def two_threads(forest: FactorisedForest, users: Floats) -> tuple[float, float]:
    """Speed-up by a second thread: by CPU seconds (as if both cores were free) and by wall time."""
    cpu, wall = {}, {}
    for _ in range(15):
        for threads in (1, 2):
            forest.threads = threads
            started, start = time.perf_counter(), time.process_time()
            forest.top_k(users, TOP)
            spent = time.process_time() - start
            cpu[threads] = min(cpu.get(threads, np.inf), spent)
            wall[threads] = min(wall.get(threads, np.inf), time.perf_counter() - started)
    forest.threads = 1
    return 2 * cpu[1] / cpu[2], wall[1] / wall[2]


def shortfalls(kind: str, n_offers: int, figures: Figures) -> Iterator[str]:
    """Requirements that were missed."""
    least = {
        "inplace_predict / ours": REQUIRED.get((kind, n_offers), 0),
        "DuckDB window / ours, top k": LEAST_OF_WINDOW,
        "2 threads, CPU": LEAST_OF_TWO_THREADS,
    }
    for name, bound in least.items():
        if figures[name] < bound:
            yield f"{kind}, {n_offers} offers: {name} is {figures[name]:.1f}, below {bound}"


def as_table(kind: str, rows: list[tuple[int, Figures]]) -> Table:
    """One line per figure, one column per number of offers."""
    header = [f"{kind}: CPU µs per user", *(f"{n} offers" for n, _ in rows)]
    names = list(dict.fromkeys(name for _, figures in rows for name in figures))
    return Table(
        f"{kind} model",
        header,
        [[name, *(_text(figures.get(name, "-")) for _, figures in rows)] for name in names],
    )


def _text(figure: float | str) -> str:
    return figure if isinstance(figure, str) else f"{figure:.3g}"


def _per_user(work: Callable[[], object], users: Floats, repeats: int = 3) -> float:
    return 1e6 * cpu_seconds(work, repeats) / len(users)


if __name__ == "__main__":
    sys.exit(main())
