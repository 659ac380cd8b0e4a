"""Data that all candidates share while they are fitted: folds, encoded rows and fitted bases.

Folds consist of whole profiles and are dealt by the order of their ids, not by the seed, so that no
verdict depends on a seed. A fit is named by the folds it leaves out; ``frozenset()`` is the final
fit on everything. Of many rows, one fold is enough to judge candidates.

Trees start from margins of a base that are always out of fold: the base that gives the margin of a
row was not trained on the profile of the row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np
import xgboost as xgb

from scorer.arrays import Codes, Mask, Matrix, Vector
from scorer.models.boosting import TreeData, with_offers
from scorer.models.calibration import Calibration
from scorer.models.design import Design
from scorer.models.interaction_base import (
    BaseData,
    FittedBase,
    InteractionBase,
    fit_base,
    logged_margins,
)
from scorer.models.missing_categories import filled, with_nan
from scorer.models.objectives import Objective
from scorer.models.protocol import RewardModel
from scorer.ope.evaluation import CHOSEN_ELSEWHERE, CROSS_FITTED
from scorer.training.examples import Examples

Folds = frozenset[int]
EVERYTHING: Folds = frozenset()

_FEW_ROWS = 20_000
_MANY_ROWS = 150_000


@dataclass
class Workbench:
    """Examples and derived data; bases are cached, because candidates share them."""

    examples: Examples
    objective: Objective
    outcomes: Vector
    seed: int
    deal: int = 0
    judges_all: bool = False
    rounds: dict[str, list[int]] = field(default_factory=dict)
    _bases: dict[tuple[str, Folds], FittedBase] = field(default_factory=dict)
    _models: dict[tuple[str, Folds], RewardModel] = field(default_factory=dict)
    _turns: dict[tuple[object, ...], Lock] = field(default_factory=dict)

    def dealt_again(self, deal: int) -> Workbench:
        """The same examples with people in other folds; shares what does not depend on folds."""
        return self._sharing(
            Workbench(self.examples, self.objective, self.outcomes, self.seed, deal, True)
        )

    def with_all_folds(self) -> Workbench:
        """The same with every fold judged; shares the fits made so far."""
        caches = {name: getattr(self, name) for name in ("rounds", "_bases", "_models", "_turns")}
        return self._sharing(replace(self, judges_all=True, **caches))

    def _sharing(self, other: Workbench) -> Workbench:
        for name in ("design", "matrix", "trees"):
            other.__dict__[name] = getattr(self, name)
        return other

    @cached_property
    def folds(self) -> Codes:
        """Fold of each row, int64 (n,)."""
        return deal_folds(self.examples, self.deal)

    @property
    def n_folds(self) -> int:
        """5 folds for fewer than 20,000 rows, else 3."""
        return fold_count(self.examples)

    @property
    def fits(self) -> int:
        """Fits of trees that may run at once: two candidates without each fold."""
        return 2 * len(self.judged)

    @property
    def judged(self) -> tuple[int, ...]:
        """Folds that candidates are fitted without and judged on; with many rows, only the
        first."""
        return (0,) if self.is_split else tuple(range(self.n_folds))

    @property
    def is_split(self) -> bool:
        """True if only one fold is judged, by models trained on the others."""
        return len(self.examples) >= _MANY_ROWS and not self.judges_all

    @cached_property
    def chooses(self) -> Codes:
        """Folds in which the choice among candidates is judged, int64 (n,).

        Those of the models, unless only one of them is judged.
        """
        return deal_folds(self.examples, self.deal + 1_000) if self.is_split else self.folds

    @property
    def inflation(self) -> float:
        """Factor of the standard errors of gains of candidates; see :mod:`scorer.ope`."""
        return CHOSEN_ELSEWHERE if self.is_split else CROSS_FITTED

    @cached_property
    def scored(self) -> Mask:
        """Rows that train and are judged, bool (n,)."""
        return self.examples.trains & np.isin(self.folds, self.judged)

    def training(self, excluded: Folds) -> Mask:
        """Rows of ready offers outside the excluded folds, bool (n,)."""
        return self.examples.trains & ~np.isin(self.folds, list(excluded))

    def held_out(self, excluded: Folds) -> Mask:
        """Rows of ready offers in the excluded folds, bool (n,)."""
        return self.examples.trains & np.isin(self.folds, list(excluded))

    @cached_property
    def watched(self) -> Mask:
        """Rows of a random quarter of the profiles, independent of the folds, bool (n,)."""
        profiles = self.examples.profiles
        drawn = np.random.default_rng([self.deal, 1]).permutation(int(profiles.max()) + 1)
        return drawn[profiles] % 4 == 0

    @cached_property
    def design(self) -> Design:
        """Columns of the base, chosen without the outcomes."""
        return Design.fit(self.examples.users, self.examples.schema)

    @cached_property
    def matrix(self) -> Matrix:
        """The design matrix of all rows, float32 (n, width)."""
        return self.design.matrix(self.examples.users)

    @cached_property
    def trees(self) -> TreeData:
        """Tree rows of all displays, filled, without a starting margin."""
        examples, types = self.examples, ("c", *self.examples.schema.feature_types)
        rows = with_offers(examples.offers, examples.users)
        return TreeData(filled(rows, self._missing_codes), types, self.outcomes)

    def for_nan(self, booster: xgb.Booster) -> xgb.Booster:
        """The booster grown on filled rows, for people whose missing categories are NaN."""
        return with_nan(booster, self._missing_codes)

    @cached_property
    def _missing_codes(self) -> Matrix:
        """Codes of missing categories by column of the tree rows, after "other"; else NaN."""
        features = self.examples.schema.features
        codes = [len(f.categories) + 1 if f.value_type == "category" else np.nan for f in features]
        return np.array([np.nan, *codes], dtype=np.float32)

    @property
    def codes(self) -> int:
        """Largest number of codes of a categorical column of the tree rows, with that of NaN."""
        examples = self.examples
        return max(examples.schema.max_categories + 1, len(examples.catalogue.all))

    def base(self, excluded: Folds, link: str | None = None) -> InteractionBase:
        """The base fitted without the excluded folds; ``link`` logit fits P(success)."""
        fitted = self._fitted(excluded, link or self.objective.link)
        return InteractionBase(
            self.examples.schema,
            self.examples.catalogue.ready,
            fitted.design,
            fitted.weights,
            self.calibration if link is None else Calibration(link),
        )

    @property
    def calibration(self) -> Calibration:
        """The calibration before any fit: the link alone, in the unit of the reward."""
        return self.objective.in_units(Calibration(self.objective.link))

    def starting_margins(self, excluded: Folds) -> Matrix:
        """Out-of-fold margins of the base, float32 (n,); NaN for rows that do not train.

        A row of an excluded fold gets the margin of the base fitted without these folds.
        """
        margins = np.full(len(self.examples), np.nan, dtype=np.float32)
        for fold in range(self.n_folds):
            fitted = self._fitted(excluded | {fold}, self.objective.link)
            rows = self.held_out(frozenset({fold}))
            margins[rows] = logged_margins(
                fitted.design, fitted.weights, self.matrix[rows], self.examples.offers[rows]
            )
        return margins

    def model(self, name: str, excluded: Folds, fit: Callable[[], RewardModel]) -> RewardModel:
        """The model of this name fitted without some folds, fitted once."""
        key = (name, excluded)
        with self._turns.setdefault(key, Lock()):
            if key not in self._models:
                self._models[key] = fit()
            return self._models[key]

    def convergence(self) -> list[dict[str, Any]]:
        """How the fit of each base ended, JSON-ready, in order of the folds left out."""
        fits = sorted((link, sorted(excluded)) for link, excluded in self._bases)
        return [
            {"link": link, "excluded_folds": excluded}
            | asdict(self._bases[link, frozenset(excluded)].convergence)
            for link, excluded in fits
        ]

    def has_converged(self, excluded: Folds, link: str | None = None) -> bool:
        """True if the base of these folds has converged."""
        return self._fitted(excluded, link or self.objective.link).convergence.has_converged

    def _fitted(self, excluded: Folds, link: str) -> FittedBase:
        key = (link, excluded)
        with self._turns.setdefault(key, Lock()):
            if key not in self._bases:
                self._bases[key] = self._fit(excluded, link)
            return self._bases[key]

    def _fit(self, excluded: Folds, link: str) -> FittedBase:
        smaller = self._smaller(excluded) if link == self.objective.link else None
        start = None if smaller is None else self._fitted(smaller, link)
        return fit_base(self.base_data(excluded, link), start)

    def base_data(self, excluded: Folds, link: str | None = None) -> BaseData:
        """Rows of a base outside the excluded folds; ``link`` logit for P(success)."""
        rows, own = self.training(excluded), link in (None, self.objective.link)
        outcomes = self.outcomes if own else self.examples.successes.astype(np.float64)
        return BaseData(
            self.design,
            self.matrix[rows],
            self.examples.offers[rows],
            outcomes[rows],
            self.examples.catalogue.kin,
            link or self.objective.link,
        )

    def _smaller(self, excluded: Folds) -> Folds | None:
        """The fit to start from, trained on fewer rows, so that excluded rows have no influence.

        The first deal needs these fits in any case, a further one hardly ever.
        """
        if len(excluded) > 1 or self.deal > 0:
            return None
        return excluded | {(max(excluded, default=-1) + 1) % self.n_folds}


def fold_count(examples: Examples) -> int:
    """5 folds for fewer than 20,000 rows, else 3."""
    return 5 if len(examples) < _FEW_ROWS else 3


def deal_folds(examples: Examples, deal: int = 0) -> Codes:
    """Fold of each row, int64 (n,): profiles are assigned at random, differently in each deal."""
    dealt = np.random.default_rng(deal).permutation(int(examples.profiles.max()) + 1)
    return dealt[examples.profiles] % fold_count(examples)
