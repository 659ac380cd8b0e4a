"""Stability of the verdict of the gate: the same rows, trained with other seeds and folds.

``python -m benchmarks.verdict_seeds --help``. Each training has another seed, and the ids of people
are permuted, so that folds and deals of folds differ, too. Worlds should have a z near the
threshold: far from it, every verdict is stable. Exits 1 if fewer than 19 of 20 verdicts agree.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pyarrow as pa

from benchmarks.report import Table, show
from benchmarks.worlds import WorldSpec, make
from scorer.training.plan import TrainingPlan
from scorer.training.train import train

AGREE = 0.95


def judged(spec: WorldSpec, log_seed: int, seed: int) -> tuple[bool, float, int]:
    """Verdict, z and deals of folds of a log, with a seed and people named by it."""
    log = make(spec, log_seed)[1]
    table = log.examples
    names = table["profile_id"].combine_chunks().dictionary_encode()
    order = np.random.default_rng(seed).permutation(len(names.dictionary))
    renamed = pa.array(np.char.add("p", order.astype(str))).take(names.indices)
    table = table.set_column(table.column_names.index("profile_id"), "profile_id", renamed)
    plan = TrainingPlan(log.kpi_type, log.offer_ids, seed=seed)
    trained = train(table, log.declared, plan)
    gate = trained.personalised.metrics
    return trained.verdict.personalises, gate["gate"]["z"] or 0.0, gate["fold_deals"]


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 if verdicts change too often, else 0."""
    parser = argparse.ArgumentParser("python -m benchmarks.verdict_seeds", description=__doc__)
    worlds = ["threshold-5-5-8k", "additive-5-2-10k", "threshold-10-5-12k-heavy"]
    parser.add_argument("--worlds", nargs="+", default=worlds)
    parser.add_argument("--logs", type=int, default=2, help="logs per world")
    parser.add_argument("--seeds", type=int, default=20, help="trainings per log")
    parser.add_argument("--jobs", type=int, default=2, help="trainings at a time")
    options = parser.parse_args(arguments)
    rows, agreed = [], []
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        for name in options.worlds:
            for log in range(options.logs):
                spec = WorldSpec.parse(name, 10_000)
                jobs = [pool.submit(judged, spec, log, seed) for seed in range(options.seeds)]
                found = [job.result() for job in jobs]
                passed = sum(personal for personal, _, _ in found)
                most = max(passed, len(found) - passed)
                z = np.array([z for _, z, _ in found])
                deals = np.mean([deals for _, _, deals in found])
                agreed.append(most / len(found))
                rows.append(
                    [
                        f"{spec.name} log {log}",
                        f"{most} of {len(found)}",
                        "passes" if passed == most else "is held back",
                        f"{z.min():.2f} to {z.max():.2f}",
                        f"{deals:.1f}",
                    ]
                )
                print(rows[-1], file=sys.stderr, flush=True)
    show(Table("Verdicts", ["log", "agree", "verdict", "z", "deals of folds"], rows))
    print(f"{np.mean(agreed):.1%} of verdicts agree with that of most seeds")
    return 0 if np.mean(agreed) >= AGREE else 1


if __name__ == "__main__":
    sys.exit(main())
