"""Draws: the arm of each profile, and the key that shuffles its offers.

Each cycle, a profile is hashed to a uniform number, which falls into the share of an arm or, beyond
all shares, means the order of the model. With a share e of uniform exploration and n eligible
offers,
the mixture places the offer of the model at a rank with probability ``(1 - e) + e / n`` and every
other eligible offer with ``e / n``.

Notes:
-----
Every number comes from md5 of a text key and 64-bit integer arithmetic, so it is the same on any
machine, in any engine and in any row order, and independent of other profiles. Keys contain the
date of the cycle, so every cycle has new draws.

References:
----------
Mixing function: splitmix64, Steele, Lea & Flood (2014), Fast splittable pseudorandom number
generators.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from hashlib import md5
from math import fsum

import numpy as np
import numpy.typing as npt

from scorer.arrays import Codes, Mask, Vector
from scorer.errors import ConfigurationError
from scorer.ranking.top_k import smallest_k
from scorer.sql import literal

Keys = npt.NDArray[np.uint64]
Cycle = tuple[str, date]
"""A strategy and the date of its cycle, the seed of every draw."""

PERSONALISED = -1

_HEX_DIGITS = 15
_INCREMENT = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


@dataclass(frozen=True)
class MixturePolicy:
    """Share of the profiles that each arm takes; the model's order serves all others.

    ``shares`` are in [0, 1] and sum to at most 1.
    """

    shares: tuple[float, ...]

    def __post_init__(self) -> None:
        if not (all(0 <= share <= 1 for share in self.shares) and fsum(self.shares) <= 1):
            raise ConfigurationError(
                "the exploration share and the shares of other arms must be in [0, 1] and sum to at"
                f" most 1, got {', '.join(map(repr, self.shares))}"
            )

    @cached_property
    def rest(self) -> float:
        """Share of the profiles that get the model's order."""
        return 1 - fsum(self.shares)

    @cached_property
    def certain(self) -> int | None:
        """The arm that takes every profile, -1 if none takes any; None if it has to be drawn."""
        if not any(self.shares):
            return PERSONALISED
        return self.shares.index(1.0) if 1.0 in self.shares else None

    @cached_property
    def edges(self) -> list[float]:
        """Upper end of each arm's share on [0, 1)."""
        ends: list[float] = np.cumsum(self.shares).tolist()
        return ends

    def arms(self, buckets: Vector) -> Codes:
        """Arm of each profile from its bucket in [0, 1), int64 (n,); -1 for the model's order."""
        places = np.searchsorted(self.edges, buckets, side="right")
        return np.where(places < len(self.shares), places, PERSONALISED)

    def arm(self, bucket: float) -> int:
        """:meth:`arms` of one profile."""
        place = bisect_right(self.edges, bucket)
        return place if place < len(self.shares) else PERSONALISED


def bucket(strategy_id: str, cycle_date: date, profile_id: str) -> float:
    """Sticky uniform number in [0, 1) of a profile for one cycle of a strategy."""
    return _prefix(start_of((strategy_id, cycle_date)) + profile_id) / 16**_HEX_DIGITS


def buckets(strategy_id: str, cycle_date: date, profile_ids: Sequence[str]) -> Vector:
    """:func:`bucket` of every profile, shape (n,)."""
    start = start_of((strategy_id, cycle_date))
    numbers = np.fromiter((_prefix(start + p) for p in profile_ids), np.int64, len(profile_ids))
    return numbers / 16**_HEX_DIGITS


def draw_keys(
    strategy_id: str, cycle_date: date, profile_ids: Sequence[str], placement_ids: Sequence[str]
) -> Keys:
    """Random 64-bit key of every profile and placement for one cycle, shape (n,)."""
    start = start_of((strategy_id, cycle_date))
    pairs = zip(profile_ids, placement_ids, strict=True)
    texts = (f"{start}{profile}|{placement}|order" for profile, placement in pairs)
    return np.fromiter((word(text) for text in texts), np.uint64, len(profile_ids))


@dataclass(frozen=True)
class Draws:
    """Draws for decisions, which do not depend on offers.

    ``arm`` is int64 (n,), -1 for the model's order; ``keys`` uint64 (n,) shuffle the offers of an
    arm that is random (0 for the model's order).
    """

    arm: Codes
    keys: Keys

    @property
    def is_personalised(self) -> Mask:
        """True where no arm took the profile, bool (n,)."""
        return self.arm == PERSONALISED


def draw(
    policy: MixturePolicy, cycle: Cycle, profile_ids: Sequence[str], placement_ids: Sequence[str]
) -> Draws:
    """Draw for every profile and placement; hashes only what the shares require."""
    n, certain = len(profile_ids), policy.certain
    arm = policy.arms(buckets(*cycle, profile_ids)) if certain is None else np.full(n, certain)
    keys, rows = np.zeros(n, dtype=np.uint64), np.flatnonzero(arm >= 0).tolist()
    keys[rows] = draw_keys(*cycle, [profile_ids[i] for i in rows], [placement_ids[i] for i in rows])
    return Draws(arm, keys)


def draw_one(
    policy: MixturePolicy, start: str, profile_id: str, placement_id: str
) -> tuple[int, int]:
    """:func:`draw` for one profile and placement: the arm and the key.

    ``start`` is :func:`start_of` the cycle.
    """
    arm = policy.certain
    if arm is None:
        arm = policy.arm(_prefix(start + profile_id) / 16**_HEX_DIGITS)
    if arm < 0:
        return arm, 0
    return arm, word(f"{start}{profile_id}|{placement_id}|order")


def draw_sql(policy: MixturePolicy, cycle: Cycle) -> tuple[str, str]:
    """:func:`draw` as SQL expressions over columns ``profile_id`` and ``placement_id``.

    The arm, a signed, and the key, an unsigned 64-bit number. The divisor of the bucket is a power
    of 2, so the engine's quotient is Python's.
    """
    start = literal(start_of(cycle))
    number = f"('0x' || substr(md5({start} || profile_id), 1, {_HEX_DIGITS}))::bigint"
    arm = f"({policy.certain})::bigint"
    if policy.certain is None:
        below = " ".join(
            f"when {number} / {16**_HEX_DIGITS}::double < {edge!r}::double then {place}"
            for place, edge in enumerate(policy.edges)
        )
        arm = f"(case {below} else {PERSONALISED} end)::bigint"
    text = f"{start} || profile_id || '|' || placement_id || '|order'"
    key = f"('0x' || substr(md5({text}), 1, 16))::ubigint"
    return arm, f"case when {arm} >= 0 then {key} else 0::ubigint end"


def offer_keys(offer_ids: Sequence[str]) -> Keys:
    """Fixed 64-bit key of every offer, shape (n_offers,)."""
    return np.fromiter((word(o) for o in offer_ids), np.uint64, len(offer_ids))


def random_order(draws: Keys, offers: Keys, eligible: Mask, k: int | None = None) -> Codes:
    """First k of a uniform random order of the eligible offers, shape (n, k); None: all of it.

    Ineligible offers come last, in no particular order.

    The order of two offers depends only on their keys and the draw. Removing a third offer, or
    listing offers in another order, does not change it.
    """
    keys = splitmix64(draws[:, None] ^ offers[None, :])
    keys[~eligible] = np.iinfo(np.uint64).max
    return smallest_k(keys, keys.shape[1] if k is None else k)


def splitmix64(words: Keys) -> Keys:
    """Mix 64-bit words; neighbouring inputs give unrelated outputs."""
    with np.errstate(over="ignore"):
        z = words + _INCREMENT
        z = (z ^ (z >> np.uint64(30))) * _MIX_1
        z = (z ^ (z >> np.uint64(27))) * _MIX_2
    return z ^ (z >> np.uint64(31))


def start_of(cycle: Cycle) -> str:
    """The text that all keys of a cycle begin with."""
    strategy_id, cycle_date = cycle
    return f"{strategy_id}|{cycle_date.isoformat()}|"


def _prefix(text: str) -> int:
    """First 15 hexadecimal digits of the md5 of a text."""
    return word(text) >> 4


def word(text: str) -> int:
    """First 64 bits of the md5 of a text, an unsigned number."""
    return int.from_bytes(md5(text.encode(), usedforsecurity=False).digest()[:8], "big")
