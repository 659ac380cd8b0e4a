"""Cross-fitting and logged policies: the offers that models would have shown, and their values."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from scorer.arrays import Matrix
from scorer.ope.evaluation import evaluate
from scorer.training.cross_fitting import DEPLOYED, Incumbent, Scored, cross_fit
from scorer.training.logged_policies import LoggedPolicies
from scorer.training.workbench import Workbench
from tests.support.benches import bench, catalogue
from tests.support.ranking_inputs import TableModel
from tests.support.training_inputs import START, WORKED_SCHEMA, worked_example

NAMES = (
    *("best_single", "interaction_base", "pooled_trees", "residual_trees", "average"),
    *("dr_ridge", "linear_average", "dr_tree"),
)


class Flat(TableModel):
    """A model that gives everybody the same scores."""

    schema = WORKED_SCHEMA

    def score(self, users: Matrix) -> np.ndarray:
        """The first row of the table for all users."""
        return np.tile(self._table[0], (len(users), 1))


def world() -> pa.Table:
    """The worked example with a third offer that is not ready and three eligibility sets."""
    table = worked_example(0, 200)
    n = table.num_rows
    rng = np.random.default_rng(0)
    offers = np.array(table["offer_id"].to_pylist(), dtype=object)
    offers[rng.random(n) < 0.2] = "offer_3"
    ids = rng.choice(["all", "only_2", "none_ready"], n, p=[0.6, 0.2, 0.2])
    table = table.set_column(2, "offer_id", pa.array(offers.tolist()))
    return table.append_column("eligibility_set_id", pa.array(ids.tolist()))


SETS = {
    "all": frozenset({"offer_1", "offer_2", "offer_3"}),
    "only_2": frozenset({"offer_2", "offer_3"}),
    "none_ready": frozenset({"offer_3"}),
}


@cache
def crossed(incumbent: str | None = None) -> tuple[Workbench, Scored]:
    """The world, scored by every candidate and by a deployed model that knows one offer, if any."""
    stored = None if incumbent is None else Flat({incumbent: [0.9]})
    made = bench(world(), offers=catalogue(others=("offer_3",)), sets=SETS, stored=stored)
    deployed = None if stored is None else Incumbent(stored, START, "v0")
    return made, cross_fit(made, deployed)


def with_columns(**columns: Any) -> LoggedPolicies:
    """Logged policies of the worked example with some columns changed."""
    table = worked_example(0, 100)
    for name, values in columns.items():
        if name in table.column_names:
            table = table.drop_columns([name])
        table = table.append_column(name, pa.array(values))
    examples = bench(table).examples
    scored = Scored.empty(NAMES[:2], len(examples))
    scored.choice[:] = 0
    return LoggedPolicies.of(examples, scored)


def test_every_choice_is_an_eligible_ready_offer() -> None:
    """Choices are allowed ready offers, or -1 even if a ready offer was shown."""
    made, scored = crossed()
    assert scored.names == NAMES
    eligible = made.examples.allowed
    some = eligible[:, :2].any(axis=1)
    for choice in scored.choice:
        assert (choice[~some] == -1).all()
        assert set(choice[some].tolist()) == {0, 1}
        assert eligible[some, choice[some]].all()


def test_the_best_single_policy_shows_the_best_eligible_offer() -> None:
    """The best single offer is the better eligible one, or the only one."""
    made, scored = crossed()
    eligible = made.examples.allowed[:, :2]
    single = scored.choice[0]
    assert len(set(single[eligible.all(axis=1) & (made.folds == 0)].tolist())) == 1
    assert (single[eligible[:, 1] & ~eligible[:, 0]] == 1).all()


def test_expected_rewards_belong_to_choice_and_display() -> None:
    """Scores at choices are the largest eligible ones; logged scores belong to the offer shown."""
    made, scored = crossed()
    chooses = (scored.choice >= 0).all(axis=0)
    same = chooses & (scored.choice[1] == made.examples.offers)
    shown = scored.logged.astype(np.float32)
    np.testing.assert_array_equal(scored.at_choice[1, 1, same], shown[1, same])
    allowed = made.examples.allowed[np.arange(len(made.examples)), made.examples.offers]
    ready = chooses & allowed & (made.examples.offers < 2)
    assert (scored.at_choice[1, 1, ready] >= shown[1, ready]).all()


def test_an_offer_without_a_score_has_its_mean() -> None:
    """An offer that is not ready is scored with its mean on the other folds."""
    made, scored = crossed()
    third = made.examples.offers == 2
    assert third.any()
    assert np.unique(scored.logged[1, third]).size <= made.n_folds
    assert (scored.logged[1, third] > 0).all()


def test_displays_without_a_ready_choice_do_not_evaluate() -> None:
    """Displays without an eligible ready offer are left out."""
    made, scored = crossed()
    logged = LoggedPolicies.of(made.examples, scored)
    expected = made.examples.allowed[:, :2].any(axis=1)
    np.testing.assert_array_equal(logged.rows, np.flatnonzero(expected))


def test_the_random_policy_is_uniform_over_what_could_have_been_shown() -> None:
    """The random policy shows each eligible offer, including the one shown, equally often."""
    made, scored = crossed()
    logged = LoggedPolicies.of(made.examples, scored)
    counts = made.examples.eligible[logged.rows].sum(axis=1)
    np.testing.assert_allclose(logged.random.probability, 1 / counts)


def test_rows_without_propensity_train_but_do_not_evaluate_and_are_counted() -> None:
    """Displays without a propensity only train; those at the first position are counted."""
    propensity = [None] * 50 + [0.5] * 150
    logged = with_columns(propensity=propensity, position=[2] * 10 + [1] * 190)
    assert logged.without_propensity == 40
    assert logged.rows.tolist() == list(range(50, 200))
    assert logged.feedback.displays == 150


def test_displays_below_the_first_position_never_evaluate() -> None:
    """Displays after the first position do not evaluate."""
    logged = with_columns(position=[1, 2] * 100)
    assert logged.rows.tolist() == list(range(0, 200, 2))


def test_a_subset_keeps_the_reference_and_its_places() -> None:
    """Rows of a subset are positions in the original examples."""
    logged = with_columns(position=[1, 2] * 100)
    part = logged.subset(logged.rows < 20)
    assert part.rows.tolist() == list(range(0, 20, 2))
    assert part.reference == logged.reference
    assert len(logged.subset(np.zeros(100, dtype=bool)).examples) == 0


def test_a_patchwork_follows_the_model_of_each_part() -> None:
    """A patchwork follows the named model at each display."""
    made, scored = crossed()
    logged = LoggedPolicies.of(made.examples, scored)
    n = len(logged.examples)
    part = np.arange(n) % 2
    mixed = logged.patchwork(["best_single", "pooled_trees"], part)
    pure = [logged.policy("best_single"), logged.policy("pooled_trees")]
    for name in ("probability", "expected", "logged"):
        chosen = np.where(part == 0, getattr(pure[0], name), getattr(pure[1], name))
        np.testing.assert_array_equal(getattr(mixed, name), chosen)


def test_the_deployed_model_is_never_the_reference() -> None:
    """The deployed model is never the reference, however small its errors."""
    made, scored = crossed("offer_2")
    scored.logged[scored.names.index(DEPLOYED)] = made.examples.rewards
    assert LoggedPolicies.of(made.examples, scored).reference != DEPLOYED


def test_a_deployed_model_is_scored_beside_the_candidates() -> None:
    """The deployed model chooses offers that it knows, and can be removed."""
    _, scored = crossed("offer_2")
    assert scored.names == (*NAMES, DEPLOYED)
    assert set(scored.choice[len(NAMES)].tolist()) == {1, -1}
    without = scored.without(DEPLOYED)
    _, plain = crossed()
    assert without.names == plain.names
    for name in ("logged", "average", "choice", "at_choice"):
        np.testing.assert_array_equal(getattr(without, name), getattr(plain, name))


def test_a_deployed_model_of_offers_that_are_gone_chooses_nothing() -> None:
    """A model of removed offers chooses nothing and does not reduce the displays of the
    candidates."""
    made, scored = crossed("gone")
    assert (scored.choice[len(NAMES)] == -1).all()
    assert len(LoggedPolicies.of(made.examples, scored.without(DEPLOYED)).examples) > 200


@pytest.mark.parametrize("name", NAMES)
def test_the_value_of_a_policy_is_near_the_truth(name: str) -> None:
    """Estimates match the planted rates: 35 % for offer_1 alone, 47.5 % for the right offers."""
    logged = big()
    truth = 0.35 if name == "best_single" else 0.475
    estimate = evaluate(logged.feedback, logged.policy(name))
    assert estimate.value == pytest.approx(truth, abs=0.05)


@cache
def big() -> LoggedPolicies:
    """The worked example, 2000 displays."""
    made = bench(worked_example(0, 1000))
    return LoggedPolicies.of(made.examples, cross_fit(made))
