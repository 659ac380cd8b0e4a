"""The metadata of a trained model, for its manifest and the row of its training run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from scorer.arrays import Vector
from scorer.models.protocol import RewardModel
from scorer.registry.trained_model import TrainedModel
from scorer.training import metrics
from scorer.training.candidates import BEST_SINGLE
from scorer.training.cross_fitting import Scored
from scorer.training.gate import Verdict
from scorer.training.means import best_choice
from scorer.training.model_choice import Selection
from scorer.training.shifts import Shift
from scorer.training.workbench import Workbench


@dataclass(frozen=True)
class Describer:
    """Adds metadata to the models of one training.

    ``offers_included`` None counts the ready offers. ``chances`` are those of a look at each lower
    position.
    """

    bench: Workbench
    scored: Scored
    selection: Selection
    verdict: Verdict
    offers_included: int | None
    shifts: tuple[Shift, ...]
    deals: int
    flaws: tuple[str, ...]
    chances: dict[int, float]

    def __call__(self, model: RewardModel, name: str) -> TrainedModel:
        """The model with its metadata, which include the estimates of all candidates."""
        examples = self.bench.examples
        counts = examples.counts
        times = examples.times[counts].astype("datetime64[us]").astype(object)
        included = self.offers_included
        return TrainedModel(
            model=model,
            kpi_type=examples.kpi_type,
            parameters={
                "candidate": name,
                "seed": self.bench.seed,
                "folds": self.bench.n_folds,
                "link": self.bench.objective.link,
                "rounds": 0 if model.margin_model is None else model.margin_model.rounds,
            },
            metrics=self._metrics(name),
            data_window_start=times[0],
            data_window_end=times[-1],
            training_rows=int(counts.sum()),
            successes=int(np.count_nonzero(examples.rewards[counts])),
            offers_included=len(examples.catalogue.ready) if included is None else included,
        )

    def _metrics(self, name: str) -> dict[str, Any]:
        """Out-of-fold metrics of the candidate and of the offer means, estimates and verdict."""
        trains = self.bench.scored
        outcomes = self.bench.examples.rewards[trains]
        scores = self._out_of_fold(name)[trains]
        baseline = self._out_of_fold(BEST_SINGLE)[trains]
        return {
            "rows": int(trains.sum()),
            "successes": int(np.count_nonzero(outcomes)),
            "mean": float(outcomes.mean()),
            "mean_score": float(scores.mean()),
            **_fit_metrics(outcomes, scores, baseline, self.bench.examples.kpi_type),
            "changed_offers": [{**asdict(s), "since": s.since.isoformat()} for s in self.shifts],
            "best_single": asdict(best_choice(self.bench.examples)),
            "convergence": self.bench.convergence(),
            "refused_fits": list(self.flaws),
            "fold_deals": self.deals,
            "looked_at": {str(position): chance for position, chance in self.chances.items()},
            **selection_record(self.selection, self.verdict),
        }

    def _out_of_fold(self, name: str) -> Vector:
        return self.scored.logged[self.scored.names.index(name)]


def selection_record(selection: Selection, verdict: Verdict) -> dict[str, Any]:
    """Estimates of all candidates and the verdict of the gate, JSON-ready."""
    return {
        "chosen": selection.chosen,
        "evaluation_rows": len(selection.logged.examples),
        "rows_without_propensity": selection.logged.without_propensity,
        "gate": {
            "personalises": verdict.personalises,
            "reason": verdict.reason,
            "held_back_placements": list(verdict.held_back_placements),
            "gain_seen": None if verdict.gain_seen is None else verdict.gain_seen.isoformat(),
            "status": selection.evidence.status,
            "z": selection.evidence.z,
            "z_needed": verdict.needed,
            "lift": selection.gain.lift,
            "lift_low": selection.gain.lift_low,
            "lift_high": selection.gain.lift_high,
        },
        "candidates": [
            {
                "name": c.name,
                "status": c.value.status,
                "policy_value": c.value.value,
                "standard_error": c.value.standard_error,
                "value_low": c.value.low,
                "value_high": c.value.high,
                "lift_over_best_single": c.over_best_single.lift,
                "z_over_best_single": c.over_best_single.z,
                "z_by_rank": c.by_rank.z,
            }
            for c in selection.candidates
        ],
    }


def _fit_metrics(
    outcomes: Vector,
    scores: Vector,
    baseline: Vector,
    kpi_type: str,
) -> dict[str, Any]:
    if kpi_type == "binary":
        area = metrics.auc(outcomes, scores)
        return {
            "log_loss": metrics.log_loss(outcomes, scores),
            "baseline_log_loss": metrics.log_loss(outcomes, baseline),
            "auc": area,
            "gini": None if area is None else 2 * area - 1,
        }
    return {
        "rmse": metrics.rmse(outcomes, scores),
        "baseline_rmse": metrics.rmse(outcomes, baseline),
        "gini": metrics.lorenz_gini(outcomes, scores),
    }
