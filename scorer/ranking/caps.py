"""Capping rules at request time: counts of the publication plus events since, by day.

The weekly batch reads the offers whose limits are reached as of the cycle. At request time, a
period that started later drops the days before it, and every later event counts immediately.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

LIFETIME = 0
"""Day of counts of a whole lifetime; other days are proleptic ordinals, UTC."""

Count = tuple[int, int, int]
"""Position of a rule, day, events."""


@dataclass(frozen=True)
class CapRule:
    """One capping rule: the offer is withheld once its periods have ``limit`` events.

    ``event`` is impression, click, decision or an event type; ``period`` day, week (from Sunday),
    month or lifetime; ``placement_id`` None stands for all.
    """

    number: int
    offer_id: str
    event: str
    type: str
    limit: int
    period: str = "lifetime"
    period_count: int = 1
    placement_id: str | None = None

    @property
    def is_personal(self) -> bool:
        """True if each profile has a count of its own."""
        return self.type == "profile"

    def counted_from(self, today: date) -> int:
        """First day whose events count, as an ordinal."""
        return _counted_from(self.period, self.period_count, today)


class Caps:
    """The capping rules of a publication, and the counts of everybody together."""

    def __init__(self, rules: Sequence[CapRule], totals: Iterable[Count]) -> None:
        self.rules = tuple(rules)
        self.totals = tuple(totals)

    def withheld(self, placement_id: str, today: date, counts: Iterable[Count]) -> set[str]:
        """Offers to withhold at the placement, given counts of the profile and since the cycle."""
        every = [*self.totals, *counts]
        if not every:
            return set()
        found = [0] * len(self.rules)
        for place, day, events in every:
            if day == LIFETIME or day >= self.rules[place].counted_from(today):
                found[place] += events
        return {
            rule.offer_id
            for rule, events in zip(self.rules, found, strict=True)
            if events >= rule.limit and rule.placement_id in (None, placement_id)
        }


@lru_cache(maxsize=1024)
def _counted_from(period: str, count: int, today: date) -> int:
    if period == "day":
        return today.toordinal() - (count - 1)
    if period == "week":
        return (today - timedelta(days=today.isoweekday() % 7)).toordinal() - 7 * (count - 1)
    if period == "month":
        months = today.year * 12 + today.month - 1 - (count - 1)
        return date(max(1, months // 12), months % 12 + 1, 1).toordinal()
    return LIFETIME
