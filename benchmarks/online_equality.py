"""Compares online decisions with the weekly ranking: every known profile, every kind of model.

Each kind of model is fitted on the displays of each strategy of a home folder (of the demo, if none
is given), deployed in a copy of it, and ranks everybody in a batch. Then each profile asks for its
placements online. Offers, ranks, arms and propensities have to be equal bit by bit, scores to
1e-12. Exits with code 1 if one row differs.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from benchmarks.report import Table, show, write_markdown
from scorer.config import Settings
from scorer.cycle.one_strategy import rank_strategy
from scorer.models.objectives import capped, choose_objective
from scorer.models.placement_gate import PlacementGate
from scorer.models.protocol import RewardModel
from scorer.online import Decider, Request
from scorer.online.bundle import read_bundle, write_bundle
from scorer.online.tokens import TokenKey
from scorer.progress import Silent
from scorer.registry.model_registry import ModelRegistry
from scorer.registry.trained_model import TrainedModel
from scorer.training.candidates import candidates_of, fit_candidate
from scorer.training.examples import encode_examples
from scorer.training.means import fit_best_single
from scorer.training.plan import read_plan
from scorer.training.workbench import EVERYTHING, Workbench
from scorer.warehouse.build_state import last_state
from scorer.warehouse.database import Connection, connect_build
from scorer.warehouse.marts import load_examples, read_data, read_schema, strategy_ids

TOLERANCE = 1e-12
_ROWS = """
select profile_id, placement_id, "rank", offer_id, offer_name, activity_id, scope_id, policy, arm,
    traffic_type, is_exploration, propensity, eligible_count, model_version, score
from scorer.ranked_offers where strategy_id = ? order by profile_id, placement_id, "rank"
"""


def main() -> int:
    """Run, print, write; 1 when an answer differs."""
    parser = argparse.ArgumentParser("python -m benchmarks.online_equality", description=__doc__)
    parser.add_argument("--home", type=Path, help="home folder; a demo is made if left out")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        copy_home(arguments.home, home)
        rows = list(results(home))
    header = ["strategy", "model", "profiles", "ranked rows", "differences", "score differs by"]
    table = Table("Online against the weekly ranking", [*header, "CPU us a profile"], rows)
    show(table)
    if arguments.out:
        write_markdown(arguments.out, "python -m benchmarks.online_equality", [table])
    return int(any(row[4] != "0" for row in rows))


def copy_home(given: Path | None, home: Path) -> None:
    """Copy a home folder, or make a demo."""
    if given is None:
        command = [sys.executable, "-m", "scorer.cli", "demo", "--home", str(home)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    else:
        left_out = shutil.ignore_patterns("raw", "target", "logs")
        shutil.copytree(given, home, symlinks=True, ignore=left_out)


def results(home: Path) -> Iterator[list[str]]:
    """One row per strategy and kind of model."""
    state = last_state(home / "cycles")
    assert state is not None, "the home has no finished cycle"
    settings = Settings(home=home, as_of=datetime.fromisoformat(state.as_of))
    with connect_build(settings.build_path) as connection:
        strategies = strategy_ids(connection, settings)
    for strategy in strategies:
        with connect_build(settings.build_path) as connection:
            models = dict(fitted(connection, settings, strategy))
        for kind, model in models.items():
            yield [strategy, kind, *compared(settings, strategy, model)]


def fitted(
    connection: Connection, settings: Settings, strategy: str
) -> Iterator[tuple[str, RewardModel | None]]:
    """A model of each kind that suits the KPI, of all displays; one with a gate.

    None for a strategy that is still collecting.
    """
    data = read_data(connection, strategy)
    if data.missing() is not None:
        yield "none, collecting", None
        return
    plan = read_plan(connection, settings, strategy, data)
    table = load_examples(connection, strategy, read_schema(connection, strategy))
    examples = encode_examples(
        table, read_schema(connection, strategy), plan.offers, plan.kpi_type, plan.eligible
    )
    rewards = capped(examples.rewards, plan.kpi_type)
    objective = choose_objective(rewards[examples.trains], plan.kpi_type)
    bench = Workbench(examples, objective, rewards / objective.scale, 0)
    for kind in candidates_of(bench):
        yield kind, fit_candidate(bench, kind, EVERYTHING)
    places = connection.execute(
        "select min(placement_id) from ranking_candidates where strategy_id = ?", [strategy]
    ).fetchone()
    assert places is not None
    model = fit_candidate(bench, "residual_trees", EVERYTHING)
    gate = PlacementGate(model, fit_best_single(examples), (places[0],))
    yield f"residual_trees, not at {places[0]}", gate


def compared(settings: Settings, strategy: str, model: RewardModel | None) -> list[str]:
    """Deploy the model, rank everybody in a batch, and ask online."""
    if model is not None:
        deploy(settings, strategy, model)
    with connect_build(settings.build_path) as connection:
        rank_strategy(connection, settings, strategy, Silent())
        expected = connection.execute(_ROWS, [strategy]).fetchall()
    folder = write_bundle(replace(settings, strategy=None))
    decider = Decider(read_bundle(folder), TokenKey(bytes(32)), clock=lambda: settings.as_of)
    profiles = differences = 0
    largest, spent = 0.0, 0.0
    for profile, group in groupby(expected, key=lambda row: row[0]):
        rows = list(group)
        started = time.process_time()
        found = list(online(decider, strategy, profile, list(dict.fromkeys(r[1] for r in rows))))
        spent += time.process_time() - started
        gap = max((distance(a[-1], b[-1]) for a, b in zip(found, rows, strict=False)), default=0.0)
        is_equal = [row[:-1] for row in found] == [row[:-1] for row in rows]
        differences += not (is_equal and gap <= TOLERANCE)
        profiles, largest = profiles + 1, max(largest, gap)
    numbers = profiles, len(expected), differences
    return [*map(str, numbers), f"{largest:.1g}", str(round(spent / profiles * 1e6))]


def deploy(settings: Settings, strategy: str, model: RewardModel) -> None:
    """Save the model and deploy it."""
    registry, as_of = ModelRegistry(settings.models_dir), settings.as_of
    trained = TrainedModel(model, "binary", {}, {}, as_of, as_of, 1, 1, len(model.offer_ids))
    registry.deploy(strategy, registry.save(strategy, trained, as_of), as_of)


def online(
    decider: Decider, strategy: str, profile: str, placements: list[str]
) -> Iterator[tuple[Any, ...]]:
    """Rows of a decision in the form of the batch."""
    decision = decider.decide(Request(profile, strategy, placements))
    for shown in decision.propositions:
        scope = shown.activity_id, shown.scope_id
        arm = shown.policy, shown.arm, shown.traffic_type, shown.is_exploration
        for item in shown.items:
            offer = item.rank, item.offer_id, item.offer_name
            rest = item.propensity, shown.eligible_count, decision.model_version, item.score
            yield (profile, shown.placement_id, *offer, *scope, *arm, *rest)


def distance(score: float | None, other: float | None) -> float:
    """Difference of two scores; infinite if only one is missing."""
    if score is None or other is None:
        return 0.0 if score is other else float("inf")
    return abs(score - other)


if __name__ == "__main__":
    sys.exit(main())
