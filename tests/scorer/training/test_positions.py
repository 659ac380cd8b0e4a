"""Positions: favourites that a log shows first are not flattered."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa
import pytest

from scorer.training.examples import Examples, encode_examples
from scorer.training.plan import TrainingPlan
from scorer.training.positions import chances_of_a_look, looked_at
from scorer.training.train import train
from tests.support.benches import BOTH, catalogue
from tests.support.training_inputs import WORKED_SCHEMA, examples

LOOK = 0.4


@cache
def shop(seed: int, n: int = 20_000, rate: float = 0.1) -> pa.Table:
    """Two equal offers, both shown: in 9 of 10 decisions, offer_1 is the first of the two."""
    rng = np.random.default_rng(seed)
    leads = rng.random(n) < 0.9
    offers = np.where(np.stack([leads, ~leads]), "offer_1", "offer_2").T.ravel()
    positions = np.tile([1, 2], n)
    rewards = rng.random(2 * n) < rate * np.where(positions == 1, 1.0, LOOK)
    columns = {
        "segment:f1": rng.integers(0, 2, n).repeat(2).astype(bool),
        "context:f2": np.zeros(2 * n),
        "profile_id": np.arange(n).repeat(2),
        "propensity": np.where((offers == "offer_1") == (positions == 1), 0.9, 0.1),
        "position": positions,
    }
    return examples(columns, offers.tolist(), rewards)


def encoded(table: pa.Table) -> Examples:
    """The examples of both offers."""
    return encode_examples(table, WORKED_SCHEMA, catalogue(), "binary")


def rates(made: Examples) -> list[float]:
    """Mean reward of the training displays of each offer."""
    return [float(made.rewards[made.trains & (made.offers == o)].mean()) for o in (0, 1)]


def test_the_chance_of_a_look_does_not_depend_on_who_is_shown_first() -> None:
    """Weighted with propensities, the second position earns 0.4 times as much as the first."""
    found = chances_of_a_look(encoded(shop(0)))
    assert found[2] == pytest.approx(LOOK, abs=0.06)


def test_favourites_are_not_flattered() -> None:
    """Before the correction, the offer that is shown first seems twice as good; then both agree."""
    made = encoded(shop(0))
    before, after = rates(made), rates(looked_at(made, chances_of_a_look(made)))
    assert before[0] > 1.8 * before[1]
    assert after[0] == pytest.approx(after[1], rel=0.12)
    assert after[0] == pytest.approx(0.1, rel=0.12)


def test_successes_and_first_positions_all_train() -> None:
    """Only displays at lower positions without a reward are left out."""
    made = encoded(shop(1))
    unseen = looked_at(made, {2: LOOK}).unseen
    assert unseen.mean() == pytest.approx((1 - LOOK) * 0.5, abs=0.03)
    assert not unseen[(made.positions == 1) | (made.rewards > 0)].any()


@pytest.mark.parametrize("change", ["one position", "no propensity", "few successes"])
def test_nothing_is_corrected_without_evidence(change: str) -> None:
    """One position, unknown propensities or few successes give no chance below 1."""
    table = shop(0)
    if change == "one position":
        table = table.set_column(
            table.column_names.index("position"), "position", pa.array(np.ones(len(table), int))
        )
    if change == "no propensity":
        table = table.drop_columns(["propensity"])
    if change == "few successes":
        table = table.slice(0, 1_500)
    assert all(chance == 1 for chance in chances_of_a_look(encoded(table)).values())


def test_a_training_says_what_it_allowed_for() -> None:
    """The notes and metrics have the chance; displays that were not looked at still count."""
    training = train(shop(0), WORKED_SCHEMA, TrainingPlan("binary", BOTH))
    chance = training.personalised.metrics["looked_at"]["2"]
    assert chance == pytest.approx(LOOK, abs=0.06)
    assert any(note.startswith("position 2 earns 0.") for note in training.notes)
    assert training.personalised.training_rows == 40_000
