"""A bank simulated week by week, with the truth that the scorer estimates.

A week depends on the seed, its number, the ranked table, and the late events and delayed
conversions of the two weeks before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from scorer.simulation.assortment import FEWEST_OFFERS, assortment
from scorer.simulation.catalogue import (
    COLLAPSE_WEEK,
    COLLAPSING_OFFER,
    EXPIRING_OFFER,
    EXPIRY_WEEK,
    LAUNCH_WEEK,
    NEW_OFFER,
    Offer,
)
from scorer.simulation.catalogue_files import write_catalogue, write_memberships
from scorer.simulation.context import Visits
from scorer.simulation.dirt import soil
from scorer.simulation.event_log import EventLog
from scorer.simulation.events import Lines, Scribe, profile_id
from scorer.simulation.population import DAY_MS, WEEK_MS, Population
from scorer.simulation.report import StrategyWeek, Tally, WeekReport
from scorer.simulation.responses import Items, respond, shown_items
from scorer.simulation.serving import ArrowStream, RankedOffers, Served, serve
from scorer.simulation.streams import stream
from scorer.simulation.tastes import Truth, truth_of
from scorer.simulation.traffic import MAIL_DAYS, Traffic

PLANTED = (
    "duplicates",
    "late",
    "out_of_order",
    "malformed",
    "without_id",
    "orphans",
    "dismissals",
    "repeat_clicks",
    "after_window_clicks",
    "after_window_purchases",
    "organic_purchases",
    "page_views",
)
_ORGANIC_PER_DAY = 0.02


class Decided(NamedTuple):
    """A block of decisions: visits, truth, offers shown and responses."""

    day: int
    visits: Visits
    truth: Truth
    served: Served
    items: Items
    rng: np.random.Generator


@dataclass
class World:
    """The simulated bank.

    Parameters
    ----------
    profiles : int, people in week 1; each week 1 % of that number join.
    seed : int, at least 0.
    start : date, first day of week 1; on a Sunday, cycles match calendar weeks.
    web_rate : float, mean web pages with offers per profile and week.
    mail_rate : float, share of the profiles that open each of the two newsletters of a week.
    compress : bool, whether to write `.ndjson.gz`.
    offers : int, the bank's 24 named offers, and invented ones beyond.

    Attributes
    ----------
    assortment : tuple of Offer, in the order of positions.

    Raises
    ------
    ValueError
        If a size, rate or seed is outside its range.
    """

    profiles: int = 5_000
    seed: int = 7
    start: date = date(2026, 9, 6)
    web_rate: float = 2.0
    mail_rate: float = 0.8
    compress: bool = False
    offers: int = FEWEST_OFFERS
    assortment: tuple[Offer, ...] = field(init=False, repr=False)
    _population: Population = field(init=False, repr=False)
    _log: EventLog = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _check(self.profiles >= 1, "profiles", self.profiles, "1 or more")
        _check(self.seed >= 0, "seed", self.seed, "0 or more")
        _check(self.web_rate > 0, "web_rate", self.web_rate, "above 0")
        _check(0 <= self.mail_rate <= 1, "mail_rate", self.mail_rate, "from 0 to 1")
        _check(
            self.offers >= FEWEST_OFFERS,
            "offers",
            self.offers,
            f"{FEWEST_OFFERS} or more: the named ones are always there",
        )
        self.assortment = assortment(self.offers)
        self._population = Population(self.seed, self.profiles, _ms(self.start_of(1)))
        self._log = EventLog(self.compress)

    def start_of(self, week: int) -> datetime:
        """Return the first moment of a week (1 = first), naive UTC: the end of the one before."""
        return datetime.combine(self.start, datetime.min.time()) + timedelta(weeks=week - 1)

    def write_catalogue(self, raw: Path) -> None:
        """Write the inputs other than events and memberships: offers, rules and strategies."""
        write_catalogue(raw, self.start, self.assortment)

    def live(self, week: int, raw: Path, ranked: ArrowStream | None = None) -> WeekReport:
        """Simulate a week; write its day files and the memberships known at its end.

        Parameters
        ----------
        week : int, 1 = first; weeks are simulated in order; a week can be repeated.
        raw : Path, the folder of inputs.
        ranked : table with the columns of `ranked_offers`, one cycle of each strategy: pyarrow
            or anything with the Arrow stream interface. None: all offers are drawn at random.

        Raises
        ------
        ValueError
            If the ranked table does not fit this world.
        """
        self._log.begin(week)
        tally, counts = Tally(self.offer_ids), Counter[str]()
        blocks = self.decided(week, ranked)
        block = next(blocks, None)
        for day in range(7):
            number = self._day_number(week, day)
            rng = stream(self.seed, "disorder", week, day)
            with self._log.open(raw, number, counts) as file:
                file.write(self._log.arriving(number) + self._unprompted(week, day), rng)
                while block is not None and block.day == day:
                    tally.add(block.visits, block.truth, block.served, block.items)
                    deliveries = soil(self._written(week, block), block.rng)
                    file.write(self._log.post(week, number, deliveries), rng)
                    block = next(blocks, None)
        write_memberships(raw, self._population.intervals(week))
        return self._report(week, raw, tally, counts)

    def value_of(self, week: int, ranked: ArrowStream | None = None) -> dict[str, StrategyWeek]:
        """Return the report of `live` for each strategy without writing anything."""
        tally = Tally(self.offer_ids)
        for block in self.decided(week, ranked):
            tally.add(block.visits, block.truth, block.served, block.items)
        return tally.strategies()

    def decisions(self, week: int) -> Iterator[tuple[Visits, NDArray[np.bool_], Truth]]:
        """Yield blocks of the week's visits, segments (visits, segments) and truth.

        Sufficient to evaluate any policy: select eligible columns of `Truth.reward`.
        """
        people, segments = self._population.profiles(week), self._population.segments(week)
        for day in range(7):
            for visits in self._traffic(week).blocks(people, day):
                inside = segments.at(visits.profile, visits.at)
                activity = people.activity[visits.profile]
                yield visits, inside, truth_of(visits, inside, activity, week, self.assortment)

    def decided(self, week: int, ranked: ArrowStream | None = None) -> Iterator[Decided]:
        """Yield blocks of the week's visits with the offers `live` would show and the responses."""
        table = None
        if ranked is not None:
            table = RankedOffers.read(ranked, pa.array(self.profile_ids(week)), self.offer_ids)
        for number, (visits, _, truth) in enumerate(self.decisions(week)):
            luck = stream(self.seed, "luck", week, number)
            served = serve(visits, truth.eligible, table, stream(self.seed, "draw", week, number))
            items = shown_items(served, truth, self.assortment, luck)
            day = int(visits.at[0] // DAY_MS) - self._day_number(week, 0)
            yield Decided(day, visits, truth, served, items, luck)

    @property
    def offer_ids(self) -> tuple[str, ...]:
        """Return the ids of the offers, in the order of positions."""
        return tuple(offer.offer_id for offer in self.assortment)

    def profile_ids(self, week: int) -> list[str]:
        """Return the ids of the people present in a week, in the order of positions."""
        return [profile_id(n) for n in range(len(self._population.profiles(week)))]

    def happenings(self, week: int) -> tuple[str, ...]:
        """Return the changes of a week, one sentence each."""
        told = {
            1: "first week: every offer is drawn at random",
            EXPIRY_WEEK: f"offer {EXPIRING_OFFER} has expired",
            LAUNCH_WEEK: f"offer {NEW_OFFER} is launched",
            COLLAPSE_WEEK: f"the appeal of {COLLAPSING_OFFER} collapses",
        }
        return (told[week],) if week in told else ()

    def _written(self, week: int, block: Decided) -> list[Lines]:
        scribe = Scribe(self._label(week, block.day), self.offer_ids, block.rng)
        last_mail = block.day == MAIL_DAYS[-1]
        responses = respond(block.visits, block.items, last_mail, block.rng)
        return [
            scribe.displays(block.visits, block.items),
            scribe.page_views(block.visits),
            *(scribe.answers(block.visits, block.items, response) for response in responses),
        ]

    def _unprompted(self, week: int, day: int) -> list[Lines]:
        """Return purchases of people who opened no newsletter of the week."""
        people = self._population.profiles(week)
        rng = stream(self.seed, "organic", week, day)
        untouched = ~self._traffic(week).mail_readers(people).any(axis=0)
        buyers = np.flatnonzero(untouched & (rng.random(len(people)) < _ORGANIC_PER_DAY))
        at = self._day_number(week, day) * DAY_MS + rng.integers(0, DAY_MS, len(buyers))
        price = np.round(rng.gamma(4.0, 10.0, len(buyers)) + 1, 2)
        scribe = Scribe(self._label(week, day), self.offer_ids, rng)
        return [scribe.purchases("organic_purchases", buyers, at, price)]

    def _report(self, week: int, raw: Path, tally: Tally, counts: Counter[str]) -> WeekReport:
        return WeekReport(
            week=week,
            start=self.start_of(week),
            end=self.start_of(week + 1),
            displays=tally.displays,
            unranked_decisions=tally.unranked,
            strategies=tally.strategies(),
            happenings=self.happenings(week),
            lines=counts["lines"],
            planted={kind: counts[kind] for kind in PLANTED},
            files=tuple(self._log.path(raw, self._day_number(week, day)) for day in range(7)),
        )

    def _traffic(self, week: int) -> Traffic:
        start = _ms(self.start_of(week))
        return Traffic(self.seed, week, start, self.web_rate, self.mail_rate)

    def _day_number(self, week: int, day: int) -> int:
        return (_ms(self.start_of(1)) + (week - 1) * WEEK_MS) // DAY_MS + day

    def _label(self, week: int, day: int) -> bytes:
        return f"{self.start_of(week) + timedelta(days=day):%y%m%d}".encode()


def _ms(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp()) * 1000


def _check(fine: bool, name: str, value: float, expected: str) -> None:
    if not fine:
        raise ValueError(f"world: {name} is {value}, expected {expected}")
