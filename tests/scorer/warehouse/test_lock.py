"""One run at a time in a home folder."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from scorer.errors import ConfigurationError, LockedError
from scorer.warehouse.lock import hold_lock
from tests.support.commands import Command
from tests.support.permissions import obey_permissions

HOLD = """
import sys, time
from pathlib import Path
from scorer.warehouse.lock import hold_lock
with hold_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def holder(lock: Path) -> subprocess.Popen[str]:
    """Start a process that holds the lock, and wait until it does."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_run_is_refused_and_told_who_runs(
    raw: Path, home: Path, nextoffer: Command
) -> None:
    """While a process holds the lock, a run ends with code 5 and names it."""
    process = holder(home / "run.lock")
    try:
        outcome = nextoffer("run", "--raw", raw, "--home", home)
    finally:
        process.kill()
        process.wait()
    assert outcome.code == 5
    assert f"process {process.pid} " in outcome.error


def test_the_lock_of_a_killed_run_is_taken_over(tmp_path: Path) -> None:
    """After kill -9, the next run gets the lock and names the dead process."""
    process = holder(tmp_path / "run.lock")
    process.kill()
    process.wait()
    with hold_lock(tmp_path / "run.lock") as taken_over:
        assert taken_over is not None
        assert f"process {process.pid} " in taken_over


def test_a_free_lock_says_nothing(tmp_path: Path) -> None:
    """A lock that was released normally is not reported as taken over."""
    for _ in range(2):
        with hold_lock(tmp_path / "run.lock") as taken_over:
            assert taken_over is None


def test_the_lock_is_released_after_a_failure(tmp_path: Path) -> None:
    """A run that fails frees the lock."""
    with pytest.raises(ZeroDivisionError), hold_lock(tmp_path / "run.lock"):
        raise ZeroDivisionError
    with hold_lock(tmp_path / "run.lock") as taken_over:
        assert taken_over is None


def mark(pid: int, **more: object) -> str:
    """Return the content of a lock file."""
    return json.dumps({"pid": pid, "host": socket.gethostname(), **more})


def test_a_lock_that_names_a_live_process_is_respected(tmp_path: Path) -> None:
    """On a file system without shared locks, the live process named in the file holds the lock."""
    (tmp_path / "run.lock").write_text(mark(os.getppid()))
    with (
        pytest.raises(LockedError, match=f"process {os.getppid()} "),
        hold_lock(tmp_path / "run.lock"),
    ):
        pass


def test_a_process_id_that_was_used_again_does_not_block(tmp_path: Path) -> None:
    """A live process with another start time than in the lock is another process."""
    (tmp_path / "run.lock").write_text(mark(os.getppid(), process_start="1"))
    with hold_lock(tmp_path / "run.lock") as taken_over:
        assert taken_over is not None


def test_a_damaged_lock_does_not_block(tmp_path: Path) -> None:
    """A lock file without the mark of a process is free."""
    (tmp_path / "run.lock").write_text("{")
    with hold_lock(tmp_path / "run.lock") as taken_over:
        assert taken_over is None


def test_a_link_in_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    """The file that the link names keeps its content."""
    other = tmp_path / "other"
    other.write_text("precious")
    (tmp_path / "run.lock").symlink_to(other)
    with pytest.raises(ConfigurationError, match="is a link"), hold_lock(tmp_path / "run.lock"):
        pass
    assert other.read_text() == "precious"


def test_another_name_of_a_file_is_not_the_lock(tmp_path: Path) -> None:
    """A file with a second name keeps its content, and a pipe is refused."""
    lock, other = tmp_path / "run.lock", tmp_path / "other"
    other.write_text("precious")
    os.link(other, lock)
    with pytest.raises(ConfigurationError, match="another name"), hold_lock(lock):
        pass
    assert other.read_text() == "precious"
    lock.unlink()
    os.mkfifo(lock)
    with pytest.raises(ConfigurationError, match="a pipe"), hold_lock(lock):
        pass


@pytest.mark.parametrize(
    "content",
    [
        "{}",
        "[1]",
        '"text"',
        "\0" * 100,
        "[" * 4000,
        '{"pid": 1e400, "host": "%s"}',
        '{"pid": true, "host": "%s"}',
        '{"pid": -1, "host": "%s"}',
        '{"pid": 99999999999999999999, "host": "%s"}',
        '{"pid": 1, "host": ["%s"]}',
        '{"pid": "1", "host": "%s"}',
    ],
)
def test_a_lock_that_holds_anything_else_is_free(tmp_path: Path, content: str) -> None:
    """Foreign content neither stops a run nor appears in messages."""
    (tmp_path / "run.lock").write_text(content.replace("%s", socket.gethostname()))
    with hold_lock(tmp_path / "run.lock") as taken_over:
        assert taken_over is None


def test_a_new_home_is_private(raw: Path, home: Path) -> None:
    """Only the owner can enter a home folder that a run creates; an existing one is unchanged."""
    with hold_lock(home / "run.lock"):
        assert home.stat().st_mode & 0o777 == 0o700
    home.chmod(0o750)
    with hold_lock(home / "run.lock"):
        assert home.stat().st_mode & 0o777 == 0o750


def test_a_home_that_cannot_be_written_gives_one_line(raw: Path, home: Path) -> None:
    """The message names the file and the remedy."""
    home.mkdir(mode=0o500)
    done = subprocess.run(
        [sys.executable, "-m", "scorer.cli", "run", "--raw", raw, "--home", home],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=obey_permissions,
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(f"error: {home / 'run.lock'} cannot be written (Permission")
    assert len(done.stderr.splitlines()) == 1
