"""The report of a week: counts, and true values that the scorer does not know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scorer.simulation.catalogue import (
    PLACEMENT_IDS,
    STRATEGIES,
    STRATEGY_OF_PLACEMENT,
)
from scorer.simulation.context import Visits
from scorer.simulation.responses import Items
from scorer.simulation.serving import ARMS, Served
from scorer.simulation.tastes import Truth


@dataclass(frozen=True)
class Arm:
    """One traffic arm of one strategy; successes count those within the attribution window."""

    displays: int
    successes: int
    reward: float
    expected_reward: float

    @property
    def rate(self) -> float:
        """Successes per display, NaN without displays."""
        return self.successes / self.displays if self.displays else float("nan")

    @property
    def reward_per_display(self) -> float:
        """Reward per display, NaN without displays."""
        return self.reward / self.displays if self.displays else float("nan")


@dataclass(frozen=True)
class Values:
    """Expected reward of the first position, per decision, over the week's visits.

    Attributes
    ----------
    random : uniform over the eligible offers.
    best_single : the best fixed offer of each placement (random where it is not eligible).
    oracle : the best eligible offer of each visit.
    by_arm : of the offers shown first, by traffic arm; arms without visits are absent.
    best_offers : offer id of the best single offer, by placement id.
    """

    random: float
    best_single: float
    oracle: float
    by_arm: Mapping[str, float]
    best_offers: Mapping[str, str]

    @property
    def personalised(self) -> float:
        """Value of the personalised arm, NaN where it had no visits."""
        return self.by_arm.get("contextual", float("nan"))


@dataclass(frozen=True)
class StrategyWeek:
    """One strategy in one week: results by arm, and the true values behind them."""

    strategy_id: str
    kpi_type: str
    arms: Mapping[str, Arm]
    truth: Values


@dataclass(frozen=True)
class WeekReport:
    """One week of the world.

    Attributes
    ----------
    week, start, end : number (1 = first) and first and last moment (UTC, end excluded).
    displays : offers shown during the week. Late events land in a later file.
    unranked_decisions : decisions for which the ranked table had no row.
    strategies : by strategy id.
    happenings : the events of the week, one sentence each.
    lines : lines written to this week's files, all kinds.
    planted : lines written to this week's files that test the reader, by kind.
    files : the files of the week.
    """

    week: int
    start: datetime
    end: datetime
    displays: int
    unranked_decisions: int
    strategies: Mapping[str, StrategyWeek]
    happenings: tuple[str, ...]
    lines: int
    planted: Mapping[str, int]
    files: tuple[Path, ...] = field(repr=False)


class Tally:
    """Sums blocks of decisions about some offers into `StrategyWeek`s."""

    def __init__(self, offer_ids: tuple[str, ...]) -> None:
        places, offers, arms = len(PLACEMENT_IDS), len(offer_ids), len(ARMS)
        self._offer_ids = offer_ids
        self.unranked = 0
        self._decisions = np.zeros(places)
        self._random = np.zeros(places)
        self._oracle = np.zeros(places)
        self._single = np.zeros((places, offers))
        self._first = np.zeros((places, arms, 2))
        self._items = np.zeros((places, arms, 4))

    @property
    def displays(self) -> int:
        """Offers shown so far."""
        return int(self._items[:, :, 0].sum())

    def add(self, visits: Visits, truth: Truth, served: Served, items: Items) -> None:
        """Add a block of decisions."""
        possible = truth.reward * truth.eligible
        share = 1 / np.maximum(truth.eligible.sum(axis=1), 1)
        random = (possible * share[:, None]).sum(axis=1)
        best = possible.max(axis=1)
        single = possible + random[:, None] * ~truth.eligible
        self.unranked += int((~served.ranked).sum())
        for place in range(len(PLACEMENT_IDS)):
            here = visits.placement == place
            self._decisions[place] += here.sum()
            self._random[place] += random[here].sum()
            self._oracle[place] += best[here].sum()
            self._single[place] += single[here].sum(axis=0)
        self._add_items(visits.placement[items.row], items)

    def _add_items(self, place: NDArray[np.int64], items: Items) -> None:
        money = np.array([s.kpi_type == "continuous" for s in STRATEGIES])
        worth = np.where(money[np.array(STRATEGY_OF_PLACEMENT)[place]], items.price, 1.0)
        outcome = [np.ones(len(items)), items.success, items.success * worth, items.expected]
        np.add.at(self._items, (place, items.arm), np.column_stack(outcome))
        first = items.position == 0
        chosen = np.column_stack([np.ones(len(items)), items.expected])[first]
        np.add.at(self._first, (place[first], items.arm[first]), chosen)

    def strategies(self) -> dict[str, StrategyWeek]:
        """Return the strategies by id."""
        return {
            strategy.strategy_id: StrategyWeek(
                strategy.strategy_id,
                strategy.kpi_type,
                self._arms(np.array(STRATEGY_OF_PLACEMENT) == position),
                self._values(np.array(STRATEGY_OF_PLACEMENT) == position),
            )
            for position, strategy in enumerate(STRATEGIES)
        }

    def _arms(self, places: NDArray[np.bool_]) -> dict[str, Arm]:
        totals = self._items[places].sum(axis=0)
        return {
            name: Arm(int(displays), int(successes), float(reward), float(expected))
            for name, (displays, successes, reward, expected) in zip(ARMS, totals, strict=True)
            if displays
        }

    def _values(self, places: NDArray[np.bool_]) -> Values:
        count = max(self._decisions[places].sum(), 1)
        first = self._first[places].sum(axis=0)
        best = self._single.argmax(axis=1)
        return Values(
            random=float(self._random[places].sum() / count),
            best_single=float(self._single[places].max(axis=1).sum() / count),
            oracle=float(self._oracle[places].sum() / count),
            by_arm={
                name: float(total / shown)
                for name, (shown, total) in zip(ARMS, first, strict=True)
                if shown
            },
            best_offers={
                PLACEMENT_IDS[place]: self._offer_ids[best[place]]
                for place in np.flatnonzero(places)
            },
        )
