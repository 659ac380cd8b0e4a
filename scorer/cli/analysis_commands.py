"""Commands that evaluate policies and explain decisions: `evaluate`, `explain`."""

from __future__ import annotations

import click

from scorer.cli.options import json_option, settings_options
from scorer.cli.output import print_for_people, print_json
from scorer.config import Settings
from scorer.errors import ConfigurationError


@click.command()
@settings_options("cycle", "strategy")
@click.option(
    "--model-version",
    "versions",
    multiple=True,
    metavar="VERSION",
    help="Also evaluate this stored model; may be repeated.",
)
@click.option("--all-versions", is_flag=True, help="Also evaluate every stored model.")
@click.option(
    "--estimator",
    metavar="NAME",
    default="dr",
    show_default=True,
    help="Estimator to show: dr, dr_shrunk, snips, ips, dm. The table holds all of them.",
)
@json_option
def evaluate(
    settings: Settings,
    versions: tuple[str, ...],
    all_versions: bool,
    estimator: str,
    as_json: bool,
) -> None:
    """Estimate what each policy would have earned on logged displays, with intervals.

    Policies: random, the best single offer, the deployed model, the new one, and stored models
    that you name, each on displays it was not trained on. `publish` then publishes the rows.
    """
    from scorer.cli.evaluation_tables import as_json_rows, evaluation_tables
    from scorer.evaluation.evaluate import evaluate_policies
    from scorer.evaluation.stored_models import Wanted
    from scorer.ope.estimators import ESTIMATORS
    from scorer.progress import make_progress

    if estimator not in ESTIMATORS:
        raise ConfigurationError(
            f"--estimator: {estimator!r} is unknown; name one of: {', '.join(ESTIMATORS)}"
        )
    found = evaluate_policies(settings, Wanted(versions, all_versions), make_progress())
    if as_json:
        print_json({"rows": as_json_rows(found.rows), "not_evaluated": found.reasons})
        return
    for table in evaluation_tables(found.rows, estimator):
        print_for_people(table)
    for strategy, reason in found.reasons.items():
        click.echo(f"{strategy} cannot be evaluated: {reason}")


@click.command()
@settings_options("cycle", "strategy")
@click.option("--profile", required=True, metavar="ID", help="Profile to explain.")
@click.option("--placement", metavar="ID", help="Placement. [default: the only one]")
@click.option("--offer", metavar="ID", help="Offer to explain. [default: the first one]")
@json_option
def explain(
    settings: Settings, profile: str, placement: str | None, offer: str | None, as_json: bool
) -> None:
    """Explain why a person gets an offer, and what would change that.

    Effects are factors: x1.80 means that the term multiplies the odds (or the expected value)
    by 1.8.
    """
    from scorer.cli.explanation_tables import explanation_parts
    from scorer.explanations.explain import Asked
    from scorer.explanations.explain import explain as explain_decision

    found = explain_decision(settings, Asked(profile, placement, offer))
    if as_json:
        print_json(found)
        return
    for part in explanation_parts(found):
        print_for_people(part)
