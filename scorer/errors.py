"""Errors that the user can act on, each with its documented exit code."""

from __future__ import annotations

import traceback
from pathlib import Path


class NextofferError(Exception):
    """A failure described in one line: what was wrong, where, and what to do.

    Parameters
    ----------
    message : str
        Printed after `error:`; newlines become spaces.
    """

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class ConfigurationError(NextofferError):
    """Wrong usage or a wrong row of a configuration file."""

    exit_code = 2


class InputError(NextofferError):
    """Input data, a published file or a model file that cannot be read."""

    exit_code = 3


class StrategyError(NextofferError):
    """A strategy failed while others went on."""

    exit_code = 4


class LockedError(NextofferError):
    """Another run holds the lock of the home folder."""

    exit_code = 5


class FindingsError(NextofferError):
    """`nextoffer status --fail-on` found a failed strategy or a finding of that severity."""

    exit_code = 6


def write_traceback(logs_dir: Path, error: BaseException) -> Path:
    """Append the traceback of an unexpected error to the log of the home folder; return the log."""
    for folder in (logs_dir.parent, logs_dir):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = logs_dir / "errors.log"
    with log.open("a", encoding="utf-8") as handle:
        handle.write("".join(traceback.format_exception(error)) + "\n")
    return log
