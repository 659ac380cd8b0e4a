"""Training: from examples of one strategy to a calibrated model of the reward.

Gradient boosted trees over (offer, user features). The offer is a categorical column whose
splits are always one-hot (one offer against the others), which lets few trees isolate an offer
and then split on its users; grouped categorical splits rank far worse.

Notes:
-----
1. Rows of ready offers are put in time order (event_ts, display_id); the last fifth validates.
2. Early stopping on the validation part chooses the number of rounds, never fewer than 50: a
   pure interaction shows no gain in the first trees, so "no progress yet" proves nothing.
3. The calibration is fitted on the validation margins of that first model.
4. The model is trained again on all rows, with a fifth more rounds.

``lambda`` and ``min_child_weight`` are meant in displays and multiplied by the Hessian of one
average display, so they mean the same at a rate of 1 % and of 30 %.

The same rows, plan and XGBoost version give the same booster bytes for any number of threads: no
row or column sampling is used and histogram sums did not depend on threads when measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import xgboost as xgb

from scorer import metrics
from scorer.calibration import Calibration, fit_calibration
from scorer.errors import StrategyError
from scorer.features import DECISIONING, FeatureSchema, Matrix, encode_offers, encode_users
from scorer.model import OfferModel, threads_for
from scorer.objectives import Objective, choose_objective

Vector = npt.NDArray[np.float64]

MIN_READY_OFFERS = 2
VALIDATION_SHARE = 0.2
MIN_ROUNDS = 50
MAX_ROUNDS = 600
PATIENCE = 30
REFIT_ROUNDS = 1.2
TREE_PARAMETERS: dict[str, Any] = {"tree_method": "hist", "max_depth": 5, "eta": 0.1}
LAMBDA_DISPLAYS = 20.0
MIN_CHILD_DISPLAYS = 10.0
_MIN_VALIDATION_SUCCESSES = 5


@dataclass(frozen=True)
class TrainingPlan:
    """What to train: ``kpi_type`` is binary or continuous; only ready offers' rows are used.

    ``offers_included`` is the number of offers of the strategy, for the record; None means no
    other than the ready ones.
    """

    kpi_type: str
    ready_offer_ids: tuple[str, ...]
    seed: int = 0
    offers_included: int | None = None


@dataclass(frozen=True)
class TrainedModel:
    """A model with what the manifest says about its making; window ends are UTC, inclusive."""

    model: OfferModel
    kpi_type: str
    parameters: dict[str, Any]
    metrics: dict[str, Any]
    data_window_start: datetime
    data_window_end: datetime
    training_rows: int
    successes: int
    offers_included: int


@dataclass(frozen=True)
class _Rows:
    """Encoded examples in time order: matrix (n, 1 + f) with the offer's code first."""

    matrix: Matrix
    rewards: Vector
    feature_types: list[str]

    def quantised(self, rows: slice, scale: float, ref: Any = None) -> xgb.QuantileDMatrix:
        return xgb.QuantileDMatrix(
            self.matrix[rows],
            label=self.rewards[rows] / scale,
            feature_types=self.feature_types,
            enable_categorical=True,
            ref=ref,
        )


def load_examples(connection: Any, strategy_id: str, schema: FeatureSchema) -> pa.Table:
    """Read a strategy's rows of ``training_examples`` with the schema's columns, as Arrow."""
    fixed = ("display_id", "event_ts", "offer_id", "reward", *DECISIONING)
    columns = ", ".join((*fixed, *schema.select_list))
    return connection.sql(
        f"select {columns} from training_examples where strategy_id = ?", params=[strategy_id]
    ).to_arrow_table()


def train(examples: pa.Table, schema: FeatureSchema, plan: TrainingPlan) -> TrainedModel:
    """Train, calibrate and measure a model on the examples of one strategy.

    Parameters
    ----------
    examples : pa.Table
        One row per display, in any order: ``display_id, event_ts, offer_id, reward`` and the
        schema's columns. Rows of other offers and rows without a reward are left out.
    schema : FeatureSchema
        As declared; the categories are fitted here.
    plan : TrainingPlan
        KPI type, ready offers and seed.

    Raises
    ------
    StrategyError
        Fewer than 2 ready offers, or no row, no success or nothing but successes.
    """
    offer_ids = tuple(sorted(plan.ready_offer_ids))
    if len(offer_ids) < MIN_READY_OFFERS:
        raise StrategyError(f"{len(offer_ids)} offers ready, {MIN_READY_OFFERS} needed")
    examples = _usable(examples, offer_ids)
    fitted = schema.fit(examples)
    rows = _encode(examples, fitted, offer_ids)
    objective = choose_objective(rows.rewards, plan.kpi_type)
    parameters = _parameters(objective, max(fitted.max_categories, len(offer_ids)), plan.seed)
    cut = validation_start(examples["event_ts"].to_numpy(), rows.rewards)
    booster, calibration, measured = _fit(rows, cut, objective, parameters)
    window = pc.min_max(examples["event_ts"]).as_py()
    return TrainedModel(
        model=OfferModel(booster, fitted, offer_ids, calibration),
        kpi_type=plan.kpi_type,
        parameters={**parameters, "rounds": booster.num_boosted_rounds(), "link": objective.link},
        metrics=measured,
        data_window_start=window["min"],
        data_window_end=window["max"],
        training_rows=examples.num_rows,
        successes=int((rows.rewards != 0).sum()),
        offers_included=len(offer_ids) if plan.offers_included is None else plan.offers_included,
    )


def validation_start(event_times: npt.NDArray[Any], rewards: Vector) -> int:
    """First row of the validation part of rows in time order; n when no useful part exists.

    Displays of one instant stay together. The part is useful when it and the rows before it
    hold at least 5 successes each, and both kinds of outcome.
    """
    n = rewards.size
    cut = int(n * (1 - VALIDATION_SHARE))
    if cut < 1 or cut >= n:
        return n
    cut = int(np.searchsorted(event_times, event_times[cut], side="left"))
    for part in (rewards[:cut], rewards[cut:]):
        if np.count_nonzero(part) < _MIN_VALIDATION_SUCCESSES or part.min() == part.max():
            return n
    return cut


def _usable(examples: pa.Table, offer_ids: tuple[str, ...]) -> pa.Table:
    ready = pc.is_in(pc.cast(examples["offer_id"], pa.string()), pa.array(offer_ids))
    kept = examples.filter(pc.and_(ready, pc.is_valid(examples["reward"])))
    if kept.num_rows == 0:
        raise StrategyError("no display of a ready offer in the window")
    return kept.sort_by([("event_ts", "ascending"), ("display_id", "ascending")])


def _encode(examples: pa.Table, schema: FeatureSchema, offer_ids: tuple[str, ...]) -> _Rows:
    matrix = np.empty((examples.num_rows, 1 + len(schema.features)), dtype=np.float32)
    matrix[:, 0] = encode_offers(examples["offer_id"], offer_ids)
    matrix[:, 1:] = encode_users(examples, schema)
    rewards = pc.cast(examples["reward"], pa.float64()).to_numpy()
    return _Rows(matrix, rewards, ["c", *schema.feature_types])


def _parameters(objective: Objective, codes: int, seed: int) -> dict[str, Any]:
    return {
        **TREE_PARAMETERS,
        **objective.parameters,
        "lambda": LAMBDA_DISPLAYS * objective.hessian,
        "min_child_weight": MIN_CHILD_DISPLAYS * objective.hessian,
        "max_cat_to_onehot": codes + 1,
        "seed": seed,
    }


def _fit(
    rows: _Rows, cut: int, objective: Objective, parameters: dict[str, Any]
) -> tuple[xgb.Booster, Calibration, dict[str, Any]]:
    """Choose the rounds and calibrate on the rows from ``cut`` on, then train on all rows."""
    n = rows.rewards.size
    parameters = {**parameters, "nthread": threads_for(rows.matrix.size)}
    calibration, measured, rounds = Calibration(objective.link), _counts(rows, n), MIN_ROUNDS * 2
    if cut < n:
        fitting = rows.quantised(slice(0, cut), objective.scale)
        holdout = rows.quantised(slice(cut, n), objective.scale, ref=fitting)
        first = xgb.train(
            parameters,
            fitting,
            MAX_ROUNDS,
            evals=[(holdout, "validation")],
            early_stopping_rounds=PATIENCE,
            verbose_eval=False,
        )
        best = max(first.best_iteration + 1, min(MIN_ROUNDS, first.num_boosted_rounds()))
        rounds = max(MIN_ROUNDS, round(best * REFIT_ROUNDS))
        margins = first.inplace_predict(
            rows.matrix[cut:], iteration_range=(0, best), predict_type="margin"
        )
        outcomes = rows.rewards[cut:] / objective.scale
        calibration = fit_calibration(margins, outcomes, objective.link)
        measured |= _measured(rows, cut, margins, objective.in_units(calibration))
    everything = rows.quantised(slice(0, n), objective.scale)
    booster = xgb.train(parameters, everything, rounds, verbose_eval=False)
    measured["rounds"] = rounds
    return booster, objective.in_units(calibration), measured


def _counts(rows: _Rows, n: int) -> dict[str, Any]:
    return {"rows": n, "successes": int(np.count_nonzero(rows.rewards)), "validation_rows": 0}


def _measured(rows: _Rows, cut: int, margins: Matrix, calibration: Calibration) -> dict[str, Any]:
    """Validation metrics beside the baseline that knows only each offer's mean before the cut."""
    outcomes, scores = rows.rewards[cut:], calibration.apply(margins)
    codes = rows.matrix[:, 0].astype(np.int64)
    baseline = _offer_means(codes[:cut], rows.rewards[:cut], int(codes.max()) + 1)[codes[cut:]]
    shared = {
        "validation_rows": int(outcomes.size),
        "validation_successes": int(np.count_nonzero(outcomes)),
        "validation_mean": float(outcomes.mean()),
        "validation_mean_score": float(scores.mean()),
    }
    if calibration.link == "logit":
        area = metrics.auc(outcomes, scores)
        return shared | {
            "log_loss": metrics.log_loss(outcomes, scores),
            "baseline_log_loss": metrics.log_loss(outcomes, baseline),
            "auc": area,
            "gini": None if area is None else 2 * area - 1,
        }
    return shared | {
        "rmse": metrics.rmse(outcomes, scores),
        "baseline_rmse": metrics.rmse(outcomes, baseline),
        "gini": metrics.lorenz_gini(outcomes, scores),
    }


def _offer_means(codes: npt.NDArray[np.int64], rewards: Vector, n_offers: int) -> Vector:
    """Mean reward per offer, shrunk to the overall mean with the weight of 20 displays."""
    sums = np.bincount(codes, weights=rewards, minlength=n_offers)
    counts = np.bincount(codes, minlength=n_offers)
    return (sums + 20 * rewards.mean()) / (counts + 20)
