"""Settings of one run: its folders, as_of and options."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from scorer.errors import ConfigurationError

CYCLE = timedelta(days=7)
MAX_SEGMENTS = 50
MIN_READY_OFFERS = 2
KPIS = ("clicked", "value")
ASSIGNMENTS = ("unknown", "uniform")
DATE_ORDERS = ("day_first", "month_first")
# How input files are read, and what stands for what they leave out.
READING = ("assignment", "date_order", "time_zone", "code_page", "currency")
# Settings of a cycle that later commands on its build take over.
CARRIED = ("seed", "kpi", "inputs", *READING)


@dataclass(frozen=True)
class Settings:
    """Settings that all commands share, created once by the command line.

    Parameters
    ----------
    home : Path
        State folder, absolute.
    as_of : datetime
        UTC without a time zone; later data is not visible.
    project_dir : Path
        Folder of `dbt_project.yml`, absolute.
    raw : Path or None
        Folder of input files, absolute; None for commands that read no input.
    seed : int
        Random seed, at least 0.
    kpi : str
        `clicked` or `value`: the KPI of the default strategy.
    strategy : str or None
        Limits a command to one strategy.
    full_refresh : bool
        Read every input file again, also those that were loaded before.
    now : datetime
        The clock, UTC. Rows that earlier runs wrote with a later `as_of` are from the future and
        are deleted. The default is the end of time, so that no result depends on the clock.
    assignment : str
        `uniform` if displays without traffic type and propensity were drawn at random, else ''.
    inputs : mapping
        Input -> relation, for inputs that are tables and not files of `raw`.
    date_order : str
        `day_first` or `month_first`: order of local dates if their file does not show it; '' stops
        the run.
    time_zone : str
        Zone of times without one, such as `Europe/Berlin`; '' for UTC.
    code_page : str
        Encoding of CSV files that are not UTF-8; '' for cp1252.
    currency : str
        Currency of strategies without one; '' if unknown.
    copies : Path or None
        Folder of plain copies of input files; None: below `home`.
    """

    home: Path
    as_of: datetime
    project_dir: Path = field(default_factory=lambda: find_project_dir(None))
    raw: Path | None = None
    seed: int = 0
    kpi: str = "clicked"
    strategy: str | None = None
    full_refresh: bool = False
    now: datetime = datetime.max
    assignment: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    date_order: str = ""
    time_zone: str = ""
    code_page: str = ""
    currency: str = ""
    copies: Path | None = None

    @property
    def has_clock(self) -> bool:
        """True unless every moment counts as past."""
        return self.now < datetime.max

    @property
    def cycle_date(self) -> date:
        """UTC date that names the cycle."""
        return self.as_of.date()

    @property
    def build_path(self) -> Path:
        """DuckDB file that dbt and the scorer write to."""
        return self.home / "build.duckdb"

    @property
    def published_dir(self) -> Path:
        """Folder with one DuckDB file per publication."""
        return self.home / "published"

    @property
    def published_path(self) -> Path:
        """Link to the current publication."""
        return self.home / "published.duckdb"

    @property
    def models_dir(self) -> Path:
        """Folder of the model registry."""
        return self.home / "models"

    @property
    def cycles_dir(self) -> Path:
        """Folder with the state of each cycle."""
        return self.home / "cycles"

    @property
    def lock_path(self) -> Path:
        """File that names the process working in the home folder."""
        return self.home / "run.lock"

    @property
    def parsed_dir(self) -> Path:
        """Folder of the parsed dbt project; home folders can share it (NEXTOFFER_PARSED)."""
        return Path(os.environ.get("NEXTOFFER_PARSED") or self.target_dir)

    @property
    def target_dir(self) -> Path:
        """Folder of compiled dbt models."""
        return self.home / "target"

    @property
    def copies_dir(self) -> Path:
        """Folder of plain copies of input files that the engine cannot read directly."""
        return self.copies or self.home / "inputs"

    @property
    def logs_dir(self) -> Path:
        """Folder of logs."""
        return self.home / "logs"


def parse_as_of(text: str | None) -> datetime:
    """Return the as_of of a command, UTC without a time zone.

    Parameters
    ----------
    text : str or None
        `YYYY-MM-DD` or an ISO timestamp, UTC unless it has an offset. None: today 00:00 UTC.

    Raises
    ------
    ConfigurationError
        The text is empty or no date.
    """
    if text is None:
        return clock().replace(hour=0, minute=0, second=0)
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise ConfigurationError(
            f"--as-of: {text!r} is not a date; write 2026-11-22 or 2026-11-22T06:00:00Z"
        ) from None
    return moment.replace(microsecond=0)


def clock() -> datetime:
    """Return the current time, UTC without a time zone."""
    return datetime.now(UTC).replace(microsecond=0, tzinfo=None)


def find_home(text: str | None, default: Path | None = None) -> Path:
    """Return the state folder: `--home`, else NEXTOFFER_HOME, else `default` of the project file.

    Without any of them, it is `.nextoffer` in the working directory.
    """
    given = text or os.environ.get("NEXTOFFER_HOME") or default or ".nextoffer"
    home = Path(given).expanduser().absolute()
    if home.exists() and not home.is_dir():
        raise ConfigurationError(f"--home: {home} is a file; name a folder")
    return home


def find_project_dir(text: str | None, default: Path | None = None) -> Path:
    """Return the dbt project: `--project-dir`, else NEXTOFFER_PROJECT_DIR, else `default`.

    `default` comes from the project file. Without any of them, the shipped project.
    """
    given = text or os.environ.get("NEXTOFFER_PROJECT_DIR") or default
    package = Path(__file__).resolve().parent
    candidates = (
        [Path(given).expanduser().absolute()]
        if given
        else [
            package.parent / "dbt_project",
            package / "dbt_project",
        ]
    )
    for folder in candidates:
        if (folder / "dbt_project.yml").is_file():
            return folder
    raise ConfigurationError(
        f"--project-dir: {candidates[0]} has no dbt_project.yml; name the folder of the dbt project"
    )
