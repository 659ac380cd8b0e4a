"""Calibration corrects the level and keeps the order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer.errors import InputError
from scorer.models.calibration import Calibration, fit_calibration


def logistic(z: np.ndarray) -> np.ndarray:
    """Inverse logit."""
    return 1 / (1 + np.exp(-z))


def test_overconfident_margins_are_shrunk() -> None:
    """Margins that are twice too wide and half a unit too low get slope 1/2 and the right level."""
    rng = np.random.default_rng(0)
    truth = rng.normal(-2, 1, 40_000)
    outcomes = (rng.random(truth.size) < logistic(truth)).astype(float)
    fitted = fit_calibration(2 * truth - 0.5, outcomes, "logit")
    assert fitted.slope == pytest.approx(0.5, abs=0.03)
    assert fitted.apply(2 * truth - 0.5).mean() == pytest.approx(outcomes.mean(), rel=0.02)


def test_few_successes_change_only_the_level() -> None:
    """With 10 successes the slope stays 1, because they are too few to estimate it."""
    rng = np.random.default_rng(1)
    outcomes = np.zeros(2_000)
    outcomes[:10] = 1
    fitted = fit_calibration(rng.normal(-5, 1, 2_000), outcomes, "logit")
    assert fitted.slope == 1.0
    assert fitted.shift != 0.0


@given(st.sampled_from(["logit", "log", "identity"]), st.integers(0, 2**32 - 1))
def test_calibration_never_changes_the_order(link: str, seed: int) -> None:
    """Even margins that order offers the wrong way get a positive slope."""
    rng = np.random.default_rng(seed)
    margins = rng.normal(0, 2, 300)
    outcomes = (rng.random(300) < logistic(-margins)).astype(float)
    fitted = fit_calibration(margins, outcomes, link)
    ordered = fitted.apply(np.sort(margins))
    assert (np.diff(ordered) >= 0).all()
    assert np.isfinite(ordered).all()


@pytest.mark.parametrize("link", ["log", "identity"])
def test_the_level_of_a_value_is_corrected(link: str) -> None:
    """Predictions at half the level of the outcomes move to that level, given enough successes."""
    rng = np.random.default_rng(2)
    expected = rng.uniform(1, 3, 20_000)
    margins = np.log(expected / 2) if link == "log" else expected - 1
    fitted = fit_calibration(margins, rng.poisson(expected).astype(float), link)
    assert fitted.apply(margins).mean() == pytest.approx(expected.mean(), rel=0.02)


def test_no_rows_mean_no_change() -> None:
    """Without held-out rows the calibration is the link alone."""
    assert fit_calibration(np.array([]), np.array([]), "logit") == Calibration("logit")


@pytest.mark.parametrize(("link", "slope"), [("probit", 1.0), ("logit", 0.0), ("logit", -1.0)])
def test_an_impossible_calibration_is_refused(link: str, slope: float) -> None:
    """An unknown link or a slope that is not positive is an input error."""
    with pytest.raises(InputError, match="calibration must have"):
        Calibration(link, slope)


@given(
    st.sampled_from(["logit", "log", "identity"]),
    st.floats(0.1, 3),
    st.floats(-2, 2),
    st.floats(-8, 8),
)
def test_scores_can_be_turned_back_into_margins(
    link: str, slope: float, shift: float, margin: float
) -> None:
    """Inverting a score gives its margin back."""
    calibration = Calibration(link, slope, shift)
    score = calibration.apply(np.array([margin]))
    if link != "logit" or 1e-9 < score[0] < 1 - 1e-9:
        assert calibration.invert(score)[0] == pytest.approx(margin, abs=1e-5)


@pytest.mark.parametrize("link", ["logit", "log"])
def test_scores_at_the_edge_have_finite_margins(link: str) -> None:
    """The scores 0 and, for a probability, 1 have finite margins."""
    assert np.isfinite(Calibration(link).invert(np.array([0.0, 1.0]))).all()
