"""A limit of the machine ends a run with one plain sentence."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from scorer.errors import NextofferError
from scorer.warehouse.database import connect_build, is_machine_error
from scorer.warehouse.dbt import explained_failure
from tests.support.paths import ROOT

AS_OF = datetime(2026, 1, 1)
COMMAND = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]), resource.RLIM_INFINITY))
from scorer.cli.app import main
main(sys.argv[2:])
"""


@pytest.mark.parametrize("megabytes", [2_800, 700])
def test_too_little_address_space_is_refused_before_anything_is_touched(
    tmp_path: Path, megabytes: int
) -> None:
    """Under a low `ulimit -v`, a run ends with one line, code 2, and makes no home folder."""
    raw, home = tmp_path / "raw", tmp_path / "home"
    raw.mkdir()
    (raw / "displays.csv").write_text("event_ts,profile_id,offer_id\n")
    limit = str(megabytes << 20)
    command = [sys.executable, "-c", COMMAND, limit, "run", "--raw", raw, "--home", home]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(f"error: the process may map only {megabytes} MB")
    assert not home.exists()


@pytest.mark.parametrize(
    ("error", "is_of_machine"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (MemoryError(), True),
        (duckdb.IOException("IO Error: disk"), True),
        (duckdb.OutOfMemoryException("Out of Memory Error: failed to pin block"), True),
        (duckdb.TransactionException('Failed to commit: Could not write file "x.wal"'), True),
        (duckdb.FatalException("invalidated. Original error: Could not sync file"), True),
        (duckdb.TransactionException("cannot start a transaction within a transaction"), False),
        (duckdb.ConversionException("Could not convert string 'x' to INT32"), False),
        (ValueError("Could not write"), False),
    ],
)
def test_refusals_of_the_machine_are_told_from_failures(
    error: Exception, is_of_machine: bool
) -> None:
    """Memory and files that are refused end the run; everything else is the strategy's failure."""
    assert is_machine_error(error) is is_of_machine


def test_a_commit_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    """The engine reports a full disk at a commit as a failed transaction; the remedy is said."""
    with (
        pytest.raises(NextofferError, match=r"the engine stopped: .*; run the same command again"),
        connect_build(tmp_path / "build.duckdb"),
    ):
        raise duckdb.TransactionException("Failed to commit: Could not write file: too large")


def test_a_model_without_memory_names_the_remedy() -> None:
    """A dbt model that runs out of memory names NEXTOFFER_MEMORY."""
    message = "Runtime Error in model x (x.sql)\n  Out of Memory Error: failed to pin block (1 GB)"
    error = explained_failure(message, "dbt: model x failed")
    assert "failed to pin block" in str(error)
    assert "raise NEXTOFFER_MEMORY" in str(error)


def test_ctrl_c_while_modules_are_loaded_prints_no_traceback(tmp_path: Path) -> None:
    """Ctrl-C before the command begins ends the process by the signal, without a word."""
    script = (
        "import builtins, os, signal, sys\n"
        "real = builtins.__import__\n"
        "def slow(name, *rest):\n"
        "    if name == 'scorer.cli.app':\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "    return real(name, *rest)\n"
        "builtins.__import__ = slow\n"
        "from scorer.cli.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "--version"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NEXTOFFER_HOME": str(tmp_path)},
    )
    assert done.returncode == -2
    assert done.stdout + done.stderr == ""
