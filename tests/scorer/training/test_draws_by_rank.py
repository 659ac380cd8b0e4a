"""Of many offers, candidates are compared by draws by rank."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scorer.ope.evaluation import IDENTICAL, INSUFFICIENT, OK, PairedDifference, averaged
from scorer.training import workbench
from scorer.training.cross_fitting import _draw_by_rank
from scorer.training.plan import TrainingPlan
from scorer.training.train import train
from tests.support.benches import BOTH
from tests.support.training_inputs import WORKED_SCHEMA, worked_example


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 60), st.integers(0, 1_000))
def test_probabilities_of_all_allowed_offers_add_up_to_one(offers: int, seed: int) -> None:
    """Probabilities sum to 1 for any scores and eligible offers, also with fewer than 15."""
    rng = np.random.default_rng(seed)
    may = np.tile(rng.random(offers) < 0.7, (offers, 1))
    may[:, 0] = True
    scores = np.where(may, np.tile(rng.normal(size=offers), (offers, 1)), -np.inf)
    drawn = _draw_by_rank(scores, may, scores.argmax(axis=1), np.arange(offers))
    assert drawn.sum() == pytest.approx(1)
    assert (drawn[~may[0]] == 0).all()
    assert drawn.argmax() == scores[0].argmax()


def test_an_average_of_deals_has_their_mean_evidence() -> None:
    """Deals without an estimate do not count, and identical policies count as no difference."""
    deals = [
        PairedDifference(OK, difference=0.4, standard_error=0.2, z=2.0),
        PairedDifference(INSUFFICIENT),
        PairedDifference(IDENTICAL, difference=0.0, standard_error=0.0, z=0.0),
    ]
    found = averaged(deals)
    assert (found.status, found.z, found.difference) == (OK, 1.0, 0.2)
    assert averaged(deals[1:2]).status == INSUFFICIENT


def test_one_fold_judges_many_displays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clear gain passes on a fifth of the people, and all of them train the final model."""
    monkeypatch.setattr(workbench, "_MANY_ROWS", 1_000)
    result = train(worked_example(5, 1_500), WORKED_SCHEMA, TrainingPlan("binary", BOTH))
    assert result.verdict.personalises
    assert result.personalised.training_rows == 3_000
    assert result.personalised.metrics["rows"] == pytest.approx(600, rel=0.1)
    assert len(result.logged.examples) == result.personalised.metrics["rows"]


def test_all_folds_judge_if_one_is_not_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    """With 40 displays in a fold, the verdict needs the others."""
    monkeypatch.setattr(workbench, "_MANY_ROWS", 100)
    table = worked_example(5, 100)
    result = train(table, WORKED_SCHEMA, TrainingPlan("binary", BOTH))
    assert len(result.logged.examples) == table.num_rows
