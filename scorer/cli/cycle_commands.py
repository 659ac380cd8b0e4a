"""Commands of the weekly cycle: `run`, and its steps `train`, `rank` and `publish`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from scorer.cli.options import early_settings, is_given, json_option, settings_options
from scorer.config import READING, Settings
from scorer.errors import ConfigurationError, StrategyError


@click.command()
@settings_options("raw", "as_of", "strategy", "seed", "kpi", *READING)
@click.option("--force", is_flag=True, help="Redo the cycle if it is finished.")
@click.option(
    "--full-refresh", is_flag=True, help="Read all files again; redo the cycle if it is finished."
)
@click.option(
    "--retrain-now",
    is_flag=True,
    help="Run a cycle now, or as of --as-of, instead of waiting for the next one.",
)
@json_option
def run(
    settings: Settings, force: bool, full_refresh: bool, retrain_now: bool, as_json: bool
) -> None:
    """Run one weekly cycle: features, train, rank, monitor, publish.

    An interrupted run continues where it stopped. A finished cycle is not redone.
    """
    from scorer.cli.status import print_status
    from scorer.cycle.run import run_cycle
    from scorer.progress import make_progress

    if retrain_now:
        settings = early_settings(settings)
    settings = replace(settings, full_refresh=full_refresh)
    result = run_cycle(settings, make_progress(), force or full_refresh or retrain_now)
    current = print_status(settings, as_json)["published_database"]
    if (
        current is not None
        and result.published.is_file()
        and not result.published.samefile(current)
    ):
        click.echo(
            f"notice: a newer cycle stays published; this one is in {result.published}", err=True
        )
    _raise_failures(result.failures)


@click.command()
@settings_options("folder", "raw", "as_of", "kpi", *READING)
@json_option
def check(settings: Settings, as_json: bool) -> None:
    """Check the input files of FOLDER, or of the project in it, and report how a run would read
    them.

    Without FOLDER, check the files that `run` would read. Large inputs are sampled. The exit code
    is that of `run`.
    """
    from scorer.cli.check_tables import check_parts, check_report
    from scorer.cli.output import print_for_people, print_json
    from scorer.cycle.check import check as check_inputs

    found = check_inputs(settings, is_given("as_of"))
    if as_json:
        print_json(check_report(found))
    else:
        for part in check_parts(found):
            print_for_people(part)
    if found.problem is not None:
        raise found.problem


@click.command()
@settings_options("cycle", "strategy")
def train(settings: Settings) -> None:
    """Train again on the features of the last cycle."""
    _run_part(settings, ["train"])


@click.command()
@settings_options("cycle", "strategy")
@click.option("--requests", metavar="FILE", help="Rank these requests: CSV, Parquet or NDJSON.")
@click.option("--out", metavar="FILE", help="Write the ranked rows here; same file types.")
@click.option("--no-exploration", is_flag=True, help="Let the model rank every request.")
def rank(settings: Settings, requests: str | None, out: str | None, no_exploration: bool) -> None:
    """Rank offers for every known profile, or for a file of requests."""
    if requests is None and out is None and not no_exploration:
        _run_part(settings, ["rank"])
        return
    if requests is None or out is None:
        raise ConfigurationError("--requests FILE and --out FILE go together: give both")
    from scorer.progress import make_progress
    from scorer.ranking.request_files import rank_file

    files = (Path(requests), Path(out))
    done = rank_file(settings, files, not no_exploration, make_progress())
    click.echo(f"{done.rows} rows written to {out}", err=True)
    if done.rejected:
        click.echo(f"{done.rejected} requests rejected; {done.first_rejected}", err=True)


@click.command()
@settings_options("cycle")
@click.option("--parquet", metavar="FOLDER", help="Also write every table as a Parquet file.")
@json_option
def publish(settings: Settings, parquet: str | None, as_json: bool) -> None:
    """Publish the tables of the build file."""
    from scorer.cli.status import print_status

    published = settings.published_dir / (_run_part(settings, ["monitor", "publish"]) or "")
    if parquet is not None:
        from scorer.warehouse.publications import export_parquet

        files = export_parquet(published, Path(parquet))
        click.echo(f"{len(files)} Parquet files of {published.name} written to {parquet}", err=True)
    print_status(settings, as_json)


def _run_part(settings: Settings, steps: list[str]) -> str | None:
    """Run the steps; return the name of the published file, None if nothing is published."""
    from scorer.cycle.run import run_part
    from scorer.progress import make_progress

    state = run_part(settings, make_progress(), steps)
    _raise_failures(state.failures)
    return state.published


def _raise_failures(failures: dict[str, str]) -> None:
    if failures:
        text = "; ".join(f"{strategy}: {reason}" for strategy, reason in failures.items())
        raise StrategyError(f"{len(failures)} strategies failed while others went on: {text}")
