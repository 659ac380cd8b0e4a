"""Conventions of the dbt project, checked on its manifest."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest

from tests.support.dbt_runs import is_mart, run_dbt
from tests.support.paths import PROJECT

LONGEST_MODEL = 150
GRAIN_TEST = "one_row_per"
# Data flows from left to right. Users may read any of them in models/custom.
LAYERS = ("seeds", "staging", "snapshots", "intermediate", "marts", "monitoring")
# Functions that must be called through a macro in macros/portability.
SHIMMED = (
    r"\blist_contains\(",
    r"\blist_intersect\(",
    r"\blist_sort\(",
    r"\blist_distinct\(",
    r"\bmap_from_entries\(",
    r"\bquantile_\w+\(",
    r"\bhash\(",
    r"\bto_(days|hours|months|microseconds)\(",
    r"\bdayofweek\(",
    r"\bdate_?diff\(",
    r"\bat time zone\b",
    r"\[\]::varchar\[\]",
    r"\bmap\(\)",
    r"\binterval\b",
    r"\b(current_date|current_timestamp|now\(|today\()",
)


def nodes(manifest: dict[str, Any], resource_type: str) -> list[dict[str, Any]]:
    """Return the project's nodes of a type."""
    return [n for n in manifest["nodes"].values() if n["resource_type"] == resource_type]


def marts(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the marts, which the scorer and readers use."""
    return [node for node in nodes(manifest, "model") if is_mart(node)]


def arrows(manifest: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return each pair of a node and a model or snapshot that reads it."""
    return [
        (manifest["nodes"][read], node)
        for node in [*nodes(manifest, "model"), *nodes(manifest, "snapshot")]
        for read in node["depends_on"]["nodes"]
        if read in manifest["nodes"]
    ]


def folder(node: dict[str, Any]) -> str:
    """Return the folder of a node, such as intermediate/events."""
    return str(Path(node["original_file_path"]).parent).removeprefix("models/")


@pytest.mark.parametrize("resource_type", ["model", "seed", "snapshot"])
def test_descriptions_state_the_grain(manifest: dict[str, Any], resource_type: str) -> None:
    """Every model, seed and snapshot states its grain."""
    found = nodes(manifest, resource_type)
    assert found
    assert [n["name"] for n in found if not n["description"].startswith("One row per ")] == []


def test_sources_are_described(manifest: dict[str, Any]) -> None:
    """A source table states its grain, and describes its columns unless a mart of that name
    does."""
    described_by_mart = {mart["name"] for mart in marts(manifest)}
    for source in manifest["sources"].values():
        assert source["description"].startswith("One row per "), source["name"]
        assert bool(source["columns"]) == (source["name"] not in described_by_mart), source["name"]
        assert all(column["description"] for column in source["columns"].values())


def test_every_column_is_described(
    manifest: dict[str, Any], built_columns: dict[str, set[str]]
) -> None:
    """The yml describes exactly the columns that a relation has."""
    for resource_type in ("model", "seed", "snapshot"):
        for node in nodes(manifest, resource_type):
            # An ephemeral model leaves no relation.
            if node["config"]["materialized"] == "ephemeral":
                continue
            described = {name for name, c in node["columns"].items() if c["description"].strip()}
            assert described == built_columns[node["name"]], node["name"]


def test_seed_descriptions_match_the_header(manifest: dict[str, Any]) -> None:
    """Seeds are described in the order of their file."""
    for seed in nodes(manifest, "seed"):
        with (PROJECT / seed["original_file_path"]).open() as file:
            assert next(csv.reader(file)) == list(seed["columns"]), seed["name"]


def test_marts_have_contracts_with_types(manifest: dict[str, Any]) -> None:
    """Contracts enforce the columns and types of marts."""
    assert len(marts(manifest)) >= 15
    for mart in marts(manifest):
        assert mart["contract"]["enforced"], mart["name"]
        assert all(column["data_type"] for column in mart["columns"].values()), mart["name"]


def test_marts_have_a_grain_test(manifest: dict[str, Any]) -> None:
    """A data test proves the grain that a mart's description states."""
    proved = {
        test["attached_node"]
        for test in nodes(manifest, "test")
        if (test.get("test_metadata") or {}).get("name") == GRAIN_TEST
    }
    assert {mart["unique_id"] for mart in marts(manifest)} - proved == set()


def test_marts_are_the_models_without_a_prefix(manifest: dict[str, Any]) -> None:
    """Marts have a separate yml; models with a prefix and custom models do not."""
    prefixed = ("base_", "stg_", "int_")
    for node in nodes(manifest, "model"):
        is_step = node["name"].startswith(prefixed) or folder(node) == "custom"
        own_yml = (PROJECT / node["original_file_path"]).with_suffix(".yml")
        assert is_mart(node) == own_yml.exists() == (not is_step), node["name"]


def test_a_layer_reads_earlier_layers_only(manifest: dict[str, Any]) -> None:
    """Data flows from seeds and staging through intermediate models and marts to monitoring."""
    for read, reader in arrows(manifest):
        before, after = folder(read).split("/")[0], folder(reader).split("/")[0]
        if "custom" not in (before, after):
            found = f"{reader['name']} reads {read['name']}"
            assert LAYERS.index(before) <= LAYERS.index(after), found


def test_arrows_between_folders_run_one_way(manifest: dict[str, Any]) -> None:
    """Folders of models do not depend on each other in a circle."""
    reads: dict[str, set[str]] = defaultdict(set)
    for read, reader in arrows(manifest):
        if folder(read) != folder(reader):
            reads[folder(reader)].add(folder(read))
    assert list(TopologicalSorter(reads).static_order())


def test_the_measures_of_success_are_metrics(manifest: dict[str, Any]) -> None:
    """The semantic definitions contain each measure of success."""
    metrics = {metric["name"]: metric["description"] for metric in manifest["metrics"].values()}
    for name in (
        "lift",
        "success_rate",
        "reward_per_display",
        "exploration_share",
        "propensity_weighted_value",
    ):
        assert metrics[name].endswith("."), name


def test_unit_tests_state_their_edge(manifest: dict[str, Any]) -> None:
    """Every unit test describes its case in a sentence."""
    unit_tests = manifest["unit_tests"].values()
    assert len(unit_tests) > 60
    assert [
        t["name"] for t in unit_tests if not (t["description"] or "").strip().endswith(".")
    ] == []


def test_models_with_rules_have_unit_tests(manifest: dict[str, Any]) -> None:
    """Only models that pass rows on or read files have no unit test."""
    tested = {test["model"] for test in manifest["unit_tests"].values()}
    untested = {n["name"] for n in nodes(manifest, "model")} - tested
    assert untested <= {
        "base_xdm__lines",
        "dim_offers",
        "dim_ranking_strategies",
        "eligibility_exclusions",
        "int_unread_files",
        "int_metric_days",
        "model_versions",
        "profile_features",
        "ranked_offers",
        "stg_context_features",
        "stg_eligibility_rules",
        "stg_input_columns",
        "stg_raw_files",
        "stg_rejected_lines",
        "stg_strategy_offers",
        "stg_strategy_segments",
    }


def test_macros_are_documented(manifest: dict[str, Any]) -> None:
    """Every macro that models call has a description, and so has each of its arguments."""
    called = {
        macro
        for node in nodes(manifest, "model")
        for macro in node["depends_on"]["macros"]
        if macro.startswith("macro.nextoffer.")
    }
    assert called
    for unique_id in called:
        macro = manifest["macros"][unique_id]
        assert macro["description"], macro["name"]
        assert all(argument["description"] for argument in macro["arguments"]), macro["name"]


def test_exposures_name_what_reads_the_marts(manifest: dict[str, Any]) -> None:
    """Exposures depend only on marts, are described, and cover every mart."""
    exposures = manifest["exposures"].values()
    read = {model for exposure in exposures for model in exposure["depends_on"]["nodes"]}
    assert all(exposure["description"] for exposure in exposures)
    assert read == {mart["unique_id"] for mart in marts(manifest)}


@pytest.mark.slow
def test_each_singular_test_runs_in_one_phase_of_a_cycle(
    manifest: dict[str, Any], small_build: Path
) -> None:
    """Every singular test is in exactly one of the selectors that a cycle builds."""
    chosen: list[str] = []
    for selector in ("features", "monitoring"):
        listed = run_dbt(
            small_build, "--quiet", "ls", "--selector", selector, "--resource-type", "test"
        )
        assert listed.returncode == 0, listed.stdout[-3000:]
        chosen += [line.rsplit(".", 1)[1] for line in listed.stdout.splitlines()]
    tests = nodes(manifest, "test")
    assert sorted(chosen) == sorted(t["name"] for t in tests if not t.get("test_metadata"))


def test_models_are_short(manifest: dict[str, Any]) -> None:
    """Every SQL file has at most 150 lines."""
    lengths = {n["name"]: len(n["raw_code"].splitlines()) for n in nodes(manifest, "model")}
    assert {name: length for name, length in lengths.items() if length > LONGEST_MODEL} == {}


def test_models_end_with_final(manifest: dict[str, Any]) -> None:
    """Every model ends with `select * from final`."""
    models = nodes(manifest, "model")
    ends = {n["name"]: n["raw_code"].rstrip().splitlines()[-1] for n in models}
    assert set(ends.values()) == {"select * from final"}


def test_models_use_the_shims(manifest: dict[str, Any]) -> None:
    """A function that differs between engines is only called through its macro."""
    found = [
        (node["name"], pattern)
        for node in nodes(manifest, "model")
        for pattern in SHIMMED
        if re.search(pattern, node["raw_code"])
    ]
    assert found == []


def test_only_staging_knows_raw_shapes(manifest: dict[str, Any]) -> None:
    """Only staging and macros/xdm parse JSON and XDM shapes."""
    raw = re.compile(r"json_|scopeDetails|itemSelection|rankingDetail|[tT]rackingToken|item\.token")
    later = [n for n in nodes(manifest, "model") if "staging" not in n["fqn"]]
    assert [n["name"] for n in later if raw.search(n["raw_code"])] == []


def test_only_xdm_files_know_xdm_fields() -> None:
    """Only macros/xdm and staging/xdm read fields of XDM events and profiles."""
    raw = re.compile(r"scopeDetails|itemSelection|rankingDetail|identityMap|lastQualificationTime")
    found = {
        str(path.relative_to(PROJECT))
        for folder in ("models", "macros")
        for path in (PROJECT / folder).rglob("*.sql")
        if path.parent.name != "xdm"
        and path.name != "input_columns.sql"  # names the columns of inputs
        and raw.search(path.read_text())
    }
    assert found == set()
