"""Help texts are complete, and every documented command exists."""

from __future__ import annotations

import click
import pytest

from scorer.cli.app import app
from tests.support.commands import Command

COMMANDS = (
    "init",
    "demo",
    "run",
    "train",
    "rank",
    "evaluate",
    "explain",
    "publish",
    "status",
    "models",
    "query",
    "tables",
    "describe",
    "export",
    "simulate",
    "app",
)


def walk(
    group: click.Group, path: tuple[str, ...] = ()
) -> list[tuple[tuple[str, ...], click.Command]]:
    """Return every command with its path."""
    found: list[tuple[tuple[str, ...], click.Command]] = []
    for name, command in group.commands.items():
        found.append(((*path, name), command))
        if isinstance(command, click.Group):
            found += walk(command, (*path, name))
    return found


EVERY = walk(app)


def test_the_commands_of_the_contract_exist() -> None:
    """Every command of the contract can be called."""
    assert set(COMMANDS) <= set(app.commands)


@pytest.mark.parametrize(("path", "command"), EVERY, ids=[" ".join(path) for path, _ in EVERY])
def test_every_command_explains_itself(
    path: tuple[str, ...], command: click.Command, nextoffer: Command
) -> None:
    """`--help` ends with code 0, and command and options have a description."""
    outcome = nextoffer(*path, "--help")
    assert outcome.code == 0
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


def test_the_exit_codes_are_in_the_help(nextoffer: Command) -> None:
    """`nextoffer --help` lists every exit code."""
    text = nextoffer("--help").out
    for code in range(6):
        assert f"  {code}  " in text


def test_the_version_is_that_of_the_package(nextoffer: Command) -> None:
    """`nextoffer --version` prints name and version."""
    assert nextoffer("--version").out.startswith("nextoffer 0.")


def test_without_a_command_the_help_is_shown(nextoffer: Command) -> None:
    """`nextoffer` alone is a usage error and lists the commands."""
    outcome = nextoffer()
    assert outcome.code == 2
    assert "simulate" in outcome.err
