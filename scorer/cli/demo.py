"""The demo: weekly cycles for a simulated bank that shows the offers ranked the week before."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

import pyarrow as pa
from rich.console import Console

from scorer.cli.demo_table import Served, week_table
from scorer.config import Settings
from scorer.cycle.run import run_cycle
from scorer.errors import ConfigurationError
from scorer.files import make_private_folder, write_json
from scorer.progress import Progress, make_progress
from scorer.simulation import World
from scorer.warehouse.publication_reader import PublicationReader

_MARK = ".nextoffer-demo"
_STATE = "select * exclude (metrics) from training_runs where as_of = ?"
_WIDTH = 150


def run_demo(home: Path, weeks: int, profiles: int | None, seed: int) -> None:
    """Run the demo and print a table for each week.

    Parameters
    ----------
    home : Path
        Deleted first if an earlier demo created it; refused if it contains anything else.
    weeks : int
        Number of weeks, at least 1; a cycle runs after each.
    profiles : int or None
        People in week 1; None for the default of the world.
    seed : int
        Seed of the world and of the cycles.
    """
    started = time.monotonic()
    make_home(home)
    world = World(seed=seed) if profiles is None else World(profiles=profiles, seed=seed)
    raw = home / "raw"
    world.write_catalogue(raw)
    console = Console() if sys.stdout.isatty() else Console(width=_WIDTH)
    console.print(f"A simulated bank, {world.profiles:,} people, {weeks} weeks.\n", highlight=False)
    progress, served, timings = make_progress(sums_up=False), Served.before_the_first_cycle(), []
    for week in range(1, weeks + 1):
        step_started = time.monotonic()
        progress.start(f"week {week}: live")
        report = world.live(week, raw, served.ranked)
        seconds = {"live": round(time.monotonic() - step_started, 2)}
        settings = Settings(home=home, as_of=report.end, raw=raw, seed=seed)
        seconds |= run_cycle(settings, _Named(progress, f"week {week}: ")).seconds
        progress.finish()
        console.print(week_table(report, served), "")
        served = _published(settings)
        if week == 2:
            console.print(f"Watch the app during the demo: {_app(home)}\n", highlight=False)
        timings.append({"week": week, **seconds})
    write_json(home / "logs" / "demo_timings.json", {"weeks": timings})
    _print_end(console, home, time.monotonic() - started)


def make_home(home: Path) -> None:
    """Create the folder, deleting that of an earlier demo.

    Raises
    ------
    ConfigurationError
        The folder is not empty and not that of a demo.
    """
    if home.exists() and any(home.iterdir()) and not (home / _MARK).exists():
        raise ConfigurationError(
            f"--home: {home} is not empty and was not created by a demo; name another folder"
        )
    shutil.rmtree(home, ignore_errors=True)
    make_private_folder(home)
    (home / _MARK).touch()


def _published(settings: Settings) -> Served:
    with PublicationReader(settings.published_path) as reader:
        ranked: pa.Table = reader.query("select * from ranked_offers")
        runs = reader.query(_STATE, [settings.as_of]).to_pylist()
    return Served(ranked, {run["strategy_id"]: run for run in runs})


def _app(home: Path) -> str:
    command = _shortest(Path(sys.executable).parent / "nextoffer")
    return f"{command} app --home {_shortest(home)}"


def _print_end(console: Console, home: Path, seconds: float) -> None:
    command = _shortest(Path(sys.executable).parent / "nextoffer")
    folder = _shortest(home)
    with PublicationReader(home / "published.duckdb") as reader:
        profiles = reader.query(
            "select profile_id from ranked_offers where policy = 'model' and rank = 1"
            " group by 1 order by count(distinct strategy_id) desc, 1 limit 1"
        )["profile_id"].to_pylist()
    lines = [
        f"Done in {seconds:.0f} s. The offers of one person for next week:",
        f'  {command} query --home {folder} "select placement_id, rank, offer_id, score, policy,'
        f" propensity from ranked_offers where profile_id = '{(profiles or ['c0000001'])[0]}'\"",
        "The state of each strategy, and the app:",
        f"  {command} status --home {folder}",
        f"  {_app(home)}",
    ]
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True, markup=False)


def _shortest(path: Path) -> str:
    relative = os.path.relpath(path)
    return relative if len(relative) < len(str(path)) else str(path)


class _Named:
    """Passes progress on with a prefix before each label, without the lines of single steps."""

    def __init__(self, inner: Progress, prefix: str) -> None:
        self._inner, self._prefix = inner, prefix

    def start(self, label: str, total: int | None = None) -> None:
        """Begin a step."""
        self._inner.start(self._prefix + label, total)

    def total(self, total: int) -> None:
        """Set the total of the current step."""
        self._inner.total(total)

    def advance(self, n: int = 1, text: str = "") -> None:
        """Add finished units."""
        self._inner.advance(n, text)

    def finish(self, text: str = "") -> None:
        """End the step."""
        self._inner.finish(text)

    def say(self, text: str) -> None:
        """Drop the line; the table of the week reports the result."""
