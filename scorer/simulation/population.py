"""The population week by week: newcomers join, people move between segments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scorer.simulation.catalogue import LIFE_STAGES, SEGMENTS
from scorer.simulation.profiles import Profiles, draw_profiles
from scorer.simulation.streams import stream

DAY_MS = 86_400_000
WEEK_MS = 7 * DAY_MS
NEWCOMER_SHARE = 0.01
_LEAVE_CHANCE = 0.02
_NEW_NO_MORE_CHANCE = 0.2


@dataclass(frozen=True)
class SegmentWeek:
    """Memberships during one week; each profile changes at most once, in all segments together.

    Attributes
    ----------
    before, after : ndarray of shape (n, segments), bool, on either side of the moment.
    changed_at : ndarray of shape (n,), int64, milliseconds since 1970 UTC.
    """

    before: NDArray[np.bool_]
    after: NDArray[np.bool_]
    changed_at: NDArray[np.int64]

    def at(self, profile: NDArray[np.int64], at: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return memberships, shape (rows, segments), of profiles at moments of the week."""
        changed = at >= self.changed_at[profile]
        return np.where(changed[:, None], self.after[profile], self.before[profile])


class Interval(NamedTuple):
    """Memberships of one segment: profile positions, entry and exit times (-1: still in)."""

    segment_id: str
    profile: NDArray[np.int64]
    qualified_at: NDArray[np.int64]
    exited_at: NDArray[np.int64]


class Population:
    """The whole population as of any week; a week depends only on the seed.

    Parameters
    ----------
    seed : int
    size : int, people in week 1; each later week adds `NEWCOMER_SHARE` of it.
    start_ms : int, first moment of week 1, milliseconds since 1970 UTC.
    """

    def __init__(self, seed: int, size: int, start_ms: int) -> None:
        self._seed = seed
        self._size = size
        self._start_ms = start_ms
        self._profiles: list[Profiles] = []
        self._weeks: list[SegmentWeek] = []

    def profiles(self, week: int) -> Profiles:
        """Return the people present in a week (1 = first)."""
        self._reach(week)
        return self._profiles[week - 1]

    def segments(self, week: int) -> SegmentWeek:
        """Return the memberships during a week (1 = first)."""
        self._reach(week)
        return self._weeks[week - 1]

    def intervals(self, week: int) -> Iterator[Interval]:
        """Yield the memberships known at the end of a week; nothing later is included."""
        self._reach(week)
        entered = self._first_entries()
        for number in range(1, week + 1):
            now = self._weeks[number - 1]
            entered = _extend(entered, len(now.before), self._week_start(number), now.before)
            for position, segment_id in enumerate(SEGMENTS):
                left = np.flatnonzero(now.before[:, position] & ~now.after[:, position])
                yield Interval(
                    segment_id, left, entered[left, position].copy(), now.changed_at[left]
                )
            joined = now.after & ~now.before
            entered = np.where(joined, now.changed_at[:, None], entered)
        for position, segment_id in enumerate(SEGMENTS):
            inside = np.flatnonzero(self._weeks[week - 1].after[:, position])
            open_end = np.full(len(inside), -1, np.int64)
            yield Interval(segment_id, inside, entered[inside, position].copy(), open_end)

    def _reach(self, week: int) -> None:
        while len(self._weeks) < week:
            self._live_on()

    def _live_on(self) -> None:
        week = len(self._weeks) + 1
        count = self._size if week == 1 else max(1, round(self._size * NEWCOMER_SHARE))
        people, segments = draw_profiles(self._seed, week, count)
        if week > 1:
            people = self._profiles[-1].joined_by(people)
            segments = np.concatenate([self._weeks[-1].after, segments])
        self._profiles.append(people)
        self._weeks.append(self._drift(week, segments, newcomers=0 if week == 1 else count))

    def _drift(self, week: int, before: NDArray[np.bool_], newcomers: int) -> SegmentWeek:
        rng = stream(self._seed, "drift", week)
        share = before.mean(axis=0)
        leave = np.full(len(SEGMENTS), _LEAVE_CHANCE)
        enter = _LEAVE_CHANCE * share / (1 - share)
        fresh = SEGMENTS.index("new-customer")
        leave[fresh], enter[fresh] = _NEW_NO_MORE_CHANCE, 0.0
        leave[: len(LIFE_STAGES)] = enter[: len(LIFE_STAGES)] = 0.0
        flips = rng.random(before.shape) < np.where(before, leave, enter)
        flips[len(before) - newcomers :] = False
        moment = rng.integers(0, WEEK_MS // 1000, len(before)) * 1000
        return SegmentWeek(before, before ^ flips, self._week_start(week) + moment)

    def _week_start(self, week: int) -> int:
        return self._start_ms + (week - 1) * WEEK_MS

    def _first_entries(self) -> NDArray[np.int64]:
        rng = stream(self._seed, "entries")
        seconds = rng.integers(86_400, 300 * 86_400, (self._size, len(SEGMENTS)))
        return np.int64(self._start_ms) - seconds * 1000


def _extend(
    entered: NDArray[np.int64], size: int, moment: int, before: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Append the newcomers, who entered their segments at `moment`."""
    newcomers = np.full((size - len(entered), before.shape[1]), moment, np.int64)
    return np.concatenate([entered, newcomers])
