"""Workbenches and fitted models for tests, without the cost of a whole training."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import pyarrow as pa

from scorer.features import FeatureSchema
from scorer.models.objectives import capped, choose_objective
from scorer.models.placement_gate import PlacementGate
from scorer.models.protocol import RewardModel
from scorer.registry.trained_model import TrainedModel
from scorer.training.candidates import CANDIDATES
from scorer.training.examples import Offers, Sets, encode_examples
from scorer.training.kin import kin_matrix, known_values
from scorer.training.means import fit_best_single
from scorer.training.workbench import EVERYTHING, Workbench
from tests.support.training_inputs import START, WORKED_SCHEMA, worked_example

BOTH = ("offer_1", "offer_2")
KINDS = (
    "best_single",
    "interaction_base",
    "pooled_trees",
    "residual_trees",
    "average",
    "own_trees",
    "dr_ridge",
    "linear_average",
    "dr_tree",
    "success_value",
    "placement_gate",
)


def catalogue(
    ready: tuple[str, ...] = BOTH,
    others: tuple[str, ...] = (),
    characteristics: Mapping[str, Mapping[str, Any]] | None = None,
) -> Offers:
    """Offers of a strategy, as in a training plan."""
    told = characteristics or {}
    return Offers(ready, others, kin_matrix(ready, told), known_values(ready, told))


def bench(
    table: pa.Table,
    schema: FeatureSchema = WORKED_SCHEMA,
    offers: Offers | None = None,
    kpi_type: str = "binary",
    sets: Sets | None = None,
    stored: RewardModel | None = None,
) -> Workbench:
    """A workbench of the examples in the table, seed 0, which a stored model can score too."""
    others = () if stored is None else (stored.schema,)
    examples = encode_examples(table, schema, offers or catalogue(), kpi_type, sets, others)
    rewards = capped(examples.rewards, kpi_type)
    objective = choose_objective(rewards[examples.trains], kpi_type)
    return Workbench(examples, objective, rewards / objective.scale, 0)


@cache
def fitted(kind: str, seed: int = 0, displays: int = 150) -> RewardModel:
    """A model of each kind, fitted on a small worked example (with amounts for success_value)."""
    table = worked_example(seed, displays)
    if kind == "success_value":
        values = table["reward"].to_numpy() * 20.0
        table = table.set_column(3, "reward", pa.array(values))
        return CANDIDATES[kind](bench(table, kpi_type="continuous"), EVERYTHING)
    made = bench(table)
    if kind == "placement_gate":
        model = CANDIDATES["residual_trees"](made, EVERYTHING)
        return PlacementGate(model, fit_best_single(made.examples), ("mail",))
    return CANDIDATES[kind](made, EVERYTHING)


def as_trained(model: RewardModel, **changes: Any) -> TrainedModel:
    """The model with the metadata of a training."""
    told: dict[str, Any] = {
        "kpi_type": "binary",
        "parameters": {"candidate": model.kind, "seed": 0},
        "metrics": {"rows": 300},
        "data_window_start": START,
        "data_window_end": START,
        "training_rows": 300,
        "successes": 100,
        "offers_included": 2,
    }
    return TrainedModel(model, **(told | changes))
