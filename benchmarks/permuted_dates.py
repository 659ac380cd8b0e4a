"""False alarms of the search for changed offers: dates are permuted, so nothing changed.

``python -m benchmarks.permuted_dates --help``. Each training sees amounts whose dates are in random
order, so every shift that it finds is false.
"""

from __future__ import annotations

import argparse
import sys
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa

from benchmarks.report import Table, show
from scorer.features import FeatureSchema
from scorer.models.objectives import capped, choose_objective
from scorer.training.examples import encode_examples
from scorer.training.plan import TrainingPlan
from scorer.training.shifts import find_shifts
from scorer.training.workbench import Workbench

KINDS = ("clicks", "purchases", "heavy", "negative", "around_zero", "refunds")
ALLOWED = 0.005
_OFFERS = 8
_DAYS = 28
_START = datetime(2026, 10, 23)


def amounts(kind: str, n: int, rng: np.random.Generator) -> np.ndarray:
    """Outcomes of n displays of a kind of KPI, float64 (n,)."""
    buys = rng.random(n) < 0.05
    if kind == "clicks":
        return buys.astype(np.float64)
    if kind == "purchases":
        return buys * rng.lognormal(3.0, 0.8, n)
    if kind == "heavy":
        return buys * rng.lognormal(3.0, 2.0, n)
    if kind == "negative":
        return rng.normal(-0.5, 3.0, n) + rng.standard_t(2.2, n)
    if kind == "around_zero":
        return rng.standard_t(2.2, n)
    return buys * np.where(rng.random(n) < 0.4, -1, 1) * rng.lognormal(3.0, 1.5, n)


def false_alarms(kind: str, displays: int, seed: int) -> int:
    """Number of shifts found in one log without a change."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    offers = tuple(f"offer_{k}" for k in range(_OFFERS))
    times = np.sort(rng.integers(0, _DAYS * 86_400, displays))
    rewards = amounts(kind, displays, rng)
    table = pa.table(
        {
            "display_id": [f"d{i:07}" for i in range(displays)],
            "event_ts": [_START + timedelta(seconds=int(t)) for t in times],
            "profile_id": [f"p{i}" for i in rng.integers(0, displays // 3, displays)],
            "offer_id": pa.array(offers).take(pa.array(rng.integers(0, _OFFERS, displays))),
            "reward": rewards,
            "is_success": rewards != 0,
            "propensity": np.full(displays, 1 / _OFFERS),
            "segment:s": rng.random(displays) < 0.4,
        }
    )
    schema = FeatureSchema.declare(
        [
            {
                "feature_order": 0,
                "feature_name": "s",
                "feature_kind": "segment",
                "value_type": "boolean",
            }
        ]
    )
    kpi_type = "binary" if kind == "clicks" else "continuous"
    plan = TrainingPlan(kpi_type, offers)
    examples = encode_examples(table, schema, plan.offers, kpi_type)
    learned = capped(examples.rewards, kpi_type)
    objective = choose_objective(learned, kpi_type)
    return len(find_shifts(Workbench(examples, objective, learned / objective.scale, 0)))


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when a kind has more false alarms than allowed, else 0."""
    options = _parser().parse_args(arguments)
    rows, is_met = [], True
    for kind in options.kinds:
        found = [false_alarms(kind, options.displays, seed) for seed in range(options.logs)]
        wrong = sum(n > 0 for n in found)
        allowed = max(1, int(ALLOWED * options.logs))
        is_met &= wrong <= allowed
        rows.append([kind, str(options.logs), str(wrong), f"at most {allowed}"])
    show(Table("Permuted dates", ["KPI", "trainings", "with a false alarm", "required"], rows))
    return 0 if is_met else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.permuted_dates", description=__doc__)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--logs", type=int, default=200, help="trainings of each kind")
    parser.add_argument("--displays", type=int, default=12_000)
    return parser


if __name__ == "__main__":
    sys.exit(main())
