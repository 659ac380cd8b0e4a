"""What a cycle deploys: the nominee of the gate, unless the deployed model is better."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from scorer.config import Settings
from scorer.cycle.one_strategy import train_strategy
from scorer.progress import Silent
from scorer.registry.model_registry import Deployment, ModelRegistry
from scorer.training.gate import Z
from scorer.warehouse.database import Connection, connect_memory
from tests.support.benches import as_trained, fitted
from tests.support.ranking_inputs import AS_OF
from tests.support.scorer_tables import create_scorer_tables
from tests.support.training_inputs import START, worked_example

WEEK = timedelta(days=7)
MARTS = """
create table dim_ranking_strategies as
    select 's' as strategy_id, 'binary' as kpi_type, 0.1 as exploration_share,
        'uniform' as exploration, 0.0 as control_share, null::varchar[] as guardrails, 3 as top_k;
create table strategy_features as
    select 's' as strategy_id, * from (values
        (0, 'f1', 'segment', 'boolean'), (1, 'f2', 'context', 'number')
    ) as t(feature_order, feature_name, feature_kind, value_type);
create table offer_readiness as
    select 's' as strategy_id, offer_id, offer_id <> 'offer_3' as is_ready,
        300 as displays, 30 as successes, 250 as min_displays, 25 as min_successes
    from (values ('offer_1'), ('offer_2'), ('offer_3')) as t(offer_id);
create table dim_offers as
    select offer_id, '{"category": "loan"}' as characteristics, null::double as value_per_success
    from offer_readiness;
create table display_eligibility_sets as
    select 's' as strategy_id, 'd1' as eligibility_set_id, 'web' as placement_id, offer_id,
        true as is_eligible
    from offer_readiness where is_ready;
create table training_examples as
    select 's' as strategy_id, display_id, event_ts, display_id as profile_id, offer_id, reward,
        reward > 0 as is_success, propensity, 1 as position, 'd1' as eligibility_set_id,
        'web' as placement_id, 'act' as activity_id, 'scope' as scope_id,
        case when "segment:f1" then ['f1'] else [] end as segments,
        map {'f2': "context:f2"} as context
    from worked;
"""


def build(table: pa.Table) -> Connection:
    """A build whose strategy has these examples, with the tables of the scorer."""
    connection = connect_memory()
    connection.register("worked", table)
    connection.execute(MARTS)
    create_scorer_tables(connection)
    return connection


def flat_world(displays: int) -> pa.Table:
    """Offers that everybody likes equally, offer_1 a little better."""
    table = worked_example(0, displays)
    rng = np.random.default_rng(1)
    first = np.array(table["offer_id"].to_pylist()) == "offer_1"
    rewards = (rng.random(len(first)) < np.where(first, 0.3, 0.25)).astype(float)
    return table.set_column(3, "reward", pa.array(rewards))


def turned_world(turned: int) -> pa.Table:
    """2000 displays of the worked example, the first of them with the two offers swapped."""
    table = worked_example(0, 1000)
    other = {"offer_1": "offer_2", "offer_2": "offer_1"}
    offers = table["offer_id"].to_pylist()
    offers[:turned] = [other[o] for o in offers[:turned]]
    return table.set_column(2, "offer_id", pa.array(offers))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A cycle in an empty home."""
    return Settings(home=tmp_path, as_of=AS_OF)


@pytest.fixture
def worked() -> Iterator[Connection]:
    """A build of the worked example: a strong taste."""
    connection = build(worked_example(0, 300))
    yield connection
    connection.close()


def train_cycle(connection: Connection, settings: Settings) -> tuple[dict[str, Any], str]:
    """Train; the row of training_runs and the summary."""
    summary = train_strategy(connection, settings, "s", Silent())
    rows = connection.sql("from scorer.training_runs").to_arrow_table().to_pylist()
    assert len(rows) == 1
    return rows[0], summary


def content(connection: Connection) -> dict[str, list[Any]]:
    """All rows of the tables of the scorer."""
    names = ("training_runs", "policy_evaluation", "model_versions")
    return {n: connection.execute(f"from scorer.{n} order by all").fetchall() for n in names}


def deployed(settings: Settings, kind: str, seed: int = 0, end: datetime = START) -> str:
    """Deploy a model of the worked example a week earlier; its window ended long before."""
    registry = ModelRegistry(settings.models_dir)
    trained = as_trained(fitted(kind, seed, 600), data_window_end=end)
    version = registry.save("s", trained, AS_OF - WEEK)
    registry.deploy("s", version, AS_OF - WEEK, "passed the gate")
    return version


def test_a_model_that_passes_is_deployed(worked: Connection, settings: Settings) -> None:
    """The run has status succeeded and no reason; the deployment says why."""
    run, summary = train_cycle(worked, settings)
    assert (run["status"], run["reason"]) == ("succeeded", None)
    assert run["model_version"] == run["deployed_model_version"]
    assert (run["offers_ready"], run["offers_included"]) == (2, 3)
    assert summary.startswith(f"model {run['model_version']} (")
    history = ModelRegistry(settings.models_dir).history("s")
    assert history == [Deployment(AS_OF, run["model_version"], "deploy", "passed the gate")]


def guarded(guardrail: str) -> Connection:
    """A build with a guardrail that the offers earn which the worked example does not like."""
    connection = build(worked_example(0, 1500))
    connection.execute(
        "create or replace table dim_ranking_strategies as"
        " select * replace ([$1] as guardrails) from dim_ranking_strategies",
        [guardrail],
    )
    connection.execute(
        "insert into training_examples by name"
        " select * replace ('calm' as strategy_id, (hash(display_id) % 10 < 8 and not case"
        " when offer_id = 'offer_1' then (segments = ['f1']) = (context['f2'] = '1')"
        " else segments = [] and context['f2'] = '1' end)::int as reward)"
        " from training_examples"
    )
    return connection


def test_a_model_that_harms_a_guardrail_is_held_back(settings: Settings) -> None:
    """Nothing is deployed, the run names the guardrail and its metrics have the interval."""
    run, _ = train_cycle(guarded("calm"), settings)
    assert (run["status"], run["deployed_model_version"]) == ("held_back", None)
    assert re.match("guardrail calm gets worse: -.* per display; all traffic is", run["reason"])
    (found,) = json.loads(run["metrics"])["guardrails"]
    assert (found["guardrail"], found["is_worse"]) == ("calm", True)
    assert found["low"] < found["high"] < 0


def test_a_model_that_lowers_what_should_be_low_is_deployed(settings: Settings) -> None:
    """A minus before the name of the guardrail means that less of it is better."""
    run, _ = train_cycle(guarded("-calm"), settings)
    assert run["status"] == "succeeded"
    (found,) = json.loads(run["metrics"])["guardrails"]
    assert (found["is_less_better"], found["is_worse"]) == (True, False)
    assert found["high"] > found["low"] > 0


def test_a_model_that_does_not_pass_is_kept_and_the_best_single_offer_deployed(
    settings: Settings,
) -> None:
    """The run has status held_back and a reason; both versions can be loaded."""
    connection = build(flat_world(300))
    run, summary = train_cycle(connection, settings)
    assert run["status"] == "held_back"
    assert run["reason"]
    assert summary == f"held back: {run['reason']}"
    assert run["model_version"] != run["deployed_model_version"]
    registry = ModelRegistry(settings.models_dir)
    assert registry.load("s", run["deployed_model_version"]).kind == "best_single"
    assert registry.load("s", run["model_version"]).kind != "best_single"
    assert registry.history("s")[-1].reason == run["reason"]
    connection.close()


@pytest.mark.parametrize("turned", [1000, 1400])
def test_a_credibly_worse_model_does_not_replace_the_deployed_one(
    settings: Settings, turned: int
) -> None:
    """Until recently people liked the opposite; the deployed model knows what they like now.

    The new model learned the old taste, or the two cancel out and the best single offer remains.
    """
    end = START + timedelta(minutes=turned - 1)
    incumbent = deployed(settings, "interaction_base", seed=3, end=end)
    connection = build(turned_world(turned))
    run, summary = train_cycle(connection, settings)
    assert run["status"] == "held_back"
    assert run["deployed_model_version"] == incumbent != run["model_version"]
    said = (
        rf"the (new model|best single offer) earns credibly less than model {incumbent} \(-.* %\)"
    )
    assert re.fullmatch(said + ", which stays deployed", run["reason"])
    assert summary == f"held back: {run['reason']}"
    registry = ModelRegistry(settings.models_dir)
    assert [d.model_version for d in registry.history("s")] == [incumbent]
    assert registry.load("s", run["model_version"]).kind != "best_single"
    assert train_cycle(connection, settings) == (run, summary)
    connection.close()


def test_a_worse_model_that_an_earlier_attempt_deployed_is_withdrawn(settings: Settings) -> None:
    """The cycle runs again with data that favour the deployed model."""
    incumbent = deployed(settings, "interaction_base", seed=3, end=START + timedelta(minutes=1399))
    registry = ModelRegistry(settings.models_dir)
    registry.deploy("s", registry.save("s", as_trained(fitted("best_single")), AS_OF), AS_OF)
    connection = build(turned_world(1400))
    assert train_cycle(connection, settings)[0]["deployed_model_version"] == incumbent
    assert registry.deployed_as_of("s", AS_OF) == incumbent
    connection.close()


def test_redoing_a_cycle_changes_nothing(worked: Connection, settings: Settings) -> None:
    """The second run is not compared with the model that the first run deployed."""
    deployed(settings, "best_single")
    first = (train_cycle(worked, settings), content(worked))
    history = ModelRegistry(settings.models_dir).history("s")
    assert len(history) == 2
    assert (train_cycle(worked, settings), content(worked)) == first
    assert ModelRegistry(settings.models_dir).history("s") == history


def test_a_promotion_afterwards_overrides_and_is_recorded(
    worked: Connection, settings: Settings
) -> None:
    """A model that a person deploys ranks, even against the gate."""
    old = deployed(settings, "best_single")
    run, _ = train_cycle(worked, settings)
    registry = ModelRegistry(settings.models_dir)
    assert registry.deployed_as_of("s", AS_OF) == run["model_version"]
    registry.promote("s", old, AS_OF, "campaign")
    assert registry.deployed_as_of("s", AS_OF) == old
    assert registry.history("s")[-1] == Deployment(AS_OF, old, "promote", "campaign")
    assert registry.incumbent("s", AS_OF) == old
    assert registry.rollback("s", AS_OF) == run["model_version"]


def test_policies_are_evaluated_beside_each_other(worked: Connection, settings: Settings) -> None:
    """Random, best single, new and previous each have a row for every estimator."""
    old = deployed(settings, "best_single")
    run, _ = train_cycle(worked, settings)
    rows = worked.sql("from scorer.policy_evaluation").to_arrow_table().to_pylist()
    names = ("random", "best_single", "new", "previous")
    assert {(r["policy"], r["estimator"]) for r in rows} == {
        (p, e) for p in names for e in ("ips", "snips", "dm", "dr", "dr_shrunk")
    }
    versions = {r["policy"]: r["model_version"] for r in rows}
    assert versions == {
        "random": None,
        "best_single": None,
        "new": run["model_version"],
        "previous": old,
    }
    by = {r["policy"]: r for r in rows if r["estimator"] == "dr"}
    assert by["new"]["policy_value"] > by["best_single"]["policy_value"] > 0
    assert by["new"]["lift_over_best_single_low"] > 0
    assert [by[p]["is_cross_fitted"] for p in names] == [True, True, True, False]
    assert all(r["displays_without_propensity"] == 0 for r in rows)


def test_rows_without_propensity_are_counted_for_every_policy(settings: Settings) -> None:
    """The previous model has its own count, of the displays since its window."""
    deployed(settings, "best_single")
    connection = build(worked_example(0, 300))
    connection.execute(
        "update training_examples set propensity = null where display_id < 'd000100'"
    )
    train_cycle(connection, settings)
    counts = connection.execute(
        "select distinct policy, displays_without_propensity from scorer.policy_evaluation"
        " order by 1"
    ).fetchall()
    assert counts == [("best_single", 100), ("new", 100), ("previous", 99), ("random", 100)]
    connection.close()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("delete from training_examples", "no display of the look-back has a final outcome yet"),
        ("update training_examples set is_success = false, reward = 0", "no success events"),
        ("update offer_readiness set is_ready = offer_id = 'offer_1'", "1 of 3 offers ready"),
        ("update training_examples set profile_id = 'p'", "displays of only 1 people"),
    ],
)
def test_a_strategy_that_lacks_something_collects(
    worked: Connection, settings: Settings, change: str, reason: str
) -> None:
    """A collecting strategy gets no model and no evaluation; the reason says what is missing."""
    worked.execute(change)
    run, summary = train_cycle(worked, settings)
    assert run["status"] == "collecting"
    assert reason in run["reason"]
    assert summary == f"collecting: {run['reason']}"
    assert run["model_version"] is None
    assert worked.execute("select count(*) from scorer.policy_evaluation").fetchone() == (0,)
    assert ModelRegistry(settings.models_dir).history("s") == []


def test_a_damaged_deployed_model_is_replaced(worked: Connection, settings: Settings) -> None:
    """A deployed model that cannot be loaded is replaced by the new one."""
    old = deployed(settings, "interaction_base")
    (settings.models_dir / "s" / old / "weights.npy").write_bytes(b"x")
    run, _ = train_cycle(worked, settings)
    assert run["status"] == "succeeded"
    assert run["deployed_model_version"] == run["model_version"]


def test_a_deployed_model_without_the_end_of_its_window_is_ignored(
    worked: Connection, settings: Settings
) -> None:
    """A manifest without a window, otherwise sound, does not stop a cycle."""
    old = deployed(settings, "interaction_base")
    path = settings.models_dir / "s" / old / "manifest.json"
    path.write_text(path.read_text().replace('"data_window_end"', '"other"'))
    assert train_cycle(worked, settings)[0]["status"] == "succeeded"


def test_a_promoted_model_that_never_passed_gets_no_credit(settings: Settings) -> None:
    """The model ranks in its cycle, and the run says so; the next training applies the gate."""
    connection = build(flat_world(300))
    before = Settings(home=settings.home, as_of=AS_OF - WEEK)
    row, _ = train_cycle(connection, before)
    assert row["status"] == "held_back"
    registry = ModelRegistry(settings.models_dir)
    registry.promote("s", row["model_version"], before.as_of, "I know better")
    again, _ = train_cycle(connection, before)
    assert again["deployed_model_version"] == row["model_version"]
    assert again["status"] == "succeeded"
    assert "promoted by hand: I know better" in again["reason"]
    train_strategy(connection, settings, "s", Silent())
    (metrics,) = connection.execute(
        "select metrics ->> '$.gate.z_needed' from scorer.training_runs where as_of = ?", [AS_OF]
    ).fetchone()
    assert float(metrics) == Z


def test_a_cycle_does_not_overrule_what_a_person_deployed_as_of_it(
    worked: Connection, settings: Settings
) -> None:
    """The new model is saved; the run names the model that ranks instead."""
    chosen = deployed(settings, "best_single")
    ModelRegistry(settings.models_dir).promote("s", chosen, AS_OF, "steady hand")
    row, summary = train_cycle(worked, settings)
    assert row["deployed_model_version"] == chosen
    assert row["model_version"] != chosen
    assert row["status"] == "held_back"
    assert "promoted by hand: steady hand" in row["reason"]
    assert row["reason"] in summary
