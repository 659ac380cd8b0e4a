"""Commands that judge and explain: `evaluate`, `explain`."""

from __future__ import annotations

import json
from typing import Any

import click

from scorer.cli.options import json_option, settings_options
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
    from scorer.cli.evaluation_tables import as_json_rows, evaluation_tables
    from scorer.evaluation.evaluate import evaluate_policies
    from scorer.evaluation.stored_models import Wanted
    from scorer.progress import make_progress

    found = evaluate_policies(settings, Wanted(versions, all_versions), make_progress())
    if as_json:
        _print_json({"rows": as_json_rows(found.rows), "not_evaluated": found.reasons})
        return
    for table in evaluation_tables(found.rows, estimator):
        print_for_people(table)
    for strategy, reason in found.reasons.items():
        click.echo(f"{strategy} cannot be evaluated: {reason}")


@click.command()
@settings_options("cycle", "strategy")
@click.option("--profile", required=True, metavar="P", help="The person.")
@click.option("--placement", metavar="L", help="Where. [default: the only placement]")
@click.option("--offer", metavar="O", help="Why this one. [default: the first]")
@json_option
def explain(
    settings: Settings, profile: str, placement: str | None, offer: str | None, as_json: bool
) -> None:
    """Tell why a person gets an offer, and what would change that.

    Effects are read as factors: x1.80 means that the odds (or the expected value) are 1.8 times
    what they would be without the term.
    """
    from scorer.cli.explanation_tables import explanation_parts
    from scorer.explanations.explain import Asked
    from scorer.explanations.explain import explain as explain_decision

    found = explain_decision(settings, Asked(profile, placement, offer))
    if as_json:
        _print_json(found)
        return
    for part in explanation_parts(found):
        print_for_people(part)


def _print_json(content: Any) -> None:
    click.echo(json.dumps(content, indent=2, default=str))


def print_for_people(*parts: Any) -> None:
    """Print tables and text; without a terminal in 200 columns, as a script may read them."""
    from rich.console import Console

    console = Console()
    (console if console.is_terminal else Console(width=200)).print(*parts)


COMMANDS = (evaluate, explain)
