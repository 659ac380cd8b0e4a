"""Ranking holds few batches in memory for any number of people."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any

import pytest

from benchmarks.ranking_tables import PLACEMENTS, fill_ranking_tables
from scorer.ranking.batch import rank_batch, write_ranked_offers
from scorer.ranking.context import load_context
from scorer.warehouse.database import connect_build, limited_memory
from tests.support.ranking_inputs import AS_OF


def most_alive(folder: Path, profiles: int, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """Return the largest number of batches alive at once, and the number of all batches."""
    made: list[weakref.ref[Any]] = []
    alive: list[int] = []

    def watched(*arguments: Any) -> Any:
        batch = rank_batch(*arguments)
        made.append(weakref.ref(batch))
        alive.append(sum(ref() is not None for ref in made))
        return batch

    with connect_build(folder / f"{profiles}.duckdb") as connection:
        fill_ranking_tables(connection, profiles, offers=5)
        context = load_context(connection, "bench", AS_OF)
        monkeypatch.setattr("scorer.ranking.batch.rank_batch", watched)
        rows = write_ranked_offers(connection, context)
    assert rows > 2 * profiles * PLACEMENTS
    return max(alive), len(made)


def test_batches_alive_do_not_grow_with_the_number_of_people(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four times the people give four times the batches, and no more of them at once."""
    monkeypatch.setattr("scorer.ranking.batch.MAX_BATCH_ROWS", 2048)
    monkeypatch.setattr("scorer.ranking.batch.rank_batch", rank_batch)
    few, few_made = most_alive(tmp_path, 4_000, monkeypatch)
    many, many_made = most_alive(tmp_path, 16_000, monkeypatch)
    assert many_made > 3 * few_made > 15
    assert many <= few + 2


def test_duckdb_may_hold_half_a_gigabyte_while_ranking_and_what_it_could_after(
    tmp_path: Path,
) -> None:
    """The limit is lowered and restored, also after a failure; a smaller limit is kept."""
    setting = "select current_setting('memory_limit')"
    with connect_build(tmp_path / "build.duckdb") as connection:
        connection.execute("set memory_limit = '9GiB'")
        connection.execute("set threads = 2")
        with limited_memory(connection):
            assert connection.execute(setting).fetchone() == ("512.0 MiB",)
        with pytest.raises(KeyError), limited_memory(connection):
            raise KeyError
        assert connection.execute(setting).fetchone() == ("9.0 GiB",)
        connection.execute("set memory_limit = '100MiB'")
        with limited_memory(connection):
            assert connection.execute(setting).fetchone() == ("100.0 MiB",)
