"""A publication that cannot be read: every page says so in a sentence with its remedy."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from benchmarks.synthetic_publication import write_publication
from tests.support.opening import START, Opener, today
from tests.support.texts import text_of

PAGES = sorted(path.stem for path in (START.parents[1] / "pages").glob("[a-z]*.py"))
KEPT = ("publication", "dim_ranking_strategies", "training_runs")


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return home folders whose publication is damaged, each in another way."""
    root = tmp_path_factory.mktemp("unreadable")
    homes = {name: root / name for name in ("foreign", "truncated", "overwritten", "empty", "old")}
    files = {name: write_publication(home, today()) for name, home in homes.items()}
    content = files["foreign"].read_bytes()
    files["foreign"].write_bytes(b"no database" * 1000)
    files["truncated"].write_bytes(content[: len(content) // 2])
    start = len(content) // 10
    files["overwritten"].write_bytes(content[:start] + b"\xff" * (len(content) - start))
    with duckdb.connect(str(files["empty"])) as connection:
        connection.execute("delete from publication")
    with duckdb.connect(str(files["old"])) as connection:
        for (table,) in connection.execute("select table_name from duckdb_tables()").fetchall():
            if table not in KEPT:
                connection.execute(f"drop table {table}")
    return homes


@pytest.mark.parametrize("damage", ["foreign", "truncated", "overwritten", "empty"])
def test_every_page_names_a_damaged_file_and_the_remedy(
    damage: str, homes: dict[str, Path], open_page: Opener
) -> None:
    """The file, the reason and what to do stand in one sentence, without a traceback."""
    for page in PAGES:
        app = open_page(homes[damage], page)
        assert not app.exception, page
        (box,) = app.error
        said = text_of(app)
        assert "nextoffer-" in said, page
        assert "cannot be read: " in said, page
        assert "Do: delete the file and run `nextoffer run`" in said.replace("**", ""), page
        assert "Traceback" not in box.value


def test_a_missing_column_is_named(tmp_path: Path, open_page: Opener) -> None:
    """A column that a query qualifies with its table is recognised, too."""
    with duckdb.connect(str(write_publication(tmp_path, today()))) as connection:
        connection.execute("alter table offer_readiness drop column pool")
    for page in ("offers", "what_if"):
        app = open_page(tmp_path, page)
        assert not app.exception
        assert 'column named "pool"' in text_of(app)


def test_every_page_names_a_missing_table(homes: dict[str, Path], open_page: Opener) -> None:
    """A publication of another version lacks tables: each page names one that it needs."""
    for page in PAGES:
        app = open_page(homes["old"], page)
        assert not app.exception, page
        assert "another version of nextoffer" in text_of(app), page
        assert "nextoffer run --force" in text_of(app), page
