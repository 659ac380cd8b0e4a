"""The parts of the weekly cycle benchmark that run in a separate process.

``python -m benchmarks.cycle_steps WHAT HOME RAW AS_OF`` with ``ours`` (all steps, as `nextoffer
run` takes them), one step of ``scorer.cycle.run.STEPS``, ``floor`` or ``pandas``; the last line of
the output is a JSON object of further figures.
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
from scorer.cycle.run import STEPS, Step, Work, run_cycle
from scorer.progress import make_progress
from scorer.sql import literal
from scorer.warehouse.database import connect_memory
from scorer.warehouse.dbt import parse_project

_STAGING = "target/compiled/nextoffer/models/staging/xdm/stg_xdm__events.sql"
_REPEATS = 2
START = "start"


@dataclass(frozen=True)
class Usage:
    """Usage of a process: wall and CPU seconds, peak resident memory in GB, and its figures."""

    wall: float
    cpu: float
    peak_gb: float
    said: dict[str, Any]


def run_apart(what: str, home: Path, raw: Path, as_of: datetime) -> Usage:
    """Run something in a new process and measure it.

    Raises
    ------
    RuntimeError
        The step failed; the message is the end of what it printed.
    """
    arguments = [sys.executable, "-m", __spec__.name, what, str(home), str(raw), as_of.isoformat()]
    started = time.monotonic()
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    output = process.stdout.read().decode(errors="replace")
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{what} failed: {output[-2000:]}")
    said = json.loads(output.splitlines()[-1])
    seconds = time.monotonic() - started
    return Usage(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e6, said)


def run_ours(home: Path, raw: Path, as_of: datetime) -> dict[str, Any]:
    """Run the cycle in this process; return the usage of each step, with the first parse of dbt as
    a separate step."""
    settings = Settings(home=home, as_of=as_of, raw=raw)
    usages: dict[str, tuple[float, float, float]] = {}

    def measured(name: str, step: Step) -> Step:
        def run(work: Work) -> None:
            _forget_peak()
            wall, cpu = time.monotonic(), time.process_time()
            step(work)
            usages[name] = (time.monotonic() - wall, time.process_time() - cpu, _peak_gb())

        return run

    steps = {START: lambda work: parse_project(work.settings), **STEPS}
    measured_steps = {name: measured(name, step) for name, step in steps.items()}
    failures = run_cycle(settings, make_progress(), steps=measured_steps).failures
    return {"failures": failures, "steps": usages}


def _forget_peak() -> None:
    # Linux only: the peak of a step, not of the process so far.
    Path("/proc/self/clear_refs").write_text("5")


def _peak_gb() -> float:
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1e6


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
    """Run the part that the arguments name."""
    what, home, raw, as_of = arguments
    said: dict[str, Any] = {}
    if what == "floor":
        said = parse_floor(Path(home), Path(raw))
    elif what == "ours":
        said = run_ours(Path(home), Path(raw), datetime.fromisoformat(as_of))
    elif what == "pandas":
        said = run_pandas(Path(raw), Path(home), datetime.fromisoformat(as_of))
    else:
        settings = Settings(home=Path(home), as_of=datetime.fromisoformat(as_of), raw=Path(raw))
        said["failures"] = run_cycle(settings, make_progress(), steps={what: STEPS[what]}).failures
    print("\n" + json.dumps(said))


if __name__ == "__main__":
    main(sys.argv[1:])
