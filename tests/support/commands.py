"""Command lines in the process of the test, and their outcomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from scorer.cli.app import main


@dataclass(frozen=True)
class Outcome:
    """Exit code and output of a command."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The error message, which must be the only line on stderr."""
        lines = self.err.strip().splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("error: "), self.err
        assert "Traceback" not in self.err + self.out
        return lines[0]


Command = Callable[..., Outcome]


def exit_code(*arguments: str | Path) -> int:
    """Run a command line of nextoffer in this process and return its exit code."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def run_command(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Outcome:
    """Run a command line of nextoffer in this process and return its outcome."""
    code = exit_code(*arguments)
    captured = capsys.readouterr()
    return Outcome(code, captured.out, captured.err)
