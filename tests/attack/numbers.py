"""Published numbers of random worlds, computed again in plain Python from the input files."""

from __future__ import annotations

import csv
import math
import random
import shutil
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from scorer.config import Settings
from scorer.cycle.run import run_cycle
from scorer.progress import Silent
from scorer.warehouse.publication_reader import PublicationReader
from tests.attack.arena import Arena
from tests.attack.world import SECOND, write_world

_SHARE = {"clicks": 0.1, "all": 0.3}
_TOP = {"clicks": 3, "all": 2}
_LISTED = {"clicks": set("abcdefz"), "all": set("abce")}


def attack(arena: Arena, rng: random.Random) -> Iterator[str | None]:
    """Each try is a published row of a random world that equals the one computed here."""
    yield from _tries("the prepared world", arena.prepared.folder)
    while True:
        seed = rng.randrange(1 << 30)
        folder = arena.folder / "numbers"
        shutil.rmtree(folder, ignore_errors=True)
        write_world(folder / "raw", seed, displays=rng.randint(300, 3000))
        settings = Settings(home=folder / "home", as_of=SECOND, raw=folder / "raw")
        run_cycle(settings, Silent())
        yield from _tries(f"world {seed}", folder)


def _tries(world: str, folder: Path) -> Iterator[str | None]:
    rows = _read(folder / "raw" / "displays.csv")
    with PublicationReader(folder / "home" / "published.duckdb") as reader:
        for wrong in (*_offers(reader, rows), *_ranking(reader, rows)):
            yield wrong and f"{world}: {wrong}"


def _read(file: Path) -> list[dict[str, Any]]:
    with file.open(newline="") as handle:
        rows = [dict(row) for row in csv.DictReader(handle)]
    for row in rows:
        row["at"] = datetime.fromisoformat(row["event_ts"])
        row["clicked"] = int(row["clicked"])
    return [row for row in rows if row["at"] <= SECOND]


def _offers(reader: PublicationReader, rows: list[dict[str, Any]]) -> Iterator[str | None]:
    """Displays and successes of each strategy, offer and day."""
    expected: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        for strategy in _SHARE:
            if row["offer_id"] in _LISTED[strategy]:
                cell = expected[strategy, row["offer_id"]]
                cell[0] += 1
                cell[1] += row["clicked"]
    found = reader.query(
        "select strategy_id, offer_id, displays, successes from offer_readiness"
    ).to_pylist()
    for row in found:
        key = row["strategy_id"], row["offer_id"]
        seen = [row["displays"], row["successes"]]
        yield None if seen == expected[key] else f"offer_readiness {key}: {seen}, {expected[key]}"


def _ranking(reader: PublicationReader, rows: list[dict[str, Any]]) -> Iterator[str | None]:
    """Every ranked list: eligible offers only, ranks without gaps, propensities that add up."""
    people = {row["profile_id"]: row for row in rows}
    ranked = reader.query("select * from ranked_offers order by rank").to_pylist()
    lists: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in ranked:
        lists[row["strategy_id"], row["profile_id"], row["placement_id"]].append(row)
    for (strategy, person, placement), offers in lists.items():
        allowed = _allowed(strategy, person, placement, people, rows)
        yield _wrong_list(strategy, offers, allowed)


def _allowed(
    strategy: str,
    person: str,
    placement: str,
    people: dict[str, dict[str, Any]],
    rows: list[dict[str, Any]],
) -> set[str]:
    allowed = _LISTED[strategy] - set("efz")
    if people[person]["seg_gold"] == "1":
        allowed -= {"c"}
    if people[person]["seg_young"] != "1":
        allowed -= {"d"}
    # Weeks start on Sunday at 00:00 UTC.
    week = SECOND - timedelta(days=(SECOND.weekday() + 1) % 7)
    own = [row for row in rows if row["profile_id"] == person and row["at"] >= week]
    if sum(row["offer_id"] == "b" for row in own) >= 3:
        allowed -= {"b"}
    clicks = sum(
        row["clicked"] for row in own if row["offer_id"] == "a" and row["placement_id"] == "home"
    )
    return allowed - {"a"} if placement == "home" and clicks >= 2 else allowed


def _wrong_list(strategy: str, offers: list[dict[str, Any]], allowed: set[str]) -> str | None:
    shown = [row["offer_id"] for row in offers]
    share, n = _SHARE[strategy], len(allowed)
    where = f"{strategy}, {offers[0]['profile_id']}, {offers[0]['placement_id']}"
    if shown == ["z"] and not allowed:
        return None
    if not set(shown) <= allowed or len(set(shown)) != len(shown):
        return f"{where}: shows {shown}, allowed {sorted(allowed)}"
    if [row["rank"] for row in offers] != list(range(1, min(_TOP[strategy], n) + 1)):
        return f"{where}: ranks {[row['rank'] for row in offers]} of {n} offers"
    for row in offers:
        known = share / n, 1 - share + share / n, 1 / n
        if row["eligible_count"] != n or not any(
            math.isclose(row["propensity"], value, rel_tol=1e-9) for value in known
        ):
            return f"{where}: propensity {row['propensity']} of {row['eligible_count']}, {known}"
    return None
