"""The visits of a day: web visits all week, newsletters on Sunday and Wednesday."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scorer.simulation.catalogue import CARD, HERO, MAIL, PLACEMENT_IDS, PLACEMENTS
from scorer.simulation.context import CITIES, MACHINES, REFERRERS, SECTIONS, Visits
from scorer.simulation.population import DAY_MS
from scorer.simulation.profiles import Profiles, draw_code
from scorer.simulation.streams import stream

MAIL_DAYS = (0, 3)
_BLOCK_ROWS = 20_000
_HERO, _CARD, _MAIL = (PLACEMENT_IDS.index(p) for p in (HERO, CARD, MAIL))
# Placements on a page: the hero, the card, or both in one event.
_PAGE_SHARES = (0.46, 0.46, 0.08)
_TWO_ITEMS_SHARE = 0.15
_MACHINE_CHANGES, _CITY_CHANGES, _REFERRER_CHANGES = 0.08, 0.04, 0.25


@dataclass(frozen=True)
class Traffic:
    """The volume of visits, and the people of a week who make them.

    Parameters
    ----------
    seed, week : int
    week_start : int, milliseconds since 1970 UTC.
    web_rate : float, mean web pages with offers per profile and week.
    mail_rate : float, share of the profiles that open each newsletter.
    """

    seed: int
    week: int
    week_start: int
    web_rate: float
    mail_rate: float

    def blocks(self, people: Profiles, day: int) -> Iterator[Visits]:
        """Yield the visits of a day (0 to 6) in blocks of bounded size, ordered by time."""
        rng = stream(self.seed, "traffic", self.week, day)
        parts = [self._web(rng, people, day)]
        if day in MAIL_DAYS:
            parts.append(self._mail(rng, people, day))
        visits = _merged(parts)
        start = 0
        while start < len(visits):
            end = _end_of_event(visits.event, start + _BLOCK_ROWS)
            yield visits.take(slice(start, end))
            start = end

    def mail_readers(self, people: Profiles) -> NDArray[np.bool_]:
        """Return who opens each newsletter of the week, shape (sends, profiles)."""
        rng = stream(self.seed, "mail", self.week)
        return rng.random((len(MAIL_DAYS), len(people))) < self.mail_rate

    def _web(self, rng: np.random.Generator, people: Profiles, day: int) -> Visits:
        pages = rng.poisson(people.web_rate * self.web_rate / 7)
        profile = np.repeat(np.arange(len(people)), pages)
        hour = (people.hour[profile] + rng.normal(0, 3, len(profile))) % 24
        page = draw_code(rng, _PAGE_SHARES, len(profile))
        shown = np.where(page == 2, 2, 1)
        at = np.repeat(self._moments(day, hour), shown)
        first = np.cumsum(shown) - shown
        placement = np.repeat(np.where(page == 1, _CARD, _HERO), shown)
        placement[first[page == 2] + 1] = _CARD
        event = np.repeat(np.arange(len(profile)), shown)
        section = np.repeat(_sections(rng, page), shown)
        visits = _circumstances(rng, people, profile, at[first])
        visits = visits.take(event)
        two = (placement == _CARD) & (rng.random(len(placement)) < _TWO_ITEMS_SHARE)
        return _with(visits, placement=placement, event=event, section=section, two_items=two)

    def _mail(self, rng: np.random.Generator, people: Profiles, day: int) -> Visits:
        profile = np.flatnonzero(self.mail_readers(people)[MAIL_DAYS.index(day)])
        hour = np.clip(people.hour[profile] + rng.normal(0, 2, len(profile)), 5, 19)
        visits = _circumstances(rng, people, profile, self._moments(day, hour))
        return _with(visits, placement=np.full(len(profile), _MAIL))

    def _moments(self, day: int, hour: NDArray[np.float64]) -> NDArray[np.int64]:
        return self.week_start + day * DAY_MS + (hour * 3_600_000).astype(np.int64)


def _sections(rng: np.random.Generator, page: NDArray[np.int64]) -> NDArray[np.int64]:
    of_hero, of_card = (
        np.array([SECTIONS.index(s) for s in PLACEMENTS[p].sections]) for p in (_HERO, _CARD)
    )
    hero = of_hero[rng.integers(0, len(of_hero), len(page))]
    card = of_card[rng.integers(0, len(of_card), len(page))]
    return np.where(page == 0, hero, card)


def _circumstances(
    rng: np.random.Generator,
    people: Profiles,
    profile: NDArray[np.int64],
    at: NDArray[np.int64],
) -> Visits:
    """Return one visit per profile: its habits, with occasional changes."""

    def habit(usual: NDArray[np.int64], change: float, values: int) -> NDArray[np.int64]:
        other = rng.integers(0, values, len(profile))
        return np.where(rng.random(len(profile)) < change, other, usual[profile])

    return Visits(
        profile=profile,
        placement=np.zeros(len(profile), np.int64),
        at=at,
        event=np.arange(len(profile)),
        two_items=np.zeros(len(profile), bool),
        machine=habit(people.machine, _MACHINE_CHANGES, len(MACHINES)),
        language=people.language[profile],
        city=habit(people.city, _CITY_CHANGES, len(CITIES)),
        referrer=habit(people.referrer, _REFERRER_CHANGES, len(REFERRERS)),
        section=np.zeros(len(profile), np.int64),
    )


def _with(visits: Visits, **columns: NDArray[np.int64] | NDArray[np.bool_]) -> Visits:
    return Visits(**{**vars(visits), **columns})


def _merged(parts: list[Visits]) -> Visits:
    """Return all visits ordered by time, their events numbered in that order."""
    offsets = np.cumsum([0, *(len(part) for part in parts)])
    columns = {
        name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])
    }
    columns["event"] = np.concatenate([p.event + o for p, o in zip(parts, offsets, strict=False)])
    order = np.lexsort((columns["event"], columns["at"]))
    visits = Visits(**{name: column[order] for name, column in columns.items()})
    starts = np.diff(visits.event, prepend=-1) != 0
    return _with(visits, event=np.cumsum(starts) - 1)


def _end_of_event(event: NDArray[np.int64], row: int) -> int:
    """Return the first row at or after `row` that starts an event."""
    if row >= len(event):
        return len(event)
    return int(np.searchsorted(event, event[row - 1], side="right"))
