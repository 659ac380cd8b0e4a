"""The people: their devices, languages, habits and activity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scorer.simulation.catalogue import LIFE_STAGES, SEGMENTS
from scorer.simulation.streams import stream

_STAGE_SHARES = (0.2, 0.3, 0.3, 0.2)
# Probability of being in a segment, by life stage in the order of LIFE_STAGES.
_SEGMENT_CHANCES = {
    "high-balance": (0.15, 0.35, 0.45, 0.55),
    "mortgage-holder": (0.05, 0.30, 0.70, 0.35),
    "frequent-traveller": (0.35, 0.60, 0.30, 0.35),
    "saver": (0.30, 0.45, 0.50, 0.60),
    "digital-native": (0.80, 0.65, 0.45, 0.15),
    "small-business": (0.05, 0.30, 0.25, 0.15),
    "new-customer": (0.30, 0.15, 0.08, 0.03),
    "price-sensitive": (0.75, 0.40, 0.50, 0.35),
}
# Machines and languages in the order of the context module's tuples.
_MACHINE_SHARES = {
    True: (0.33, 0.24, 0.11, 0.05, 0.07, 0.09, 0.03, 0.08),
    False: (0.15, 0.12, 0.08, 0.12, 0.19, 0.17, 0.07, 0.10),
}
_CITY_SHARES = (0.29, 0.14, 0.11, 0.16, 0.13, 0.10, 0.07)
_LANGUAGES_BY_CITY = (
    (0.74, 0.04, 0.19, 0.03),
    (0.74, 0.08, 0.16, 0.02),
    (0.70, 0.18, 0.10, 0.02),
    (0.05, 0.72, 0.20, 0.03),
    (0.06, 0.76, 0.14, 0.04),
    (0.14, 0.06, 0.14, 0.66),
    (0.90, 0.01, 0.09, 0.00),
)
_REFERRER_SHARES = (0.42, 0.20, 0.20, 0.10, 0.08)
_ACTIVITY_SPREAD = 0.3


@dataclass(frozen=True)
class Profiles:
    """Habits of the people, one row per profile.

    Attributes
    ----------
    activity : ndarray of shape (n,), float64, mean 1: multiplies every response of the person.
    web_rate : ndarray of shape (n,), float64, mean 1: relative number of visits.
    hour : ndarray of shape (n,), float64, favourite hour of the day in UTC.
    machine, language, city, referrer : ndarray of shape (n,), int64, usual circumstances.
    """

    activity: NDArray[np.float64]
    web_rate: NDArray[np.float64]
    hour: NDArray[np.float64]
    machine: NDArray[np.int64]
    language: NDArray[np.int64]
    city: NDArray[np.int64]
    referrer: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.activity)

    def joined_by(self, others: Profiles) -> Profiles:
        """Return these people followed by others."""
        return Profiles(
            **{k: np.concatenate([v, getattr(others, k)]) for k, v in vars(self).items()}
        )


def draw_profiles(seed: int, cohort: int, size: int) -> tuple[Profiles, NDArray[np.bool_]]:
    """Draw the people who join in a week.

    Returns
    -------
    tuple of Profiles and ndarray of shape (size, segments), bool: the segments they start in, in
    the order of `catalogue.SEGMENTS`.
    """
    rng = stream(seed, "profiles", cohort)
    segments = _draw_segments(rng, size)
    native = segments[:, SEGMENTS.index("digital-native")]
    city = draw_code(rng, _CITY_SHARES, size)
    profiles = Profiles(
        activity=np.exp(rng.normal(-(_ACTIVITY_SPREAD**2) / 2, _ACTIVITY_SPREAD, size)),
        web_rate=rng.gamma(2.0, 0.5, size),
        hour=rng.choice([6.5, 11.0, 17.5], size, p=[0.25, 0.25, 0.5]),
        machine=np.where(
            native,
            draw_code(rng, _MACHINE_SHARES[True], size),
            draw_code(rng, _MACHINE_SHARES[False], size),
        ),
        language=_draw_by_row(rng, np.array(_LANGUAGES_BY_CITY)[city]),
        city=city,
        referrer=draw_code(rng, _REFERRER_SHARES, size),
    )
    return profiles, segments


def draw_code(rng: np.random.Generator, shares: tuple[float, ...], size: int) -> NDArray[np.int64]:
    """Draw `size` positions of `shares`, each with its share (they sum to 1)."""
    codes = np.searchsorted(np.cumsum(shares), rng.random(size), side="right")
    return np.minimum(codes, len(shares) - 1).astype(np.int64)


def _draw_by_row(rng: np.random.Generator, shares: NDArray[np.float64]) -> NDArray[np.int64]:
    above = rng.random(len(shares))[:, None] >= shares.cumsum(axis=1)
    return np.minimum(above.sum(axis=1), shares.shape[1] - 1).astype(np.int64)


def _draw_segments(rng: np.random.Generator, size: int) -> NDArray[np.bool_]:
    stage = draw_code(rng, _STAGE_SHARES, size)
    columns = [stage == position for position in range(len(LIFE_STAGES))]
    for name in SEGMENTS[len(LIFE_STAGES) :]:
        chance = np.array(_SEGMENT_CHANCES[name])[stage]
        columns.append(rng.random(size) < chance)
    return np.column_stack(columns)
