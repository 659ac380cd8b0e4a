"""Inexact figures of arm_performance, compared with scipy on the SQL of the models."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from scipy import stats

from tests.support.arms import ArmRow, Arms

Rewards = npt.NDArray[np.float64]
Compare = Callable[..., ArmRow]


@pytest.fixture
def compared(arms: Arms) -> Compare:
    """Return a function from two lists of rewards, one per profile, to the row of the contextual
    arm."""

    def compare(
        kpi_type: str, random: Rewards, contextual: Rewards, profiles: Any = None
    ) -> ArmRow:
        rewards = np.concatenate([random, contextual])
        return arms.run(
            kpi_type,
            pa.table(
                {
                    "strategy_id": np.zeros(rewards.size, dtype=np.int64),
                    "profile_id": np.arange(rewards.size) if profiles is None else profiles,
                    "traffic_type": ["random"] * random.size + ["contextual"] * contextual.size,
                    "reward": rewards,
                }
            ),
        )[0]

    return compare


def clicks(successes: int, displays: int) -> Rewards:
    """Return rewards of a binary KPI."""
    return np.repeat([1.0, 0.0], [successes, displays - successes])


def orders(seed: int, displays: int, rate: float, mean: float) -> Rewards:
    """Return rewards of a continuous KPI: 0, or an amount."""
    generator = np.random.default_rng(seed)
    return generator.exponential(mean, displays) * (generator.random(displays) < rate)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ((30, 1000), (20, 1000)),
        ((20, 1000), (20, 2000)),
        ((20, 100), (30, 900)),
        ((300, 1000), (20, 1000)),
    ],
)
def test_p_value_is_that_of_the_chi_squared_test(
    compared: Compare, ours: tuple[int, int], theirs: tuple[int, int]
) -> None:
    """A binary KPI is tested by chi-squared without correction, however strong the evidence."""
    row = compared("binary", clicks(*theirs), clicks(*ours))
    table = [[hits, shown - hits] for hits, shown in (ours, theirs)]
    expected = stats.chi2_contingency(table, correction=False).pvalue
    assert row["p_value"] == pytest.approx(expected, rel=1e-6)


def test_p_value_of_30_in_1000_against_20_in_1000_is_known(compared: Compare) -> None:
    """z = 0.01 / sqrt(0.025 x 0.975 x 2 / 1000) = 1.4322, so p = 0.1521, by hand."""
    row = compared("binary", clicks(20, 1000), clicks(30, 1000))
    assert row["p_value"] == pytest.approx(0.1521, abs=5e-5)
    assert row["lift"] == pytest.approx(0.5)


def test_interval_of_the_lift_is_that_of_the_log_ratio(compared: Compare) -> None:
    """The 95 % interval is that of the delta method: symmetric around the log of the ratio."""
    random, contextual = clicks(20, 1000), clicks(30, 1000)
    row = compared("binary", random, contextual)
    variance = sum(arm.var(ddof=1) / len(arm) / arm.mean() ** 2 for arm in (random, contextual))
    half = 1.96 * math.sqrt(variance)
    assert row["lift_low"] == pytest.approx(1.5 * math.exp(-half) - 1)
    assert row["lift_high"] == pytest.approx(1.5 * math.exp(half) - 1)


@pytest.mark.parametrize("per_profile", [1, 5])
def test_incremental_reward_has_the_interval_of_the_difference(
    compared: Compare, per_profile: int
) -> None:
    """Displays times the difference of the means; displays of a profile count together."""
    random, contextual = orders(1, 400, 0.5, 10), orders(2, 900, 0.5, 12)
    random, contextual = np.repeat(random, per_profile), np.repeat(contextual, per_profile)
    profiles = np.repeat(np.arange(1300), per_profile)
    row = compared("continuous", random, contextual, profiles)
    gained = contextual.size * (contextual.mean() - random.mean())
    people = [np.array(arm).reshape(-1, per_profile).mean(axis=1) for arm in (random, contextual)]
    error = math.sqrt(sum(arm.var(ddof=1) / arm.size for arm in people))
    half = contextual.size * stats.t.ppf(0.975, 399) * error
    assert row["incremental_reward"] == pytest.approx(gained)
    assert row["incremental_reward_low"] == pytest.approx(gained - half, rel=1e-3)
    assert row["incremental_reward_high"] == pytest.approx(gained + half, rel=1e-3)


@pytest.mark.parametrize(
    ("random", "contextual"),
    [
        (orders(1, 4000, 0.10, 10), orders(2, 9000, 0.11, 12)),
        (orders(3, 25, 1, 10), orders(4, 900, 0.5, 10)),
        (orders(5, 21, 1, 1), orders(6, 22, 1, 30)),
        (orders(7, 30, 1, 1), orders(8, 30, 1, 1)),
        (orders(9, 4000, 0.10, 4e-4), orders(10, 9000, 0.11, 5e-4)),
        (orders(11, 4000, 0.10, 4e8), orders(12, 9000, 0.11, 5e8)),
    ],
)
def test_continuous_kpi_is_tested_by_welch(
    compared: Compare, random: Rewards, contextual: Rewards
) -> None:
    """Values of unequal variance are compared by Welch's t-test, even with few displays."""
    row = compared("continuous", random, contextual)
    expected = stats.ttest_ind(contextual, random, equal_var=False)
    assert row["p_value"] == pytest.approx(expected.pvalue, rel=1e-5)
    ratio = contextual.mean() / random.mean()
    variance = sum(arm.var(ddof=1) / len(arm) / arm.mean() ** 2 for arm in (random, contextual))
    half = stats.t.ppf(0.975, expected.df) * math.sqrt(variance)
    assert row["lift"] == pytest.approx(ratio - 1)
    assert row["lift_low"] == pytest.approx(ratio * math.exp(-half) - 1, rel=1e-5)
    assert row["lift_high"] == pytest.approx(ratio * math.exp(half) - 1, rel=1e-5)


@pytest.mark.parametrize("unit", [1e-4, 1e9])
def test_figures_do_not_depend_on_the_unit_of_amounts(compared: Compare, unit: float) -> None:
    """Amounts of 0.0003 to 0.0007 and of billions have the intervals and p-values of 3 to 7."""
    generator = np.random.default_rng(1)
    random, contextual = (generator.integers(*ends, 400) for ends in ((3, 7), (4, 8)))
    profiles = np.arange(800) % 300
    expected = compared("continuous", random * 1.0, contextual * 1.0, profiles)
    row = compared("continuous", random * unit, contextual * unit, profiles)
    figures = [name for name in row if name.startswith(("lift", "p_value", "weeks"))]
    assert None not in [expected[name] for name in figures]
    for name in figures:
        assert row[name] == pytest.approx(expected[name], rel=1e-6), name


def test_figures_do_not_depend_on_the_order_of_displays(arms: Arms) -> None:
    """Displays in another order give the same figures, to the last digit."""
    generator = np.random.default_rng(2)
    displays = pa.table(
        {
            "strategy_id": np.zeros(5000, dtype=np.int64),
            "profile_id": generator.integers(0, 500, 5000),
            "traffic_type": generator.choice(["random", "contextual"], 5000),
            "reward": generator.lognormal(0, 6, 5000),
        }
    )
    shuffled = displays.take(pa.array(generator.permutation(5000)))
    assert arms.run("continuous", shuffled) == arms.run("continuous", displays)


def test_equal_arms_differ_by_nothing(compared: Compare) -> None:
    """Equal rates in both arms give a lift of 0 and p = 1, also clustered by profile."""
    row = compared("binary", clicks(20, 1000), clicks(40, 2000))
    assert row["lift"] == pytest.approx(0)
    assert row["p_value"] == pytest.approx(1)
    assert row["p_value_clustered"] == pytest.approx(1)


def test_fewer_than_20_successes_are_insufficient(compared: Compare) -> None:
    """With fewer than 20 successes in either arm, lift, intervals and p-values are NULL."""
    for random, contextual in ((19, 20), (20, 19), (0, 500), (0, 0)):
        row = compared("binary", clicks(random, 500), clicks(contextual, 500))
        figures = [name for name in row if name.startswith(("lift", "p_value"))]
        assert len(figures) == 7
        assert row["status"] == "insufficient"
        assert [name for name in figures if row[name] is not None] == []


def test_interval_is_never_degenerate(compared: Compare) -> None:
    """Arms where every display, or just enough of them, succeeded have an interval."""
    row = compared("binary", clicks(20, 20_000), clicks(20, 20_000))
    assert row["lift_low"] < -0.4 < 0.8 < row["lift_high"]


def test_clustered_figures_are_those_of_sums_by_profile(compared: Compare) -> None:
    """Profiles with many displays, some in both arms, give the cluster-robust standard error."""
    generator = np.random.default_rng(11)
    sizes = (900, 2100)
    profiles = generator.integers(0, 300, sum(sizes))
    taste = generator.gamma(0.5, 0.4, 300)
    rewards = (generator.random(sum(sizes)) < np.minimum(taste, 1)[profiles]).astype(float)
    random, contextual = rewards[: sizes[0]], rewards[sizes[0] :]
    row = compared("binary", random, contextual, profiles)

    influence = np.zeros((2, 300))
    for arm, (values, people) in enumerate(
        [(random, profiles[: sizes[0]]), (contextual, profiles[sizes[0] :])]
    ):
        np.add.at(influence[arm], people, (values - values.mean()) / values.size)
    counts = [np.unique(people).size for people in np.split(profiles, [sizes[0]])]
    inflated = influence**2 * (np.array(counts) / (np.array(counts) - 1))[:, None]
    means = np.array([random.mean(), contextual.mean()])
    covariance = (influence[0] * influence[1]).sum()
    error = math.sqrt(inflated.sum() - 2 * covariance)
    degrees = min(counts) - 1
    t = (means[1] - means[0]) / error
    assert row["p_value_clustered"] == pytest.approx(2 * stats.t.sf(abs(t), degrees), rel=1e-5)
    relative = inflated.sum(axis=1) @ (1 / means**2) - 2 * covariance / means.prod()
    half = stats.t.ppf(0.975, degrees) * math.sqrt(relative)
    ratio = means[1] / means[0]
    assert row["lift_low_clustered"] == pytest.approx(ratio * math.exp(-half) - 1, rel=1e-5)
    assert row["lift_high_clustered"] == pytest.approx(ratio * math.exp(half) - 1, rel=1e-5)


def test_clustered_figures_need_20_profiles(compared: Compare) -> None:
    """Fewer than 20 profiles are too few to estimate how much profiles differ."""
    profiles = np.arange(2000) % 19
    row = compared("binary", clicks(40, 1000), clicks(60, 1000), profiles)
    assert row["p_value"] is not None
    assert row["p_value_clustered"] is None
    assert row["lift_low_clustered"] is None


@pytest.mark.parametrize("ratio", [1, 9])
def test_displays_needed_give_a_power_of_80_percent(compared: Compare, ratio: int) -> None:
    """With as many displays as stated, a lift of 10 % has z = 1.96 + 0.84 on average."""
    row = compared("binary", clicks(50, 1000), clicks(50 * ratio, 1000 * ratio))
    needed = row["baseline_displays_needed"]
    rates, displays = np.array([0.05, 0.055]), np.array([needed, ratio * needed])
    error = math.sqrt((rates * (1 - rates) / displays).sum())
    assert 0.005 / error == pytest.approx(stats.norm.ppf(0.975) + stats.norm.ppf(0.8), rel=1e-4)
    assert row["displays_needed"] == pytest.approx(displays.sum(), rel=1e-4)
    # 1,000 random displays came in the 7 days since the first one.
    assert row["weeks_needed"] == pytest.approx((needed - 1000) / 1000, rel=1e-3)
    sentence = f"At this traffic a 10 % lift needs {math.ceil(row['weeks_needed'])} more weeks"
    assert row["power_sentence"] == f"{sentence} to show."


def test_displays_needed_of_a_continuous_kpi_follow_its_variance(compared: Compare) -> None:
    """The sample size formula for two means gives the displays, with each arm's variance."""
    random, contextual = orders(1, 900, 0.2, 10), orders(2, 1800, 0.2, 12)
    row = compared("continuous", random, contextual)
    quantiles = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    variance = random.var(ddof=1) + contextual.var(ddof=1) / 2
    expected = quantiles**2 * variance / (0.1 * random.mean()) ** 2
    assert row["baseline_displays_needed"] == pytest.approx(expected, rel=1e-4)


def test_lift_over_control_is_that_over_random_with_the_arms_exchanged(arms: Arms) -> None:
    """The same rewards in the control arm give the same lift, interval and gain as in random."""

    def row(random: Rewards, control: Rewards, baseline: str) -> ArmRow:
        parts = {"random": random, "noncontextual": control, "contextual": clicks(60, 1000)}
        rewards = np.concatenate(list(parts.values()))
        table = {
            "strategy_id": np.zeros(rewards.size, dtype=np.int64),
            "profile_id": np.arange(rewards.size) % 1500,
            "traffic_type": [name for name, part in parts.items() for _ in part],
            "reward": rewards,
        }
        return arms.run("binary", pa.table(table), baseline)[0]

    few, many = clicks(20, 1000), clicks(25, 1000)
    over_control = row(few, many, "control")
    over_random = row(many, few, "random")
    assert over_control["lift"] == pytest.approx(60 / 25 - 1)
    for name in ("lift", "lift_low", "lift_high", "p_value", "incremental_reward"):
        assert over_control[name] == pytest.approx(over_random[name]), name
    assert over_control["baseline_displays_needed"] == over_random["baseline_displays_needed"]
    assert "control" in row(few, clicks(5, 1000), "control")["power_sentence"].lower()
