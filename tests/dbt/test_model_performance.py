"""Measures of models on later displays, compared with `scorer.training.metrics`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from scorer.arrays import Vector
from scorer.training import metrics

Row = dict[str, Any]
Measured = Callable[..., dict[str, list[Row]]]

MARTS = ("model_performance", "model_performance_weekly", "model_calibration")


@pytest.fixture
def measured(compiled_sql: dict[str, str]) -> Iterator[Measured]:
    """Return a function from scores and rewards to the rows of the three marts."""

    def measure(
        kpi_type: str, scores: Vector, rewards: Vector, offers: Any = None, days: Any = 1
    ) -> dict[str, list[Row]]:
        n = scores.size
        displays = {
            "score": scores,
            "reward": rewards,
            "offer_id": np.zeros(n, dtype=np.int64) if offers is None else offers,
            "days": np.broadcast_to(np.asarray(days, dtype=np.int64), n),
        }
        connection.register("given", pa.table(displays))
        inputs = {
            "scorer.model_versions": f"select 's' as strategy_id, 'v' as model_version,"
            f" '{kpi_type}' as kpi_type, timestamp '2026-01-10' as trained_as_of,"
            " timestamp '2026-01-09' as data_window_end",
            "scorer.scored_displays": "select 's' as strategy_id, 'v' as model_version,"
            " 'd' as display_id, offer_id, score, reward, reward > 0 as is_success,"
            " timestamp '2026-01-09' + to_days(days::int) as event_ts from given",
        }
        for name in ("int_scored_displays", "int_score_groups", "int_model_measures"):
            inputs[name] = compiled_sql[f"model.nextoffer.{name}"]
        for name, sql in inputs.items():
            schema, table = name.split(".") if "." in name else ("main", name)
            connection.execute(f"create or replace table build.{schema}.{table} as {sql}")
        return {mart: rows(connection, compiled_sql[f"model.nextoffer.{mart}"]) for mart in MARTS}

    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as build")
        connection.execute("create schema build.scorer")
        yield measure


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[Row]:
    """Return the rows of a query, ordered by all columns."""
    found = connection.execute(f"select * from ({sql}) order by all")
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def binary(seed: int, n: int, levels: int) -> tuple[Vector, Vector]:
    """Return calibrated scores with this many distinct values, and clicks."""
    generator = np.random.default_rng(seed)
    scores = np.ceil(generator.beta(1, 8, n) * levels) / (levels + 1)
    return scores, (generator.random(n) < scores).astype(float)


@pytest.mark.parametrize("levels", [3, 40, 10**9])
def test_binary_measures_are_those_of_the_scorer(measured: Measured, levels: int) -> None:
    """Log loss and Gini = 2 AUC - 1 agree with the scorer, with many and without ties."""
    scores, clicks = binary(1, 3000, levels)
    (row,) = measured("binary", scores, clicks)["model_performance"]
    area = metrics.auc(clicks, scores)
    assert area is not None
    assert row["gini"] == pytest.approx(2 * area - 1, abs=1e-12)
    assert row["log_loss"] == pytest.approx(metrics.log_loss(clicks, scores), abs=1e-6)
    assert (row["displays"], row["successes"]) == (3000, clicks.sum())
    assert row["mean_score"] == pytest.approx(scores.mean(), abs=1e-6)
    assert row["mean_reward"] == pytest.approx(clicks.mean())
    assert row["calibration_ratio"] == pytest.approx(clicks.mean() / scores.mean(), rel=1e-4)


@pytest.mark.parametrize("levels", [3, 10**9])
def test_continuous_gini_is_that_of_the_lorenz_curve(measured: Measured, levels: int) -> None:
    """Gini = 1 - 2 x the area under the Lorenz curve agrees with the scorer; no log loss."""
    scores, bought = binary(2, 3000, levels)
    amounts = np.round(bought * np.random.default_rng(3).exponential(40, 3000), 2)
    (row,) = measured("continuous", scores * 40, amounts)["model_performance"]
    assert row["gini"] == pytest.approx(metrics.lorenz_gini(amounts, scores), abs=1e-9)
    assert row["log_loss"] is None
    assert row["baseline_log_loss"] is None


def test_certain_scores_have_a_finite_log_loss(measured: Measured) -> None:
    """Scores of 0 and 1 are clipped by 1e-7, as in scorer.training.metrics."""
    scores, clicks = np.repeat([0.0, 1.0], 50), np.tile([0.0, 1.0], 50)
    (row,) = measured("binary", scores, clicks)["model_performance"]
    assert row["log_loss"] == pytest.approx(metrics.log_loss(clicks, scores), rel=1e-6)


def test_baseline_predicts_each_display_by_the_others_of_its_offer(measured: Measured) -> None:
    """The baseline leaves the display out and adds 20 displays with the mean of all."""
    scores, clicks = binary(4, 400, 10)
    offers = np.random.default_rng(5).integers(0, 6, 400)
    (row,) = measured("binary", scores, clicks, offers)["model_performance"]
    sums = np.bincount(offers, weights=clicks)[offers] - clicks
    counts = np.bincount(offers)[offers] - 1
    guesses = (sums + 20 * clicks.mean()) / (counts + 20)
    assert row["baseline_log_loss"] == pytest.approx(metrics.log_loss(clicks, guesses), abs=1e-6)


def test_a_model_that_ages_loses_by_the_week(measured: Measured) -> None:
    """The displays of each week are measured separately, and all of them in model_performance."""
    scores, clicks = binary(6, 4000, 10**9)
    late = np.arange(4000) >= 2000
    clicks[late] = np.random.default_rng(7).permutation(clicks[late])
    found = measured("binary", scores, clicks, days=np.where(late, 8, 1))
    first, second = found["model_performance_weekly"]
    assert (first["week"], second["week"]) == (1, 2)
    for row, part in ((first, ~late), (second, late)):
        area = metrics.auc(clicks[part], scores[part])
        assert area is not None
        assert row["gini"] == pytest.approx(2 * area - 1, abs=1e-12)
        assert row["displays"] == 2000
    assert first["gini"] > second["gini"] + 0.2
    assert found["model_performance"][0]["displays"] == 4000


def test_calibration_is_by_tenths_of_the_scores(measured: Measured) -> None:
    """Scores without ties fall into ten equal parts, each with its mean and interval."""
    scores, clicks = binary(8, 2000, 10**9)
    order = np.argsort(scores)
    found = measured("binary", scores, clicks)["model_calibration"]
    assert [row["decile"] for row in found] == list(range(1, 11))
    for row, part in zip(found, np.split(order, 10), strict=True):
        assert (row["displays"], row["successes"]) == (200, clicks[part].sum())
        assert row["lowest_score"] == scores[part].min()
        assert row["highest_score"] == scores[part].max()
        assert row["mean_score"] == pytest.approx(scores[part].mean(), abs=1e-6)
        assert row["mean_reward"] == pytest.approx(clicks[part].mean())
        wilson = stats.binomtest(int(clicks[part].sum()), 200).proportion_ci(method="wilson")
        assert row["mean_reward_low"] == pytest.approx(wilson.low, abs=2e-5)
        assert row["mean_reward_high"] == pytest.approx(wilson.high, abs=2e-5)


def test_no_success_in_a_tenth_still_has_an_interval(measured: Measured) -> None:
    """Without a click in 96 displays the interval of the rate is 0 to 3.8 %, not 0 to 0."""
    (row,) = measured("binary", np.full(96, 0.1), np.zeros(96))["model_calibration"]
    assert row["decile"] == 5
    assert row["mean_reward_low"] == pytest.approx(0)
    assert row["mean_reward_high"] == pytest.approx(3.8416 / 99.8416)
