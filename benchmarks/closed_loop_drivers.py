"""Two ways through a week: files, dbt and all, or just the tables that the scorer reads."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.closed_loop_history import Displays, displays_of
from benchmarks.closed_loop_marts import Marts
from scorer.config import Settings
from scorer.progress import Silent
from scorer.simulation import World
from scorer.simulation.offers import OFFER_IDS
from scorer.warehouse.connection import Connection, Reader, connect_build, tables_of

_RUNS = "select * from {schema}training_runs where as_of = ?"


@dataclass(frozen=True)
class Outcome:
    """What the product made of everything up to the end of a week.

    Attributes
    ----------
    ranked : rows of `ranked_offers`.
    readiness : rows of `offer_readiness`.
    runs : row of `training_runs` by strategy.
    capped : ndarray of shape (profiles, offers), bool, what caps keep from people from now on.
    shifts : rows of `offer_performance_shift`, None where they are not measured.
    """

    ranked: pa.Table
    readiness: pa.Table
    runs: Mapping[str, Mapping[str, Any]]
    capped: NDArray[np.bool_]
    shifts: pa.Table | None = None


class Driver(Protocol):
    """Lets a bank live through a week and runs the product at its end."""

    def cycle(self, week: int, ranked: pa.Table | None) -> Outcome:
        """Live through a week under a ranked table (None: all at random), then run the cycle."""


@dataclass
class ThroughPipeline:
    """The weekly run as a user has it: event files, dbt, training, ranking, publication."""

    world: World
    home: Path
    seed: int = 0

    def __post_init__(self) -> None:
        self.world.write_catalogue(self.home / "raw")

    def cycle(self, week: int, ranked: pa.Table | None) -> Outcome:
        """Write the week's files and run the cycle."""
        from scorer.cycle.run import run_cycle

        end = self.world.live(week, self.home / "raw", ranked).end
        settings = Settings(home=self.home, as_of=end, raw=self.home / "raw", seed=self.seed)
        result = run_cycle(settings, Silent())
        with Reader(result.published) as reader:
            has_shifts = "offer_performance_shift" in reader.tables()
            return Outcome(
                ranked=reader.query("select * from ranked_offers"),
                readiness=reader.query("select * from offer_readiness"),
                runs=_by_strategy(reader.query(_RUNS.format(schema=""), [end])),
                capped=self._capped(settings, week),
                shifts=reader.query("from offer_performance_shift") if has_shifts else None,
            )

    def _capped(self, settings: Settings, week: int) -> NDArray[np.bool_]:
        capped = np.zeros((len(self.world.profile_ids(week)), len(OFFER_IDS)), bool)
        with connect_build(settings.build_path, read_only=True) as connection:
            rows = connection.sql(
                "select profile_id[2:]::bigint as profile, offer_id from int_capped_offers"
            ).fetchall()
        for profile, offer_id in rows:
            people = slice(None) if profile is None else profile
            capped[people, OFFER_IDS.index(offer_id)] = True
        return capped


@dataclass
class ThroughScorer:
    """The same steps of training and ranking on a build file whose marts are made directly.

    `template` is a build file that dbt made of an empty folder: it gives every table its columns.
    """

    world: World
    home: Path
    template: Path
    seed: int = 0
    history: list[Displays] = field(default_factory=list)

    def cycle(self, week: int, ranked: pa.Table | None) -> Outcome:
        """Live through the week in memory, replace the marts, train and rank."""
        blocks = self.world.decided(week, ranked)
        self.history += [displays_of(block, self.world.seed, week) for block in blocks]
        settings = Settings(home=self.home, as_of=self.world.start_of(week + 1), seed=self.seed)
        marts = self.marts(week, settings.as_of)
        if not settings.build_path.exists():
            self.home.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.template, settings.build_path)
        with connect_build(settings.build_path) as connection:
            _replace(connection, marts.tables())
        failures = train_and_rank(settings)
        if failures:
            raise RuntimeError(f"week {week}: {failures}")
        with connect_build(settings.build_path, read_only=True) as connection:
            query = _RUNS.format(schema="scorer.")
            return Outcome(
                ranked=connection.sql("from scorer.ranked_offers").to_arrow_table(),
                readiness=marts.readiness(),
                capped=marts.capped,
                runs=_by_strategy(connection.sql(query, params=[settings.as_of]).to_arrow_table()),
            )

    def marts(self, week: int, as_of: datetime) -> Marts:
        """Return the marts as of the end of a week that has been lived."""
        everything = Displays.joined(self.history)
        _, segments = self.world.usual_visits(week, placement=0)
        return Marts(everything, segments, week, as_of)


def train_and_rank(settings: Settings) -> dict[str, str]:
    """Run the scorer's own steps of a cycle; return the reasons of strategies that failed."""
    from scorer.cycle.strategies import rank_strategies, train_strategies

    return {**train_strategies(settings, Silent()), **rank_strategies(settings, Silent())}


def make_template(home: Path) -> Path:
    """Let dbt build the features of a bank that nobody has visited yet; return the build file."""
    from scorer.warehouse.dbt import run_dbt

    world = World(profiles=1)
    world.write_catalogue(home / "raw")
    settings = Settings(home=home, as_of=world.start_of(1), raw=home / "raw")
    run_dbt(settings, "features", "template", Silent())
    return settings.build_path


def _replace(connection: Connection, tables: Mapping[str, pa.Table]) -> None:
    """Replace the rows of every table that the build has; what it lacks is left out."""
    present = tables_of(connection, "build", "main")
    connection.execute("begin")
    for name, table in tables.items():
        if name not in present:
            continue
        wanted = [row[0] for row in connection.execute(f"describe {name}").fetchall()]
        kept = [column for column in wanted if column in table.column_names]
        connection.register("closed_loop_rows", table.select(kept))
        connection.execute(f"delete from {name}")
        connection.execute(f"insert into {name} by name select * from closed_loop_rows")
        connection.unregister("closed_loop_rows")
    connection.execute("commit")


def _by_strategy(runs: pa.Table) -> dict[str, Mapping[str, Any]]:
    return {row["strategy_id"]: row for row in runs.to_pylist()}
