"""Metrics against values known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from scorer.training import metrics


def test_auc_of_known_rankings() -> None:
    """AUC is 1 for a perfect order, 0 reversed, 1/2 constant, and None with one class."""
    outcomes = np.array([0.0, 0.0, 1.0, 1.0])
    assert metrics.auc(outcomes, np.array([1.0, 2.0, 3.0, 4.0])) == 1.0
    assert metrics.auc(outcomes, np.array([4.0, 3.0, 2.0, 1.0])) == 0.0
    assert metrics.auc(outcomes, np.ones(4)) == 0.5
    assert metrics.auc(np.ones(4), np.arange(4.0)) is None


def test_log_loss_of_a_coin_is_log_2() -> None:
    """Predicting one half costs log 2 for any outcomes."""
    assert metrics.log_loss(np.array([0.0, 1.0]), np.array([0.5, 0.5])) == pytest.approx(np.log(2))


def test_rmse_is_in_units_of_the_value() -> None:
    """Being off by 3 everywhere is an error of 3."""
    assert metrics.rmse(np.array([1.0, 5.0]), np.array([4.0, 2.0])) == pytest.approx(3.0)


def test_lorenz_gini_of_known_orders() -> None:
    """One value in four gives 3/4 if ranked first, -3/4 if last, 0 for a constant prediction."""
    values = np.array([0.0, 0.0, 0.0, 8.0])
    assert metrics.lorenz_gini(values, np.arange(4.0)) == pytest.approx(0.75)
    assert metrics.lorenz_gini(values, np.zeros(4)) == pytest.approx(0.0)
    assert metrics.lorenz_gini(values, -np.arange(4.0)) == pytest.approx(-0.75)
    assert metrics.lorenz_gini(np.zeros(4), np.arange(4.0)) is None
