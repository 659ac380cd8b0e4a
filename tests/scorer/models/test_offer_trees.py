"""Trees over offer and user, alone or on a base; folds and out-of-fold margins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from scorer.arrays import Matrix
from scorer.errors import InputError
from scorer.features import encode_users
from scorer.models.boosting import TreeData
from scorer.models.offer_trees import OfferTrees
from scorer.training.candidates import CANDIDATES
from scorer.training.examples import usable_rows
from scorer.training.workbench import EVERYTHING
from tests.support.benches import BOTH, bench, catalogue, fitted
from tests.support.training_inputs import WORKED_SCHEMA, worked_example

USERS = np.array([[0, 1], [0, 0], [1, 1], [1, 0]], dtype=np.float32)
ODD = np.array([[np.nan, np.nan], [5, -1e30], [0, 0.5]], dtype=np.float32)


def trees(kind: str) -> OfferTrees:
    """Trees of the worked example."""
    model = fitted(kind)
    assert isinstance(model, OfferTrees)
    return model


def predicted(model: OfferTrees, users: Matrix, start: Matrix | None) -> Matrix:
    """Margins predicted by XGBoost, one row per user and offer."""
    rows = np.column_stack([np.tile([0, 1], len(users)), np.repeat(users, 2, axis=0)])
    rows = rows.astype(np.float32)
    margins = model.booster.inplace_predict(rows, predict_type="margin", base_margin=start)
    return margins.reshape(len(users), 2)


@pytest.mark.parametrize("users", [USERS, ODD], ids=["usual", "odd"])
def test_margins_are_those_of_booster_and_base(users: Matrix) -> None:
    """With a base, boosting starts from its margins; without one, from a constant."""
    residual, pooled = trees("residual_trees"), trees("pooled_trees")
    assert residual.base is not None
    start = residual.base.margins(users).ravel()
    np.testing.assert_array_equal(residual.margins(users), predicted(residual, users, start))
    np.testing.assert_array_equal(pooled.margins(users), predicted(pooled, users, None))


def test_another_calibration_does_not_compile_the_forest_again() -> None:
    """Models that share a booster share its compiled forest."""
    model = trees("pooled_trees")
    assert replace(model, calibration=replace(model.calibration, shift=1.0)).forest is model.forest


def test_trees_of_no_round_leave_the_base_as_it_is() -> None:
    """A booster without splits leaves the margins of the base as they are."""
    residual = trees("residual_trees")
    assert residual.base is not None
    empty = replace(residual, booster=residual.booster[:1])
    added = empty.margins(USERS) - residual.base.margins(USERS)
    assert np.abs(added).max() < 0.5
    assert np.abs(added.mean()) < 0.05


def test_scores_do_not_depend_on_the_pieces_they_are_made_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Scoring in tiny pieces gives the same scores; no users give no rows."""
    model = trees("residual_trees")
    users = encode_users(worked_example(2, 50), model.schema)
    whole = model.score(users)
    monkeypatch.setattr("scorer.models.offer_trees.MAX_SCORES", 20)
    np.testing.assert_array_equal(model.score(users), whole)
    assert model.score(users[:0]).shape == (0, 2)


def test_a_booster_of_other_features_is_refused() -> None:
    """A booster must have one feature more than the schema."""
    model = trees("pooled_trees")
    with pytest.raises(InputError, match="the booster has 3 features, its schema 2"):
        replace(model, schema=replace(model.schema, features=model.schema.features[:1]))


@pytest.mark.parametrize("kind", ["interaction_base", "pooled_trees", "residual_trees"])
def test_each_candidate_solves_the_worked_example(kind: str) -> None:
    """offer_2 comes first at (0, 1), offer_1 elsewhere, with about the planted rates."""
    scores = fitted(kind, 3, 1500).score(USERS[:3])
    assert scores.argmax(axis=1).tolist() == [1, 0, 0]
    np.testing.assert_allclose(scores, [[0.1, 0.6], [0.6, 0.1], [0.6, 0.1]], atol=0.12)


def by_people(displays: int = 100) -> pa.Table:
    """The worked example with four displays for each person."""
    table = worked_example(0, displays)
    owners = np.random.default_rng(1).permutation(np.repeat(np.arange(displays // 2), 4))
    return table.append_column("profile_id", pa.array([f"p{i:03}" for i in owners]))


def test_folds_are_made_of_whole_people() -> None:
    """All displays of a person are in one fold, and folds are about equal."""
    made = bench(by_people())
    profiles = made.examples.profiles
    assert all(len(set(made.folds[profiles == p].tolist())) == 1 for p in np.unique(profiles))
    counts = np.bincount(made.folds)
    assert len(counts) == 5
    assert counts.max() - counts.min() <= 4


def test_folds_do_not_depend_on_row_order() -> None:
    """Shuffled rows give every person the same fold."""
    table = by_people()
    first = bench(table)
    shuffled = bench(table.take(np.random.default_rng(0).permutation(table.num_rows)))
    np.testing.assert_array_equal(first.folds, shuffled.folds)
    np.testing.assert_array_equal(first.examples.profiles, shuffled.examples.profiles)


def test_a_persons_own_labels_never_move_their_starting_margins() -> None:
    """Inverting all outcomes of the people in a fold changes only the margins of others."""
    in_order = usable_rows(by_people(), catalogue())
    before = bench(in_order)
    inside = before.folds == 2
    rewards = before.examples.rewards.copy()
    rewards[inside] = 1 - rewards[inside]
    after = bench(in_order.set_column(3, "reward", pa.array(rewards)))
    np.testing.assert_array_equal(before.folds, after.folds)
    for excluded in (EVERYTHING, frozenset({1})):
        first, second = before.starting_margins(excluded), after.starting_margins(excluded)
        np.testing.assert_array_equal(first[inside], second[inside])
        assert not np.allclose(first[~inside], second[~inside])


def test_starting_margins_of_a_fold_that_is_left_out_never_saw_it() -> None:
    """The labels of an excluded fold affect no margin."""
    in_order = usable_rows(by_people(), catalogue())
    before = bench(in_order)
    rewards = np.where(before.folds == 1, 1 - before.examples.rewards, before.examples.rewards)
    after = bench(in_order.set_column(3, "reward", pa.array(rewards)))
    excluded = frozenset({1})
    np.testing.assert_array_equal(
        before.starting_margins(excluded), after.starting_margins(excluded)
    )


def test_starting_margins_are_those_of_the_other_folds_base() -> None:
    """Margins from the design matrix equal those of the model, row by row."""
    made = bench(by_people())
    margins = made.starting_margins(EVERYTHING)
    rows = np.flatnonzero(made.folds == 3)
    base = made.base(frozenset({3}))
    expected = base.margins(made.examples.users[rows])[
        np.arange(len(rows)), made.examples.offers[rows]
    ]
    np.testing.assert_allclose(margins[rows], expected, atol=1e-5)


def test_rows_of_offers_that_are_not_ready_neither_train_nor_have_a_margin() -> None:
    """Offers that are not ready take part in no fit."""
    made = bench(worked_example(0, 100), offers=catalogue(("offer_1",), ("offer_2",)))
    ready = made.examples.offers == 0
    np.testing.assert_array_equal(made.training(EVERYTHING), ready)
    np.testing.assert_array_equal(np.isnan(made.starting_margins(EVERYTHING)), ~ready)


def test_a_fold_that_is_left_out_does_not_train_its_trees() -> None:
    """The labels of an excluded fold leave its trees as they are."""
    made = bench(by_people())
    turned = np.where(made.folds == 0, 1 - made.outcomes, made.outcomes)
    other = bench(by_people())
    other.outcomes = turned
    excluded = frozenset({0})
    pair = [CANDIDATES["pooled_trees"](b, excluded) for b in (made, other)]
    boosters = [m.booster for m in pair if isinstance(m, OfferTrees)]
    rounds = min(b.num_boosted_rounds() for b in boosters)
    raw = [bytes(b[:rounds].save_raw("json")) for b in boosters]
    assert raw[0] == raw[1]


def test_the_final_trees_are_as_long_as_the_folds_wanted() -> None:
    """The final fit sees 5/3 of the rows that found the rounds: it grows a fifth more of them."""
    made = bench(by_people())
    made.rounds["pooled_trees"] = [20, 60, 100]
    model = CANDIDATES["pooled_trees"](made, EVERYTHING)
    assert isinstance(model, OfferTrees)
    assert model.booster.num_boosted_rounds() == pytest.approx(60 * (5 / 3) ** (1 / 3), abs=4)


def test_models_have_the_ready_offers_and_the_fitted_schema() -> None:
    """Columns of the scores follow the order of the offers."""
    for kind in ("interaction_base", "pooled_trees", "residual_trees", "best_single"):
        model = fitted(kind)
        assert model.kind == kind
        assert model.offer_ids == BOTH
        assert model.schema == WORKED_SCHEMA
        assert model.personalises(USERS).tolist() == [kind != "best_single"] * 4


def test_the_average_has_the_mean_of_both_margins() -> None:
    """Margins of the average are halfway between those of the base and of the pooled trees."""
    made = bench(by_people())
    mixed, trees, base = (
        CANDIDATES[name](made, EVERYTHING)
        for name in ("average", "pooled_trees", "interaction_base")
    )
    assert isinstance(mixed, OfferTrees)
    assert isinstance(trees, OfferTrees)
    assert mixed.kind == "average"
    users = made.examples.users[:200]
    expected = (trees.margins(users) + base.margins(users)) / 2
    np.testing.assert_allclose(mixed.margins(users), expected, atol=1e-4)


def test_of_many_rows_those_without_a_success_are_thinned() -> None:
    """All successes stay, 8 others for each, and weights make up for the rest."""
    rng = np.random.default_rng(0)
    outcomes = (rng.random(60_000) < 0.02).astype(float)
    data = TreeData(np.zeros((60_000, 1), np.float32), ("q",), outcomes)
    kept = data.thinned(np.ones(60_000, bool), 0)
    assert kept.outcomes.sum() == outcomes.sum()
    assert len(kept.outcomes) == pytest.approx(9 * outcomes.sum(), rel=0.05)
    assert kept.weights is not None
    assert kept.weights.sum() == pytest.approx(60_000, rel=0.02)
    few = data.thinned(np.arange(60_000) < 30_000, 0)
    assert few.weights is None
    assert len(few.outcomes) == 30_000
