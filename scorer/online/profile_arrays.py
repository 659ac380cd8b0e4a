"""Writes the known profiles of a strategy as the arrays that :class:`.Profiles` maps.

Candidates are read and encoded in batches, so memory does not grow with the number of people.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from scorer.arrays import Matrix
from scorer.errors import InputError
from scorer.features import DECISIONING, FeatureSchema, encode_users
from scorer.ranking.caps import LIFETIME
from scorer.ranking.context import StrategyContext
from scorer.ranking.exploration import Keys
from scorer.warehouse.database import Connection, limited_memory

_KEY = "('0x' || substr(md5(profile_id), 1, 16))::ubigint"
_BATCH_ROWS = 50_000
_PLACEMENTS = """
select placement_id, first(activity_id order by n desc, activity_id, scope_id),
    first(scope_id order by n desc, activity_id, scope_id)
from (
    select placement_id, activity_id, scope_id, count(*) as n
    from ranking_candidates where strategy_id = ? group by all
)
group by 1 order by 1
"""
_EXCLUDED = f"""
select {_KEY} as key, placement_id, offer_id from eligibility_exclusions
where profile_id is not null group by all order by all
"""
_COUNTED = f"""
select {_KEY} as key, rule_number, coalesce(event_date, date '0001-01-01'), event_date is null,
    events
from capping_counts where profile_id is not null and events > 0 order by all
"""
_TOTALS = """
select rule_number, event_date, events from capping_counts
where profile_id is null and events > 0 order by all
"""


def write_profiles(
    connection: Connection, context: StrategyContext, caps: list[tuple[Any, ...]], folder: Path
) -> dict[str, Any]:
    """Write the arrays into a new folder; return the names they refer to, ready for JSON.

    Keys: ``placements``, ``scopes`` (activity and scope), ``groups`` (rule segments), ``usual``
    (placement, activity and scope) and ``totals`` (rule, day, events of everybody).
    """
    folder.mkdir(parents=True)
    usual = connection.execute(_PLACEMENTS, [context.strategy_id]).fetchall()
    placements = [placement for placement, _, _ in usual]
    writer = _Writer(connection, context, placements, folder)
    with limited_memory(connection):
        keys = writer.write()
    columns, rules = context.candidate_columns, {row[0]: i for i, row in enumerate(caps)}
    positions = {placement: i for i, placement in enumerate(placements)}
    excluded = [
        (key, (-1 if placement is None else positions[placement], columns[offer]))
        for key, placement, offer in connection.execute(_EXCLUDED).fetchall()
        if offer in columns and (placement is None or placement in positions)
    ]
    _write_lists(folder, "excluded", keys, excluded, 2)
    counted = [
        (key, (rules[rule], LIFETIME if ever else day.toordinal(), events))
        for key, rule, day, ever, events in connection.execute(_COUNTED).fetchall()
        if rule in rules
    ]
    _write_lists(folder, "counted", keys, counted, 3)
    totals = connection.execute(_TOTALS).fetchall()
    return {
        "placements": placements,
        "scopes": [list(scope) for scope in writer.scopes],
        "groups": [list(group) for group in writer.groups],
        "usual": usual,
        "totals": [
            (rules[rule], LIFETIME if day is None else day.toordinal(), events)
            for rule, day, events in totals
            if rule in rules
        ],
    }


class _Writer:
    """Streams the candidates of a strategy, by key and placement, into arrays."""

    def __init__(
        self, connection: Connection, context: StrategyContext, placements: list[str], folder: Path
    ) -> None:
        self._connection, self._strategy, self._folder = connection, context.strategy_id, folder
        self._schema = context.deployed.model.schema if context.deployed else None
        self._width = max(1, len(placements))
        self.scopes: dict[tuple[str, str], int] = {}
        self.groups: dict[tuple[str, ...], int] = {}

    def write(self) -> Keys:
        """Write users, scopes, groups and keys; return the keys."""
        rows, width = self._count(), self._width
        users = _matrix(self._folder / "users.npy", rows, self._schema)
        scopes = np.empty(rows, dtype=np.int32)
        groups = np.empty(rows // width, dtype=np.int32)
        keys = np.empty(rows // width, dtype=np.uint64)
        done = 0
        for batch in self._read():
            part = slice(done, done + batch.num_rows)
            if self._schema and users.size:
                users[part] = encode_users(batch, self._schema)
            pairs = zip(
                batch["activity_id"].to_pylist(), batch["scope_id"].to_pylist(), strict=True
            )
            scopes[part] = _codes(self.scopes, pairs)
            # The first row of every profile.
            first = batch.take(pa.array(np.arange(-done % width, batch.num_rows, width)))
            people = slice(-(-done // width), -(-done // width) + first.num_rows)
            groups[people] = _codes(self.groups, map(tuple, first["rule_segments"].to_pylist()))
            keys[people] = first["key"].to_numpy(zero_copy_only=False)
            done += batch.num_rows
        for name, array in (("scopes", scopes), ("groups", groups), ("keys", keys)):
            np.save(self._folder / f"{name}.npy", array)
        return keys

    def _count(self) -> int:
        """Rows of the strategy; every profile has one for each placement."""
        rows, people = self._connection.execute(
            f"select count(*), count(distinct {_KEY}) from ranking_candidates"
            " where strategy_id = ?",
            [self._strategy],
        ).fetchall()[0]
        if rows != people * self._width:
            raise InputError(
                f"strategy {self._strategy!r}: ranking_candidates has {rows} rows for {people}"
                f" profiles and {self._width} placements; run `nextoffer run` again"
            )
        return int(rows)

    def _read(self) -> pa.RecordBatchReader:
        features = self._schema.select_list if self._schema else ()
        columns = (f"{_KEY} as key", *DECISIONING, "rule_segments", *features)
        return self._connection.sql(
            f"select {', '.join(columns)} from ranking_candidates where strategy_id = ?"
            " order by key, placement_id",
            params=[self._strategy],
        ).to_arrow_reader(_BATCH_ROWS)


def _matrix(file: Path, rows: int, schema: FeatureSchema | None) -> Matrix:
    """A new file of float32 (rows, n_features), mapped."""
    shape = (rows, len(schema.features) if schema else 0)
    if 0 in shape:
        np.save(file, np.empty(shape, dtype=np.float32))
        return np.empty(shape, dtype=np.float32)
    return np.lib.format.open_memmap(file, mode="w+", dtype=np.float32, shape=shape)


def _codes(known: dict[Any, int], values: Iterable[Any]) -> list[int]:
    """Code of each value; new ones are added to ``known``."""
    return [known.setdefault(value, len(known)) for value in values]


def _write_lists(
    folder: Path, name: str, keys: Keys, entries: Sequence[tuple[int, tuple[int, ...]]], width: int
) -> None:
    """Write the entries of each profile, and where they start; unknown profiles are left out."""
    found = np.array([key for key, _ in entries], dtype=np.uint64)
    places = np.searchsorted(keys, found)
    known = places < len(keys)
    known[known] = keys[places[known]] == found[known]
    values = np.array([value for _, value in entries], dtype=np.int64).reshape(-1, width)[known]
    counts = np.bincount(places[known], minlength=len(keys))
    np.save(folder / f"{name}.npy", values)
    np.save(folder / f"{name}_start.npy", np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))
