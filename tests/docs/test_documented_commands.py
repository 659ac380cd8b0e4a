"""The commands in the documents exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from scorer.cli.app import app
from scorer.errors import NextofferError
from tests.support.paths import ROOT

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)


def _lines(document: Path) -> list[str]:
    blocks = FENCE.findall(document.read_text())
    return [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]


def _typed(command: str) -> list[tuple[Path, str]]:
    start = re.compile(rf"^(\.venv/bin/)?{command} ")
    return [(doc, line) for doc in DOCUMENTS for line in _lines(doc) if start.match(line)]


def _unknown(line: str) -> list[str]:
    """Return the words of a `nextoffer` line that the command does not accept."""
    words = shlex.split(line, comments=True)[1:]
    command: click.Command = app
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.commands.get(words[0])
        if found is None:
            return [words[0]]
        command, words = found, words[1:]
    options = {name for parameter in command.params for name in parameter.opts} | {"--help"}
    return [word for word in words if word.startswith("--") and word not in options]


@pytest.mark.parametrize(("document", "line"), _typed("nextoffer"))
def test_documented_commands_exist(document: Path, line: str) -> None:
    """Every `nextoffer` line in a document names an existing command and options."""
    assert _unknown(line) == []


def test_a_wrong_command_would_be_noticed() -> None:
    """A command or an option that does not exist is reported."""
    assert _unknown("nextoffer forecast --home x") == ["forecast"]
    assert _unknown("nextoffer run --raw x --fast") == ["--fast"]


def test_the_readme_names_the_two_targets_of_the_makefile() -> None:
    """`make demo` and `make test` are in the README and in the Makefile."""
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    typed = {line for _, line in _typed("make") if line.count(" ") == 1}
    assert {"make demo", "make test"} <= typed
    assert {line.split()[1] for line in typed} <= set(targets)


def test_every_exit_code_is_documented() -> None:
    """The table of exit codes in the operations guide has the codes of all errors, and 0."""
    rows = re.findall(r"^\| (\d+) \|", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)
    codes = {error.exit_code for error in NextofferError.__subclasses__()} | {0, 1}
    assert codes <= {int(row) for row in rows}
