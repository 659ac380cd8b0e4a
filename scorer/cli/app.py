"""Command line: parse, call one function, print."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import replace
from importlib.metadata import version as package_version
from itertools import pairwise
from pathlib import Path
from typing import Any

import click

from scorer.cli.judgement import COMMANDS
from scorer.cli.options import early_settings, json_option, settings_options
from scorer.config import Settings, find_home
from scorer.errors import ConfigurationError, NextofferError, StrategyError

INTERRUPTED = 130
EXIT_CODES = """\b
Exit codes:
  0  done
  1  unexpected failure; the log in the home folder has the traceback
  2  wrong usage or configuration
  3  input data, a published file or a model file cannot be used
  4  a strategy failed while others went on
  5  another run holds the lock of the home folder
"""


@click.group(epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
def app() -> None:
    """Next-best-offer ranking in your warehouse: events in, ranked offers out."""


@app.command()
@settings_options("raw", "as_of", "strategy", "seed", "kpi")
@click.option("--force", is_flag=True, help="Redo a cycle that is finished.")
@click.option(
    "--full-refresh", is_flag=True, help="Read all files again; redo the cycle if it is finished."
)
@click.option(
    "--retrain-now",
    is_flag=True,
    help="Do not wait for the next cycle: run one as of this moment, or of --as-of.",
)
@json_option
def run(
    settings: Settings, force: bool, full_refresh: bool, retrain_now: bool, as_json: bool
) -> None:
    """Run one weekly cycle: features, train, rank, monitor, publish.

    A run that was interrupted goes on where it stopped. A finished cycle is not redone.
    """
    from scorer.cycle.run import run_cycle
    from scorer.progress import make_progress

    if retrain_now:
        settings = early_settings(settings)
    settings = replace(settings, full_refresh=full_refresh)
    result = run_cycle(settings, make_progress(), force or full_refresh or retrain_now)
    _show_status(settings, as_json)
    _raise_failures(result.failures)


@app.command()
@settings_options("cycle", "strategy")
def train(settings: Settings) -> None:
    """Train again on the features that the last cycle built."""
    _run_part(settings, ["train"])


@app.command()
@settings_options("cycle", "strategy")
@click.option("--requests", metavar="FILE", help="Rank these decisions: CSV, Parquet or NDJSON.")
@click.option("--out", metavar="FILE", help="Where to write their ranks; same kinds.")
@click.option("--no-exploration", is_flag=True, help="Let the model rank every request.")
def rank(settings: Settings, requests: str | None, out: str | None, no_exploration: bool) -> None:
    """Rank offers for every known profile, or for a file of requests."""
    if requests is None and out is None and not no_exploration:
        _run_part(settings, ["rank"])
        return
    if requests is None or out is None:
        raise ConfigurationError("--requests FILE and --out FILE go together")
    from scorer.progress import make_progress
    from scorer.ranking.request_files import rank_file

    files = (Path(requests), Path(out))
    done = rank_file(settings, files, not no_exploration, make_progress())
    click.echo(f"{done.rows} rows written to {out}", err=True)
    if done.rejected:
        click.echo(f"{done.rejected} requests rejected; {done.first_rejected}", err=True)


@app.command()
@settings_options("cycle")
@click.option("--parquet", metavar="FOLDER", help="Also write every table as a Parquet file.")
@json_option
def publish(settings: Settings, parquet: str | None, as_json: bool) -> None:
    """Publish what the build file holds."""
    _run_part(settings, ["monitor", "publish"])
    if parquet is not None:
        from scorer.warehouse.publications import export_parquet

        files = export_parquet(settings.published_path.resolve(), Path(parquet))
        click.echo(f"{len(files)} Parquet files written to {parquet}", err=True)
    _show_status(settings, as_json)


@app.command()
@settings_options()
@json_option
def status(settings: Settings, as_json: bool) -> None:
    """Show what is published, the last run and the state of each strategy."""
    _show_status(settings, as_json)


@app.group()
def models() -> None:
    """List trained models, choose the one that ranks."""


@models.command("list")
@settings_options("strategy")
@json_option
def list_models(settings: Settings, as_json: bool) -> None:
    """List the models of each strategy, newest first."""
    from scorer.cli.models import model_rows

    _show_rows(model_rows(settings), as_json, "no model is trained yet")


@models.command()
@settings_options("newest_cycle")
@click.argument("strategy")
@click.argument("model_version")
def promote(settings: Settings, strategy: str, model_version: str) -> None:
    """Deploy MODEL_VERSION of STRATEGY; `rank` and `publish` then serve it."""
    from scorer.cli.models import promote_model

    click.echo(promote_model(settings, strategy, model_version))


@models.command()
@settings_options("newest_cycle")
@click.argument("strategy")
def rollback(settings: Settings, strategy: str) -> None:
    """Go back to the model that STRATEGY had before; `rank` and `publish` then serve it."""
    from scorer.cli.models import rollback_model

    click.echo(rollback_model(settings, strategy))


@app.command()
@settings_options()
@click.argument("sql")
@json_option
def query(settings: Settings, sql: str, as_json: bool) -> None:
    """Print the rows of a query on the published tables (read-only)."""
    from scorer.sql import first_line
    from scorer.warehouse.database import DatabaseError
    from scorer.warehouse.publication_reader import PublicationReader

    with PublicationReader(settings.published_path) as reader:
        try:
            rows = reader.query(sql).to_pylist()
        except DatabaseError as error:
            raise ConfigurationError(f"the query is wrong: {first_line(error)}") from None
    _show_rows(rows, as_json, "no rows")


@app.command()
@click.option("--out", required=True, metavar="FOLDER", help="Where to write the input files.")
@click.option("--weeks", type=click.IntRange(1), default=4, show_default=True, help="How many.")
@click.option(
    "--profiles", type=click.IntRange(1), default=8000, show_default=True, help="People in week 1."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Random seed.")
@click.option("--compress", is_flag=True, help="Write .ndjson.gz.")
@click.option(
    "--offers",
    type=click.IntRange(24),
    default=24,
    show_default=True,
    help="The 24 named ones, and invented ones beyond.",
)
def simulate(out: str, weeks: int, profiles: int, seed: int, compress: bool, offers: int) -> None:
    """Write the events of a simulated bank whose offers are drawn at random."""
    from scorer.simulation import World

    began, lines, raw = time.process_time(), 0, Path(out)
    world = World(profiles=profiles, seed=seed, compress=compress, offers=offers)
    world.write_catalogue(raw)
    for week in range(1, weeks + 1):
        report = world.live(week, raw)
        lines += report.lines
        click.echo(f"week {week}, to {report.end:%Y-%m-%d}: {report.displays} displays", err=True)
    seconds = max(time.process_time() - began, 0.01)
    click.echo(f"{lines:,} lines written, {lines / seconds:,.0f} per CPU second", err=True)
    click.echo(f"nextoffer run --raw {out} --as-of {world.start_of(weeks + 1):%Y-%m-%d}")


@app.command("app")
@settings_options()
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8501,
    show_default=True,
    help="Where to listen.",
)
@click.option(
    "--address",
    default="localhost",
    show_default=True,
    help="Who may connect: this machine only, or 0.0.0.0 for all; there is no login.",
)
def start_app(settings: Settings, port: int, address: str) -> None:
    """Open the app on the published tables."""
    from scorer.cli.app_server import serve_app

    serve_app(settings.home, address, port)


@app.command()
@click.option("--home", default=".demo", show_default=True, metavar="FOLDER", help="Made anew.")
@click.option("--weeks", type=click.IntRange(1, 52), default=7, show_default=True, help="How many.")
@click.option("--profiles", type=click.IntRange(1), default=None, help="People in week 1.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Random seed.")
def demo(home: str, weeks: int, profiles: int | None, seed: int) -> None:
    """Let a simulated bank live through several weeks of the loop."""
    from scorer.cli.demo import run_demo

    run_demo(find_home(home), weeks, profiles, seed)


@app.command()
def version() -> None:
    """Print the version."""
    click.echo(f"nextoffer {package_version('nextoffer')}")


for _command in COMMANDS:
    app.add_command(_command)


def _run_part(settings: Settings, steps: list[str]) -> None:
    from scorer.cycle.run import run_part
    from scorer.progress import make_progress

    state = run_part(settings, make_progress(), steps)
    _raise_failures(state.failures)


def _raise_failures(failures: dict[str, str]) -> None:
    if failures:
        text = "; ".join(f"{strategy}: {reason}" for strategy, reason in failures.items())
        raise StrategyError(f"{len(failures)} strategies failed while others went on: {text}")


def _show_status(settings: Settings, as_json: bool) -> None:
    from scorer.cli.status import findings_text, status_table
    from scorer.cli.status import status as read_status

    found = read_status(settings)
    _print(found, None if as_json else status_table(found))
    for line in [] if as_json else findings_text(found):
        click.echo(line)


def _show_rows(rows: list[dict[str, Any]], as_json: bool, if_none: str) -> None:
    from scorer.cli.tables import rows_table

    if rows or as_json:
        _print(rows, None if as_json else rows_table(rows))
    else:
        click.echo(if_none)


def _print(content: Any, table: Any) -> None:
    if table is None:
        click.echo(json.dumps(content, indent=2, default=str))
        return
    from rich.console import Console

    console = Console()
    # Without a terminal nobody sees an edge: do not fold what a script may want to read.
    (console if console.is_terminal else Console(width=200)).print(table)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; every failure is one line on stderr and a documented exit code."""
    code = _exit_code(arguments)
    if code == INTERRUPTED:
        # Threads of dbt may still hold the database: nothing is left to tidy up in order.
        sys.stdout.flush()
        os._exit(code)
    sys.exit(code)


def _exit_code(arguments: list[str] | None) -> int:
    try:
        return app.main(arguments, prog_name="nextoffer", standalone_mode=False) or 0
    except NextofferError as error:
        return _fail(str(error), error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return ConfigurationError.exit_code
    except click.ClickException as error:
        return _fail(" ".join(error.format_message().split()), ConfigurationError.exit_code)
    except (click.Abort, KeyboardInterrupt):
        return _fail("interrupted; the same command goes on where it stopped", INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        return _unexpected(error, arguments)


def _unexpected(error: Exception, arguments: list[str] | None) -> int:
    from scorer.cycle.all_strategies import write_traceback
    from scorer.sql import first_line

    given = sys.argv[1:] if arguments is None else arguments
    home = next((after for name, after in pairwise(given) if name == "--home"), None)
    log = write_traceback(find_home(home) / "logs", error)
    return _fail(f"unexpected {type(error).__name__}: {first_line(error)} (traceback: {log})", 1)


def _fail(message: str, code: int) -> int:
    click.echo(f"error: {message}", err=True)
    return code


if __name__ == "__main__":
    main()
