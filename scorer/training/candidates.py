"""The candidate models of a strategy: names and fitting functions.

Each candidate is fitted once per fold; the chosen one is then fitted on everything. The number of
rounds is found on part of the rows that a fit may see, never on the fold that it will score; the
final fit uses the median of the folds, which the workbench keeps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import numpy as np
import xgboost as xgb

from scorer.arrays import Mask, Matrix
from scorer.models.boosting import (
    POOLED,
    RESIDUAL,
    Growth,
    TreeData,
    grow_rounds,
    grow_until,
    is_many,
    tree_parameters,
)
from scorer.models.design import Design
from scorer.models.doubly_robust import Observations, fit_ridge, fit_tree
from scorer.models.interaction_base import InteractionBase
from scorer.models.offer_trees import OfferTrees, average
from scorer.models.own_trees import COMMON, OWN, Rounds, grow_and_count, grow_own
from scorer.models.protocol import RewardModel
from scorer.models.success_value import SuccessValue, told_values, values_of_success
from scorer.training.means import fit_best_single
from scorer.training.workbench import EVERYTHING, Folds, Workbench

Fit = Callable[[Workbench, Folds], RewardModel]

BEST_SINGLE = "best_single"
# Rounds grow with a root of the rows: a fit on 4/3 of the rows used to find the rounds needs a
# tenth more.
_ROUNDS_BY_ROWS = 1 / 3
_AT_MOST_MORE = 1.5


def fit_candidate(bench: Workbench, name: str, excluded: Folds) -> RewardModel:
    """Fit a candidate without some folds, or take it from the workbench."""
    return bench.model(name, excluded, lambda: CANDIDATES[name](bench, excluded))


def _best_single(bench: Workbench, excluded: Folds) -> RewardModel:
    return fit_best_single(bench.examples.take(~np.isin(bench.folds, list(excluded))))


def _interaction_base(bench: Workbench, excluded: Folds) -> RewardModel:
    return bench.base(excluded)


def _pooled_trees(bench: Workbench, excluded: Folds) -> OfferTrees:
    return _trees(bench, excluded, bench.trees, POOLED, None)


def _residual_trees(bench: Workbench, excluded: Folds) -> OfferTrees:
    start = bench.starting_margins(excluded)
    data = replace(bench.trees, start=start)
    return _trees(bench, excluded, data, RESIDUAL, bench.base(excluded))


def _own_trees(bench: Workbench, excluded: Folds) -> OfferTrees:
    parameters = tree_parameters(bench.objective, OWN, bench.codes, bench.seed)
    training = bench.training(excluded)
    watched, grown = training & bench.watched, training & ~bench.watched
    found = {name: bench.rounds.setdefault(name, []) for name in ("common", "own")}
    if excluded != EVERYTHING and watched.any() and grown.any():
        trees, rounds = grow_and_count(
            bench.trees.thinned(grown, bench.deal),
            parameters,
            bench.trees.thinned(watched, bench.deal),
        )
        found["common"].append(rounds.common)
        found["own"].append(rounds.own)
        learned = grown
    else:
        rounds = Rounds(
            int(np.median(found["common"] or [COMMON.min_rounds])),
            int(np.median(found["own"] or [OWN.min_rounds])),
        )
        learned = bench.training(frozenset({0})) & ~bench.watched
    if excluded == EVERYTHING or not is_many(training):
        more = min((training.sum() / max(learned.sum(), 1)) ** _ROUNDS_BY_ROWS, _AT_MOST_MORE)
        rounds = Rounds(round(more * rounds.common), round(more * rounds.own))
        trees = grow_own(bench.trees.thinned(training, bench.deal), parameters, rounds)
    examples = bench.examples
    schema, ready = examples.schema, examples.catalogue.ready
    booster = bench.for_nan(trees.merged())
    return OfferTrees(booster, schema, ready, bench.calibration, None, "own_trees")


def _average(bench: Workbench, excluded: Folds) -> RewardModel:
    trees = cast(OfferTrees, fit_candidate(bench, "pooled_trees", excluded))
    return average(bench.base(excluded), trees, bench.objective.constant)


def _dr_ridge(bench: Workbench, excluded: Folds) -> RewardModel:
    rows, design = _observations(bench, excluded), bench.base(excluded).design
    return _linear(bench, "dr_ridge", design, fit_ridge(rows.on(design)))


def _linear_average(bench: Workbench, excluded: Folds) -> RewardModel:
    base = bench.base(excluded)
    ridge = cast(InteractionBase, fit_candidate(bench, "dr_ridge", excluded))
    mean = (base.weights + ridge.weights) / np.float32(2)
    return replace(base, weights=mean, kind="linear_average")


def _dr_tree(bench: Workbench, excluded: Folds) -> RewardModel:
    return _linear(bench, "dr_tree", *fit_tree(_observations(bench, excluded)))


def _observations(bench: Workbench, excluded: Folds) -> Observations:
    return Observations(
        bench.base_data(excluded), bench.examples.propensity[bench.training(excluded)]
    )


def _linear(bench: Workbench, name: str, design: Design, weights: Matrix) -> InteractionBase:
    examples = bench.examples
    ready = examples.catalogue.ready
    return InteractionBase(examples.schema, ready, design, weights, bench.calibration, name)


def _success_value(bench: Workbench, excluded: Folds) -> RewardModel:
    examples, rows = bench.examples, bench.training(excluded)
    offers, rewards = examples.offers[rows], examples.rewards[rows]
    successes = examples.successes[rows]
    n, capped = len(examples.catalogue.ready), bench.outcomes[rows]
    told = told_values(offers[successes], rewards[successes], n)
    if bench.objective.link == "log":
        learned, without = capped * (rewards.sum() / max(capped.sum(), 1e-300)), np.zeros(n)
    else:
        learned = rewards
        without = np.nan_to_num(told_values(offers[~successes], rewards[~successes], n))
    known = np.where(np.isnan(told), examples.catalogue.known_values, told)
    values = values_of_success(offers, learned, successes, known)
    return SuccessValue(bench.base(excluded, link="logit"), values - without, without)


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
    watched, grown = training & bench.watched, training & ~bench.watched
    if excluded == EVERYTHING:
        learned = bench.training(frozenset({0})) & ~bench.watched
        booster = _grown(bench, data, parameters, training, learned, found or [growth.min_rounds])
    elif watched.any() and grown.any():
        booster, rounds = grow_until(
            data.thinned(grown, bench.deal),
            parameters,
            growth,
            data.thinned(watched, bench.deal),
        )
        found.append(rounds)
        if not is_many(training):
            booster = _grown(bench, data, parameters, training, grown, [rounds])
    else:
        found.append(growth.min_rounds)
        booster = _grown(bench, data, parameters, training, training, found[-1:])
    schema, ready = bench.examples.schema, bench.examples.catalogue.ready
    return OfferTrees(bench.for_nan(booster), schema, ready, bench.calibration, base)


def _grown(
    bench: Workbench,
    data: TreeData,
    parameters: dict[str, Any],
    training: Mask,
    learned: Mask,
    rounds: list[int],
) -> xgb.Booster:
    """Grow trees on the rows of ``training``, with the rounds found on ``learned`` rows scaled
    up."""
    more = (training.sum() / max(learned.sum(), 1)) ** _ROUNDS_BY_ROWS
    wanted = round(min(more, _AT_MOST_MORE) * float(np.median(rounds)))
    return grow_rounds(data.thinned(training, bench.deal), parameters, wanted)


CANDIDATES: dict[str, Fit] = {
    BEST_SINGLE: _best_single,
    "interaction_base": _interaction_base,
    "pooled_trees": _pooled_trees,
    "residual_trees": _residual_trees,
    "average": _average,
    "own_trees": _own_trees,
    "dr_ridge": _dr_ridge,
    "linear_average": _linear_average,
    "dr_tree": _dr_tree,
    "success_value": _success_value,
}


# With fewer successes, trees of each offer lead by 0.3 % at most, if at all; with more
# offers, they take long. A tree of four leaves shows at most four offers.
_OWN_SUCCESSES, _FEW_OFFERS = 500, 30


def candidates_of(bench: Workbench) -> tuple[str, ...]:
    """Names of the candidates that fit the KPI and the data."""
    offers = len(bench.examples.catalogue.ready)
    successes = int(np.count_nonzero(bench.outcomes[bench.examples.trains]))
    fits = dict.fromkeys(CANDIDATES, True)
    fits["success_value"] = _has_values(bench)
    fits["dr_tree"] = offers <= _FEW_OFFERS
    fits["own_trees"] = offers <= _FEW_OFFERS and successes >= _OWN_SUCCESSES * offers
    return tuple(name for name in CANDIDATES if fits[name])


def _has_values(bench: Workbench) -> bool:
    """True if rewards are amounts of successes, after a cost that is the same for an offer."""
    if bench.objective.link != "identity":
        return bench.objective.link == "log"
    examples = bench.examples
    rows = examples.trains & ~examples.successes
    if not rows.any() or not (examples.trains & examples.successes).any():
        return False
    offers = examples.offers[rows]
    costs = told_values(offers, examples.rewards[rows], len(examples.catalogue.ready))
    return not np.isnan(costs[np.unique(offers)]).any()
