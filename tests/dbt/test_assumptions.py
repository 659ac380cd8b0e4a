"""Tests of the three assumptions on the SQL of their models: detections and false alarms."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

MODEL = "model.nextoffer."
MODELS_OF_CELLS = (
    "int_single_interactions",
    "int_random_pair_outcomes",
    "int_random_feature_outcomes",
    "int_offer_contrasts",
)
SEEDS = 300


@pytest.fixture
def build() -> Iterator[duckdb.DuckDBPyConnection]:
    """Return an empty database in which compiled models find their tables."""
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as build")
        connection.execute("use build")
        connection.execute("create schema scorer")
        connection.execute(
            "create table scorer.training_runs"
            " (strategy_id varchar, as_of timestamp, model_version varchar)"
        )
        yield connection


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, object]]:
    """Return the rows of a query."""
    found: list[dict[str, object]] = connection.sql(sql).to_arrow_table().to_pylist()
    return found


def table(connection: duckdb.DuckDBPyConnection, name: str, columns: dict[str, object]) -> None:
    """Create a table from columns."""
    given = pa.table(columns)  # noqa: F841 - DuckDB finds it by its name
    connection.execute(f"create or replace table {name} as select * from given")


def worlds(rate_before: float, rate_after: float, shown: tuple[int, int]) -> dict[str, object]:
    """Return offer periods of many strategies with four offers; the first one changes."""
    generator = np.random.default_rng(5)
    offers, before, after = 4, shown[0], shown[1]
    old = generator.binomial(before, rate_before, (SEEDS, offers))
    rates = np.where(np.arange(offers) == 0, rate_after, rate_before)
    new = generator.binomial(after, np.broadcast_to(rates, (SEEDS, offers)))
    mean = (old + new) / (before + after)
    return {
        "strategy_id": np.repeat(np.arange(SEEDS).astype(str), offers),
        "offer_id": np.tile([f"o{number}" for number in range(offers)], SEEDS),
        "kpi_type": ["binary"] * SEEDS * offers,
        "recent_days": np.full(SEEDS * offers, 7.0),
        "recent_displays": np.full(SEEDS * offers, after),
        "recent_successes": new.ravel(),
        "recent_reward": new.ravel() / after,
        "previous_displays": np.full(SEEDS * offers, before),
        "previous_successes": old.ravel(),
        "previous_reward": old.ravel() / before,
        "mean_reward": mean.ravel(),
        "reward_variance": (mean * (1 - mean)).ravel(),
        "expected_successes": (mean * after).ravel(),
    }


@pytest.fixture
def shifts(
    build: duckdb.DuckDBPyConnection, compiled_sql: dict[str, str]
) -> Callable[[dict[str, object]], list[dict[str, object]]]:
    """Return a function from offer periods to the rows of offer_performance_shift."""
    build.execute(
        "create table int_offers as select 'o' || range as offer_id, 'Offer' as offer_name"
        " from range(4)"
    )
    build.execute(
        "create table int_offer_surprises (strategy_id varchar, offer_id varchar, displays bigint,"
        " reward double, expected_reward double, ratio double, p_value double)"
    )

    def shifted(periods: dict[str, object]) -> list[dict[str, object]]:
        table(build, "int_offer_periods", periods)
        return rows(build, compiled_sql[MODEL + "offer_performance_shift"])

    return shifted


def test_unchanged_offers_are_rarely_flagged(
    shifts: Callable[[dict[str, object]], list[dict[str, object]]],
) -> None:
    """Without a change, about one strategy in twenty has a warning and none has a severe
    finding."""
    found = shifts(worlds(0.06, 0.06, (600, 160)))
    flagged = {row["strategy_id"] for row in found if row["severity"] != "ok"}
    assert len(flagged) / SEEDS < 0.10
    assert sum(row["severity"] == "severe" for row in found) <= 1
    tested = [row["p_value"] for row in found if row["p_value"] is not None]
    assert np.mean(np.array(tested) < 0.05) == pytest.approx(0.05, abs=0.025)


def test_a_collapse_is_found_within_a_week(
    shifts: Callable[[dict[str, object]], list[dict[str, object]]],
) -> None:
    """An offer that falls from 8 % to 1 % of 200 random displays is nearly always flagged."""
    found = [row for row in shifts(worlds(0.08, 0.01, (800, 200))) if row["offer_id"] == "o0"]
    assert np.mean([row["severity"] != "ok" for row in found]) > 0.97
    assert np.mean([row["severity"] == "severe" for row in found]) > 0.7


def test_adjusted_p_values_are_those_of_benjamini_and_hochberg(
    shifts: Callable[[dict[str, object]], list[dict[str, object]]],
) -> None:
    """Within a strategy, p-values are adjusted as in scipy."""
    found = shifts(worlds(0.06, 0.03, (600, 160)))
    for strategy in ("0", "1", "2"):
        tests = [row for row in found if row["strategy_id"] == strategy]
        tests = [row for row in tests if row["p_value"] is not None]
        expected = stats.false_discovery_control([row["p_value"] for row in tests])
        assert [row["adjusted_p_value"] for row in tests] == pytest.approx(list(expected))


@pytest.fixture
def similar(
    build: duckdb.DuckDBPyConnection, compiled_sql: dict[str, str]
) -> Callable[[np.ndarray], list[dict[str, object]]]:
    """Return a function from rates (strategies, 2 offers, 2 x 2 cells) to offer_similarity."""

    def compare(rates: np.ndarray) -> list[dict[str, object]]:
        generator = np.random.default_rng(11)
        displays = 1000
        cells = []
        for strategy, offers in enumerate(rates):
            for offer, of_offer in enumerate(offers):
                for cell, successes in enumerate(generator.binomial(displays, of_offer.ravel())):
                    cells.append((str(strategy), f"o{offer}", cell // 2, cell % 2, successes))
        columns = [list(column) for column in zip(*cells, strict=True)]
        names = ("strategy_id", "offer_id", "one", "other", "successes")
        table(build, "cells", dict(zip(names, columns, strict=True)))
        build.execute(
            f"""
            create or replace table training_examples as
            select strategy_id, offer_id, one, other, 'random' as traffic_type,
                row_number() over ()::varchar as display_id, number < successes as is_success,
                (number < successes)::int::double as reward
            from cells, range({displays}) as numbers(number);
            create or replace table int_example_features as
            select strategy_id, offer_id, display_id, traffic_type, is_success, reward,
                unnest(['one', 'other']) as feature_name,
                unnest([one::varchar, other::varchar]) as feature_value
            from training_examples;
            create or replace table int_pair_interactions as
            select distinct strategy_id, 'one' as feature_name, 'other' as other_feature_name
            from cells;
            create or replace table int_offers as
            select 'o' || range as offer_id, 'Offer ' || range as offer_name from range(2);
            """
        )
        for model in MODELS_OF_CELLS:
            build.execute(f"create or replace table {model} as {compiled_sql[MODEL + model]}")
        return rows(build, compiled_sql[MODEL + "offer_similarity"])

    return compare


def test_twins_are_alike(similar: Callable[[np.ndarray], list[dict[str, object]]]) -> None:
    """Two cards that differ only in colour are alike, although some people respond more to both."""
    twin = np.array([[0.05, 0.10], [0.08, 0.20]])
    found = similar(np.broadcast_to(twin, (40, 2, 2, 2)))
    verdicts = [row["verdict"] for row in found]
    assert verdicts.count("alike") >= 37
    assert np.median([row["similarity"] for row in found]) == 1
    assert np.mean([row["p_value"] < 0.05 for row in found]) < 0.15


def test_an_either_or_is_a_difference(
    similar: Callable[[np.ndarray], list[dict[str, object]]],
) -> None:
    """Offers whose appeal depends on both features together differ, although neither shows it
    alone."""
    xnor = np.array([[0.2, 0.05], [0.05, 0.2]])
    found = similar(np.broadcast_to(np.stack([xnor, xnor[::-1]]), (5, 2, 2, 2)))
    assert {row["verdict"] for row in found} == {"different"}
    assert {row["most_different_feature"] for row in found} == {"one with other"}
    assert all(row["similarity"] < 0.5 for row in found)


def test_p_values_are_close_to_the_chi_squared_distribution(
    build: duckdb.DuckDBPyConnection, compiled_sql: dict[str, str]
) -> None:
    """Tails are close to the exact ones, from 1 to 20 degrees of freedom."""
    contrasts = [(df, stats.chi2.isf(p, df), p) for df in (1, 2, 3, 20) for p in (0.2, 0.01, 1e-4)]
    count = len(contrasts)
    table(
        build,
        "int_offer_contrasts",
        {
            "strategy_id": [str(number) for number in range(count)],
            "offer_id": ["o0"] * count,
            "other_offer_id": ["o1"] * count,
            "feature_name": ["f"] * count,
            "is_pair": [False] * count,
            "degrees": [df for df, _, _ in contrasts],
            "statistic": [statistic for _, statistic, _ in contrasts],
            "information": [10.0] * count,
        },
    )
    build.execute(
        f"""
        create table training_examples as
        select range::varchar as strategy_id, unnest(['o0', 'o1']) as offer_id,
            'random' as traffic_type, true as is_success, 1.0::double as reward from range({count});
        create table int_random_feature_outcomes as
        select range::varchar as strategy_id, false as is_amount from range({count});
        create table int_offers as select 'o' || range as offer_id, null::varchar as offer_name
        from range(2);
        """
    )
    found = rows(build, compiled_sql[MODEL + "offer_similarity"])
    by_strategy = {row["strategy_id"]: row["p_value"] for row in found}
    for number, (_, _, exact) in enumerate(contrasts):
        assert by_strategy[str(number)] == pytest.approx(exact, rel=0.05)


@pytest.fixture
def drifts(
    build: duckdb.DuckDBPyConnection, compiled_sql: dict[str, str]
) -> Callable[[np.ndarray, np.ndarray], list[dict[str, object]]]:
    """Return a function from counts (strategies, values) before and now to drift rows."""

    def drift(before: np.ndarray, now: np.ndarray) -> list[dict[str, object]]:
        strategies, values = before.shape
        table(
            build,
            "int_traffic_counts",
            {
                "strategy_id": np.repeat(np.arange(strategies).astype(str), values),
                "comparison": ["latest_week"] * before.size,
                "feature_name": ["city"] * before.size,
                "feature_value": np.tile([f"v{number}" for number in range(values)], strategies),
                "base_count": before.ravel(),
                "new_count": now.ravel(),
                "base_size": np.repeat(before.sum(axis=1).astype(float), values),
                "new_size": np.repeat(now.sum(axis=1).astype(float), values),
            },
        )
        return rows(build, compiled_sql[MODEL + "traffic_composition_drift"])

    return drift


def test_small_samples_do_not_cry_wolf(
    drifts: Callable[[np.ndarray, np.ndarray], list[dict[str, object]]],
) -> None:
    """With 100 people a week and 20 values, an index above 0.1 is chance and is not reported."""
    generator = np.random.default_rng(3)
    shares = generator.dirichlet(np.full(20, 3.0))
    before, now = (generator.multinomial(size, shares, 200) for size in (400, 100))
    found = [row for row in drifts(before, now) if row["feature_name"] == "city"]
    assert np.mean([row["psi"] > 0.1 for row in found]) > 0.9
    assert np.mean([row["severity"] != "ok" for row in found]) < 0.05
    assert not any(row["severity"] == "severe" for row in found)
    assert np.mean([row["psi"] - row["expected_psi"] for row in found]) == pytest.approx(0, abs=0.1)


def test_a_new_audience_is_severe(
    drifts: Callable[[np.ndarray, np.ndarray], list[dict[str, object]]],
) -> None:
    """A shift of most visitors to a city that was rare before is always found."""
    generator = np.random.default_rng(4)
    before = generator.multinomial(2000, [0.7, 0.2, 0.1], 50)
    now = generator.multinomial(500, [0.2, 0.2, 0.6], 50)
    found = drifts(before, now)
    assert {row["severity"] for row in found} == {"severe"}
    assert all(row["retrain_recommended"] for row in found)
