"""Eligible offers for given segments at a given time, by dates and eligibility rules.

The weekly batch reads the sets that dbt has computed from the same rules as of the cycle
(``eligibility_sets``). A decision at request time can have other segments and a later time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime

from scorer.arrays import Mask
from scorer.ranking.context import OfferRule, StrategyContext

_MAX_CACHED = 10_000


class OfferRules:
    """The rows of ``offer_rules`` of a strategy, as masks of its candidates."""

    def __init__(self, context: StrategyContext) -> None:
        self._context = context
        self._by_placement: dict[str, list[OfferRule]] = {}
        for rule in context.rules:
            self._by_placement.setdefault(rule.placement_id, []).append(rule)
        self.segments = frozenset().union(*(rule.segments for rule in context.rules))
        moments = {m for rule in context.rules for m in (rule.start_date, rule.end_date) if m}
        self._moments = sorted(moments)
        self._masks: dict[tuple[str, frozenset[str], int], Mask] = {}

    def mask(self, placement_id: str, segments: Iterable[str], now: datetime) -> Mask:
        """Eligible candidates of a person in these segments, bool (n_candidates,); do not change.

        At an unknown placement, offers of other placements that fit it.
        """
        named = self.segments.intersection(segments)
        key = (placement_id, named, bisect_right(self._moments, now))
        found = self._masks.get(key)
        if found is None:
            if len(self._masks) >= _MAX_CACHED:
                self._masks.clear()
            found = self._masks[key] = self._mask(placement_id, named, now)
        return found

    def _mask(self, placement_id: str, segments: frozenset[str], now: datetime) -> Mask:
        rules = self._by_placement.get(placement_id)
        if rules is None:
            rules = [r for r in self._context.rules if self._context.fits(r.offer_id, placement_id)]
        return self._context.mask(
            frozenset(rule.offer_id for rule in rules if rule.allows(segments, now))
        )
