"""What a cycle has done so far, on disk after every step, so that a killed run goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

_STAMP = "%Y%m%dT%H%M%S"
_CURRENT = "current.json"


@dataclass
class CycleState:
    """State of one cycle.

    Parameters
    ----------
    as_of : str
        ISO timestamp, UTC.
    fingerprint : str
        Digest of inputs and configuration; another one starts the cycle again.
    done : list of str
        Finished steps, in order.
    failures : dict
        Strategy -> why it failed, in one line.
    published : str or None
        Name of the published file, once the cycle is finished.
    seconds : dict
        Step -> wall-clock seconds; never published.
    raw, kpi, seed
        Settings of the cycle, for commands that work on what it left.
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

    @property
    def is_finished(self) -> bool:
        """Whether the cycle was published."""
        return self.published is not None


def load_state(cycles_dir: Path, as_of: datetime) -> CycleState | None:
    """Return the state of a cycle, None if it never started or its file is unreadable."""
    return _read_state(_file(cycles_dir, as_of))


def save_state(cycles_dir: Path, state: CycleState) -> None:
    """Write the state of a cycle atomically."""
    write_json(_file(cycles_dir, datetime.fromisoformat(state.as_of)), asdict(state))


def current_cycle(cycles_dir: Path) -> str | None:
    """Return `as_of` of the cycle whose tables the build file holds."""
    return (read_json(cycles_dir / _CURRENT) or {}).get("as_of")


def set_current_cycle(cycles_dir: Path, as_of: str) -> None:
    """Note whose tables the build file is about to hold."""
    write_json(cycles_dir / _CURRENT, {"as_of": as_of})


def last_state(cycles_dir: Path) -> CycleState | None:
    """Return the state of the cycle that ran last."""
    as_of = current_cycle(cycles_dir)
    return load_state(cycles_dir, datetime.fromisoformat(as_of)) if as_of else None


def newest_cycle(cycles_dir: Path) -> datetime | None:
    """Return the latest moment that a cycle was run for, whichever cycle ran last."""
    states = map(_read_state, cycles_dir.glob("[0-9]*.json"))
    moments = [datetime.fromisoformat(state.as_of) for state in states if state is not None]
    return max(moments, default=None)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Replace a file atomically; after a crash it holds either the old or the new content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("w", encoding="utf-8") as handle:
        json.dump(content, handle, indent=2)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(temporary, path)


def read_json(path: Path) -> dict[str, Any] | None:
    """Return a file's object, None if it is missing or no JSON object."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _file(cycles_dir: Path, as_of: datetime) -> Path:
    return cycles_dir / f"{as_of.strftime(_STAMP)}.json"


def _read_state(path: Path) -> CycleState | None:
    content = read_json(path)
    if content is None:
        return None
    try:
        return CycleState(**content)
    except TypeError:
        return None
