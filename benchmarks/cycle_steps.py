"""One step of the weekly cycle in a process of its own, so that its peak memory can be told.

``python -m benchmarks.cycle_steps STEP HOME RAW AS_OF`` with a step of ``scorer.cycle.STEPS``,
or ``floor`` or ``pandas``; the last line of the output is a JSON object of further figures.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.pandas_cycle import run_pandas
from scorer.config import Settings
from scorer.cycle import STEPS, run_cycle
from scorer.progress import make_progress
from scorer.warehouse import connect_memory, literal

_STAGING = "target/compiled/nextoffer/models/staging/xdm/stg_xdm__events.sql"
_REPEATS = 2


@dataclass(frozen=True)
class Usage:
    """What a process took: wall and CPU seconds, peak resident memory in GB, what it told."""

    wall: float
    cpu: float
    peak_gb: float
    said: dict[str, Any]


def run_step(step: str, home: Path, raw: Path, as_of: datetime) -> Usage:
    """Run a step in a new process and measure it.

    Raises
    ------
    RuntimeError
        The step failed; the message is the end of what it printed.
    """
    arguments = [sys.executable, "-m", __spec__.name, step, str(home), str(raw), as_of.isoformat()]
    started = time.monotonic()
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    output = process.stdout.read().decode(errors="replace")
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{step} failed: {output[-2000:]}")
    said = json.loads(output.splitlines()[-1])
    seconds = time.monotonic() - started
    return Usage(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e6, said)


def parse_floor(home: Path, raw: Path) -> dict[str, float]:
    """CPU seconds of one thread: for DuckDB to parse the files, and for the staging model.

    The floor reads every document with `read_ndjson_objects` and keeps nothing. The model is the
    SQL of the first load, written to a table in memory. The best of two runs each, in turns.
    """
    files = literal(raw / "experience_events" / "*.ndjson")
    floor = f"select count(json) from read_ndjson_objects({files}, ignore_errors = true)"
    staging = f"create or replace temp table staged as {(home / _STAGING).read_text()}"
    connection = connect_memory()
    connection.execute("set threads = 1")
    connection.execute(f"attach {literal(home / 'build.duckdb')} as build (read_only)")
    took: dict[str, list[float]] = {floor: [], staging: []}
    for _ in range(_REPEATS):
        for query, seconds in took.items():
            started = time.process_time()
            connection.execute(query).fetchall()
            seconds.append(time.process_time() - started)
    connection.close()
    return {"floor": min(took[floor]), "staging": min(took[staging])}


def main(arguments: list[str]) -> None:
    """Run the step that the arguments name."""
    step, home, raw, as_of = arguments
    said: dict[str, Any] = {}
    if step == "floor":
        said = parse_floor(Path(home), Path(raw))
    elif step == "pandas":
        said = run_pandas(Path(raw), Path(home), datetime.fromisoformat(as_of))
    else:
        settings = Settings(home=Path(home), as_of=datetime.fromisoformat(as_of), raw=Path(raw))
        said["failures"] = run_cycle(settings, make_progress(), steps={step: STEPS[step]}).failures
    print("\n" + json.dumps(said))


if __name__ == "__main__":
    main(sys.argv[1:])
