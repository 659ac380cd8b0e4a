"""Figures of arm_performance that are not exact, compared with scipy on the model's own SQL."""

from __future__ import annotations

import math
from collections.abc import Callable

import duckdb
import numpy as np
import pytest
from scipy import stats

ArmRow = dict[str, float]


@pytest.fixture
def compared(compiled_sql: dict[str, str]) -> Callable[[str, np.ndarray, np.ndarray], ArmRow]:
    """Return a function from two lists of rewards to the contextual arm's row of the model."""
    sql = compiled_sql["model.nextoffer.arm_performance"]

    def compare(kpi_type: str, random: np.ndarray, contextual: np.ndarray) -> ArmRow:
        with duckdb.connect() as connection:
            connection.execute("attach ':memory:' as build")
            connection.execute(
                "create table build.main.stg_ranking_strategies as"
                f" select 's' as strategy_id, '{kpi_type}' as kpi_type"
            )
            connection.execute(
                "create table build.main.int_display_outcomes as"
                " select 's' as strategy_id, 'web' as placement_id, traffic_type,"
                " true as is_mature, timestamp '2026-01-30' as event_ts,"
                " reward > 0 as is_success, reward::double as reward"
                " from (select 'random' as traffic_type, unnest($1::double[]) as reward"
                " union all select 'contextual', unnest($2::double[]))",
                [random.tolist(), contextual.tolist()],
            )
            found = connection.execute(
                f"select * from ({sql}) where placement_id = 'all' and window_days = 7"
                " and traffic_type = 'contextual'"
            )
            names = [column[0] for column in found.description]
            return dict(zip(names, found.fetchone(), strict=True))

    return compare


def clicks(successes: int, displays: int) -> np.ndarray:
    """Return rewards of a binary KPI."""
    return np.repeat([1.0, 0.0], [successes, displays - successes])


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ((30, 1000), (20, 1000)),
        ((20, 1000), (20, 2000)),
        ((9, 100), (30, 900)),
        ((300, 1000), (20, 1000)),
    ],
)
def test_p_value_is_that_of_the_chi_squared_test(
    compared: Callable[[str, np.ndarray, np.ndarray], ArmRow],
    ours: tuple[int, int],
    theirs: tuple[int, int],
) -> None:
    """A binary KPI is tested by chi-squared without correction, however strong the evidence."""
    row = compared("binary", clicks(*theirs), clicks(*ours))
    table = [[hits, shown - hits] for hits, shown in (ours, theirs)]
    expected = stats.chi2_contingency(table, correction=False).pvalue
    assert row["p_value"] == pytest.approx(expected, rel=1e-6)


def test_p_value_of_30_in_1000_against_20_in_1000_is_known(
    compared: Callable[[str, np.ndarray, np.ndarray], ArmRow],
) -> None:
    """z = 0.01 / sqrt(0.025 x 0.975 x 2 / 1000) = 1.4322, so p = 0.1521, by hand."""
    row = compared("binary", clicks(20, 1000), clicks(30, 1000))
    assert row["p_value"] == pytest.approx(0.1521, abs=5e-5)
    assert row["lift"] == pytest.approx(0.5)


def test_interval_of_the_lift_is_that_of_the_log_ratio(
    compared: Callable[[str, np.ndarray, np.ndarray], ArmRow],
) -> None:
    """The 95 % interval is the delta method's: symmetric in the log, around the lift."""
    random, contextual = clicks(20, 1000), clicks(30, 1000)
    row = compared("binary", random, contextual)
    variance = sum(arm.var(ddof=1) / len(arm) / arm.mean() ** 2 for arm in (random, contextual))
    half = 1.96 * math.sqrt(variance)
    assert row["lift_low"] == pytest.approx(1.5 * math.exp(-half) - 1)
    assert row["lift_high"] == pytest.approx(1.5 * math.exp(half) - 1)


def test_continuous_kpi_is_tested_by_welch(
    compared: Callable[[str, np.ndarray, np.ndarray], ArmRow],
) -> None:
    """Values of unequal variance are compared by Welch's statistic, in the normal limit."""
    generator = np.random.default_rng(7)
    random = generator.exponential(10, 4000) * (generator.random(4000) < 0.10)
    contextual = generator.exponential(12, 9000) * (generator.random(9000) < 0.11)
    row = compared("continuous", random, contextual)
    z = stats.ttest_ind(contextual, random, equal_var=False).statistic
    assert row["p_value"] == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-6)
    assert row["lift"] == pytest.approx(contextual.mean() / random.mean() - 1)


def test_equal_arms_differ_by_nothing(
    compared: Callable[[str, np.ndarray, np.ndarray], ArmRow],
) -> None:
    """The same rate in both arms is a lift of 0 with p = 1."""
    row = compared("binary", clicks(20, 1000), clicks(40, 2000))
    assert row["lift"] == pytest.approx(0)
    assert row["p_value"] == pytest.approx(1)
