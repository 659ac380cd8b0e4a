"""Ctrl-C, SIGTERM and SIGHUP prevent lasting changes, even if a library swallows them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from scorer.files import replace_file
from scorer.interruption import (
    Interrupted,
    cancelled_on_signal,
    interruptible,
    is_interrupted,
    stop_if_interrupted,
)


def swallowed(number: int, then: Callable[[], object] = int) -> None:
    """Send a signal to this process, hide what it raises, as a library does, and go on."""
    with contextlib.suppress(Interrupted):
        os.kill(os.getpid(), number)
        stop_if_interrupted()
    then()


def cancelled() -> None:
    """Fail as a cancelled query."""
    raise RuntimeError("Query interrupted")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_block_ends_interrupted_although_the_exception_was_swallowed(
    number: int, code: int
) -> None:
    """A block that ends well, or with another error, ends with the signal that arrived in it."""
    with pytest.raises(Interrupted) as ended, interruptible():
        swallowed(number)
    assert ended.value.exit_code == code
    with pytest.raises(Interrupted), interruptible():
        swallowed(number, cancelled)


def test_no_file_is_put_in_place_after_a_signal(tmp_path: Path) -> None:
    """After a swallowed signal, a file keeps its content and no temporary file is left."""
    file = tmp_path / "state.json"
    file.write_text("old")
    with pytest.raises(Interrupted), interruptible():
        swallowed(signal.SIGTERM, lambda: replace_file(file, b"new"))
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_block_leaves_the_process_as_it_found_it() -> None:
    """After the outer of two blocks, the handlers are the earlier ones and no signal is pending."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with contextlib.suppress(Interrupted), interruptible():
        with contextlib.suppress(Interrupted), interruptible():
            swallowed(signal.SIGINT)
        assert is_interrupted()
    assert not is_interrupted()
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_hang_up_that_is_ignored_stays_ignored() -> None:
    """A command that `nohup` started goes on after its terminal is closed."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible():
            os.kill(os.getpid(), signal.SIGHUP)
            assert not is_interrupted()
    finally:
        signal.signal(signal.SIGHUP, before)


STREAM = "select sum(hash(a.range, b.range)) from range(10000000) as a, range(10000000) as b"


def read_and_signal(connection: duckdb.DuckDBPyConnection, timer: threading.Timer) -> None:
    """Start the timer, and read a stream that takes hours."""
    timer.start()
    try:
        connection.sql(STREAM).to_arrow_reader(10).read_all()
    finally:
        timer.cancel()


def test_a_signal_cancels_a_query_that_streams() -> None:
    """The engine does not look for signals while it computes a batch of a stream."""
    connection = duckdb.connect()
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM))
    with (
        pytest.raises(Interrupted),
        interruptible(),
        cancelled_on_signal(connection.interrupt),
    ):
        read_and_signal(connection, timer)


TWICE = f"""
import os, signal, threading, duckdb
from scorer.interruption import interruptible
for seconds in (0.2, 0.4):
    threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGTERM)).start()
with interruptible():
    while True:
        try:
            duckdb.sql({STREAM!r}).to_arrow_reader(10).read_all()
        except BaseException:
            pass
"""


def test_a_second_signal_ends_a_library_that_goes_on() -> None:
    """The process ends at once, although no instruction of Python runs."""
    done = subprocess.run([sys.executable, "-c", TWICE], timeout=60, check=False)
    assert done.returncode == 143


def test_a_dead_process_leaves_no_temporary_file(tmp_path: Path) -> None:
    """Writing a file removes what a dead process left of an earlier attempt, and nothing else."""
    dead, other = tmp_path / ".999999999.tmp.a.csv", tmp_path / f".{os.getppid()}.tmp.a.csv"
    for file in (dead, other):
        file.write_text("half")
    replace_file(tmp_path / "a.csv", b"whole")
    assert sorted(tmp_path.iterdir()) == sorted([other, tmp_path / "a.csv"])


def test_a_signal_in_a_callback_prints_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """Python reports an exception of a finaliser as ignored; a signal is remembered instead."""

    class Finalised:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            stop_if_interrupted()

    with pytest.raises(Interrupted), interruptible():
        Finalised()
    assert capsys.readouterr().err == ""
