"""Commands on the published tables: queries, descriptions, exports."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from app.text import without_formula
from scorer.sql import literal
from tests.support.commands import Command

PEOPLE, OFFERS = 30, 3


@pytest.fixture
def published(home: Path) -> Path:
    """Return a home folder whose publication ranks three offers for thirty people, twice."""
    home.mkdir()
    with duckdb.connect(str(home / "published.duckdb")) as connection:
        connection.execute(
            "create table ranked_offers as select strategy as strategy_id, cycle as cycle_date,"
            " '@p' || lpad(person::varchar, 2, '0') as profile_id, 'home' as placement_id,"
            " place::integer as rank, 'o' || place as offer_id,"
            " if(place = 1, '=1+1', 'Café, \"' || place || '\"') as offer_name,"
            " 1 / (100000.0 * place) as score, 0.5 as propensity, 'contextual' as traffic_type,"
            " false as is_exploration, 'm1' as model_version, map {'device': 'mobile'} as context"
            f" from range({PEOPLE}) as people(person), range(1, {OFFERS + 1}) as places(place),"
            " (values ('web', date '2026-01-04'), ('web', date '2026-01-11'),"
            " ('mail', date '2026-01-11')) as cycles(strategy, cycle)"
            " order by all"
        )
        connection.execute(
            "comment on table ranked_offers is 'One row per rank.';"
            "comment on column ranked_offers.rank is 'Rank of the offer, from 1.'"
        )
    return home


def test_a_table_shows_forty_rows_and_the_number_of_all(
    published: Path, nextoffer: Command
) -> None:
    """Without a limit, 40 rows are printed, followed by the number of all rows."""
    outcome = nextoffer("query", "from ranked_offers", "--home", published)
    assert outcome.out.count("│ mail") == 40
    assert outcome.err == "40 of 270 rows; --limit 0 prints all of them\n"


def test_a_limit_of_zero_prints_every_row(published: Path, nextoffer: Command) -> None:
    """--limit 0 lifts the limit; the count stays."""
    outcome = nextoffer("query", "from ranked_offers", "--limit", "0", "--home", published)
    assert outcome.out.count("│ home") == 270
    assert outcome.err == "270 rows\n"


def test_values_are_readable(published: Path, nextoffer: Command) -> None:
    """Small numbers print without exponent, maps and lists as their content, NULL as empty."""
    sql = (
        "select 0.0000123 as a, 1234567.8::double as b, [1.5, null] as c, map {'k': 2} as d,"
        " null as e"
    )
    (line,) = (
        line
        for line in nextoffer("query", sql, "--home", published).out.splitlines()
        if "0.0000123" in line
    )
    cells = [cell.strip() for cell in line.strip("│").split("│")]
    assert cells == ["0.0000123", "1234568", "1.5,", "k: 2", ""]


def test_sql_may_come_from_standard_input(
    published: Path, nextoffer: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A query of - is read from standard input."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"select 7 as n")))
    assert json.loads(nextoffer("query", "-", "--json", "--home", published).out) == [{"n": 7}]


def test_json_has_numbers_where_sql_has_them(published: Path, nextoffer: Command) -> None:
    """Sums and decimals are numbers, NaN is null, and dates are text."""
    sql = (
        "select sum(rank) as total, 1.50 as price, 'nan'::double as none, date '2026-01-04' as day"
    )
    outcome = nextoffer("query", f"{sql} from ranked_offers", "--json", "--home", published)
    assert json.loads(outcome.out) == [
        {"total": 540, "price": 1.5, "none": None, "day": "2026-01-04"}
    ]


def test_csv_holds_every_row_and_quotes_what_needs_it(published: Path, nextoffer: Command) -> None:
    """--csv has a header and all rows; nested values are JSON, formulas are text."""
    outcome = nextoffer("query", "from ranked_offers", "--csv", "--home", published)
    rows = list(csv.DictReader(io.StringIO(outcome.out)))
    assert len(rows) == 270
    assert json.loads(rows[0]["context"]) == {"device": "mobile"}
    assert {row["offer_name"] for row in rows} == {"'=1+1", 'Café, "2"', 'Café, "3"'}


def test_csv_holds_every_type(published: Path, nextoffer: Command) -> None:
    """Intervals, lists of decimals, decimals and NULL have a text."""
    sql = "select interval 3 day as i, [1.50, null] as l, 2.50 as d, null as n"
    outcome = nextoffer("query", sql, "--csv", "--home", published)
    (row,) = csv.DictReader(io.StringIO(outcome.out))
    assert "days=3" in row["i"]
    assert (row["l"], row["d"], row["n"]) == ("[1.5, null]", "2.50", "")


# Text -> the text that is written to CSV.
FORMULAS = {
    "=1+1": "'=1+1",
    "+cmd|' /C calc'!A0": "'+cmd|' /C calc'!A0",
    "-2+3": "'-2+3",
    "@SUM(1)": "'@SUM(1)",
    "\t=1": "'\t=1",
    "\r=1": "'\r=1",
    "\n=1": "'\n=1",
    "＝1": "'＝1",
    "-5": "-5",
    "-5\n=1": "'-5\n=1",
    "+41 79 123 45 67": "+41 79 123 45 67",
    "-1.5e-3": "-1.5e-3",
    "+12 %": "+12 %",
    "a=1": "a=1",
    "": "",
}


def test_csv_holds_no_formula(published: Path, nextoffer: Command) -> None:
    """Text that a spreadsheet would run is escaped, also in names; numbers stay numbers."""
    rows = " union all ".join(
        f'select {literal(text)} as "=n", -{number} as n' for number, text in enumerate(FORMULAS)
    )
    outcome = nextoffer("query", f"from ({rows}) order by n desc", "--csv", "--home", published)
    found = list(csv.DictReader(io.StringIO(outcome.out, newline="")))
    assert [row["'=n"] for row in found] == list(FORMULAS.values())
    assert [float(row["n"]) for row in found] == [-number for number in range(len(FORMULAS))]
    assert [without_formula(text) for text in FORMULAS] == list(FORMULAS.values())


def test_files_hold_every_row(published: Path, nextoffer: Command, tmp_path: Path) -> None:
    """--parquet and --xlsx write all rows; text that looks like a formula stays text."""
    parquet, sheet = tmp_path / "rows.parquet", tmp_path / "rows.xlsx"
    sql = "from ranked_offers"
    outcome = nextoffer("query", sql, "--parquet", parquet, "--xlsx", sheet, "--home", published)
    assert outcome.code == 0
    assert pq.read_table(parquet).num_rows == 270
    with zipfile.ZipFile(sheet) as book:
        content = book.read("xl/worksheets/sheet1.xml").decode()
    assert content.count("<row ") == 271
    assert "=1+1" in content
    assert "<f>" not in content


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("select * from ranked_offer", 'Did you mean "ranked_offers"?'),
        ("select offer_idd from ranked_offers", "offer_id"),
        ("selct 1", 'syntax error at or near "selct"'),
        ("select * from read_csv('/etc/passwd')", "Permission Error"),
        ("select * from glob('/*')", "Permission Error"),
        ("copy ranked_offers to 'stolen.csv'", "no result"),
        ("copy (select 1) to '.tmp/stolen.csv' (return_files)", "no result"),
        ("explain analyze copy (select 1) to '.tmp/stolen.csv'", "no result"),
        ("attach 'other.duckdb'", "Permission Error|no result"),
        ("set enable_external_access = true", "Cannot|disable|no result"),
        ("detach published; select 1", "several statements"),
        ("use memory; select 1", "several statements"),
        ("delete from ranked_offers", "read-only|no result"),
        ("delete from ranked_offers returning *", "read-only|no result"),
        ("create table x as select 1", "read-only|no result"),
        ("", "no result"),
    ],
)
def test_a_query_reads_the_publication_and_nothing_else(
    sql: str, text: str, published: Path, nextoffer: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any other statement is refused in one line and changes nothing."""
    monkeypatch.chdir(published.parent)
    # The engine allows files in the folder of its temporary files.
    Path(".tmp").mkdir(exist_ok=True)
    before = (published / "published.duckdb").read_bytes()
    outcome = nextoffer("query", sql, "--home", published)
    assert outcome.code == 2
    assert any(part in outcome.error for part in text.split("|")), outcome.error
    assert (published / "published.duckdb").read_bytes() == before
    assert list(published.parent.rglob("stolen.csv")) == []


def test_tables_and_columns_are_described(published: Path, nextoffer: Command) -> None:
    """`tables` and `describe` show the comments of the published file."""
    tables = json.loads(nextoffer("tables", "--json", "--home", published).out)
    assert tables == [{"table": "ranked_offers", "rows": 270, "description": "One row per rank."}]
    columns = json.loads(nextoffer("describe", "ranked_offers", "--json", "--home", published).out)
    assert {
        "column": "rank",
        "type": "integer",
        "description": "Rank of the offer, from 1.",
    } in columns
    wrong = nextoffer("describe", "ranked_ofers", "--home", published)
    assert wrong.code == 2
    assert "did you mean ranked_offers?" in wrong.error


def test_an_export_has_one_row_per_person(
    published: Path, nextoffer: Command, tmp_path: Path
) -> None:
    """The newest cycle only, offers as columns in the order of their ranks."""
    out = tmp_path / "web.csv"
    outcome = nextoffer("export", "--strategy", "web", "--out", out, "--home", published)
    assert outcome.code == 0
    assert outcome.err == f"30 people of web, home, written to {out}\n"
    rows = list(csv.DictReader(out.open()))
    assert len({row["profile_id"] for row in rows}) == len(rows) == PEOPLE
    assert {row["cycle_date"] for row in rows} == {"2026-01-11"}
    assert [rows[0][f"offer_id_{rank}"] for rank in (1, 2, 3)] == ["o1", "o2", "o3"]
    assert (rows[0]["profile_id"], rows[0]["offer_name_1"]) == ("'@p00", "'=1+1")


@pytest.mark.parametrize("ending", ["jsonl", "parquet", "csv"])
def test_an_export_may_list_offers(
    ending: str, published: Path, nextoffer: Command, tmp_path: Path
) -> None:
    """With the layout `list` a person's offers are one list, best first, in every format."""
    out = tmp_path / f"web.{ending}"
    chosen = ("--strategy", "web", "--placement", "home", "--layout", "list")
    assert nextoffer("export", *chosen, "--out", out, "--home", published).code == 0
    reader = {"jsonl": "read_json", "parquet": "read_parquet", "csv": "read_csv"}[ending]
    rows = duckdb.sql(f"select offers from {reader}('{out}')").fetchall()
    offers = json.loads(rows[0][0]) if ending == "csv" else rows[0][0]
    assert len(rows) == PEOPLE
    assert [(offer["rank"], offer["offer_id"]) for offer in offers] == [
        (1, "o1"),
        (2, "o2"),
        (3, "o3"),
    ]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--out", "x.csv"), "--strategy is missing; there are: mail, web"),
        (("--out", "x.csv", "--strategy", "none"), "'none' is unknown; there are: mail, web"),
        (("--out", "x.doc", "--strategy", "web"), "must end in one of .csv"),
        (
            ("--out", "x.csv", "--strategy", "web", "--placement", "y"),
            "--placement: 'y' is unknown; there are: home",
        ),
    ],
)
def test_an_export_names_the_choices(
    arguments: tuple[str, ...], text: str, published: Path, nextoffer: Command
) -> None:
    """A missing or unknown strategy, placement or format is refused, and the message lists the
    known ones."""
    outcome = nextoffer("export", *arguments, "--home", published)
    assert outcome.code == 2
    assert text in outcome.error


@pytest.mark.parametrize("command", [("tables",), ("describe", "x"), ("export", "--out", "x.csv")])
def test_before_the_first_publication_nothing_can_be_read(
    command: tuple[str, ...], home: Path, nextoffer: Command
) -> None:
    """Code 3, and what to run first."""
    outcome = nextoffer(*command, "--home", home)
    assert outcome.code == 3
    assert "nextoffer run" in outcome.error
