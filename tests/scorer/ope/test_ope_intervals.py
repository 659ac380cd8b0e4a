"""Intervals and clustered errors against known answers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from scorer.ope.clustering import ErrorMoments, error_moments
from scorer.ope.contributions import Contributions
from scorer.ope.feedback import LoggedFeedback
from scorer.ope.intervals import (
    clopper_pearson,
    clustered_t,
    fieller,
    normal_score,
    skew_corrected,
    value_interval,
)

MANY = 10**9


def moments_of(
    error: float, skewness: float = 0.0, profiles: int = MANY, freedom: float = 1e9
) -> ErrorMoments:
    """Return moments of an error, with many profiles by default."""
    return ErrorMoments(error, skewness, freedom, profiles)


def flat(rows: np.ndarray) -> Contributions:
    """Rewards of equal weight, as `snips` sees them when the policy is the logging policy."""
    return Contributions(np.full(rows.size, rows.mean()), np.ones(rows.size), rows - rows.mean())


def log_of(reward: np.ndarray, cluster: np.ndarray) -> LoggedFeedback:
    """A log with certain propensities."""
    return LoggedFeedback(reward, np.ones(reward.size), cluster)


def test_the_error_of_independent_rows_is_that_of_their_mean() -> None:
    """With one display per profile: standard deviation over root n, skewness over root n."""
    rows = np.random.default_rng(0).exponential(size=4_000)
    moments = error_moments(flat(rows), log_of(rows, np.arange(4_000)))
    assert moments.standard_error == pytest.approx(rows.std(ddof=1) / np.sqrt(4_000))
    assert moments.skewness == pytest.approx(stats.skew(rows) / np.sqrt(4_000))
    kurtosis = stats.kurtosis(rows, fisher=False)
    assert moments.degrees_of_freedom == pytest.approx(2 * 4_000 / (kurtosis - 1))


def test_repeating_every_display_adds_no_certainty() -> None:
    """Three copies of the display of each profile do not change the clustered error."""
    rows = np.random.default_rng(1).normal(size=500)
    once = error_moments(flat(rows), log_of(rows, np.arange(500)))
    thrice = error_moments(
        flat(np.repeat(rows, 3)), log_of(np.repeat(rows, 3), np.repeat(np.arange(500), 3))
    )
    assert thrice.standard_error == pytest.approx(once.standard_error)
    assert thrice.degrees_of_freedom == pytest.approx(once.degrees_of_freedom)


def test_rows_that_do_not_vary_or_one_profile_have_no_error_to_measure() -> None:
    """Both give a standard error of 0, which callers report as insufficient."""
    constant = np.full(50, 0.1)
    assert error_moments(flat(constant), log_of(constant, np.arange(50))).standard_error == 0
    rows = np.arange(50.0)
    assert error_moments(flat(rows), log_of(rows, np.zeros(50, int))).standard_error == 0


def test_the_binomial_interval_halves_the_observed_count_between_the_tails() -> None:
    """30 of 200 with a known error: the mid-P tails of both bounds are 2.5 %, in any units."""
    share = 30 / 200
    error = np.sqrt(share * (1 - share) / 200)
    interval = clopper_pearson(share, moments_of(error), (0.0, 1.0))
    half = stats.binom.pmf(30, 200, [interval.low, interval.high]) / 2
    above = stats.binom.sf(30, 200, interval.low) + half[0]
    below = stats.binom.cdf(29, 200, interval.high) + half[1]
    assert (above, below) == pytest.approx((0.025, 0.025), abs=0.001)
    exact = stats.binomtest(30, 200).proportion_ci(method="exact")
    assert exact.low < interval.low < interval.high < exact.high
    moved = clopper_pearson(5 + 2 * share, moments_of(2 * error), (5.0, 7.0))
    assert (moved.low, moved.high) == pytest.approx((5 + 2 * interval.low, 5 + 2 * interval.high))


def test_without_skewness_the_correction_is_students_interval() -> None:
    """Symmetric errors with 12 degrees of freedom reach 2.179 standard errors to both sides."""
    interval = skew_corrected(10.0, moments_of(2.0, freedom=12))
    assert (interval.low, interval.high) == pytest.approx((10 - 4.3576, 10 + 4.3576), abs=1e-3)
    plain = clustered_t(10.0, moments_of(2.0, 0.7, profiles=13))
    assert (plain.low, plain.high) == pytest.approx((interval.low, interval.high))


def test_right_skew_pushes_both_bounds_up() -> None:
    """A sample without its rare large rewards is too low, so the interval extends further up."""
    straight = skew_corrected(1.0, moments_of(0.1))
    skewed = skew_corrected(1.0, moments_of(0.1, 0.3))
    assert skewed.low > straight.low
    assert skewed.high > straight.high


def test_the_method_is_chosen_by_levels_and_degrees_of_freedom() -> None:
    """Binomial for two-valued rewards with little evidence, else corrected for skewness."""
    few, many = moments_of(0.01, 0.2, freedom=40), moments_of(0.01, 0.2, freedom=400)
    assert value_interval(0.05, few, (0.0, 1.0)).method == "clopper_pearson_mid_p"
    assert value_interval(0.05, many, (0.0, 1.0)).method == "skew_corrected_t"
    assert value_interval(0.05, few, None).method == "skew_corrected_t"
    assert value_interval(1.05, few, (0.0, 1.0)).method == "skew_corrected_t"


def test_a_score_is_less_than_the_ratio_with_few_profiles() -> None:
    """1.64 standard errors of 11 profiles are not significant at 5 %."""
    assert normal_score(1.64, moments_of(1.0)) == pytest.approx(1.64, abs=1e-6)
    assert normal_score(1.64, moments_of(1.0, profiles=11)) < 1.6
    assert normal_score(-1.64, moments_of(1.0, profiles=11)) == pytest.approx(
        -normal_score(1.64, moments_of(1.0, profiles=11))
    )
    assert normal_score(0.0, moments_of(1.0, profiles=11)) == 0


def test_clustering_widens_the_error_of_dependent_displays() -> None:
    """If profiles always or never respond, the displays of a profile count as about one."""
    responds = np.random.default_rng(3).random(200) < 0.3
    reward = np.repeat(responds.astype(float), 10)
    apart = error_moments(flat(reward), log_of(reward, np.arange(2_000)))
    together = error_moments(flat(reward), log_of(reward, np.repeat(np.arange(200), 10)))
    assert together.standard_error == pytest.approx(apart.standard_error * np.sqrt(10), rel=0.01)


def test_large_weights_without_a_response_are_seen() -> None:
    """Of two logs that differ in where one weight of 100 lies, neither claims a small error.

    Without smoothing, the error would be four times too small for the log whose large weight has no
    response.
    """
    reward = (np.arange(1_000) % 10 == 0).astype(float)
    errors = []
    for place in (0, 1):
        weight = np.ones(1_000)
        weight[place] = 100.0
        share = weight / weight.mean()
        value = float((share * reward).mean())
        moments = error_moments(
            Contributions(np.full(1_000, value), share, reward - value),
            log_of(reward, np.arange(1_000)),
        )
        errors.append(moments.standard_error)
    assert errors[1] > 0.02
    assert errors[0] > errors[1]


def test_the_ratio_of_independent_estimates_is_fiellers() -> None:
    """2 and 1 with errors 0.2 and 0.1 that do not covary: bounds solve (2 - r)^2 = t^2 (...)."""
    both = moments_of(float(np.hypot(0.2, 0.1)))
    interval = fieller((2.0, moments_of(0.2)), (1.0, moments_of(0.1)), both)
    assert interval is not None
    for bound in (interval.low, interval.high):
        assert abs(2 - bound) / np.hypot(0.2, 0.1 * bound) == pytest.approx(1.959964, abs=1e-5)
    assert fieller((2.0, moments_of(0.2)), (0.1, moments_of(0.1)), both) is None
