"""Measuring policies on planted worlds, and the verdicts."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.cells import Outcome, policy_value
from benchmarks.peers import BEST_SINGLE, OURS, fit
from benchmarks.requirements import verdict
from benchmarks.worlds import World, WorldSpec, make, population


def outcome(peer: str, seed: int, value: float, status: str = "ok") -> Outcome:
    """Outcome in one world."""
    return Outcome("world", seed, peer, status, value, 0.02, 0.01, 0.04, 1.0, 1.0)


def test_no_ranking_earns_more_than_the_oracle() -> None:
    """The true rates as scores give the greatest value; their negative the least."""
    world = World.plant(WorldSpec.parse("additive-8-5", 10), np.random.default_rng(0))
    rates, rng = world.rates(population(0, 500)), np.random.default_rng(1)
    oracle, worst = policy_value(rates, rates), policy_value(rates, -rates)
    found = [policy_value(rates, rng.random(rates.shape)) for _ in range(20)]
    assert worst < min(found)
    assert max(found) < oracle
    assert oracle == rates.max(axis=1).mean()


def test_tied_offers_share_the_user() -> None:
    """Scores without information have the value of a random choice."""
    rates = np.array([[0.1, 0.3], [0.2, 0.0]])
    assert policy_value(rates, np.zeros((2, 2))) == pytest.approx(0.15)


def test_best_single_finds_the_best_offer_under_unequal_logging() -> None:
    """Propensity weights undo a logging policy that shows offers to those who like them."""
    world, log = make(WorldSpec.parse("means-4-20-60k-logged", 0), 0)
    users = population(0, 500)
    scores = fit(BEST_SINGLE, log)(users.table())
    assert scores[0].argmax() == world.rates(users).mean(axis=0).argmax()


def test_ours_must_reach_the_best_peer_of_the_world() -> None:
    """Against the peer of highest mean value; 1 % below in every seed is a miss."""
    rows = [outcome("a", s, 0.020) for s in range(3)] + [outcome("b", s, 0.030) for s in range(3)]
    missed = verdict(rows + [outcome(OURS, s, 0.0297) for s in range(3)], is_null=False)
    met = verdict(rows + [outcome(OURS, s, 0.0301) for s in range(3)], is_null=False)
    assert missed is not None
    assert met is not None
    assert (missed.peer, missed.is_met, met.is_met) == ("b", False, True)


def test_a_difference_within_the_noise_of_the_seeds_is_no_miss() -> None:
    """Ratios of 0.98, 0.99 and 1.02 do not show that ours is worse."""
    rows = [outcome("a", s, 1.0) for s in range(3)]
    rows += [outcome(OURS, s, v) for s, v in enumerate((0.98, 0.99, 1.02))]
    found = verdict(rows, is_null=False)
    assert found is not None
    assert found.is_met


def test_in_a_null_world_one_bad_seed_is_a_miss() -> None:
    """The baseline is best_single on the same rows, in every seed, even if another peer is better
    by chance."""
    rows = [outcome(BEST_SINGLE, s, 1.0) for s in range(3)]
    rows += [outcome("lucky", s, 1.1) for s in range(3)]
    good = verdict(rows + [outcome(OURS, s, 1.0) for s in range(3)], is_null=True)
    values = enumerate((1.0, 1.0, 0.99))
    bad = verdict(rows + [outcome(OURS, s, v) for s, v in values], is_null=True)
    assert good is not None
    assert bad is not None
    assert (good.is_met, bad.is_met) == (True, False)


def test_ours_failing_is_a_miss_and_a_failing_peer_is_not_the_best() -> None:
    """A run that did not finish meets no requirement; peers that did not finish are not a
    baseline."""
    rows = [outcome("a", 0, 1.0), outcome("b", 0, float("nan"), "timeout")]
    found = verdict([*rows, outcome(OURS, 0, float("nan"), "failed")], is_null=False)
    assert found is not None
    assert (found.peer, found.is_met) == ("a", False)
    assert verdict(rows, is_null=False) is None
