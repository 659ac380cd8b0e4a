"""Training the trees: ways to build the matrix, time to fit, and policy value of what was fitted.

``python -m benchmarks.training --help``. All ways start from the same Arrow table of displays (what
DuckDB hands over), use one thread and the same parameters. ``ref`` takes the bins from a sample of
the rows, which saves the sorting of the rest; whether that costs policy value is measured where the
truth is known.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import xgboost as xgb
from scipy.special import expit

from benchmarks.population import Floats
from benchmarks.report import Table, show, write_markdown
from benchmarks.worlds import World, WorldSpec, make, population
from scorer.arrays import Matrix
from scorer.features import FeatureSchema, encode_offers, encode_users
from scorer.models.boosting import POOLED, tree_parameters, with_offers
from scorer.models.calibration import Calibration
from scorer.models.objectives import choose_objective
from scorer.models.offer_trees import OfferTrees

OURS, PANDAS, PANDAS_DMATRIX = "ours (float32 codes)", "pandas, quantile", "pandas, DMatrix"
ARROW, REF = "Arrow columns", "ours, ref= sample"


@dataclass(frozen=True)
class Log:
    """Displays of one world; ``rewards`` float64 (n,)."""

    table: pa.Table
    schema: FeatureSchema
    offer_ids: tuple[str, ...]
    rewards: Floats
    sample_rows: int

    @property
    def types(self) -> list[str]:
        """XGBoost's feature types, the offer first."""
        return ["c", *self.schema.feature_types]


@dataclass(frozen=True)
class Fitted:
    """One way on one seed: CPU seconds, and policy value (0 random, 1 the oracle)."""

    way: str
    build: float
    fit: float
    value: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; always 0: it measures, nothing is required."""
    options = _parser().parse_args(arguments)
    spec = WorldSpec.parse(options.world, 300_000)
    results = [
        fitted
        for seed in range(options.seeds)
        for fitted in _run(spec, seed, options.rounds, options.sample)
    ]
    table = _table(spec, results)
    show(table)
    if options.out:
        write_markdown(options.out, "python -m benchmarks.training", [table])
    return 0


def matrix(log: Log) -> Matrix:
    """Rows as the scorer feeds them: float32 (n, 1 + n_features), the offer's code first."""
    offers = encode_offers(log.table["offer_id"], log.offer_ids)
    return with_offers(offers, encode_users(log.table, log.schema))


def frame(log: Log) -> Any:
    """The same rows as a pandas frame: categories as such, numbers as they are."""
    import pandas as pd

    whole = log.table.select(["offer_id", *log.schema.names]).to_pandas()
    known = {"offer_id": log.offer_ids}
    known |= {f.column: f.categories for f in log.schema.features if f.value_type == "category"}
    for name in whole.columns:
        if name in known:
            codes = pd.Categorical(whole[name], categories=list(known[name])).codes
            whole[name] = pd.Categorical.from_codes(codes, categories=range(len(known[name])))
        else:
            whole[name] = whole[name].astype("float64")
    return whole


def columns(log: Log) -> pa.Table:
    """The same rows as Arrow columns: uint8 codes where they fit, float32 numbers."""
    rows = matrix(log)
    arrays = []
    for j, kind in enumerate(log.types):
        missing = np.isnan(rows[:, j])
        whole = kind == "c" and rows[:, j][~missing].max(initial=0) < 256
        values = np.where(missing, 0, rows[:, j]).astype(np.uint8 if whole else np.float32)
        arrays.append(pa.array(values, mask=missing))
    return pa.table(arrays, names=[f"f{j}" for j in range(len(arrays))])


def ways() -> Mapping[str, Callable[[Log], xgb.DMatrix]]:
    """Every way from displays to XGBoost's own form."""
    return {
        OURS: lambda log: _quantised(log, matrix(log)),
        PANDAS: lambda log: xgb.QuantileDMatrix(
            frame(log), label=log.rewards, enable_categorical=True, nthread=1
        ),
        PANDAS_DMATRIX: lambda log: xgb.DMatrix(
            frame(log), label=log.rewards, enable_categorical=True, nthread=1
        ),
        ARROW: lambda log: _quantised(log, columns(log)),
        REF: _from_sample,
    }


def _quantised(log: Log, rows: Any, ref: xgb.QuantileDMatrix | None = None) -> xgb.QuantileDMatrix:
    return xgb.QuantileDMatrix(
        rows,
        label=log.rewards[: len(rows)],
        feature_types=log.types,
        enable_categorical=True,
        ref=ref,
        nthread=1,
    )


def _from_sample(log: Log) -> xgb.QuantileDMatrix:
    """Bins of the first rows (their order says nothing), then all rows into them."""
    rows = matrix(log)
    return _quantised(log, rows, _quantised(log, rows[: log.sample_rows]))


def _run(spec: WorldSpec, seed: int, rounds: int, sample: int) -> list[Fitted]:
    world, feedback = make(spec, seed)
    schema = feedback.schema
    rewards = feedback.examples["reward"].to_numpy()
    log = Log(feedback.examples, schema, feedback.offer_ids, rewards, sample)
    objective = choose_objective(rewards, "binary")
    codes = max(schema.max_categories, len(log.offer_ids))
    parameters = tree_parameters(objective, POOLED, codes, seed) | {"nthread": 1}
    fitted = []
    for way, build in ways().items():
        start = time.process_time()
        data = build(log)
        built = time.process_time()
        booster = xgb.train(parameters, data, rounds)
        # Quantiles of a plain DMatrix are made in the first round.
        done = time.process_time()
        trees = OfferTrees(booster, schema, log.offer_ids, Calibration("logit"))
        fitted.append(Fitted(way, built - start, done - built, _value(world, trees, seed)))
    return fitted


def _value(world: World, trees: OfferTrees, seed: int) -> float:
    """Mean true rate of the offer ranked first, over 10,000 fresh users; 0 random, 1 the oracle."""
    users = population(seed, 10_000)
    rates = expit(world.logits(users))
    best = trees.margins(encode_users(users.table(), trees.schema)).argmax(axis=1)
    reached, random = rates[np.arange(len(best)), best].mean(), rates.mean()
    return float((reached - random) / (rates.max(axis=1).mean() - random))


def _table(spec: WorldSpec, results: list[Fitted]) -> Table:
    header = ["way", "build CPU s", "build / ours", "fit CPU s", "policy value, by seed"]
    times = {way: _means(results, way) for way in ways()}
    rows = []
    for way, (build, fit) in times.items():
        values = ", ".join(f"{r.value:.3f}" for r in results if r.way == way)
        rows.append([way, f"{build:.2f}", f"{build / times[OURS][0]:.2f}", f"{fit:.2f}", values])
    return Table(f"{spec.name}, means over seeds", header, rows)


def _means(results: list[Fitted], way: str) -> tuple[float, float]:
    own = [r for r in results if r.way == way]
    return float(np.mean([r.build for r in own])), float(np.mean([r.fit for r in own]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("--world", default="additive-100-5-300k")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--sample", type=int, default=50_000, help="rows that give ref= its bins")
    parser.add_argument("--out", type=Path, help="markdown file for the table")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
