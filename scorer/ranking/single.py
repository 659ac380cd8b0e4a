"""Ranks one decision in microseconds, with the draws, arms and order of the weekly batch.

:func:`scorer.ranking.ranked_rows.rank_decisions` on one row gives the same offers, policy and
propensities bit by bit, and the same scores up to rounding; tests compare the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from scorer.arrays import Mask, Matrix, Vector
from scorer.ranking import exploration
from scorer.ranking.arms import (
    ARMS,
    BEST_SINGLE,
    FALLBACK,
    MODEL,
    Placed,
    arm_names,
    policies,
    traffic_types,
)
from scorer.ranking.batch import model_version
from scorer.ranking.context import Offer, StrategyContext

_NO_SCORES = np.empty(0)


class SingleRanking(NamedTuple):
    """The ranked offers of one decision, best first.

    ``scores`` hold None before the first model and for fallback offers; ``propensities`` are in
    (0, 1].
    """

    offers: list[Offer]
    scores: Sequence[float | None]
    propensities: list[float]
    policy: str
    arm: str
    traffic_type: str
    eligible_count: int


class SingleRanker:
    """Ranks one decision at a time; data that all decisions share is prepared once."""

    def __init__(self, context: StrategyContext) -> None:
        self.context = context
        self.model_version = model_version(context)
        self.model = context.deployed.model if context.deployed and self.model_version else None
        self._arms = tuple(ARMS.items())
        self._arm_names = dict(zip(policies(), arm_names(), strict=True))
        self._traffic_types = dict(zip(policies(), traffic_types(), strict=True))
        if self.model is not None:
            from scorer.ranking.single_kernels import first_by_score

            self._first_by_score = first_by_score

    def rank(
        self, user: Matrix, eligible: Mask, profile_id: str, placement_id: str
    ) -> SingleRanking:
        """Rank the eligible candidates, or the fallback offers of the placement.

        ``user`` is float32 (n_features,), encoded by the schema of the model; ``eligible`` is bool
        (n_candidates,).
        """
        context = self.context
        count = int(np.count_nonzero(eligible))
        if count == 0:
            return self._fallbacks(placement_id)
        arm, key = exploration.draw_one(context.policy, context.cycle, profile_id, placement_id)
        draw = _Draw(eligible, key, min(context.top_k, count), count)
        best = self._by_model(user, draw)
        scores: Sequence[float | None] = best.column_scores
        policy, columns = MODEL if best.is_personal else BEST_SINGLE, best.columns
        if arm >= 0:
            policy, columns = self._arms[arm][0], self._by_arm(arm, draw)
            scores = [self._score(best, column) for column in columns]
        candidates = context.candidates
        return SingleRanking(
            [candidates[column] for column in columns],
            scores,
            self._propensities(columns, columns if self.model is None else best.columns, draw),
            policy,
            self._arm_names[policy],
            self._traffic_types[policy],
            count,
        )

    def _by_model(self, user: Matrix, draw: _Draw) -> _Best:
        """Candidates that the model chooses."""
        if self.model is None:
            return _Best([], [], _NO_SCORES, 0.0, False)
        scores, is_personal = self.model.score_one(user)
        columns, chosen = np.empty(draw.places, dtype=np.int64), np.empty(draw.places)
        worst = self._first_by_score(
            scores, self.context.score_columns, draw.eligible, columns, chosen
        )
        return _Best(columns.tolist(), chosen.tolist(), scores, worst, is_personal)

    def _score(self, best: _Best, column: int) -> float | None:
        """Score of a candidate; the worst one stands for offers that the model does not rank."""
        if self.model is None:
            return None
        place = self.context.score_columns[column]
        return float(best.scores[place] if place >= 0 else best.worst)

    def _by_arm(self, arm: int, draw: _Draw) -> list[int]:
        keys = np.array([draw.key], dtype=np.uint64)
        order = self._arms[arm][1].order(self.context, draw.eligible[None], keys)
        columns: list[int] = order[0, : draw.places].tolist()
        return columns

    def _propensities(self, columns: list[int], intended: list[int], draw: _Draw) -> list[float]:
        """As in :mod:`scorer.ranking.ranked_rows`, in the same order of additions."""
        mixture = self.context.policy
        pairs = zip(columns, intended, strict=True)
        found = [mixture.rest if column == meant else 0.0 for column, meant in pairs]
        for place, share in enumerate(mixture.shares):
            chances = self._arms[place][1].chances
            if share and chances:
                chance = chances(self.context, draw.placed(columns), share)
                if isinstance(chance, float):
                    found = [value + chance for value in found]
                else:
                    each = zip(found, chance.tolist(), strict=True)
                    found = [value + own for value, own in each]
            elif share:
                order = zip(found, columns, self._by_arm(place, draw), strict=True)
                found = [value + share * (column == other) for value, column, other in order]
        return found

    def _fallbacks(self, placement_id: str) -> SingleRanking:
        offers = self.context.fallbacks(placement_id)[: self.context.top_k]
        n = len(offers)
        names = self._arm_names[FALLBACK], self._traffic_types[FALLBACK]
        return SingleRanking(offers, [None] * n, [1.0] * n, FALLBACK, *names, 0)


class _Draw(NamedTuple):
    """Eligible candidates, bool (n_candidates,), and how many; the key; places to fill."""

    eligible: Mask
    key: int
    places: int
    eligible_count: int

    def placed(self, columns: list[int]) -> Placed:
        """These candidates at the first places."""
        n, shape = len(columns), (len(columns), self.eligible.size)
        return Placed(
            range(n), columns, self.eligible_count, lambda: np.broadcast_to(self.eligible, shape)
        )


class _Best(NamedTuple):
    """Candidates that a model chooses and their scores, best first.

    ``scores`` are those of all its offers, float64 (n_offers,); ``worst`` stands for the others.
    """

    columns: list[int]
    column_scores: list[float]
    scores: Vector
    worst: float
    is_personal: bool
