"""Publishing: readers always see one complete cycle, and a kill leaves no files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from scorer.config import Settings
from scorer.errors import InputError
from scorer.warehouse.database import connect_build
from scorer.warehouse.publication_reader import PublicationReader
from scorer.warehouse.publications import (
    PUBLISHED_TABLES,
    export_parquet,
    make_newest_current,
    publish,
)
from tests.support.commands import Command
from tests.support.permissions import obey_permissions
from tests.support.publication_checksum import content_checksum

START = datetime(2026, 1, 4)


@pytest.fixture
def settings(home: Path) -> Settings:
    """Return settings of a home folder whose build file has every table."""
    settings = Settings(home=home, as_of=START)
    home.mkdir()
    fill_build(settings)
    return settings


def fill_build(settings: Settings) -> None:
    """Write one cycle: every row of `ranked_offers` has the date of the cycle."""
    with connect_build(settings.build_path) as connection:
        connection.execute("create schema if not exists scorer")
        for table in PUBLISHED_TABLES:
            connection.execute(f"create or replace table {table} as select 1 as a")
        connection.execute(
            "create or replace table ranked_offers as select 's' as strategy_id,"
            " ?::date as cycle_date, 'p' || (range % 500) as profile_id, 'x' as placement_id,"
            " range // 500 + 1 as rank from range(5000) order by random()",
            [settings.cycle_date],
        )


WRITE = """
import sys, duckdb
with duckdb.connect(sys.argv[1]) as connection:
    connection.execute("create table mine as select 1 as a")
"""


def test_a_publication_cannot_be_changed_by_its_owner(settings: Settings) -> None:
    """The file is read-only on disk: a plain connection to it fails."""
    published = publish(settings, "")
    assert published.stat().st_mode & 0o777 == 0o444
    before = published.read_bytes()
    done = subprocess.run(
        [sys.executable, "-c", WRITE, published],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=obey_permissions,
    )
    assert done.returncode != 0
    assert "Permission denied" in done.stderr
    assert published.read_bytes() == before


def test_a_publication_from_the_future_is_passed_over(settings: Settings) -> None:
    """Readers go back to the newest publication that is not later than now."""
    year = timedelta(days=365)
    publish(replace(settings, as_of=START + year), "")
    publish(settings, "")
    assert published_as_of(settings) == START + year
    publish(replace(settings, now=START), "")
    assert published_as_of(settings) == START


def test_a_publication_that_was_written_before_its_time_is_passed_over(settings: Settings) -> None:
    """What a run from the future published does not become current when its time comes."""
    week = timedelta(days=7)
    early = publish(replace(settings, as_of=START + week), "")
    publish(settings, "")
    os.utime(early, (START.timestamp(), START.timestamp()))
    assert published_as_of(settings) == START + week
    make_newest_current(replace(settings, now=START + 2 * week))
    assert published_as_of(settings) == START


def published_as_of(settings: Settings) -> datetime:
    """Return the moment of the current publication."""
    with PublicationReader(settings.published_path) as reader:
        return reader.query("select as_of from publication").to_pylist()[0]["as_of"]


def test_a_reader_that_polls_during_ten_publications_sees_whole_cycles(settings: Settings) -> None:
    """Ten publications while a reader polls: no failed read, no mixed cycle, all rows."""
    seen: list[tuple[int, int]] = []
    failures: list[Exception] = []
    done = threading.Event()
    publish(settings, "")

    def poll() -> None:
        sql = "select count(*) as n, count(distinct cycle_date) as cycles from ranked_offers"
        try:
            with PublicationReader(settings.published_path) as reader:
                while not done.is_set():
                    row = reader.query(sql).to_pylist()[0]
                    seen.append((row["n"], row["cycles"]))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=poll) for _ in range(2)]
    for thread in threads:
        thread.start()
    for week in range(1, 11):
        following = replace(settings, as_of=START + timedelta(weeks=week))
        fill_build(following)
        publish(following, "")
    done.set()
    for thread in threads:
        thread.join()
    assert not failures
    assert set(seen) == {(5000, 1)}
    assert len(seen) > 10


POLL = """
import sys
from scorer.warehouse.publication_reader import PublicationReader
from pathlib import Path
reads = 0
print("reading", flush=True)
while not Path(sys.argv[2]).exists():
    with PublicationReader(Path(sys.argv[1])) as reader:
        sql = "select count(*) as n, count(distinct cycle_date) as c from ranked_offers"
        rows = reader.query(sql)
        assert rows.to_pylist() == [{"n": 5000, "c": 1}], rows
    reads += 1
print(reads)
"""


def test_a_reader_in_another_process_blocks_nobody_and_sees_whole_cycles(
    settings: Settings, tmp_path: Path
) -> None:
    """The same cycle published ten times while another process opens and closes the file."""
    publish(settings, "")
    stop = tmp_path / "stop"
    command = [sys.executable, "-c", POLL, str(settings.published_path), str(stop)]
    reader = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert reader.stdout is not None
    assert reader.stdout.readline() == "reading\n"
    for _ in range(10):
        fill_build(settings)
        publish(settings, "")
    stop.touch()
    reads, _ = reader.communicate()
    assert reader.returncode == 0
    assert int(reads) > 0


def test_the_newest_cycle_stays_current_after_a_back_fill(settings: Settings) -> None:
    """Publishing an earlier cycle adds its file but does not move the link back."""
    publish(settings, "")
    earlier = replace(settings, as_of=START - timedelta(weeks=5))
    file = publish(earlier, "")
    assert file.exists()
    with PublicationReader(settings.published_path) as reader:
        assert reader.path().name == "nextoffer-20260104T000000.duckdb"


def test_equal_content_has_an_equal_checksum_and_other_content_another(settings: Settings) -> None:
    """The checksum depends on the content of the tables, not on the order of the build."""
    first = content_checksum(publish(settings, "a"))
    fill_build(settings)
    assert content_checksum(publish(settings, "b")) == first
    with connect_build(settings.build_path) as connection:
        connection.execute(
            "update ranked_offers set rank = 99 where profile_id = 'p7' and rank = 3"
        )
    assert content_checksum(publish(settings, "a")) != first


def test_the_publication_table_tells_where_it_came_from(settings: Settings) -> None:
    """`publication` holds the moment, seed, KPI, version and the checksum of the inputs."""
    publish(replace(settings, seed=7), "abc")
    with PublicationReader(settings.published_path) as reader:
        (row,) = reader.query("select * from publication").to_pylist()
    assert row["as_of"] == START
    assert (row["seed"], row["kpi"], row["inputs_checksum"]) == (7, "clicked", "abc")


def test_a_missing_table_is_named_and_the_old_publication_stays(settings: Settings) -> None:
    """If a table is missing, nothing is published and the link keeps its target."""
    publish(settings, "")
    with connect_build(settings.build_path) as connection:
        connection.execute("drop table offer_readiness")
    with pytest.raises(InputError, match="no table offer_readiness"):
        publish(replace(settings, as_of=START + timedelta(weeks=1)), "")
    with PublicationReader(settings.published_path) as reader:
        assert reader.query("select count(*) as n from ranked_offers")["n"][0].as_py() == 5000


KILL = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from scorer import files
from scorer.config import Settings
from scorer.warehouse import publications
calls = 0
def die(*_):
    global calls
    calls += 1
    if calls > int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
sync = files.sync
files.sync = lambda path: (die(), sync(path), die())
copy = publications._copy
publications._copy = lambda *a: (die(), copy(*a))
publications.publish(Settings(home=Path(sys.argv[1]), as_of=datetime(2026, 1, 11)), "")
"""


TABLES = len(PUBLISHED_TABLES)


@pytest.mark.parametrize("after", [0, TABLES // 2, *range(TABLES, TABLES + 4)])
def test_a_kill_anywhere_leaves_the_old_or_the_new_cycle(settings: Settings, after: int) -> None:
    """After a kill between any two steps, readers see a whole cycle and no temporary file stays."""
    publish(settings, "")
    command = [sys.executable, "-c", KILL, str(settings.home), str(after)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    with PublicationReader(settings.published_path) as reader:
        assert reader.query("select count(*) as n from ranked_offers")["n"][0].as_py() == 5000
    publish(replace(settings, as_of=START + timedelta(weeks=1)), "")
    with PublicationReader(settings.published_path) as reader:
        assert reader.path().name == "nextoffer-20260111T000000.duckdb"
    assert not [name for name in os.listdir(settings.published_dir) if "tmp" in name]


def test_parquet_files_hold_the_same_rows(settings: Settings, tmp_path: Path) -> None:
    """The export has one file per table, with the rows of the table in order."""
    file = publish(settings, "")
    exported = export_parquet(file, tmp_path / "out")
    assert {path.stem for path in exported} == {*PUBLISHED_TABLES, "publication"}
    with PublicationReader(settings.published_path) as reader:
        rows = reader.query("select * from ranked_offers").to_pylist()
    assert pq.read_table(tmp_path / "out" / "ranked_offers.parquet").to_pylist() == rows


@contextmanager
def held_open(path: Path) -> Iterator[None]:
    """Keep a file open for writing in another process."""
    code = f"import duckdb, time; c = duckdb.connect({str(path)!r}); print('open', flush=True)"
    process = subprocess.Popen(
        [sys.executable, "-c", code + "; time.sleep(60)"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield
    finally:
        process.kill()
        process.wait()


def test_readers_do_not_need_the_build_file(settings: Settings, nextoffer: Command) -> None:
    """While another process writes the build file, the published tables can be queried."""
    publish(settings, "")
    sql = "select count(*) as n from ranked_offers"
    with held_open(settings.build_path):
        outcome = nextoffer("query", sql, "--json", "--home", settings.home)
    assert outcome.code == 0
    assert '"n": 5000' in outcome.out


def test_a_damaged_published_file_is_refused(settings: Settings, nextoffer: Command) -> None:
    """A published file that is not a database gives code 3 and its name."""
    publish(settings, "").write_bytes(b"no database at all" * 1000)
    outcome = nextoffer("query", "select 1", "--home", settings.home)
    assert outcome.code == 3
    assert "nextoffer-20260104T000000.duckdb" in outcome.error


def test_a_wrong_query_is_one_line(settings: Settings, nextoffer: Command) -> None:
    """A query that the database refuses ends with code 2."""
    publish(settings, "")
    outcome = nextoffer("query", "select nothing from nowhere", "--home", settings.home)
    assert outcome.code == 2
    assert "nowhere" in outcome.error


@pytest.mark.parametrize("sql", ["", " ;", "/* nothing */", "set threads = 1"])
def test_a_query_without_a_result_is_one_line(
    settings: Settings, nextoffer: Command, sql: str
) -> None:
    """An empty text, and a statement without rows, give code 2."""
    publish(settings, "")
    outcome = nextoffer("query", sql, "--home", settings.home)
    assert outcome.code == 2
    assert "the query has no result: write a SELECT" in outcome.error


def test_a_query_cannot_change_what_is_published(settings: Settings, nextoffer: Command) -> None:
    """The published file is attached read-only."""
    publish(settings, "")
    outcome = nextoffer("query", "delete from ranked_offers", "--home", settings.home)
    assert outcome.code == 2
    assert "read-only" in outcome.error
