"""Final fits that contradict the data or the fits of the folds are never deployed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scorer.models.interaction_base import InteractionBase
from scorer.models.protocol import RewardModel
from scorer.training import candidates
from scorer.training.candidates import CANDIDATES
from scorer.training.plan import TrainingPlan
from scorer.training.train import Training, train
from scorer.training.workbench import EVERYTHING, Folds, Workbench
from tests.support.benches import BOTH
from tests.support.training_inputs import WORKED_SCHEMA, worked_example


def trained() -> Training:
    """A training on a strong signal."""
    return train(worked_example(5, 500), WORKED_SCHEMA, TrainingPlan("binary", BOTH))


def with_final(monkeypatch: pytest.MonkeyPatch, names: list[str], factor: float) -> None:
    """Let the final fits of these candidates be a base whose weights are too large."""

    def broken(name: str) -> candidates.Fit:
        fit = CANDIDATES[name]

        def fitted(bench: Workbench, excluded: Folds) -> RewardModel:
            if excluded != EVERYTHING:
                return fit(bench, excluded)
            base = bench.base(EVERYTHING)
            assert isinstance(base, InteractionBase)
            return replace(base, weights=base.weights * factor)

        return fitted

    for name in names:
        monkeypatch.setitem(CANDIDATES, name, broken(name))


def test_a_sound_training_refuses_nothing() -> None:
    """All fits converge, and the metrics say so."""
    measured = trained().personalised.metrics
    assert measured["refused_fits"] == []
    assert all(fit["has_converged"] for fit in measured["convergence"])
    assert [] in [fit["excluded_folds"] for fit in measured["convergence"]]


def test_the_next_best_candidate_replaces_a_final_fit_that_ran_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Estimates of the folds do not deploy a final fit whose weights are thirty times as large."""
    first = trained().selection.order[0]
    with_final(monkeypatch, [first], 30.0)
    result = trained()
    assert result.selection.chosen == first
    assert result.personalised.parameters["candidate"] == result.selection.order[1]
    (told,) = result.personalised.metrics["refused_fits"]
    assert told.startswith(f"{first}: ")
    assert told in result.notes


def test_without_a_sound_fit_the_best_single_offer_is_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """If no final fit can be trusted, the strategy is held back and the reason says why."""
    with_final(monkeypatch, [name for name in CANDIDATES if name != "best_single"], 30.0)
    result = trained()
    assert not result.verdict.personalises
    assert str(result.verdict.reason).startswith("no final fit can be trusted: ")
    assert result.model.kind == "best_single"
