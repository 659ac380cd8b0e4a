"""`nextoffer init` creates a working project, and all commands read `nextoffer.toml`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb
import pytest

from tests.support.commands import Command


@pytest.fixture
def project(tmp_path: Path, nextoffer: Command, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create a project and use it as working directory."""
    folder = tmp_path / "my project"
    assert nextoffer("init", folder).code == 0
    monkeypatch.chdir(folder)
    return folder


def test_a_new_project_runs_its_sample(project: Path, nextoffer: Command) -> None:
    """The commands of its README run unchanged, and their files stay in the project."""
    readme = (project / "README.md").read_text()
    commands = re.findall(r"^nextoffer (run|rank) (.*)$", readme, re.MULTILINE)
    assert [name for name, _ in commands] == ["run", "rank"]
    for name, options in commands:
        outcome = nextoffer(name, *options.split())
        assert outcome.code == 0, outcome.err
    assert (project / "ranked.csv").read_text().count("\nr1,") == 3
    with duckdb.connect(str(project / "home" / "published.duckdb"), read_only=True) as connection:
        rows = connection.execute("select count(*) from ranked_offers").fetchall()
    assert rows[0][0] > 0
    assert json.loads(nextoffer("status", "--json").out)["home"] == str(project / "home")


def test_a_run_uses_the_projects_own_models(project: Path, nextoffer: Command) -> None:
    """An exclusion that the user writes into the copy withholds the offer."""
    exclusions = project / "dbt_project" / "models" / "custom" / "eligibility_exclusions.sql"
    exclusions.write_text(
        "select 'gold-coin' as offer_id, null::varchar as profile_id, null::varchar as placement_id"
    )
    only = ("--strategy", "email_revenue")
    assert nextoffer("run", "--as-of", "2026-09-20", *only).code == 0
    with duckdb.connect(str(project / "home" / "published.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select count(*) filter (where offer_id = 'gold-coin'), count(*) from ranked_offers"
        ).fetchall()
    assert rows[0][0] == 0
    assert rows[0][1] > 0


def test_the_sample_has_every_optional_input_and_nothing_of_ours(project: Path) -> None:
    """The project has all inputs except flat displays, and none of our tests."""
    names = {path.name.split(".")[0] for path in (project / "raw").iterdir()}
    assert names == {
        "experience_events",
        "offers",
        "segment_memberships",
        "eligibility_rules",
        "capping_rules",
        "ranking_strategies",
        "strategy_segments",
        "strategy_offers",
        "context_features",
        "requests",
    }
    copied = [str(path.relative_to(project)) for path in (project / "dbt_project").rglob("*")]
    assert not [name for name in copied if "__unit_tests" in name or "/lint" in name]
    assert "dbt_project/models/custom/eligibility_exclusions.sql" in copied


def test_init_leaves_what_is_there_alone(tmp_path: Path, nextoffer: Command) -> None:
    """A folder with content is refused by name."""
    (tmp_path / "notes.txt").write_text("mine")
    outcome = nextoffer("init", tmp_path)
    assert outcome.code == 2
    assert str(tmp_path) in outcome.error
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def write_settings(folder: Path, text: str) -> Path:
    """Write a project file; return a folder below it."""
    (folder / "nextoffer.toml").write_text(text)
    below = folder / "deep" / "below"
    below.mkdir(parents=True)
    return below


def home_of(nextoffer: Command, *options: str | Path) -> str:
    """Return the home folder that a command works in."""
    return str(json.loads(nextoffer("status", "--json", *options).out)["home"])


def test_options_go_before_the_environment_and_that_before_the_file(
    tmp_path: Path, nextoffer: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The nearest project file above the working directory is used, unless options are given."""
    monkeypatch.chdir(write_settings(tmp_path, 'home = "state"'))
    assert home_of(nextoffer) == str(tmp_path / "state")
    monkeypatch.setenv("NEXTOFFER_HOME", str(tmp_path / "of_environment"))
    assert home_of(nextoffer) == str(tmp_path / "of_environment")
    assert home_of(nextoffer, "--home", tmp_path / "given") == str(tmp_path / "given")


def test_a_project_is_checked_from_elsewhere(
    project: Path, nextoffer: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`check FOLDER` says the same as `check` in the project; `--raw FOLDER` says what to do."""
    inside = json.loads(nextoffer("check", "--json").out)
    monkeypatch.chdir(project.parent)
    outside = json.loads(nextoffer("check", project.name, "--json").out)
    assert outside.pop("next") == f"cd '{project.name}' && {inside.pop('next')}"
    assert outside == inside
    refused = nextoffer("run", "--raw", project.name)
    assert refused.code == 2
    assert (
        "is a project, not a folder of inputs; run the command in it, without --raw" in refused.err
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('rawfolder = "x"', "unknown key rawfolder; did you mean raw?"),
        ('colour = "red"', "unknown key colour; known keys: raw, home, project_dir, kpi, seed"),
        ("raw = 3", "raw must be a text in quotes, not 3"),
        ('seed = "x"', "seed must be a whole number, not 'x'"),
        ("seed = true", "seed must be a whole number, not True"),
        ('kpi = "revenue"', "kpi must be clicked or value, not 'revenue'"),
        ("raw = \n", "line 1"),
    ],
)
def test_a_wrong_project_file_is_named(
    text: str,
    message: str,
    tmp_path: Path,
    nextoffer: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The message names the file, the key or line, and the allowed values."""
    monkeypatch.chdir(write_settings(tmp_path, text))
    outcome = nextoffer("status")
    assert outcome.code == 2
    assert str(tmp_path / "nextoffer.toml") in outcome.error
    assert message in outcome.error
