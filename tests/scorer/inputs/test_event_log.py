"""The event log: acknowledged events survive a crash, and are read completely and once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from scorer.inputs.event_log import EventLog, seal_event_logs
from scorer.inputs.raw_folder import input_files

WRITER = """
import sys
from pathlib import Path
from scorer.inputs.event_log import EventLog
log = EventLog(Path(sys.argv[1]))
for n in range(1_000_000):
    log.write(b'{"_id": "%s-%d"}\\n' % (sys.argv[2].encode(), n))
    print(n, flush=True)
"""


def ids(raw: Path) -> list[str]:
    """Ids of the events that a cycle would read."""
    lines = [line for f in input_files(raw, "experience_events") for line in f.open()]
    return [json.loads(line)["_id"] for line in lines]


def test_events_come_into_sight_when_sealed(tmp_path: Path) -> None:
    """A run ignores hidden files; sealing shows the file, and the log continues in a new one."""
    log = EventLog(tmp_path)
    log.write(b'{"_id": "a"}\n')
    assert ids(tmp_path) == []
    seal_event_logs(tmp_path)
    assert ids(tmp_path) == ["a"]
    log.write(b'{"_id": "b"}\n')
    log.seal()
    log.seal()
    assert ids(tmp_path) == ["a", "b"]


def test_an_unfinished_line_is_dropped(tmp_path: Path) -> None:
    """A writer that died within a line had acknowledged only the lines before."""
    EventLog(tmp_path).write(b'{"_id": "a"}\n')
    (hidden,) = (tmp_path / "experience_events").glob(".online-*")
    with hidden.open("ab") as file:
        file.write(b'{"_id": "b"')
    seal_event_logs(tmp_path)
    assert ids(tmp_path) == ["a"]


def test_a_cycle_may_seal_at_any_moment(tmp_path: Path) -> None:
    """Writing and sealing at the same time neither loses nor repeats events."""
    log, stop = EventLog(tmp_path), threading.Event()

    def seal() -> None:
        while not stop.is_set():
            seal_event_logs(tmp_path)

    sealing = threading.Thread(target=seal)
    sealing.start()
    for n in range(150):
        log.write(b'{"_id": "%d"}\n' % n)
    stop.set()
    sealing.join()
    seal_event_logs(tmp_path)
    assert sorted(map(int, ids(tmp_path))) == list(range(150))


@pytest.mark.parametrize("moment", range(3))
def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, moment: int) -> None:
    """After kill -9, every event whose write returned is read exactly once."""
    command = [sys.executable, "-c", WRITER, str(tmp_path), str(moment)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.02 + 0.03 * moment)
        os.kill(process.pid, signal.SIGKILL)
        acknowledged = [0, *(int(line) for line in process.stdout if line.endswith("\n"))]
    seal_event_logs(tmp_path)
    found = ids(tmp_path)
    assert len(found) == len(set(found))
    assert {f"{moment}-{n}" for n in acknowledged} <= set(found)
    assert len(found) <= len(acknowledged) + 1
