"""Hierarchical crossed regression: planted weights, known optima, shrinkage, edge cases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from scipy import optimize

from scorer.arrays import Vector
from scorer.models import crossed
from scorer.models.crossed import CrossedData, CrossedWeights, _Fit, fit_crossed
from scorer.models.likelihoods import mean_and_slope

LINKS = ("logit", "log", "identity")


def planted(
    weights: Vector, rows: int, link: str = "logit", seed: int = 0, kin: Vector | None = None
) -> CrossedData:
    """Rows of standard normal columns (the first constant) with these weights, (n_offers, p)."""
    rng = np.random.default_rng(seed)
    n_offers, p = weights.shape
    x = rng.normal(size=(rows, p)).astype(np.float32)
    x[:, 0] = 1
    offers = rng.integers(0, n_offers, rows)
    margins = np.einsum("ij,ij->i", x, weights[offers])
    mean, _ = mean_and_slope(margins, link)
    draws = {
        "logit": lambda: (rng.random(rows) < mean).astype(float),
        "log": lambda: rng.poisson(mean).astype(float),
        "identity": lambda: rng.normal(mean, 0.5),
    }
    kin = np.ones((n_offers, 1)) if kin is None else kin
    return CrossedData(x, np.arange(p), offers, draws[link](), kin, link)


def taken(data: CrossedData, rows: npt.NDArray[np.int64]) -> CrossedData:
    """The chosen rows."""
    parts = {"design": data.design, "offers": data.offers, "outcomes": data.outcomes}
    return replace(data, **{name: part[rows] for name, part in parts.items()})


@pytest.mark.parametrize("link", LINKS)
def test_planted_global_and_own_weights_are_found(link: str) -> None:
    """Column 1 has the same weight for all offers, column 2 the opposite one for one of them."""
    weights = np.tile([-0.5, 0.6, 0.3, 0.0], (5, 1))
    weights[0, 2] = -0.9
    found = fit_crossed(planted(weights, 12_000, link)).offers
    np.testing.assert_allclose(found, weights, atol=0.15)


@pytest.mark.parametrize("link", LINKS)
def test_the_fit_is_the_optimum_of_the_penalised_likelihood(link: str) -> None:
    """Given the final variances, a general optimiser finds the same weights."""
    rng = np.random.default_rng(1)
    kin = np.array([[1, 1], [1, 1], [1, 0]], dtype=float)
    data = planted(rng.normal(0, 0.4, (3, 3)), 400, link, kin=kin)
    data = replace(data, groups=np.array([0, 1, 1]))
    fit = _Fit(data)
    found = fit.run(40)
    dispersion = fit.dispersion
    prior = np.concatenate(
        [fit.kin_variance[:, data.groups].ravel(), *[fit.variance[data.groups]] * 3]
    )

    def loss(theta: Vector) -> float:
        border, own = theta[:6].reshape(2, 3), theta[6:].reshape(3, 3)
        margins = np.einsum("ij,ij->i", data.design, (kin @ border + own)[data.offers])
        terms = {
            "logit": np.logaddexp(0, margins) - data.outcomes * margins,
            "log": np.exp(margins) - data.outcomes * margins,
            "identity": (data.outcomes - margins) ** 2 / 2,
        }
        return float(terms[link].sum() / dispersion + (theta**2 / prior).sum() / 2)

    best = optimize.minimize(loss, np.zeros(15), method="BFGS", options={"gtol": 1e-6}).x
    np.testing.assert_allclose(found.kin, best[:6].reshape(2, 3), atol=2e-3)
    own = found.offers - kin @ found.kin
    np.testing.assert_allclose(own, best[6:].reshape(3, 3), atol=2e-3)


def test_identity_weights_are_ridge_regression() -> None:
    """One offer and one column give the closed form of a ridge with the final variances."""
    data = planted(np.array([[1.0, 0.5]]), 200, "identity")
    fit = _Fit(data)
    found = fit.run(40).offers[0]
    total = np.array([fit.kin_variance[0, g] + fit.variance[g] for g in data.groups])
    x = data.design.astype(float)
    ridge = np.diag(fit.dispersion / total)
    expected = np.linalg.solve(x.T @ x + ridge, x.T @ data.outcomes)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_columns_that_affect_all_offers_alike_are_shrunk() -> None:
    """Weights of ten idle columns hardly differ between offers; those of a relevant column do."""
    rng = np.random.default_rng(2)
    weights = np.zeros((8, 12))
    weights[:, 0], weights[:, 1] = -1, rng.choice([-0.7, 0.7], 8)
    data = planted(weights, 8_000)
    fit = _Fit(data)
    found = fit.run(12).offers
    assert found[:, 2:].std(axis=0).max() < 0.05
    assert found[:, 1].std() > 0.4
    assert fit.variance[1] > 20 * fit.variance[2:].max()


def test_a_common_effect_of_all_offers_costs_no_variance_of_its_own() -> None:
    """A column with the same weight for all offers ends up in the global weights."""
    found = fit_crossed(planted(np.tile([-1.0, 0.8], (6, 1)), 6_000))
    assert found.kin[0, 1] == pytest.approx(0.8, abs=0.1)
    np.testing.assert_allclose(found.offers[:, 1], found.kin[0, 1], atol=0.1)


def test_an_offer_with_few_displays_borrows_from_its_kin() -> None:
    """With thirty displays, a new offer gets the weights of its kin, not those of other offers."""
    kin = np.column_stack([np.ones(9), np.arange(9) < 4, np.arange(9) >= 4]).astype(float)
    weights = np.zeros((9, 2))
    weights[:, 0], weights[:, 1] = -1, np.where(np.arange(9) < 4, 1.0, -1.0)
    data = planted(weights, 9_000, kin=kin)
    new = np.flatnonzero(data.offers == 0)
    few = taken(data, np.setdiff1d(np.arange(9_000), new[30:]))
    with_kin = fit_crossed(few).offers[0, 1]
    without = fit_crossed(replace(few, kin=kin[:, :1])).offers[0, 1]
    assert with_kin > 0.7
    assert abs(with_kin - 1) < abs(without - 1)


def test_an_offer_without_any_row_has_the_weights_of_its_kin() -> None:
    """Without displays, an offer has exactly the weights of its kin."""
    kin = np.array([[1, 1], [1, 1], [1, 0], [1, 1]], dtype=float)
    data = planted(np.array([[-1, 0.5], [-1, 0.5], [0, -0.5], [0, 0]]), 2_000, kin=kin)
    found = fit_crossed(taken(data, np.flatnonzero(data.offers != 3)))
    np.testing.assert_allclose(found.offers[3], kin[3] @ found.kin, atol=1e-12)
    assert found.offers[3, 1] > 0.2


def test_the_order_of_rows_and_a_second_run_change_nothing() -> None:
    """Another row order gives equal weights up to rounding, a second run bit for bit."""
    data = planted(np.array([[-1.0, 0.5], [0.0, -0.5]]), 800)
    first = fit_crossed(data)
    assert fit_crossed(data).offers.tobytes() == first.offers.tobytes()
    shuffled = fit_crossed(taken(data, np.random.default_rng(0).permutation(800)))
    np.testing.assert_allclose(shuffled.offers, first.offers, atol=1e-5)


@pytest.mark.parametrize("link", LINKS)
def test_without_features_each_offer_has_its_own_shrunk_level(link: str) -> None:
    """With only a constant, levels follow the means and lie between them and the overall mean."""
    data = planted(np.array([[-0.5], [0.2], [0.4]]), 3_000, link)
    found = mean_and_slope(fit_crossed(data).offers[:, 0], link)[0]
    means = np.array([data.outcomes[data.offers == a].mean() for a in range(3)])
    assert found.argsort().tolist() == means.argsort().tolist()
    np.testing.assert_allclose(found, means, atol=0.05)


def test_one_offer_alone_can_be_fitted() -> None:
    """With one offer, all weights are global."""
    found = fit_crossed(planted(np.array([[-1.0, 0.8]]), 3_000)).offers
    np.testing.assert_allclose(found, [[-1.0, 0.8]], atol=0.15)


@pytest.mark.parametrize(("link", "outcome"), [("logit", 0.0), ("logit", 1.0), ("log", 0.0)])
def test_outcomes_that_are_all_alike_give_finite_weights(link: str, outcome: float) -> None:
    """Equal outcomes, as in a fold without successes, give finite weights."""
    data = replace(planted(np.zeros((2, 2)), 200, link), outcomes=np.full(200, outcome))
    found = fit_crossed(data)
    assert np.isfinite(found.offers).all()
    score = mean_and_slope(found.offers[:, 0], link)[0]
    np.testing.assert_allclose(score, outcome, atol=0.01)


@pytest.mark.parametrize("link", LINKS)
def test_no_row_at_all_gives_finite_weights(link: str) -> None:
    """Without any row, all offers get the same finite weights."""
    found = fit_crossed(taken(planted(np.zeros((2, 2)), 5, link), np.arange(0)))
    assert np.isfinite(found.offers).all()
    np.testing.assert_array_equal(found.offers[0], found.offers[1])


def test_constant_and_repeated_columns_do_not_break_the_fit() -> None:
    """Columns of zeros, of ones and repeated columns leave the system solvable."""
    data = planted(np.array([[-1.0, 0.5], [-1.0, -0.5]]), 1_000)
    x = data.design
    more = np.column_stack([x, x[:, 1], np.zeros(1_000), np.ones(1_000)]).astype(np.float32)
    found = fit_crossed(replace(data, design=more, groups=np.arange(5)))
    assert isinstance(found, CrossedWeights)
    both = found.offers[:, 1] + found.offers[:, 2]
    np.testing.assert_allclose(both, [0.5, -0.5], atol=0.2)
    np.testing.assert_allclose(found.offers[:, 3], 0, atol=1e-9)


def test_a_perfect_separation_stays_finite() -> None:
    """A column that predicts every success exactly gets a bounded weight."""
    data = planted(np.zeros((2, 2)), 400)
    data = replace(data, outcomes=(data.design[:, 1] > 0).astype(float))
    assert np.abs(fit_crossed(data).offers).max() < 30


def test_the_smallest_kin_are_left_out_of_wide_designs() -> None:
    """Wide designs keep fewer kin, but always the global weights."""
    weights = np.zeros((4, 800))
    weights[:, 0] = -1
    kin = np.column_stack([np.ones(4), [1, 1, 0, 0], [0, 0, 1, 1]]).astype(float)
    assert _Fit(planted(weights, 50, kin=kin)).kin.shape == (4, 1)


def rare_segment(rows: int = 60_000) -> CrossedData:
    """Two offers; a segment of 5 % clicks at 10 % on the first one, everybody else at 0.5 %."""
    rng = np.random.default_rng(0)
    segment = rng.random(rows) < 0.05
    offers = rng.integers(0, 2, rows)
    clicks = rng.random(rows) < np.where(segment & (offers == 0), 0.1, 0.005)
    x = np.column_stack([np.ones(rows), segment - 0.05]).astype(np.float32)
    return CrossedData(x, np.arange(2), offers, clicks.astype(float), np.ones((2, 1)), "logit")


def test_full_steps_that_overshoot_are_halved() -> None:
    """The rates of a rare segment are found, and the fit says that it converged."""
    data = rare_segment()
    fit = fit_crossed(data)
    margins = np.array([[1, 0.95], [1, -0.05]]) @ fit.offers.T
    rates = 1 / (1 + np.exp(-margins))
    np.testing.assert_allclose(rates[0], [0.1, 0.005], atol=0.02)
    np.testing.assert_allclose(rates[1], [0.005, 0.005], atol=0.002)
    assert fit.convergence.has_converged
    assert fit.convergence.gain < 0.05


def test_a_fit_that_runs_out_of_steps_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without further steps, a fit of one step has not converged."""
    monkeypatch.setattr(crossed, "_MORE_STEPS", 0)
    assert not fit_crossed(rare_segment(), steps=1).convergence.has_converged


def test_the_start_from_a_smaller_fit_changes_nothing_but_the_steps() -> None:
    """From the fit of half of the rows, the same optimum is found."""
    data = planted(np.array([[-1.0, 0.5], [-1.0, -0.5], [-1.0, 0.0]]), 9_000)
    half = fit_crossed(taken(data, np.arange(4_500)))
    from_half, from_nothing = fit_crossed(data, 30, half), fit_crossed(data, 30)
    np.testing.assert_allclose(from_half.offers, from_nothing.offers, atol=0.02)
