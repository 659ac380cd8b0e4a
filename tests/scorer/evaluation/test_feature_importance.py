"""Feature importance and scored displays: the tables that a training writes about its models."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from scorer.config import Settings
from scorer.cycle.all_strategies import train_strategies
from scorer.evaluation.feature_importance import importance_rows, sample
from scorer.evaluation.scored_displays import score_displays, versions_to_score
from scorer.features import encode_offers, encode_users
from scorer.progress import Silent
from scorer.registry.model_registry import ModelRegistry
from scorer.warehouse.database import Connection, connect_build
from tests.support.benches import fitted
from tests.support.small_home import FIRST, make_home
from tests.support.training_inputs import START, worked_example

TABLES = ("scored_displays", "feature_importance", "policy_evaluation")
MARTS = (
    "dim_ranking_strategies",
    "strategy_features",
    "offer_readiness",
    "eligibility_sets",
    "display_eligibility_sets",
    "training_examples",
)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home after two cycles."""
    return make_home(tmp_path_factory.mktemp("importance") / "home")


def test_the_planted_interaction_is_the_most_important_one() -> None:
    """f1 and f2 together decide between the offers, and the rows say so."""
    rows = importance_rows(fitted("interaction_base", displays=1000), worked_example(0, 500))
    top = {r["measure"]: r for r in rows if r["offer_id"] is None and r["importance_rank"] == 1}
    assert top["interaction"]["feature_name"] == "f1 x f2"
    assert top["interaction"]["feature_kind"] == "pair"
    assert top["interaction"]["share"] > 0.5


def test_shares_of_a_measure_and_offer_add_up_to_one() -> None:
    """Ranks count from 1 by importance, and only trees have gains."""
    for kind in ("interaction_base", "pooled_trees", "residual_trees"):
        rows = importance_rows(fitted(kind, displays=1000), worked_example(0, 500))
        assert ("gain" in {r["measure"] for r in rows}) == (kind != "interaction_base")
        for key in {(r["measure"], r["offer_id"]) for r in rows}:
            part = [r for r in rows if (r["measure"], r["offer_id"]) == key]
            assert sum(r["share"] for r in part) == pytest.approx(1)
            assert [r["importance_rank"] for r in part] == list(range(1, len(part) + 1))
            sizes = [r["importance"] for r in part]
            assert sizes == sorted(sizes, reverse=True)


def test_the_best_single_offer_has_no_importance() -> None:
    """The best single offer has no rows."""
    assert importance_rows(fitted("best_single"), worked_example(0, 100)) == []


def test_importance_does_not_depend_on_the_order_of_rows() -> None:
    """Shuffled examples give the same rows."""
    table = worked_example(0, 400)
    shuffled = table.take(np.random.default_rng(1).permutation(table.num_rows))
    model = fitted("residual_trees", displays=1000)
    assert importance_rows(model, shuffled) == importance_rows(model, table)
    assert sample(shuffled, 5)["display_id"].to_pylist() == [
        f"d{i:06}" for i in (0, 200, 400, 599, 799)
    ]


def test_only_later_displays_of_known_offers_are_scored() -> None:
    """Displays in the data window, of unknown offers and without an outcome are left out."""
    table, model = worked_example(2, 50), fitted("interaction_base")
    end = START + timedelta(minutes=59)
    odd = table.slice(90, 2)
    odd = odd.set_column(2, "offer_id", pa.array(["offer_9", "offer_1"]))
    odd = odd.set_column(3, "reward", pa.array([1.0, None]))
    table = pa.concat_tables([table, odd]).append_column("is_success", pa.nulls(102, pa.bool_()))
    found = score_displays(model, end, table.take(np.arange(101, -1, -1)))
    assert found["display_id"].to_pylist() == [f"d{i:06}" for i in range(60, 100)]
    later = table.slice(60, 40)
    own = encode_offers(later["offer_id"], model.offer_ids)
    expected = model.score(encode_users(later, model.schema))[np.arange(40), own]
    np.testing.assert_allclose(found["score"].to_numpy(), expected, rtol=1e-5)


def test_a_training_scores_what_earlier_models_never_saw(settings: Settings) -> None:
    """The model of the first cycle scores every later display, the new one none."""
    with connect_build(settings.build_path, read_only=True) as connection:
        ((version, displays, first),) = connection.execute(
            "select model_version, count(*), min(event_ts) from scorer.scored_displays group by 1"
        ).fetchall()
        window = ModelRegistry(settings.models_dir).manifest("s", version)["data_window_end"]
        measured = connection.execute(
            "select distinct model_version from scorer.feature_importance"
        ).fetchall()
    assert (displays, first.isoformat() > window) == (800, True)
    assert len(measured) == 2


def test_at_most_five_versions_are_scored_the_deployed_one_first(settings: Settings) -> None:
    """The deployed and the four newest other models score, if older than the last display."""
    with connect_build(settings.build_path) as connection:
        connection.execute("begin")
        connection.execute(
            "insert into scorer.model_versions by name select 't' as strategy_id,"
            " 'v' || i as model_version, i = 2 as is_deployed,"
            " ?::timestamp + to_days(i::int) as trained_as_of,"
            " ?::timestamp + to_days(i::int - 3) as data_window_end from range(9) as r(i)",
            [FIRST, FIRST],
        )
        found = versions_to_score(connection, "t", FIRST + timedelta(days=5))
        connection.execute("rollback")
    assert found == ["v2", "v7", "v6", "v5", "v4"]


def test_training_again_beside_others_gives_the_same_rows(
    settings: Settings, tmp_path: Path
) -> None:
    """One strategy fails, one has the same data: each has the rows of a training of its own."""
    shutil.copytree(settings.home, tmp_path / "home")
    copied = replace(settings, home=tmp_path / "home")
    with connect_build(copied.build_path) as connection:
        before = {t: _rows(connection, t, "s") for t in TABLES}
        for mart in MARTS:
            connection.execute(
                f"insert into {mart} select * replace (unnest(['t', 'no_features']) as strategy_id)"
                f" from {mart} where strategy_id = 's'"
            )
        connection.execute(
            "update strategy_features set value_type = 'none' where strategy_id = 'no_features'"
        )
    failures = train_strategies(copied, Silent())
    assert list(failures) == ["no_features"]
    with connect_build(copied.build_path) as connection:
        assert {t: _rows(connection, t, "s") for t in TABLES} == before
        assert _rows(connection, "feature_importance", "t")


def _rows(connection: Connection, table: str, strategy: str) -> list[tuple[object, ...]]:
    return connection.execute(
        f"from scorer.{table} where strategy_id = ? order by all", [strategy]
    ).fetchall()
