"""Ranks one decision in microseconds, with the draws, arms and order of the weekly batch.

:func:`scorer.ranking.ranked_rows.rank_decisions` on one row gives the same offers, policy and
propensities bit by bit, and the same scores up to rounding; tests compare the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import repeat
from typing import NamedTuple

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
        self._start = exploration.start_of(context.cycle)
        self._shares = [
            (place, arm, share)
            for place, (arm, share) in enumerate(
                zip(ARMS.values(), context.policy.shares, strict=True)
            )
            if share
        ]
        self._policies = tuple(ARMS)
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
        context, model = self.context, self.model
        arm, key = exploration.draw_one(context.policy, self._start, profile_id, placement_id)
        if model is None:
            count = int(np.count_nonzero(eligible))
            if count == 0:
                return self._fallbacks(placement_id)
            columns = intended = self._by_arm(arm, eligible, key, count)
            scores: Sequence[float | None] = [None] * len(columns)
        else:
            all_scores, is_personal = model.score_one(user)
            best, chosen = np.empty(context.top_k, dtype=np.int64), np.empty(context.top_k)
            count, worst = self._first_by_score(
                all_scores, context.score_columns, eligible, best, chosen
            )
            if count == 0:
                return self._fallbacks(placement_id)
            columns = intended = best.tolist()[:count]
            scores = chosen.tolist()[:count]
            if arm >= 0:
                columns = self._by_arm(arm, eligible, key, count)
                places = context.score_columns[columns].tolist()
                scores = [float(all_scores[p]) if p >= 0 else worst for p in places]
        policy = self._policies[arm] if arm >= 0 else MODEL if is_personal else BEST_SINGLE
        candidates = context.candidates
        return SingleRanking(
            [candidates[column] for column in columns],
            scores,
            self._propensities(columns, intended, eligible, key, count),
            policy,
            self._arm_names[policy],
            self._traffic_types[policy],
            count,
        )

    def _by_arm(self, arm: int, eligible: Mask, key: int, count: int) -> list[int]:
        keys = np.array([key], dtype=np.uint64)
        order = ARMS[self._policies[arm]].order(self.context, eligible[None], keys)
        columns: list[int] = order[0, :count].tolist()
        return columns

    def _propensities(
        self, columns: list[int], intended: list[int], eligible: Mask, key: int, count: int
    ) -> list[float]:
        """As in :mod:`scorer.ranking.ranked_rows`, in the same order of additions."""
        rest, n = self.context.policy.rest, len(columns)
        pairs = zip(columns, intended, strict=True)
        found = [rest if column == meant else 0.0 for column, meant in pairs]
        for place, arm, share in self._shares:
            if arm.chances is None:
                order = zip(found, columns, self._by_arm(place, eligible, key, count), strict=True)
                found = [value + share * (column == other) for value, column, other in order]
                continue
            repeated = partial(np.broadcast_to, eligible, (n, eligible.size))
            chance = arm.chances(self.context, Placed(range(n), columns, count, repeated), share)
            each = repeat(chance, n) if isinstance(chance, float) else chance.tolist()
            found = [value + own for value, own in zip(found, each, strict=True)]
        return found

    def _fallbacks(self, placement_id: str) -> SingleRanking:
        offers = self.context.fallbacks(placement_id)[: self.context.top_k]
        n = len(offers)
        names = self._arm_names[FALLBACK], self._traffic_types[FALLBACK]
        return SingleRanking(offers, [None] * n, [1.0] * n, FALLBACK, *names, 0)
