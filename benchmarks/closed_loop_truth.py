"""What a week under a ranked table was worth, by the world's truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from scorer.simulation import World
from scorer.simulation.catalogue import (
    NEW_OFFER,
    PLACEMENT_IDS,
    STRATEGIES,
    STRATEGY_OF_PLACEMENT,
)
from scorer.simulation.offers import OFFER_IDS
from scorer.simulation.serving import ARMS, ArrowStream
from scorer.simulation.tastes import truth_of
from scorer.simulation.world import Decided

Capped = NDArray[np.bool_]

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


def gains(world: World, week: int, ranked: ArrowStream, capped: Capped) -> dict[str, Gain]:
    """Return the gain of each strategy in a week that is served a ranked table.

    `capped`, shape (profiles, offers), bool: offers that caps kept from people as of the cycle;
    they are no choice of the oracle's either. Strategies without personalised traffic are absent.
    """
    sums = np.zeros((len(STRATEGIES), 7))
    for block in world.decided(week, ranked):
        _add(sums, block, capped)
    return {
        strategy.strategy_id: Gain(int(row[0]), *(row[1:] / row[0]).tolist())
        for strategy, row in zip(STRATEGIES, sums, strict=True)
        if row[0]
    }


def _add(sums: NDArray[np.float64], block: Decided, capped: Capped) -> None:
    rows = np.flatnonzero(block.served.ranked & (block.served.arm[:, 0] == _CONTEXTUAL))
    reward = block.truth.reward[rows]
    eligible = block.truth.eligible[rows] & ~capped[block.visits.profile[rows]]
    shown = block.served.offer[rows, 0]
    best = np.where(eligible, reward, 0.0)
    best_offer = best.argmax(axis=1)
    columns = np.column_stack(
        [
            np.ones(len(rows)),
            reward[np.arange(len(rows)), shown],
            best.sum(axis=1) / np.maximum(eligible.sum(axis=1), 1),
            best.max(axis=1),
            shown == _NEW,
            best_offer == _NEW,
            (shown == _NEW) & (best_offer == _NEW),
        ]
    )
    np.add.at(sums, _STRATEGY[block.visits.placement[rows]], columns)


def informed_ranking(world: World, week: int, ranked: pa.Table, capped: Capped) -> pa.Table:
    """Return the ranking of somebody who knows the truth when a week ends, for the week after.

    Whoever has personalised rows in `ranked` gets the best eligible offer of a usual visit, be it
    ready or not: what a weekly ranking could reach at most without seeing the future.
    """
    best = [_best_usual(world, week, place, capped) for place in range(len(PLACEMENT_IDS))]
    wanted = pc.and_(pc.equal(ranked["traffic_type"], "contextual"), pc.equal(ranked["rank"], 1))
    rows = ranked.filter(wanted)
    profile = _codes(rows["profile_id"], world.profile_ids(week))
    placement = _codes(rows["placement_id"], PLACEMENT_IDS)
    offers = pa.array(OFFER_IDS).take(pa.array(np.stack(best)[placement, profile]))
    return rows.set_column(rows.schema.get_field_index("offer_id"), "offer_id", offers)


def _best_usual(world: World, week: int, place: int, capped: Capped) -> NDArray[np.int64]:
    visits, segments = world.usual_visits(week, place)
    activity = np.ones(len(visits))
    reward = truth_of(visits, segments, activity, week).reward
    eligible = truth_of(visits, segments, activity, week + 1).eligible & ~capped
    return np.where(eligible, reward, 0.0).argmax(axis=1)


def _codes(column: pa.ChunkedArray, values: Sequence[str]) -> NDArray[np.int64]:
    return pc.index_in(column.cast(pa.string()), pa.array(values)).to_numpy().astype(np.int64)
