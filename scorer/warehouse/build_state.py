"""The state of each cycle, saved after every step, so that an interrupted run can continue."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from scorer.config import KPIS, READING, Settings
from scorer.errors import ConfigurationError
from scorer.files import STAMP, is_written_before, read_json, write_json

STEP_NAMES = ("features", "train", "rank", "monitor", "publish")
PUBLICATION_NAME = re.compile(r"nextoffer-(\d{8}T\d{6})\.duckdb")
_CURRENT = "current.json"


@dataclass
class CycleState:
    """State of one cycle.

    Parameters
    ----------
    as_of : str
        ISO timestamp, UTC.
    fingerprint : str
        Digest of inputs and configuration; if it changes, the cycle starts again.
    done : list of str
        Finished steps, in order.
    failures : dict
        Strategy -> reason of the failure, in one line.
    published : str or None
        Name of the published file; None until the cycle is finished.
    seconds : dict
        Step -> wall-clock seconds; not published.
    raw, and the names of `scorer.config.CARRIED`
        Settings of the cycle, for later commands on its build.
    """

    as_of: str
    fingerprint: str
    done: list[str] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    published: str | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    raw: str | None = None
    kpi: str = "clicked"
    seed: int = 0
    assignment: str = ""
    date_order: str = ""
    time_zone: str = ""
    code_page: str = ""
    currency: str = ""
    inputs: dict[str, str] = field(default_factory=dict)

    @property
    def is_finished(self) -> bool:
        """True once the cycle is published."""
        return self.published is not None


def is_early(cycles_dir: Path, as_of: datetime) -> bool:
    """Return whether the state of a cycle was saved before the cycle's own time."""
    file = _file(cycles_dir, as_of)
    return file.is_file() and is_written_before(file, as_of)


def load_state(cycles_dir: Path, as_of: datetime) -> CycleState | None:
    """Return the state of a cycle; None if it never started or its file cannot be read."""
    return _read_state(_file(cycles_dir, as_of))


def save_state(cycles_dir: Path, state: CycleState) -> None:
    """Write the state of a cycle atomically."""
    write_json(_file(cycles_dir, datetime.fromisoformat(state.as_of)), asdict(state))


def current_cycle(cycles_dir: Path) -> str | None:
    """Return the `as_of` of the cycle in the build file; None without a valid record."""
    as_of = (read_json(cycles_dir / _CURRENT) or {}).get("as_of")
    return as_of if _moment(as_of) is not None else None


def set_current_cycle(cycles_dir: Path, as_of: str) -> None:
    """Record the cycle that the build file will contain."""
    write_json(cycles_dir / _CURRENT, {"as_of": as_of})


def last_state(cycles_dir: Path) -> CycleState | None:
    """Return the state of the last cycle that ran."""
    as_of = current_cycle(cycles_dir)
    return load_state(cycles_dir, datetime.fromisoformat(as_of)) if as_of else None


def newest_cycle(settings: Settings) -> datetime | None:
    """Return the latest `as_of` of all cycles that is not in the future."""
    states = map(_read_state, settings.cycles_dir.glob("[0-9]*.json"))
    moments = [datetime.fromisoformat(state.as_of) for state in states if state is not None]
    return max((moment for moment in moments if moment <= settings.now), default=None)


def state_before(settings: Settings, step: str) -> CycleState:
    """Return the state of the cycle in the build file, checking that it is ready for a step.

    Raises
    ------
    ConfigurationError
        It is not the cycle of `settings`, an earlier step is not done, or there is no build file.
    """
    state = last_state(settings.cycles_dir)
    if state is None or state.as_of != settings.as_of.isoformat():
        held = "no cycle" if state is None else f"the cycle of {state.as_of}"
        raise ConfigurationError(
            f"the build file holds {held}:"
            f" run `nextoffer run --raw FOLDER --as-of {settings.as_of.isoformat()}` first"
        )
    missing = [name for name in steps_before(step) if name not in state.done]
    if missing:
        raise ConfigurationError(
            f"the cycle of {state.as_of} has not finished {missing[0]}: run `nextoffer run`"
        )
    if not has_build(settings):
        raise ConfigurationError(
            f"{settings.build_path} is missing or empty: run `nextoffer run` to build it again"
        )
    return state


def has_build(settings: Settings) -> bool:
    """Return whether there is a build file, and it is not empty."""
    return settings.build_path.is_file() and settings.build_path.stat().st_size > 0


def steps_before(step: str) -> tuple[str, ...]:
    """Return the steps before this one, in order."""
    return STEP_NAMES[: STEP_NAMES.index(step)]


def _file(cycles_dir: Path, as_of: datetime) -> Path:
    return cycles_dir / f"{as_of.strftime(STAMP)}.json"


def _read_state(path: Path) -> CycleState | None:
    content = read_json(path)
    if content is None:
        return None
    try:
        state = CycleState(**content)
        is_own = (
            _is_valid(state) and _file(path.parent, datetime.fromisoformat(state.as_of)) == path
        )
        return state if is_own else None
    except (TypeError, ValueError, AttributeError):
        return None


def _is_valid(state: CycleState) -> bool:
    """Return True if every field has the type and range that runs write."""
    steps, published = list(STEP_NAMES[: len(state.done)]), state.published
    return (
        _moment(state.as_of) is not None
        and isinstance(state.fingerprint, str)
        and state.done == steps
        and all(isinstance(text, str) for text in state.failures.values())
        and (published is None or PUBLICATION_NAME.fullmatch(published) is not None)
        and all(isinstance(number, int | float) for number in state.seconds.values())
        and (state.raw is None or isinstance(state.raw, str))
        and state.kpi in KPIS
        and type(state.seed) is int
        and state.seed >= 0
        and all(isinstance(getattr(state, name), str) for name in READING)
        and all(isinstance(text, str) for text in state.inputs.values())
    )


def _moment(text: Any) -> datetime | None:
    """Return a moment as runs write it, without a time zone; None for anything else."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo is None else None
