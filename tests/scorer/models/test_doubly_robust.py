"""Doubly robust ridge and tree: planted preferences, confounded logs, and nothing to find."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from scorer.arrays import Matrix, Vector
from scorer.features import Feature, FeatureSchema
from scorer.models.design import Design
from scorer.models.doubly_robust import Observations, fit_ridge, fit_tree
from scorer.models.interaction_base import BaseData
from tests.support.training_inputs import declared

ROWS, OFFERS = 20_000, 3
SCHEMA: FeatureSchema = declared(
    *((f"s{k}", "segment", "boolean") for k in range(4)), ("age", "context", "number")
)


@cache
def people() -> Matrix:
    """Four independent segments and a number, float32 (n, 5)."""
    rng = np.random.default_rng(0)
    return np.column_stack([rng.random((ROWS, 4)) < 0.4, rng.normal(size=ROWS)]).astype(np.float32)


def observed(truth: Vector, link: str, confounded: bool = False) -> tuple[Observations, Matrix]:
    """Displays whose mean outcomes are ``truth`` (n, n_offers), and the design matrix.

    A confounded log mostly shows offer 0 to members of s0, whatever they like.
    """
    rng, users = np.random.default_rng(1), people()
    chances = np.full((ROWS, OFFERS), 1 / OFFERS)
    if confounded:
        chances = np.where(users[:, :1] == 1, [0.8, 0.1, 0.1], [0.1, 0.45, 0.45])
    offers = (chances.cumsum(axis=1) < rng.random((ROWS, 1))).sum(axis=1)
    own = np.arange(ROWS)
    mean = truth[own, offers]
    outcomes = {
        "logit": lambda: (rng.random(ROWS) < mean).astype(float),
        "log": lambda: rng.poisson(mean).astype(float),
        "identity": lambda: rng.normal(mean, 1.0),
    }[link]()
    design = Design.fit(users, SCHEMA)
    matrix = design.matrix(users)
    data = BaseData(design, matrix, offers, outcomes, np.ones((OFFERS, 1)), link)
    return Observations(data, chances[own, offers]), matrix


def linear(low: float, step: float) -> Vector:
    """Members of s1 want offer 1, all others offer 2; s0 raises everything."""
    users = people()
    truth = np.full((ROWS, OFFERS), low) + 2 * step * users[:, :1]
    truth[:, 1] += step * users[:, 1]
    truth[:, 2] += step * (1 - users[:, 1])
    return truth


@pytest.mark.parametrize("link", ["logit", "log", "identity"])
@pytest.mark.parametrize("confounded", [False, True])
def test_the_ridge_finds_who_wants_what(link: str, confounded: bool) -> None:
    """For nearly everybody, the best offer by its scores is the truly best one."""
    truth = linear(0.1, 0.15)
    rows, matrix = observed(truth, link, confounded)
    best = (matrix @ fit_ridge(rows).T).argmax(axis=1)
    assert (best == truth.argmax(axis=1)).mean() > 0.97


def test_the_ridge_prefers_nothing_where_offers_are_alike() -> None:
    """Differences between people all but vanish if there are none."""
    truth = np.tile(0.1 + 0.2 * people()[:, :1], (1, OFFERS))
    rows, matrix = observed(truth, "identity")
    scores = matrix @ fit_ridge(rows).T
    assert (scores - scores.mean(axis=1, keepdims=True)).std() < 0.01
    assert np.corrcoef(scores.mean(axis=1), truth[:, 0])[0, 1] > 0.97


@pytest.mark.parametrize("is_straight", [True, False])
def test_the_ridge_uses_steps_of_numbers_where_they_help(is_straight: bool) -> None:
    """A straight effect of age is found without its steps; an effect of middle age needs them."""
    age = people()[:, 4]
    effect = age if is_straight else 2.0 * (np.abs(age) < 0.6) - 1
    rows, matrix = observed(np.stack([0 * effect, 0.3 * effect, 0 * effect], axis=1), "identity")
    weights = fit_ridge(rows)
    steps = [1 + k for k, c in enumerate(rows.data.design.columns) if c.kind == "step"]
    contrast = matrix @ (weights[1] - weights[0])
    assert np.corrcoef(contrast, effect)[0, 1] > (0.97 if is_straight else 0.85)
    own = (weights - weights.mean(axis=0))[:, [k for k in steps if _is_age(rows, k)]]
    assert (np.abs(own).max() < 0.01) == is_straight


def _is_age(rows: Observations, column: int) -> bool:
    return rows.data.design.columns[column - 1].feature == 4


@pytest.mark.parametrize("link", ["logit", "log", "identity"])
def test_the_tree_finds_an_either_or(link: str) -> None:
    """Offer 1 is best for whom s0 and s1 agree, which no single segment shows."""
    users = people()
    agree = users[:, 0] == users[:, 1]
    truth = np.full((ROWS, OFFERS), 0.2)
    truth[:, 1] += np.where(agree, 0.2, -0.1)
    rows, _ = observed(truth, link)
    design, weights = fit_tree(rows)
    scores = design.matrix(users) @ weights.T
    assert {design.columns[k].feature for k in np.unique(design.pairs)} == {0, 1}
    assert ((scores.argmax(axis=1) == 1) == agree).all()


def test_the_tree_has_four_leaves() -> None:
    """Differences between offers take one value in each leaf."""
    rows, _ = observed(linear(0.1, 0.15), "identity")
    design, weights = fit_tree(rows)
    scores = design.matrix(people()) @ weights.T
    assert len(np.unique(np.round(scores[:, 1] - scores[:, 2], 3))) <= 4


def test_a_single_feature_is_split_once() -> None:
    """Members of the segment get one offer, all others another one."""
    feature: Feature = SCHEMA.features[1]
    users = people()[:, 1:2]
    rows, _ = observed(linear(0.1, 0.15), "logit")
    design = Design.fit(users, FeatureSchema((feature,)))
    data = BaseData(
        design,
        design.matrix(users),
        rows.data.offers,
        rows.data.outcomes,
        rows.data.kin,
        "logit",
    )
    found, weights = fit_tree(Observations(data, rows.propensity))
    best = (found.matrix(users) @ weights.T).argmax(axis=1)
    assert (best == np.where(users[:, 0] == 1, 1, 2)).all()
    assert found.pairs == ()
