"""The command line: the commands, and how a failure becomes one line and an exit code."""

from __future__ import annotations

import errno
import os
import sys
from itertools import pairwise

import click

from scorer.cli.analysis_commands import evaluate, explain
from scorer.cli.cycle_commands import check, publish, rank, run, train
from scorer.cli.model_commands import models
from scorer.cli.published_commands import (
    app_command,
    describe,
    export,
    query,
    report,
    status,
    tables,
)
from scorer.cli.serve_command import serve
from scorer.cli.simulation_commands import demo, init, simulate
from scorer.config import find_home
from scorer.errors import ConfigurationError, NextofferError, write_traceback
from scorer.interruption import SIGNALLED, Interrupted, interruptible
from scorer.sql import first_line

EXIT_CODES = """\b
Exit codes:
  0  done
  1  unexpected failure; the traceback is in the log of the home folder
  2  wrong usage or configuration
  3  input data, a published file or a model file cannot be used
  4  a strategy failed; the others went on
  5  another run holds the lock of the home folder
  6  `status --fail-on` found something
  129, 130, 143  interrupted, by SIGHUP, Ctrl-C or SIGTERM
"""


_WRITABLE = "make it writable, or name another --home,"
# What the operating system can refuse, with the remedy.
_REFUSALS = {
    errno.EROFS: _WRITABLE,
    errno.EACCES: _WRITABLE,
    errno.EPERM: _WRITABLE,
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
    errno.EIO: "check the disk",
    errno.EFBIG: "raise the limit of the file size",
    errno.EMFILE: "raise the limit of open files",
    errno.ENFILE: "raise the limit of open files",
}


@click.group(epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="nextoffer", message="nextoffer %(version)s")
def app() -> None:
    """Next-best-offer ranking in your warehouse: events in, ranked offers out."""


for _command in (
    init,
    demo,
    check,
    run,
    train,
    rank,
    evaluate,
    publish,
    status,
    models,
    explain,
    query,
    tables,
    describe,
    export,
    report,
    simulate,
    serve,
    app_command,
):
    app.add_command(_command)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; every failure is one line on stderr and a documented exit code."""
    code = _exit_code(arguments)
    if code > SIGNALLED:
        # Threads of dbt may still hold the database, so a normal exit would wait for them.
        sys.stdout.flush()
        os._exit(code)
    sys.exit(code)


def _exit_code(arguments: list[str] | None) -> int:
    try:
        with interruptible():
            return app.main(arguments, prog_name="nextoffer", standalone_mode=False) or 0
    except Interrupted as interrupted:
        return _fail("interrupted; run the same command again to continue", interrupted.exit_code)
    except NextofferError as error:
        return _fail(str(error), error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return ConfigurationError.exit_code
    except click.ClickException as error:
        return _fail(" ".join(error.format_message().split()), ConfigurationError.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MemoryError:
        return _fail(
            "there is too little memory; raise the limit of the process, lower NEXTOFFER_MEMORY,"
            " and run the same command again",
            1,
        )
    except OSError as error:
        return _refused(error) if error.errno in _REFUSALS else _unexpected(error, arguments)
    except Exception as error:
        return _unexpected(error, arguments)


def _unexpected(error: Exception, arguments: list[str] | None) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    home = next((after for name, after in pairwise(given) if name == "--home"), None)
    try:
        place = f"traceback: {write_traceback(find_home(home) / 'logs', error)}"
    except OSError as unwritable:
        place = f"the traceback cannot be written: {unwritable.strerror}"
    return _fail(f"unexpected {type(error).__name__}: {first_line(error)} ({place})", 1)


def _refused(error: OSError) -> int:
    where = error.filename2 or error.filename or "a file"
    remedy = _REFUSALS[error.errno or 0]
    return _fail(f"{where}: {error.strerror}; {remedy} and run the same command again", 1)


def _fail(message: str, code: int) -> int:
    click.echo(f"error: {message}", err=True)
    return code
