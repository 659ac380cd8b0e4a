"""The events of a block of visits, as lines of UTF-8."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

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
# Prefix of the ids of each kind of event.
_PREFIXES = {
    "clicks": b"c",
    "repeat_clicks": b"again",
    "after_window_clicks": b"late",
    "dismissals": b"x",
    "purchases": b"b",
    "after_window_purchases": b"lateb",
    "organic_purchases": b"o",
}


@dataclass(frozen=True)
class Lines:
    """Lines of one kind with their event times (milliseconds since 1970 UTC)."""

    kind: str
    at: NDArray[np.int64]
    text: list[bytes] = field(repr=False)

    def __len__(self) -> int:
        return len(self.text)

    def take(self, rows: NDArray[np.int64]) -> Lines:
        """Return the lines at the given rows."""
        return Lines(self.kind, self.at[rows], [self.text[row] for row in rows.tolist()])


@dataclass(frozen=True)
class Scribe:
    """Writes the events of one day.

    Random numbers are drawn per block; text is created as its line is assembled, which saves memory
    and time.

    Parameters
    ----------
    label : bytes, makes ids unique across days.
    offer_ids : tuple of str, by position.
    rng : Generator
    """

    label: bytes
    offer_ids: tuple[str, ...]
    rng: np.random.Generator

    def displays(self, visits: Visits, items: Items) -> Lines:
        """Return one event per page or e-mail, with its propositions and their items."""
        first = np.flatnonzero(np.diff(visits.event, prepend=visits.event[:1] - 1))
        counts = np.diff(first, append=len(visits))
        spelling = self._spellings(len(first))
        propositions = self._propositions(visits, items, np.repeat(spelling, counts))
        joined = (b", ".join(islice(propositions, count)) for count in counts.tolist())
        seen = visits.take(first)
        columns = zip(
            _spelled(spelling),
            seen.event.tolist(),
            _times(seen.at),
            seen.profile.tolist(),
            joined,
            self._context(seen, spelling),
            strict=True,
        )
        label = self.label
        text = [
            xdm.decision_template(spelt, "display")
            % (b"d-%b-%d" % (label, n), at, who, b"r-%b-%d" % (label, n), shown, context)
            for spelt, n, at, who, shown, context in columns
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
                b"%b-%b-%d-%d-%d" % (prefix, label, n, place, position),
                at,
                who,
                b"r-%b-%d" % (label, n),
                self._proposition(spelt, n, place, item),
                b"",
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
        """Return purchases, which do not name an offer."""
        columns = zip(
            _spelled(self._spellings(len(profile))),
            _times(at),
            profile.tolist(),
            map(repr, price.tolist()),
            strict=True,
        )
        key = _PREFIXES[kind] + b"-" + self.label
        text = [
            xdm.purchase_template(spelt)
            % (
                b"%b-%d-%d" % (key, n, who),
                when,
                who,
                b"order-%b-%d" % (key, n),
                francs.encode(),
                b"",
            )
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
        label = self.label
        text = [
            xdm.page_view_template(spelt) % (b"v-%b-%d-%d" % (label, n, place), when, who, context)
            for spelt, n, place, when, who, context in columns
        ]
        return Lines("page_views", at, text)

    def _spellings(self, size: int) -> NDArray[np.int64]:
        return draw_code(self.rng, SPELLING_SHARES, size)

    def _propositions(
        self, visits: Visits, items: Items, spelling: NDArray[np.int64]
    ) -> Iterator[bytes]:
        every = np.arange(len(items))
        texts = self._items(visits, items, every, spelling[items.row])
        columns = zip(
            _spelled(spelling),
            visits.event.tolist(),
            visits.placement.tolist(),
            np.bincount(items.row, minlength=len(visits)).tolist(),
            strict=True,
        )
        return (
            self._proposition(spelt, n, place, b", ".join(islice(texts, count)))
            for spelt, n, place, count in columns
        )

    def _proposition(self, spelling: str, event: int, place: int, items: bytes) -> bytes:
        key = b"%b-%d-%d" % (self.label, event, place)
        return xdm.proposition_template(spelling, place) % (b"p-" + key, b"c-" + key, items)

    def _items(
        self,
        visits: Visits,
        items: Items,
        which: NDArray[np.int64],
        spelling: NDArray[np.int64],
    ) -> Iterator[bytes]:
        propensity = items.propensity[which]
        ids = self.offer_ids
        columns = zip(
            _spelled(spelling),
            visits.placement[items.row[which]].tolist(),
            items.offer[which].tolist(),
            items.arm[which].tolist(),
            np.where(np.isnan(propensity), -1.0, propensity).tolist(),
            strict=True,
        )
        return (
            xdm.item(spelt, place, ids[offer], arm, chance)
            for spelt, place, offer, arm, chance in columns
        )

    def _context(self, visits: Visits, spelling: NDArray[np.int64]) -> Iterator[bytes]:
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
        return (
            xdm.program(s, machine, page, referrer)
            + xdm.carried(s, machine, language)
            + xdm.place_template(s, city) % when
            for s, machine, language, city, page, referrer, when in columns
        )


def profile_id(position: int) -> str:
    """Return the id of a profile from its position in the population."""
    return xdm.PROFILE_ID % position


def _spelled(codes: NDArray[np.int64]) -> list[str]:
    return [xdm.SPELLINGS[code] for code in codes.tolist()]


def _times(at: NDArray[np.int64]) -> list[bytes]:
    """Return ISO timestamps without a time zone."""
    return at.astype("datetime64[ms]").astype("S23").tolist()
