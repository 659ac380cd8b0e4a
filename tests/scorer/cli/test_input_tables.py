"""Inputs that are tables, each named by one line of configuration."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.support.commands import Command
from tests.support.pipeline_runs import build_rows

AS_OF = "2026-11-22"
SHOP = """
create schema shop;
create table shop.impressions as
select
    timestamp '2026-11-20' + to_minutes(i::int) as "Event Time",
    'p' || i % 40 as user_key,
    case when i % 2 = 0 then 'a' else 'b' end as offer_id,
    i % 7 = 0 as clicked,
    'random' as traffic_type,
    i % 3 = 0 as seg_loyal,
    i % 90 as ctx_age
from range(400) as t(i);
create view shop.displays as
select "Event Time" as event_ts, user_key as profile_id, * from shop.impressions;
create table offers as
select 'a' as offer_id, 'Offer A' as offer_name union all select 'b', 'Offer B';
create table rules as select 'b' as offer_id, 'loyal' as segment_id, 'exclude' as rule;
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a database and a nextoffer.toml that names its tables."""
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute(SHOP)
    (tmp_path / "nextoffer.toml").write_text(
        'home = "home"\n[inputs]\ndisplays = "warehouse.duckdb:shop.displays"\n'
        'offers = "warehouse.duckdb:offers"\neligibility_rules = "warehouse.duckdb:rules"\n'
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_tables_of_another_database_are_inputs(project: Path, nextoffer: Command) -> None:
    """Displays, catalogue and rules are read from another DuckDB file, without a raw folder."""
    outcome = nextoffer("run", "--as-of", AS_OF)
    assert outcome.code == 0, outcome.err
    home = project / "home"
    counted = "select count(*), count(*) filter (where is_clicked) from fct_displays"
    assert build_rows(home, counted) == [(400, 58)]
    names = build_rows(home, "select offer_name from dim_offers order by 1")
    assert names == [("Offer A",), ("Offer B",)]
    features = build_rows(
        home, "select feature_name, value_type from stg_flat__features order by 1"
    )
    assert features == [("age", "number"), ("loyal", "boolean")]
    assert "column user_key is not used" in outcome.err


def test_rows_of_a_table_of_rules_are_checked(project: Path, nextoffer: Command) -> None:
    """A wrong row of a table that restricts offers stops the run, as in a file."""
    with duckdb.connect(str(project / "warehouse.duckdb")) as connection:
        connection.execute("insert into rules values ('a', 'loyal', 'forbid')")
    outcome = nextoffer("run", "--as-of", AS_OF)
    assert outcome.code == 2
    assert "line 2, column rule: 'forbid' is not allowed" in outcome.err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('display = "a.b"', "display is not an input; did you mean displays?"),
        ("displays = 3", "displays must name a table"),
    ],
)
def test_a_wrong_line_names_its_key(
    project: Path, nextoffer: Command, line: str, said: str
) -> None:
    """An unknown input or a value that is not a table is a configuration error."""
    (project / "nextoffer.toml").write_text(f"[inputs]\n{line}\n")
    outcome = nextoffer("run")
    assert outcome.code == 2
    assert said in outcome.err


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("warehouse.duckdb:impression", "[inputs] displays: "),
        ("nowhere.duckdb:t", "nowhere.duckdb does not exist"),
    ],
)
def test_a_table_that_does_not_exist_is_named(
    project: Path, nextoffer: Command, table: str, said: str, command: str
) -> None:
    """A missing table or database is an input error that names the input."""
    (project / "nextoffer.toml").write_text(f'home = "home"\n[inputs]\ndisplays = "{table}"\n')
    outcome = nextoffer(command)
    assert outcome.code == 3
    assert said in outcome.err


def test_a_changed_table_is_read_again(project: Path, nextoffer: Command) -> None:
    """Rows added to the table before the next cycle count in that cycle, each once."""
    assert nextoffer("run", "--as-of", AS_OF).code == 0
    with duckdb.connect(str(project / "warehouse.duckdb")) as connection:
        connection.execute(
            "insert into shop.impressions values ('2026-11-24', 'p1', 'a', true, 'random', true, 3)"
        )
    assert nextoffer("run", "--as-of", "2026-11-29").code == 0
    assert build_rows(project / "home", "select count(*) from fct_displays") == [(401,)]
