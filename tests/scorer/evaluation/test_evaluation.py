"""Evaluating again: stored models on displays that they were not trained on."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from scorer.cli.app import main
from scorer.cli.evaluation_tables import evaluation_tables
from scorer.config import Settings
from scorer.errors import ConfigurationError, InputError, StrategyError
from scorer.evaluation.evaluate import evaluate_policies
from scorer.evaluation.policy_evaluation import Row
from scorer.evaluation.stored_models import Wanted, evaluate_strategy
from scorer.ope.estimators import ESTIMATORS
from scorer.progress import Silent
from scorer.registry.model_registry import ModelRegistry
from scorer.warehouse.database import connect_build
from tests.support.small_home import make_home


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home after two cycles, in which a tenth of the displays lacks a propensity."""
    return make_home(tmp_path_factory.mktemp("evaluate") / "home", lacks_propensity=True)


def versions(settings: Settings) -> tuple[str, str]:
    """Model of the first and of the second cycle."""
    history = ModelRegistry(settings.models_dir).history("s")
    return history[0].model_version, history[-1].model_version


def evaluated(settings: Settings, wanted: Wanted) -> dict[tuple[str, str | None], Row]:
    """Doubly robust rows by policy and version."""
    rows = evaluate_policies(settings, wanted, Silent()).rows
    return {(r["policy"], r["model_version"]): r for r in rows if r["estimator"] == "dr"}


def table(settings: Settings) -> list[tuple[object, ...]]:
    """All rows of the table."""
    with connect_build(settings.build_path, read_only=True) as connection:
        return connection.execute("from scorer.policy_evaluation order by all").fetchall()


def test_rows_of_the_training_are_kept(settings: Settings) -> None:
    """Random, best single and new keep their cross-fitted rows when evaluated again."""
    before = table(settings)
    evaluate_policies(settings, Wanted(), Silent())
    first = table(settings)
    evaluate_policies(settings, Wanted(), Silent())
    assert table(settings) == first
    changed = {row[3] for row in {*before} ^ {*first}}
    assert changed <= {"previous"}


def test_a_stored_model_is_judged_on_later_displays_only(settings: Settings) -> None:
    """The first model is evaluated on the displays since its window, the second one on none."""
    old, new = versions(settings)
    rows = evaluated(settings, Wanted((new,)))
    window = ModelRegistry(settings.models_dir).manifest("s", old)["data_window_end"]
    previous = rows["previous", old]
    assert previous["data_window_start"].isoformat() > window
    assert (previous["displays"], previous["displays_without_propensity"]) == (720, 80)
    assert (previous["status"], previous["is_cross_fitted"]) == ("ok", False)
    assert (rows["version", new]["status"], rows["version", new]["displays"]) == ("insufficient", 0)
    assert rows["version", new]["policy_value"] is None
    assert rows["version", new]["lift_over_random"] is None


def test_displays_without_propensity_are_counted_and_not_used(settings: Settings) -> None:
    """Used and unused displays add up to the look-back."""
    row = evaluated(settings, Wanted())["random", None]
    assert (row["displays"], row["displays_without_propensity"]) == (2160, 240)


def test_the_true_value_is_in_the_interval(settings: Settings) -> None:
    """Half the people fit offer_1, a quarter offer_2: the model earns .3875, random .219."""
    old, _ = versions(settings)
    rows = evaluated(settings, Wanted())
    assert rows["random", None]["value_low"] < 0.21875 < rows["random", None]["value_high"]
    found = rows["previous", old]
    assert found["value_low"] < 0.3875 < found["value_high"]
    assert found["lift_over_best_single_low"] > 0


def test_all_versions_are_listed_once(settings: Settings) -> None:
    """The previous one is not repeated as a version; every estimator has a row."""
    old, new = versions(settings)
    rows = evaluate_policies(settings, Wanted(is_all=True), Silent()).rows
    keys = [(r["policy"], r["model_version"], r["estimator"]) for r in rows]
    assert len(keys) == len(set(keys))
    stored = {key[:2] for key in keys if key[0] in ("previous", "version")}
    assert stored == {("previous", old), ("version", new)}
    assert {key[2] for key in keys} == set(ESTIMATORS)


def test_a_damaged_model_is_skipped_unless_it_is_named(settings: Settings) -> None:
    """A damaged version is skipped in all versions, and an error if it is named."""
    broken = settings.models_dir / "s" / "broken"
    broken.mkdir()
    try:
        assert evaluated(settings, Wanted(is_all=True))
        with pytest.raises(InputError, match="broken"):
            evaluate_policies(settings, Wanted(("broken",)), Silent())
    finally:
        broken.rmdir()


def test_without_a_training_the_baselines_are_evaluated(settings: Settings) -> None:
    """Without a training, random and best single are evaluated by cross-fitted means."""
    before = evaluated(settings, Wanted())
    with connect_build(settings.build_path) as connection:
        kept = connection.sql("from scorer.policy_evaluation").to_arrow_table()
        connection.execute("delete from scorer.policy_evaluation")
        rows = evaluate_strategy(connection, settings, "s", Wanted())
        connection.execute("delete from scorer.policy_evaluation")
        connection.register("kept", kept)
        connection.execute("insert into scorer.policy_evaluation from kept")
    found = {r["policy"]: r for r in rows if r["estimator"] == "dr"}
    assert set(found) == {"random", "best_single", "previous"}
    for name in ("random", "best_single"):
        value = next(row for key, row in before.items() if key[0] == name)["policy_value"]
        assert found[name]["policy_value"] == pytest.approx(value, rel=0.1)


def test_an_unknown_version_is_named_with_those_that_exist(settings: Settings) -> None:
    """An unknown version is an error that names the known ones."""
    old, _ = versions(settings)
    with pytest.raises(ConfigurationError, match=f"'x' is unknown; known versions of s: .*{old}"):
        evaluate_policies(settings, Wanted(("x",)), Silent())


def test_another_cycle_than_that_of_the_build_is_refused(settings: Settings) -> None:
    """Another cycle than the one in the build is an error."""
    other = replace(settings, as_of=settings.as_of.replace(day=16))
    with pytest.raises(ConfigurationError, match="the build file holds the cycle of 2026-11-15"):
        evaluate_policies(other, Wanted(), Silent())


def test_a_strategy_without_data_has_a_reason(settings: Settings) -> None:
    """Fewer than two ready offers leave nothing to evaluate, with the reason."""
    with connect_build(settings.build_path) as connection:
        connection.execute("begin")
        connection.execute("update offer_readiness set is_ready = false")
        with pytest.raises(StrategyError, match="0 of 7 offers ready, 2 needed"):
            evaluate_strategy(connection, settings, "s", Wanted())
        connection.execute("rollback")


def test_the_command_prints_a_table_and_json(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """People get policies with intervals or "insufficient", programs get all rows."""
    _, new = versions(settings)
    command = ["evaluate", "--home", str(settings.home), "--model-version", new]
    outputs = []
    for more in (["--estimator", "snips"], ["--json"]):
        with pytest.raises(SystemExit) as ended:
            main([*command, *more])
        assert not ended.value.code
        outputs.append(capsys.readouterr().out)
    assert "by snips" in outputs[0]
    assert "insufficient" in outputs[0]
    assert "240 displays without a known propensity" in outputs[0]
    found = json.loads(outputs[1])
    assert len(found["rows"]) == 5 * len(ESTIMATORS)
    assert found["not_evaluated"] == {}
    assert len(evaluation_tables(found["rows"], "dr")) == 1
