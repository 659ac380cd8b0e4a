"""Properties of every kind of model."""

from __future__ import annotations

import numpy as np
import pytest

from scorer.features import encode_users
from scorer.models.calibration import Calibration
from scorer.models.objectives import Objective
from scorer.models.persistence import kind_of
from tests.support.benches import KINDS, fitted
from tests.support.training_inputs import worked_example


@pytest.mark.parametrize("kind", KINDS)
def test_the_score_of_one_offer_is_its_column_of_all_scores(kind: str) -> None:
    """Scoring only the offer shown gives what scoring all offers gives, for every kind."""
    model = fitted(kind)
    users = encode_users(worked_example(1, 25), model.schema)
    offers = np.arange(50) % 2
    expected = model.score(users)[np.arange(50), offers]
    np.testing.assert_allclose(model.shown(users, offers), expected, rtol=1e-5)
    assert len(model.shown(users[:0], offers[:0])) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_the_scores_of_one_user_are_its_row_of_all_scores(kind: str) -> None:
    """Scoring one user gives bit by bit what scoring many gives, and whether it personalises."""
    model = fitted(kind)
    users = encode_users(worked_example(1, 25), model.schema)
    users[::7, 1] = np.nan
    scores, personal = model.score(users), model.personalises(users)
    for row, user in enumerate(users):
        one, is_personal = model.score_one(user)
        np.testing.assert_allclose(one, scores[row], rtol=1e-14)
        assert is_personal == personal[row]


@pytest.mark.parametrize("kind", ["interaction_base", "residual_trees"])
def test_margins_do_not_depend_on_who_is_scored_together(kind: str) -> None:
    """Any number of users at once gives the same margins bit by bit."""
    model = fitted(kind)
    users = encode_users(worked_example(1, 25), model.schema)
    together = model.margin_model.margins(users)
    for n in (1, 7, 8, 9):
        np.testing.assert_array_equal(model.margin_model.margins(users[:n]), together[:n])


@pytest.mark.parametrize("kind", KINDS)
def test_a_correction_changes_scores_and_keeps_the_order(kind: str) -> None:
    """A shift lowers every calibrated score and keeps the order."""
    model = fitted(kind)
    link = "log" if kind == "success_value" else "logit"
    correction, objective = Calibration(link, 1.0, -1.0), Objective({}, link, 20.0, 1.0)
    users = encode_users(worked_example(1, 25), model.schema)
    before, after = model.score(users), model.recalibrated(correction, objective).score(users)
    np.testing.assert_array_equal(before.argmax(axis=1), after.argmax(axis=1))
    personal = model.personalises(users)
    assert (after[personal] < before[personal]).all()
    np.testing.assert_array_equal(after[~personal], before[~personal])


@pytest.mark.parametrize("kind", KINDS)
def test_the_class_of_a_form_is_in_the_module_of_its_name(kind: str) -> None:
    """A stored model finds its class by the module named like its form, without a list."""
    model = fitted(kind)
    assert kind_of(model.form) is type(model)


@pytest.mark.parametrize("form", ["protocol", "no_such_kind", "../secrets", ""])
def test_an_unknown_form_is_refused(form: str) -> None:
    """A form is refused if its module defines no kind of model or does not exist."""
    with pytest.raises(ValueError, match="form"):
        kind_of(form)
