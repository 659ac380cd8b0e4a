"""The circumstances of a visit (device, language, place, page) and conditions on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Machine(NamedTuple):
    """The device of a visitor."""

    device: str
    os: str
    browser: str
    mail_client: str
    screen_width: int


MACHINES = (
    Machine("mobile", "iOS", "Safari", "Apple Mail", 390),
    Machine("mobile", "Android", "Chrome", "Gmail", 412),
    Machine("mobile", "Android", "Samsung Internet", "Gmail", 360),
    Machine("tablet", "iPadOS", "Safari", "Apple Mail", 820),
    Machine("desktop", "Windows", "Edge", "Outlook", 1920),
    Machine("desktop", "Windows", "Chrome", "Outlook", 1536),
    Machine("desktop", "Windows", "Firefox", "Thunderbird", 1920),
    Machine("desktop", "macOS", "Safari", "Apple Mail", 1512),
)
LANGUAGES = ("de", "fr", "en", "it")
CITIES = ("Zürich", "Basel", "Bern", "Genève", "Lausanne", "Lugano", "Konstanz")
COUNTRIES = ("CH", "CH", "CH", "CH", "CH", "CH", "DE")
REFERRERS = ("internal", "search_engine", "typed_bookmark", "social", "external")
SECTIONS = ("Home", "Products", "Accounts", "Payments", "Cards")
UTC_OFFSET_HOURS = 2

_FIELDS: dict[str, tuple[str, tuple[object, ...]]] = {
    "device": ("machine", tuple(m.device for m in MACHINES)),
    "os": ("machine", tuple(m.os for m in MACHINES)),
    "browser": ("machine", tuple(m.browser for m in MACHINES)),
    "mail_client": ("machine", tuple(m.mail_client for m in MACHINES)),
    "language": ("language", LANGUAGES),
    "city": ("city", CITIES),
    "country": ("city", COUNTRIES),
    "referrer": ("referrer", REFERRERS),
    "section": ("section", SECTIONS),
}


@dataclass(frozen=True)
class Visits:
    """Requested decisions, one row per proposition, ordered by time.

    Attributes
    ----------
    profile : ndarray of shape (n,), int64, position in the population.
    placement : ndarray of shape (n,), int64, position in `catalogue.PLACEMENTS`.
    at : ndarray of shape (n,), int64, milliseconds since 1970 UTC.
    event : ndarray of shape (n,), int64, non-decreasing; rows with equal numbers share one event.
    two_items : ndarray of shape (n,), bool, whether two offers are shown side by side.
    machine, language, city, referrer, section : ndarray of shape (n,), int64, codes of the tuples
        of this module; the section is undefined for e-mail.
    """

    profile: NDArray[np.int64]
    placement: NDArray[np.int64]
    at: NDArray[np.int64]
    event: NDArray[np.int64]
    two_items: NDArray[np.bool_]
    machine: NDArray[np.int64]
    language: NDArray[np.int64]
    city: NDArray[np.int64]
    referrer: NDArray[np.int64]
    section: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.profile)

    def take(self, rows: slice | NDArray[np.int64] | NDArray[np.bool_]) -> Visits:
        """Return the visits at the given rows, in that order."""
        return Visits(**{name: column[rows] for name, column in vars(self).items()})


def holds(visits: Visits, condition: str) -> NDArray[np.bool_]:
    """Return for each visit whether a condition such as ``device=mobile`` is true.

    Raises
    ------
    KeyError
        If the field of the condition is unknown.
    """
    field, value = condition.split("=", 1)
    column, values = _FIELDS[field]
    truth = np.array([candidate == value for candidate in values])
    return truth[getattr(visits, column)]
