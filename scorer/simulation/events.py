"""The events of a block of visits, as lines of text."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isnan

import numpy as np
from numpy.typing import NDArray

from scorer.simulation import xdm
from scorer.simulation.catalogue import MAIL, PLACEMENT_IDS
from scorer.simulation.context import UTC_OFFSET_HOURS, Visits
from scorer.simulation.profiles import draw_code
from scorer.simulation.responses import Items, Response

SPELLING_SHARES = (0.6, 0.15, 0.25)
_REFERRER_UNKNOWN, _LANGUAGE_UNKNOWN = 0.05, 0.02
_PAGE_VIEW_SHARE = 0.2
_MAIL = PLACEMENT_IDS.index(MAIL)
# How the ids of a kind of event begin.
_PREFIXES = {
    "clicks": "c",
    "repeat_clicks": "again",
    "after_window_clicks": "late",
    "dismissals": "x",
    "purchases": "b",
    "after_window_purchases": "lateb",
    "organic_purchases": "o",
}


@dataclass(frozen=True)
class Lines:
    """Lines of one kind with their event times (milliseconds since 1970 UTC)."""

    kind: str
    at: NDArray[np.int64]
    text: list[str] = field(repr=False)

    def __len__(self) -> int:
        return len(self.text)

    def take(self, rows: NDArray[np.int64]) -> Lines:
        """Return the lines at the given rows."""
        return Lines(self.kind, self.at[rows], [self.text[row] for row in rows.tolist()])


@dataclass(frozen=True)
class Scribe:
    """Writes the events of one day.

    Parameters
    ----------
    label : str, makes ids unique across days.
    offer_ids : tuple of str, by position.
    rng : Generator
    """

    label: str
    offer_ids: tuple[str, ...]
    rng: np.random.Generator

    def displays(self, visits: Visits, items: Items) -> Lines:
        """Return one event per page or e-mail, with its propositions and their items."""
        first = np.flatnonzero(np.diff(visits.event, prepend=visits.event[:1] - 1))
        counts = np.diff(first, append=len(visits))
        spelling = self._spellings(len(first))
        propositions = self._propositions(visits, items, np.repeat(spelling, counts))
        both = [
            propositions[row] if count == 1 else ", ".join(propositions[row : row + count])
            for row, count in zip(first.tolist(), counts.tolist(), strict=True)
        ]
        seen = visits.take(first)
        columns = zip(
            _spelled(spelling),
            seen.event.tolist(),
            _times(seen.at),
            seen.profile.tolist(),
            both,
            self._context(seen, spelling),
            strict=True,
        )
        label = self.label
        text = [
            xdm.decision_template(spelt, "display")
            % (f"d-{label}-{n}", at, who, f"r-{label}-{n}", propositions, context)
            for spelt, n, at, who, propositions, context in columns
        ]
        return Lines("displays", seen.at, text)

    def answers(self, visits: Visits, items: Items, response: Response) -> Lines:
        """Return the events of one kind of response."""
        if response.kind.endswith("purchases"):
            row = items.row[response.item]
            return self.purchases(
                response.kind, visits.profile[row], response.at, items.price[response.item]
            )
        action = "dismiss" if response.kind == "dismissals" else "interact"
        spelling = self._spellings(len(response.item))
        rows = items.row[response.item]
        columns = zip(
            _spelled(spelling),
            visits.event[rows].tolist(),
            visits.placement[rows].tolist(),
            items.position[response.item].tolist(),
            _times(response.at),
            visits.profile[rows].tolist(),
            self._items(visits, items, response.item, spelling),
            strict=True,
        )
        label, prefix = self.label, _PREFIXES[response.kind]
        text = [
            xdm.decision_template(spelt, action)
            % (
                f"{prefix}-{label}-{n}-{place}-{position}",
                at,
                who,
                f"r-{label}-{n}",
                self._proposition(spelt, n, place, item),
                "",
            )
            for spelt, n, place, position, at, who, item in columns
        ]
        return Lines(response.kind, response.at, text)

    def purchases(
        self,
        kind: str,
        profile: NDArray[np.int64],
        at: NDArray[np.int64],
        price: NDArray[np.float64],
    ) -> Lines:
        """Return purchases, which name no offer."""
        columns = zip(
            _spelled(self._spellings(len(profile))),
            _times(at),
            profile.tolist(),
            price.tolist(),
            strict=True,
        )
        key = f"{_PREFIXES[kind]}-{self.label}"
        text = [
            xdm.purchase_template(spelt)
            % (f"{key}-{n}-{who}", when, who, f"order-{key}-{n}", francs, "")
            for n, (spelt, when, who, francs) in enumerate(columns)
        ]
        return Lines(kind, at, text)

    def page_views(self, visits: Visits) -> Lines:
        """Return page views without propositions, shortly before some of the web displays."""
        looked = (visits.placement != _MAIL) & (self.rng.random(len(visits)) < _PAGE_VIEW_SHARE)
        seen = visits.take(looked)
        day_start = seen.at - seen.at % 86_400_000
        at = np.maximum(seen.at - self.rng.integers(1_000, 90_000, len(seen)), day_start)
        spelling = self._spellings(len(seen))
        columns = zip(
            _spelled(spelling),
            seen.event.tolist(),
            seen.placement.tolist(),
            _times(at),
            seen.profile.tolist(),
            self._context(seen, spelling),
            strict=True,
        )
        text = [
            xdm.page_view_template(spelt) % (f"v-{self.label}-{n}-{place}", when, who, context)
            for spelt, n, place, when, who, context in columns
        ]
        return Lines("page_views", at, text)

    def _spellings(self, size: int) -> NDArray[np.int64]:
        return draw_code(self.rng, SPELLING_SHARES, size)

    def _propositions(self, visits: Visits, items: Items, spelling: NDArray[np.int64]) -> list[str]:
        every = np.arange(len(items))
        texts = self._items(visits, items, every, spelling[items.row])
        first = np.searchsorted(items.row, np.arange(len(visits) + 1)).tolist()
        columns = zip(
            _spelled(spelling), visits.event.tolist(), visits.placement.tolist(), strict=True
        )
        return [
            self._proposition(spelt, n, place, ", ".join(texts[first[row] : first[row + 1]]))
            for row, (spelt, n, place) in enumerate(columns)
        ]

    def _proposition(self, spelling: str, event: int, place: int, items: str) -> str:
        key = f"{self.label}-{event}-{place}"
        return xdm.proposition_template(spelling, place) % (f"p-{key}", f"c-{key}", items)

    def _items(
        self,
        visits: Visits,
        items: Items,
        which: NDArray[np.int64],
        spelling: NDArray[np.int64],
    ) -> list[str]:
        propensity = items.propensity[which]
        ids = self.offer_ids
        columns = zip(
            _spelled(spelling),
            visits.placement[items.row[which]].tolist(),
            items.offer[which].tolist(),
            items.arm[which].tolist(),
            propensity.tolist(),
            strict=True,
        )
        return [
            xdm.item_template(spelt, place, ids[offer], arm) % ("null" if isnan(chance) else chance)
            for spelt, place, offer, arm, chance in columns
        ]

    def _context(self, visits: Visits, spelling: NDArray[np.int64]) -> list[str]:
        size = len(visits)
        referrer = np.where(self.rng.random(size) < _REFERRER_UNKNOWN, -1, visits.referrer)
        language = np.where(self.rng.random(size) < _LANGUAGE_UNKNOWN, -1, visits.language)
        section = np.where(visits.placement == _MAIL, -1, visits.section)
        columns = zip(
            _spelled(spelling),
            visits.machine.tolist(),
            language.tolist(),
            visits.city.tolist(),
            section.tolist(),
            referrer.tolist(),
            _times(visits.at + UTC_OFFSET_HOURS * 3_600_000),
            strict=True,
        )
        return [
            xdm.context_template(s, machine, lang, city, None if page < 0 else (page, ref)) % when
            for s, machine, lang, city, page, ref, when in columns
        ]


def profile_id(position: int) -> str:
    """Return the id of a profile from its position in the population."""
    return xdm.PROFILE_ID % position


def _spelled(codes: NDArray[np.int64]) -> list[str]:
    return [xdm.SPELLINGS[code] for code in codes.tolist()]


def _times(at: NDArray[np.int64]) -> list[str]:
    """Return ISO texts without a zone."""
    return np.datetime_as_string(at.astype("datetime64[ms]")).tolist()
