"""Ranks one decision in microseconds, with the draws, arms and order of the weekly batch.

:func:`scorer.ranking.ranked_rows.rank_decisions` on one row gives the same offers, policy and
propensities bit by bit, and scores that differ by rounding at most; tests compare the two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scorer.arrays import Mask, Matrix
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


@dataclass(frozen=True)
class SingleRanking:
    """The ranked offers of one decision, best first.

    ``scores`` hold None before the first model and for fallback offers; ``propensities`` are in
    (0, 1].
    """

    offers: list[Offer]
    scores: list[float | None]
    propensities: list[float]
    policy: str
    arm: str
    traffic_type: str
    eligible_count: int


class SingleRanker:
    """Ranks one decision at a time; everything that all decisions share is prepared once."""

    def __init__(self, context: StrategyContext) -> None:
        self.context = context
        self.model_version = model_version(context)
        self.model = context.deployed.model if context.deployed and self.model_version else None
        self._arms = tuple(ARMS.items())
        self._arm_names = dict(zip(policies(), arm_names(), strict=True))
        self._traffic_types = dict(zip(policies(), traffic_types(), strict=True))

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
        draw = _Draw(eligible, np.array([key], dtype=np.uint64), min(context.top_k, count))
        intended, scores, personal = self._by_model(user, draw)
        columns = intended if arm < 0 else self._by_arm(arm, draw)
        policy = self._arms[arm][0] if arm >= 0 else MODEL if personal else BEST_SINGLE
        return SingleRanking(
            [context.candidates[column] for column in columns],
            [scores[column] for column in columns] if scores else [None] * len(columns),
            self._propensities(columns, columns if self.model is None else intended, draw, count),
            policy,
            self._arm_names[policy],
            self._traffic_types[policy],
            count,
        )

    def _by_model(self, user: Matrix, draw: _Draw) -> tuple[list[int], _Scores | None, bool]:
        """Columns that the model chooses, scores by column, and whether they are personalised."""
        if self.model is None:
            return [], None, False
        from scorer.ranking.single_kernels import first_by_score

        scores, personal = self.model.score_one(user)
        columns = np.empty(draw.places, dtype=np.int64)
        worst = first_by_score(scores, self.context.score_columns, draw.eligible, columns)
        return columns.tolist(), _Scores(self.context, scores, float(worst)), personal

    def _by_arm(self, arm: int, draw: _Draw) -> list[int]:
        order = self._arms[arm][1].order(self.context, draw.eligible[None], draw.keys)
        columns: list[int] = order[0, : draw.places].tolist()
        return columns

    def _propensities(
        self, columns: list[int], intended: list[int], draw: _Draw, count: int
    ) -> list[float]:
        """As in :mod:`scorer.ranking.ranked_rows`, in the same order of additions."""
        mixture = self.context.policy
        found = [
            mixture.rest * (column == meant)
            for column, meant in zip(columns, intended, strict=True)
        ]
        for place, share in enumerate(mixture.shares):
            chances = self._arms[place][1].chances
            if share and chances:
                at = _placed(columns, draw, count)
                pairs = zip(found, chances(self.context, at, share).tolist(), strict=True)
                found = [propensity + chance for propensity, chance in pairs]
            elif share:
                order = zip(found, columns, self._by_arm(place, draw), strict=True)
                found = [value + share * (column == other) for value, column, other in order]
        return found

    def _fallbacks(self, placement_id: str) -> SingleRanking:
        offers = self.context.fallbacks(placement_id)[: self.context.top_k]
        n = len(offers)
        names = self._arm_names[FALLBACK], self._traffic_types[FALLBACK]
        return SingleRanking(offers, [None] * n, [1.0] * n, FALLBACK, *names, 0)


def _placed(columns: list[int], draw: _Draw, count: int) -> Placed:
    n = len(columns)
    eligible = np.broadcast_to(draw.eligible, (n, draw.eligible.size))
    return Placed(np.arange(n), np.array(columns), np.full(n, count), lambda: eligible)


@dataclass(frozen=True)
class _Draw:
    """Eligible candidates, bool (n_candidates,); the key, uint64 (1,); places to fill."""

    eligible: Mask
    keys: exploration.Keys
    places: int


@dataclass(frozen=True)
class _Scores:
    """Scores of the model by column of candidates; the worst one stands for unready offers."""

    context: StrategyContext
    of_model: np.ndarray
    worst: float

    def __getitem__(self, column: int) -> float:
        place = self.context.score_columns[column]
        return float(self.of_model[place]) if place >= 0 else self.worst
