"""Trees of each offer below a split on the offer, in one booster."""

from __future__ import annotations

import numpy as np
import pytest

from scorer.forest import load_booster
from scorer.models.boosting import TreeData, tree_parameters
from scorer.models.objectives import choose_objective
from scorer.models.own_trees import OWN, Rounds, _started, _without_offers, grow_and_count, grow_own

TYPES = ("c", "q", "q")


def data(seed: int = 0, n: int = 3000, is_null: bool = False) -> TreeData:
    """Offer 0 succeeds where the first number is positive, offer 1 where it is not."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(n, 3)).astype(np.float32)
    matrix[:, 0] = rng.integers(0, 2, n)
    good = (matrix[:, 0] == 0) == (matrix[:, 1] > 0)
    rate = np.full(n, 0.3) if is_null else np.where(good, 0.5, 0.1)
    return TreeData(matrix, TYPES, (rng.random(n) < rate).astype(float))


PARAMETERS = tree_parameters(choose_objective(data().outcomes, "binary"), OWN, 2, 0)


def test_each_offer_follows_its_own_trees() -> None:
    """The margins order the offers by the sign of the first number."""
    grown, rounds = grow_and_count(data(), PARAMETERS, data(1, 1000))
    users = np.random.default_rng(2).normal(size=(200, 3)).astype(np.float32)
    booster, margins = grown.merged(), []
    for offer in (0, 1):
        users[:, 0] = offer
        margins.append(booster.inplace_predict(users, predict_type="margin"))
    assert ((margins[0] > margins[1]) == (users[:, 1] > 0)).mean() > 0.97
    assert OWN.min_rounds <= rounds.own <= OWN.max_rounds


def test_the_booster_is_the_sum_of_common_and_own_trees() -> None:
    """With no display of an offer, its margins are those of the common trees."""
    only = data().take(data().matrix[:, 0] == 0)
    booster = grow_own(only, PARAMETERS, Rounds(3, 4)).merged()
    assert booster.num_boosted_rounds() == 7
    other = only.matrix.copy()
    other[:, 0] = 1
    common = booster[:3].inplace_predict(other, predict_type="margin")
    np.testing.assert_array_equal(booster.inplace_predict(other, predict_type="margin"), common)
    start = _started(only, booster[:3]).start
    np.testing.assert_array_equal(common, start)
    assert (booster.inplace_predict(only.matrix, predict_type="margin") != common).any()


def test_without_preferences_few_rounds_are_grown() -> None:
    """Held-out displays that show no difference between offers want the least rounds."""
    _, rounds = grow_and_count(data(is_null=True), PARAMETERS, data(1, 3000, is_null=True))
    assert rounds.own <= 2 * OWN.min_rounds


@pytest.mark.parametrize("rounds", [Rounds(2, 2), Rounds(5, 3)])
def test_the_same_rows_give_a_booster_that_can_be_stored(rounds: Rounds) -> None:
    """Twice the same bytes, which pass the checks of stored boosters."""
    stored = [
        bytes(grow_own(data(), PARAMETERS, rounds).merged().save_raw("ubj")) for _ in range(2)
    ]
    assert stored[0] == stored[1]
    assert load_booster(stored[0], 3).num_boosted_rounds() == rounds.common + 2 * rounds.own


def test_common_trees_do_not_see_the_offer() -> None:
    """The first column is the same for all."""
    assert (_without_offers(data()).matrix[:, 0] == 0).all()
