"""The candidate models of a strategy: a name and how to fit it, nothing else.

Each candidate is fitted once per fold, then once on everything. The number of rounds is found on
part of the rows that a fit may see, never on the fold that it will score; the final fit uses the
median of the folds, which the workbench keeps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from scorer.models.boosting import (
    POOLED,
    RESIDUAL,
    Growth,
    TreeData,
    find_rounds,
    grow_rounds,
    tree_parameters,
)
from scorer.models.interaction_base import InteractionBase
from scorer.models.offer_trees import OfferTrees
from scorer.models.protocol import RewardModel
from scorer.models.success_value import SuccessValue, values_of_success
from scorer.training.means import fit_best_single
from scorer.training.workbench import EVERYTHING, Folds, Workbench

Fit = Callable[[Workbench, Folds], RewardModel]

BEST_SINGLE = "best_single"
# A fit on all its rows allows for a few more rounds than the part they were found on.
_MORE_ROUNDS = 1.1


def _best_single(bench: Workbench, excluded: Folds) -> RewardModel:
    return fit_best_single(bench.examples.take(~np.isin(bench.folds, list(excluded))))


def _interaction_base(bench: Workbench, excluded: Folds) -> RewardModel:
    return bench.base(excluded)


def _pooled_trees(bench: Workbench, excluded: Folds) -> RewardModel:
    return _trees(bench, excluded, bench.trees, POOLED, None)


def _residual_trees(bench: Workbench, excluded: Folds) -> RewardModel:
    start = bench.starting_margins(excluded)
    data = replace(bench.trees, start=start)
    return _trees(bench, excluded, data, RESIDUAL, bench.base(excluded))


def _success_value(bench: Workbench, excluded: Folds) -> RewardModel:
    examples, rows = bench.examples, bench.training(excluded)
    capped, whole = bench.outcomes[rows], examples.rewards[rows].sum()
    values = values_of_success(
        examples.offers[rows],
        capped * (whole / max(capped.sum(), 1e-300)),
        examples.successes[rows],
        examples.catalogue.known_values,
    )
    return SuccessValue(bench.base(excluded, link="logit"), values)


def _trees(
    bench: Workbench,
    excluded: Folds,
    data: TreeData,
    growth: Growth,
    base: InteractionBase | None,
) -> OfferTrees:
    name = "pooled_trees" if base is None else "residual_trees"
    parameters = tree_parameters(bench.objective, growth, bench.codes, bench.seed)
    training = bench.training(excluded)
    data = replace(data, beside=1 if excluded == EVERYTHING else bench.fits)
    found = bench.rounds.setdefault(name, [])
    if excluded != EVERYTHING:
        watched, grown = training & bench.watched, training & ~bench.watched
        if watched.any() and grown.any():
            found.append(find_rounds(data.take(grown), parameters, growth, data.take(watched)))
        else:
            found.append(growth.min_rounds)
    wanted = found[-1] if excluded != EVERYTHING else np.median(found or [growth.min_rounds])
    booster = grow_rounds(data.take(training), parameters, round(_MORE_ROUNDS * float(wanted)))
    schema, ready = bench.examples.schema, bench.examples.catalogue.ready
    return OfferTrees(booster, schema, ready, bench.calibration, base)


CANDIDATES: dict[str, Fit] = {
    BEST_SINGLE: _best_single,
    "interaction_base": _interaction_base,
    "pooled_trees": _pooled_trees,
    "residual_trees": _residual_trees,
    "success_value": _success_value,
}


# These candidates need rewards that are mostly 0 and otherwise positive amounts.
_ONLY_FOR_AMOUNTS = ("success_value",)


def candidates_of(bench: Workbench) -> tuple[str, ...]:
    """Names of the candidates that fit the KPI."""
    is_amount = bench.objective.link == "log"
    return tuple(name for name in CANDIDATES if is_amount or name not in _ONLY_FOR_AMOUNTS)
