"""The planted worlds have the truths that they claim."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.population import draw_users
from benchmarks.worlds import NULL_TRUTHS, TRUTHS, World, WorldSpec, make, population

USERS = population(5, 4000)


def planted(name: str) -> World:
    """World of seed 3."""
    return World.plant(WorldSpec.parse(name, 2000), np.random.default_rng(3))


@pytest.mark.parametrize("truth", [truth for truth in TRUTHS if truth != "rare"])
def test_random_displays_succeed_at_the_rate_in_the_name(truth: str) -> None:
    """Mean true rate over fresh users and all offers is within a tenth of the rate."""
    assert planted(f"{truth}-12-2").rates(USERS).mean() == pytest.approx(0.02, rel=0.1)


def test_two_rare_groups_want_different_offers() -> None:
    """A twentieth each succeeds at 10 % with one of two offers; everybody else at 0.5 %."""
    rates = planted("rare-2-0.5").rates(USERS)
    high = rates > 0.05
    assert high.mean(axis=0) == pytest.approx(0.05, abs=0.015)
    np.testing.assert_allclose(rates[high], 0.1)
    np.testing.assert_allclose(rates[~high], 0.005)


def test_offers_of_a_kin_are_alike() -> None:
    """Who likes an offer likes others of its kin more than those of another kin."""
    world = planted("kin-75-2")
    logits = world.logits(USERS)
    alike = np.corrcoef(logits - logits.mean(axis=1, keepdims=True), rowvar=False)
    assert alike[:25, :25].mean() > alike[:25, 25:].mean() + 0.3
    assert len({values["kin"] for values in world.characteristics.values()}) == 3


@pytest.mark.parametrize("truth", NULL_TRUTHS)
def test_a_null_world_has_no_personal_gain(truth: str) -> None:
    """One offer is best for every user, so the oracle earns what the best single offer earns."""
    rates = planted(f"{truth}-12-2").rates(USERS)
    assert rates.max(axis=1).mean() == pytest.approx(rates.mean(axis=0).max(), abs=1e-12)


def test_in_the_fully_null_world_all_offers_are_equal() -> None:
    """Every offer has the same rate for a given user."""
    rates = planted("null-12-2").rates(USERS)
    assert np.ptp(rates, axis=1).max() < 1e-12


@pytest.mark.parametrize("truth", sorted(set(TRUTHS) - set(NULL_TRUTHS)))
def test_other_worlds_have_much_to_learn(truth: str) -> None:
    """The oracle earns at least 1.2 times the best single offer."""
    names = {"rare": "rare-12-0.5", "kin": "kin-75-2"}
    rates = planted(names.get(truth, f"{truth}-12-2")).rates(USERS)
    assert rates.max(axis=1).mean() > 1.2 * rates.mean(axis=0).max()


def test_xnor_effects_do_not_show_in_any_single_segment() -> None:
    """Each offer's interaction is uncorrelated with every segment, but not with their pairs."""
    world, users = planted("xnor-6-5"), draw_users(np.random.default_rng(1), 100_000)
    logits = world.logits(users)
    interaction = logits - logits.mean(axis=1, keepdims=True)
    joined = np.hstack([interaction, users.segments])
    single = np.corrcoef(joined, rowvar=False)[:6, 6:]
    paired = np.corrcoef(np.hstack([interaction, users.pairs()]), rowvar=False)[:6, 6:]
    assert np.abs(single).max() < 0.02
    assert (np.abs(paired).max(axis=1) > 0.3).all()


def test_the_same_seed_gives_the_same_log() -> None:
    """World and rows are equal for one seed and differ for another."""
    spec = WorldSpec.parse("additive-5-5", 500)
    assert make(spec, 1)[1].examples.equals(make(spec, 1)[1].examples)
    assert not make(spec, 1)[1].examples.equals(make(spec, 2)[1].examples)


def test_uniform_logging_shows_every_offer_equally_often() -> None:
    """Propensities are 1 / number of offers and counts agree with them."""
    _, log = make(WorldSpec.parse("additive-5-5-20k", 0), 0)
    assert (log.propensity == 0.2).all()
    assert np.bincount(log.offers) == pytest.approx(4000, rel=0.06)


def test_logged_propensities_are_those_the_offers_were_drawn_with() -> None:
    """Weighting by 1 / propensity gives every offer the same total weight, the rows do not."""
    _, log = make(WorldSpec.parse("additive-5-5-60k-logged", 0), 0)
    weight = np.bincount(log.offers, 1 / log.propensity) / len(log)
    assert weight == pytest.approx(1.0, abs=0.06)
    assert np.ptp(np.bincount(log.offers) / len(log)) > 0.05


def test_rewards_follow_the_true_rates() -> None:
    """Success is as frequent as in the truth, for rows with high and with low true rates."""
    world, log = make(WorldSpec.parse("threshold-4-10-60k", 0), 0)
    assert log.rewards.mean() == pytest.approx(world.spec.rate, rel=0.1)
    assert set(np.unique(log.rewards)) == {0.0, 1.0}


def test_features_are_partly_missing_and_encode_by_the_declared_schema() -> None:
    """Numbers have nulls where the population has missing values, and every declared feature is a
    column."""
    _, log = make(WorldSpec.parse("null-3-10", 4000), 0)
    assert set(log.schema.names) <= set(log.examples.column_names)
    assert log.examples["context:spend"].null_count / len(log) == pytest.approx(0.15, abs=0.03)
    assert log.examples["context:recency"].null_count == 0


@pytest.mark.parametrize("name", ["additive", "other-20-2", "additive-20-2-5m"])
def test_a_wrong_world_name_is_refused_with_an_example(name: str) -> None:
    """The error names the world and shows a valid name."""
    with pytest.raises(ValueError, match=r"expected truth-offers-rate.*additive-100-2"):
        WorldSpec.parse(name, 1000)


def test_a_world_name_survives_parsing() -> None:
    """Displays, rate and logging are read from the name and written back."""
    assert WorldSpec.parse("xnor-20-0.5-200k-logged", 1).name == "xnor-20-0.5-200k-logged"
    assert WorldSpec.parse("means-100-1", 300_000).name == "means-100-1-300k"
