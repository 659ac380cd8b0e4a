"""What a week under a ranked table was worth, by the world's truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.closed_loop_history import Displays
from scorer.simulation import World
from scorer.simulation.catalogue import (
    NEW_OFFER,
    STRATEGIES,
    STRATEGY_OF_PLACEMENT,
)
from scorer.simulation.offers import OFFER_IDS
from scorer.simulation.serving import ARMS, ArrowStream
from scorer.simulation.world import Decided

_CONTEXTUAL = ARMS.index("contextual")
_NEW = OFFER_IDS.index(NEW_OFFER)
_STRATEGY = np.array(STRATEGY_OF_PLACEMENT)


@dataclass(frozen=True)
class Gain:
    """Expected reward per personalised decision, first position.

    Attributes
    ----------
    decisions : how many.
    personalised, random, oracle : of what was shown, of a uniform choice among the eligible
        offers and of the best eligible one, on the same decisions.
    new_shown, new_best : share of the decisions where the new offer was shown, is the best one.
    new_hits : share of the decisions where it is the best one and was shown.
    """

    decisions: int
    personalised: float
    random: float
    oracle: float
    new_shown: float
    new_best: float
    new_hits: float

    @property
    def share(self) -> float:
        """Part of the oracle's gain over random that was reached."""
        return (self.personalised - self.random) / (self.oracle - self.random)

    @property
    def lift(self) -> float:
        """Gain over random, relative."""
        return self.personalised / self.random - 1


def gains(
    world: World, week: int, ranked: ArrowStream, capped: NDArray[np.bool_] | None = None
) -> dict[str, Gain]:
    """Return the gain of each strategy in a week that is served a ranked table.

    `capped`, shape (offers,), bool: offers that a total cap keeps from everybody; they are no
    choice of the oracle's either.
    """
    sums = np.zeros((len(STRATEGIES), 7))
    for block in world.decided(week, ranked):
        _add(sums, block, capped)
    return {
        strategy.strategy_id: Gain(int(row[0]), *(row[1:] / row[0]).tolist())
        for strategy, row in zip(STRATEGIES, sums, strict=True)
        if row[0]
    }


def _add(sums: NDArray[np.float64], block: Decided, capped: NDArray[np.bool_] | None) -> None:
    eligible = block.truth.eligible if capped is None else block.truth.eligible & ~capped
    rows = np.flatnonzero(
        block.served.ranked & (block.served.arm[:, 0] == _CONTEXTUAL) & eligible.any(axis=1)
    )
    eligible, reward = eligible[rows], block.truth.reward[rows]
    shown = block.served.offer[rows, 0]
    best = np.where(eligible, reward, -1.0)
    best_offer = best.argmax(axis=1)
    columns = np.column_stack(
        [
            np.ones(len(rows)),
            reward[np.arange(len(rows)), shown],
            (reward * eligible).sum(axis=1) / eligible.sum(axis=1),
            best.max(axis=1),
            shown == _NEW,
            best_offer == _NEW,
            (shown == _NEW) & (best_offer == _NEW),
        ]
    )
    np.add.at(sums, _STRATEGY[block.visits.placement[rows]], columns)
