"""Commands that judge and explain: `evaluate`."""

from __future__ import annotations

import json
from typing import Any

import click

from scorer.cli_options import json_option, settings_options
from scorer.config import Settings


@click.command()
@settings_options("cycle", "strategy")
@click.option(
    "--model-version",
    "versions",
    multiple=True,
    metavar="V",
    help="Also this stored model; may be repeated.",
)
@click.option("--all-versions", is_flag=True, help="Also every stored model.")
@click.option(
    "--estimator",
    type=click.Choice(["ips", "snips", "dm", "dr", "dr_shrunk"]),
    default="dr",
    show_default=True,
    help="Which estimate to show; all are written.",
)
@json_option
def evaluate(
    settings: Settings,
    versions: tuple[str, ...],
    all_versions: bool,
    estimator: str,
    as_json: bool,
) -> None:
    """Tell what each policy would have earned on logged displays, with intervals.

    Random, the best single offer, the deployed model, the new one, and stored models that you
    name, each on displays that it did not learn from. `publish` then publishes the rows.
    """
    from scorer.evaluate_command import as_json_rows, evaluate_policies, evaluation_tables
    from scorer.evaluation import Wanted
    from scorer.progress import make_progress

    found = evaluate_policies(settings, Wanted(versions, all_versions), make_progress())
    if as_json:
        _print_json({"rows": as_json_rows(found.rows), "not_evaluated": found.reasons})
        return
    for table in evaluation_tables(found.rows, estimator):
        print_for_people(table)
    for strategy, reason in found.reasons.items():
        click.echo(f"{strategy} cannot be evaluated: {reason}")


def _print_json(content: Any) -> None:
    click.echo(json.dumps(content, indent=2, default=str))


def print_for_people(*parts: Any) -> None:
    """Print tables and text; without a terminal in 200 columns, as a script may read them."""
    from rich.console import Console

    console = Console()
    (console if console.is_terminal else Console(width=200)).print(*parts)


COMMANDS = (evaluate,)
