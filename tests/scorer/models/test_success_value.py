"""P(success) x value of a success, for rare large amounts."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa
import pytest

from scorer.models.success_value import SuccessValue, values_of_success
from scorer.training.candidates import CANDIDATES, candidates_of
from scorer.training.means import best_choice, offer_means
from scorer.training.plan import TrainingPlan
from scorer.training.train import Training, train
from scorer.training.workbench import EVERYTHING
from tests.support.benches import BOTH, bench, catalogue
from tests.support.training_inputs import WORKED_SCHEMA, examples

USERS = np.array([[0, 0], [1, 0]], dtype=np.float32)


def shop(seed: int, n: int = 6000, sigma: float = 0.5, value: float = 20.0) -> pa.Table:
    """Purchases of log-normal amounts, at 12 % if offer and segment fit, else 3 %."""
    rng = np.random.default_rng(seed)
    f1, offer = rng.integers(0, 2, (2, n))
    buys = rng.random(n) < np.where(f1 == offer, 0.12, 0.03)
    amounts = value * rng.lognormal(-(sigma**2) / 2, sigma, n)
    columns = {
        "segment:f1": f1.astype(bool),
        "context:f2": np.zeros(n),
        "propensity": np.full(n, 0.5),
        "is_success": buys,
    }
    return examples(columns, [f"offer_{o + 1}" for o in offer], buys * amounts)


def trained(table: pa.Table, **options: object) -> Training:
    """Train on amounts."""
    return train(table, WORKED_SCHEMA, TrainingPlan("continuous", BOTH, **options))  # type: ignore[arg-type]


@cache
def heavy() -> Training:
    """Amounts with very heavy tails, and one huge purchase where offer and segment do not fit."""
    table = shop(0, sigma=1.5)
    rewards = table["reward"].to_numpy().copy()
    misfit = (table["segment:f1"].to_numpy(zero_copy_only=False)) & (
        np.array(table["offer_id"].to_pylist()) == "offer_1"
    )
    rewards[np.flatnonzero(misfit)[10]] = 1e4
    return trained(table.set_column(3, "reward", pa.array(rewards)))


def test_means_of_few_successes_are_shrunk_to_that_of_all() -> None:
    """The overall value counts as thirty successes; failures do not count."""
    offers = np.array([0] * 90 + [1] * 30 + [0])
    rewards = np.array([10.0] * 90 + [50.0] * 30 + [0.0])
    successes = rewards > 0
    found = values_of_success(offers, rewards, successes, np.full(3, np.nan))
    overall = (900 + 1500) / 120
    expected = [(900 + 30 * overall) / 120, (1500 + 30 * overall) / 60, overall]
    np.testing.assert_allclose(found, expected)


def test_a_known_value_of_a_success_takes_the_place_of_the_mean() -> None:
    """A value from the catalogue is used as is."""
    found = values_of_success(
        np.array([0, 1]), np.array([10.0, 50.0]), np.ones(2, bool), np.array([7.0, np.nan])
    )
    assert found[0] == 7.0
    assert found[1] != 50.0


def test_without_successes_all_values_are_zero() -> None:
    """Without successes all values are 0."""
    found = values_of_success(np.zeros(3, int), np.zeros(3), np.zeros(3, bool), np.full(2, np.nan))
    assert found.tolist() == [0, 0]


def test_the_known_value_comes_from_the_characteristics() -> None:
    """Scores are P(success) x value_per_success of the catalogue."""
    told = {"offer_1": {"value_per_success": 40}, "offer_2": {"other": 3}}
    made = bench(shop(1, 1500), offers=catalogue(characteristics=told), kpi_type="continuous")
    model = CANDIDATES["success_value"](made, EVERYTHING)
    assert isinstance(model, SuccessValue)
    assert model.success_values[0] == 40
    assert model.success_values[1] == pytest.approx(20, rel=0.2)
    np.testing.assert_allclose(
        model.score(USERS), model.chances.score(USERS) * model.success_values
    )
    np.testing.assert_allclose(model.chances.score(USERS), [[0.12, 0.03], [0.03, 0.12]], atol=0.05)


def test_it_is_a_candidate_only_for_rare_amounts() -> None:
    """The candidate is left out for a binary KPI and for dense values."""
    table = shop(1, 600)
    assert "success_value" in candidates_of(bench(table, kpi_type="continuous"))
    dense = table.set_column(3, "reward", pa.array(np.random.default_rng(0).normal(size=600)))
    assert "success_value" not in candidates_of(bench(dense, kpi_type="continuous"))
    clicks = table.set_column(3, "reward", pa.array((table["reward"].to_numpy() > 0).astype(float)))
    assert "success_value" not in candidates_of(bench(clicks))


def test_one_enormous_purchase_does_not_make_an_offer_the_best_single_one() -> None:
    """One huge purchase does not make an offer the best single one; the level of the means
    stays."""
    table = shop(4, 3000)
    rewards = table["reward"].to_numpy().copy()
    is_second = np.array(table["offer_id"].to_pylist()) == "offer_2"
    rewards[~is_second] *= 2
    rewards[np.flatnonzero(is_second & (rewards > 0))[3]] = 1e5
    made = bench(table.set_column(3, "reward", pa.array(rewards)), kpi_type="continuous")
    means = offer_means(made.examples)
    assert means[0] > means[1] + 0.5
    assert means.mean() == pytest.approx(rewards.mean(), rel=0.02)


def test_a_heavy_tail_does_not_change_who_gets_what() -> None:
    """Every candidate orders the offers by segment, and so does the chosen one."""
    assert heavy().personalised.model.score(USERS).argmax(axis=1).tolist() == [0, 1]


@pytest.mark.parametrize("sigma", [0.5, 1.5])
def test_levels_are_those_of_the_rewards(sigma: float) -> None:
    """The mean score equals the mean reward, although amounts are capped for learning."""
    result = trained(shop(2, sigma=sigma)) if sigma == 0.5 else heavy()
    shown = result.logged.examples
    scores = result.personalised.model.score(shown.users)[np.arange(len(shown)), shown.offers]
    assert scores.mean() == pytest.approx(shown.rewards.mean(), rel=0.1)


def test_the_level_of_success_times_value_survives_the_cap() -> None:
    """The total that the cap removes is spread over all offers."""
    table = shop(3, sigma=1.5)
    made = bench(table, kpi_type="continuous")
    model = CANDIDATES["success_value"](made, EVERYTHING)
    logged = model.score(made.examples.users)[np.arange(len(made.examples)), made.examples.offers]
    assert logged.mean() == pytest.approx(made.examples.rewards.mean(), rel=0.03)


def test_the_level_is_that_of_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calibrated scores match the earned value per display, even if the catalogue states other
    values."""
    names = ("best_single", "success_value")
    monkeypatch.setattr("scorer.training.cross_fitting.candidates_of", lambda bench: names)
    claims = {offer: {"value_per_success": 35.0} for offer in BOTH}
    result = trained(shop(1), characteristics=claims)
    model, examples = result.personalised.model, result.logged.examples
    assert model.kind == "success_value"
    shown = model.score(examples.users)[np.arange(len(examples)), examples.offers]
    assert shown.mean() == pytest.approx(examples.rewards.mean(), rel=0.1)


def tails(seed: int, n: int = 100_000) -> pa.Table:
    """Purchases of two offers: offer_1 is bought more often, offer_2 has the longer tail."""
    rng = np.random.default_rng(seed)
    offer = rng.integers(0, 2, n)
    buys = rng.random(n) < np.where(offer == 0, 0.06, 0.05)
    amounts = rng.lognormal(3.0, np.where(offer == 0, 1.3, 1.6), n)
    columns = {
        "segment:f1": np.zeros(n, bool),
        "context:f2": np.zeros(n),
        "propensity": np.full(n, 0.5),
        "is_success": buys,
    }
    return examples(columns, [f"offer_{o + 1}" for o in offer], buys * amounts)


def test_a_longer_tail_that_many_purchases_show_makes_the_best_single_offer() -> None:
    """The offer whose large purchases earn 29 % more wins in at least 7 of 8 logs."""
    made = [bench(tails(seed), kpi_type="continuous").examples for seed in range(8)]
    right = [offer_means(one)[1] > offer_means(one)[0] for one in made]
    assert sum(right) >= 7


def test_the_choice_of_the_best_single_offer_tells_how_sure_it_is() -> None:
    """The probability is high for a clear difference and about 0.5 for equal offers."""
    clear = best_choice(bench(tails(0), kpi_type="continuous").examples)
    assert (clear.offer_id, clear.next_offer_id) == ("offer_2", "offer_1")
    assert clear.probability > 0.9
    even = best_choice(bench(shop(1), kpi_type="continuous").examples)
    assert 0.5 <= even.probability < 0.9


def net(seed: int, n: int = 8000) -> pa.Table:
    """Net values of clicks: 12 % if offer and segment fit, else 3 %, worth 10 and 4 less costs."""
    rng = np.random.default_rng(seed)
    f1, offer = rng.integers(0, 2, (2, n))
    clicks = rng.random(n) < np.where(f1 == offer, 0.12, 0.03)
    rewards = clicks * np.array([10.0, 4.0])[offer] - np.array([0.5, 0.1])[offer]
    columns = {
        "segment:f1": f1.astype(bool),
        "context:f2": np.zeros(n),
        "propensity": np.full(n, 0.5),
        "is_success": clicks,
    }
    return examples(columns, [f"offer_{o + 1}" for o in offer], rewards)


def test_a_net_value_is_probability_times_value_minus_cost() -> None:
    """Costs and values that are the same for all displays of an offer are learned exactly."""
    made = bench(net(0), kpi_type="continuous")
    assert "success_value" in candidates_of(made)
    model = CANDIDATES["success_value"](made, EVERYTHING)
    assert isinstance(model, SuccessValue)
    np.testing.assert_allclose(model.success_values, [10, 4])
    np.testing.assert_allclose(model.without_success, [-0.5, -0.1])
    chances = model.chances.score(USERS)
    np.testing.assert_allclose(model.score(USERS), chances * [10, 4] - [0.5, 0.1])
    np.testing.assert_allclose(
        model.shown(USERS, np.array([0, 1])), np.diag(model.score(USERS)), rtol=1e-6
    )
    np.testing.assert_allclose(model.score_one(USERS[0])[0], model.score(USERS)[0], rtol=1e-6)


def test_net_values_are_personalised_and_keep_their_level() -> None:
    """Training serves who fits the cheap offer with it, and expects what displays earn."""
    training = trained(net(1))
    assert training.verdict.personalises
    values = {c.name: c.value.value for c in training.selection.candidates}
    assert values["success_value"] == pytest.approx(max(values.values()), rel=0.05)


@pytest.mark.parametrize("spoilt", [0.2, -3.0])
def test_costs_that_differ_between_displays_are_not_a_value(spoilt: float) -> None:
    """Amounts without a success that vary are no cost of the offer: the candidate is left out."""
    table = net(2)
    rewards = table["reward"].to_numpy().copy()
    rewards[np.flatnonzero(rewards < 0)[0]] = spoilt
    made = bench(table.set_column(3, "reward", pa.array(rewards)), kpi_type="continuous")
    assert "success_value" not in candidates_of(made)
