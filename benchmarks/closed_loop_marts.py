"""The marts that training and ranking read, made from the history of a simulated bank.

The same rules as the dbt project's: look-back, mature labels, eligibility as of a display and as
of the cycle, capping, readiness, the context a person was last seen in.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from benchmarks.closed_loop_context import context_maps, context_values, usual_values
from benchmarks.closed_loop_history import Displays
from scorer.simulation.catalogue import (
    CAPPING_RULES,
    EXCLUDE_RULES,
    INCLUDE_RULES,
    PLACEMENT_IDS,
    PLACEMENTS,
    SEGMENTS,
    STRATEGIES,
    STRATEGY_OF_PLACEMENT,
    CappingRule,
)
from scorer.simulation.offers import OFFER_IDS, OFFERS, offers_of
from scorer.simulation.serving import ARMS
from scorer.simulation.tastes import is_live

LOOKBACK_MS = 30 * 86_400_000
MIN_DISPLAYS, MIN_SUCCESSES = 250, 25
_ELIGIBLE, _ONLY_SHOWN = 1, 2
_STRATEGY = np.array(STRATEGY_OF_PLACEMENT)
_COMPETES = np.array([[o in offers_of(s.strategy_id) for o in OFFERS] for s in STRATEGIES])
_RULE_SEGMENTS = sorted({segment for _, segment in (*INCLUDE_RULES, *EXCLUDE_RULES)})


class Marts:
    """Tables as of the end of a week.

    Parameters
    ----------
    history : Displays, all there ever were.
    segments : ndarray of shape (profiles, segments), bool, memberships as of the end.
    week : int, the week that has just ended.
    as_of : datetime, its end, naive UTC.
    """

    def __init__(
        self, history: Displays, segments: NDArray[np.bool_], week: int, as_of: datetime
    ) -> None:
        self._as_of = as_of
        self._now = _ms(as_of)
        self._history = history
        self._segments = segments
        self._live = np.array([is_live(offer, week + 1) for offer in OFFERS])
        competes = _COMPETES[_STRATEGY[history.placement], history.offer]
        self._recent = history.take(competes & (history.at > self._now - LOOKBACK_MS))
        self._capped, self._capped_profiles = self._capping()

    def tables(self) -> dict[str, pa.Table]:
        """Return every mart by name."""
        examples, sets = self._examples()
        return {
            "training_examples": examples,
            "display_eligibility_sets": sets,
            "offer_readiness": self.readiness(),
            "eligibility_sets": self._eligibility_sets(),
            "ranking_candidates": self._candidates(),
        }

    @property
    def capped(self) -> NDArray[np.bool_]:
        """Return what people may not be shown any more, shape (profiles, offers)."""
        return self._capped | self._capped_profiles

    def readiness(self) -> pa.Table:
        """Return one row per strategy and offer."""
        shown, size = self._recent, (len(STRATEGIES), len(OFFERS))
        key = np.ravel_multi_index((_STRATEGY[shown.placement], shown.offer), size)
        displays = np.bincount(key, minlength=size[0] * size[1]).reshape(size)
        known = shown.succeeded_at <= self._now
        successes = np.bincount(key, known, size[0] * size[1]).reshape(size).astype(int)
        strategy, offer = np.nonzero(_COMPETES)
        shown_often, liked = displays[strategy, offer], successes[strategy, offer]
        return pa.table(
            {
                "strategy_id": [STRATEGIES[s].strategy_id for s in strategy],
                "offer_id": [OFFER_IDS[o] for o in offer],
                "displays": shown_often,
                "successes": liked,
                "min_displays": np.full(len(offer), MIN_DISPLAYS),
                "min_successes": np.full(len(offer), MIN_SUCCESSES),
                "is_ready": (shown_often >= MIN_DISPLAYS) & (liked >= MIN_SUCCESSES),
            }
        )

    @property
    def examples(self) -> Displays:
        """Displays in the look-back window whose label is final."""
        return self._recent.take(self._recent.closes_at <= self._now)

    def _examples(self) -> tuple[pa.Table, pa.Table]:
        shown = self.examples
        sets, code = self._sets_of(shown)
        names = pa.array([f"set-{number:04d}" for number in range(len(sets))])
        success = shown.succeeded_at <= self._now
        examples = pa.table(
            {
                **_places(shown.placement),
                "display_id": np.char.add("d", np.char.zfill(np.arange(len(shown)).astype(str), 9)),
                "event_ts": pa.array(shown.at * 1000, pa.timestamp("us")),
                "profile_id": _profile_ids(shown.profile),
                "offer_id": pa.array(OFFER_IDS).take(pa.array(shown.offer)),
                "segments": _lists(shown.segments, SEGMENTS),
                "context": context_maps(context_values(shown.context, shown.placement)),
                "traffic_type": pa.array(ARMS).take(pa.array(shown.arm)),
                "position": shown.position.astype(np.int32),
                "propensity": shown.propensity,
                "propensity_source": pa.repeat("logged", len(shown)),
                "eligibility_set_id": names.take(pa.array(code)),
                "is_success": success,
                "reward": np.where(success, shown.reward, 0.0),
            }
        )
        number, offer = np.nonzero(sets[:, 1:])
        places = _places(sets[number, 0])
        members = {
            "eligibility_set_id": names.take(pa.array(number)),
            "strategy_id": places["strategy_id"],
            "placement_id": places["placement_id"],
            "offer_id": pa.array(OFFER_IDS).take(pa.array(offer)),
            "is_eligible": sets[number, 1 + offer] == _ELIGIBLE,
        }
        return examples, pa.table(members)

    def _sets_of(self, shown: Displays) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return distinct rows (placement, state of each offer), and which one each display has.

        What was shown although it is not eligible any more belongs to the set all the same.
        """
        states = np.where(shown.eligible & _COMPETES[_STRATEGY[shown.placement]], _ELIGIBLE, 0)
        row = np.arange(len(shown))
        states[row, shown.offer] = np.where(states[row, shown.offer], _ELIGIBLE, _ONLY_SHOWN)
        keys = np.column_stack([shown.placement, states])
        sets, code = np.unique(keys, axis=0, return_inverse=True)
        return sets, code.ravel()

    def _eligibility_sets(self) -> pa.Table:
        rows = []
        for code in range(2 ** len(_RULE_SEGMENTS)):
            members = {s for bit, s in enumerate(_RULE_SEGMENTS) if code >> bit & 1}
            for place, placement in enumerate(PLACEMENTS):
                for number in np.flatnonzero(self._allowed(place, members)):
                    rows.append(
                        {
                            "eligibility_set_id": f"{placement.placement_id}-{code}",
                            "strategy_id": placement.strategy_id,
                            "placement_id": placement.placement_id,
                            "is_default": not members,
                            "offer_id": OFFER_IDS[number],
                        }
                    )
        return pa.Table.from_pylist(rows)

    def _allowed(self, place: int, members: set[str]) -> NDArray[np.bool_]:
        allowed = self._live & _COMPETES[_STRATEGY[place]] & ~self._capped
        allowed &= [PLACEMENT_IDS[place] in offer.placements for offer in OFFERS]
        for offer_id, segment_id in INCLUDE_RULES:
            allowed[OFFER_IDS.index(offer_id)] &= segment_id in members
        for offer_id, segment_id in EXCLUDE_RULES:
            allowed[OFFER_IDS.index(offer_id)] &= segment_id not in members
        return allowed

    def _candidates(self) -> pa.Table:
        people, places = len(self._segments), len(PLACEMENT_IDS)
        context = usual_values(self._history, people)
        profile = np.tile(np.arange(people), places)
        placement = np.repeat(np.arange(places), people)
        bits = [self._segments[:, SEGMENTS.index(s)] << b for b, s in enumerate(_RULE_SEGMENTS)]
        group = np.sum(bits, axis=0)[profile]
        excluded = self._capped_profiles[profile]
        names = [[f"{p}-{code}" for code in range(2 ** len(bits))] for p in PLACEMENT_IDS]
        return pa.table(
            {
                **_places(placement),
                "profile_id": _profile_ids(profile),
                "segments": _lists(self._segments[profile], SEGMENTS),
                "context": context_maps(context.reshape(-1, context.shape[-1])),
                "eligibility_set_id": np.array(names)[placement, group],
                "excluded_offer_ids": pc.if_else(
                    pa.array(excluded.any(axis=1)), _lists(excluded, OFFER_IDS), pa.scalar(None)
                ),
            }
        )

    def _capping(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return what nobody may see any more, (offers,), and who not what, (profiles, offers)."""
        total = np.zeros(len(OFFERS), bool)
        personal = np.zeros((len(self._segments), len(OFFERS)), bool)
        for rule in CAPPING_RULES:
            offer = OFFER_IDS.index(rule.offer_id)
            events = self._counted(rule)
            if rule.capping_type == "total":
                total[offer] |= len(events) >= rule.capping_limit
            else:
                counts = np.bincount(events, minlength=len(personal))
                personal[:, offer] |= counts >= rule.capping_limit
        return total, personal

    def _counted(self, rule: CappingRule) -> NDArray[np.int64]:
        """Return the profiles of the events that a rule counts, one entry per event."""
        shown = self._history.take(self._history.offer == OFFER_IDS.index(rule.offer_id))
        at = shown.at[:, None] if rule.capping_event == "impression" else shown.clicks_at
        counts = (at >= _period_start(self._as_of, rule.period)) & (at <= self._now)
        return np.repeat(shown.profile, counts.sum(axis=1))


def _period_start(as_of: datetime, period: str) -> int:
    midnight = as_of.replace(hour=0, minute=0, second=0, microsecond=0)
    starts = {
        "day": midnight,
        "week": midnight - timedelta(days=(as_of.weekday() + 1) % 7),
        "month": midnight.replace(day=1),
        "lifetime": datetime(1970, 1, 1),
    }
    return _ms(starts[period])


def _ms(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp()) * 1000


def _profile_ids(profile: NDArray[np.int64]) -> pa.Array:
    ids = np.char.add("c", np.char.zfill(np.arange(profile.max(initial=0) + 1).astype(str), 7))
    return pa.array(ids).take(pa.array(profile))


def _places(placement: NDArray[np.int64]) -> dict[str, pa.Array]:
    names = ("strategy_id", "placement_id", "activity_id", "scope_id")
    index = pa.array(placement)
    return {name: pa.array([getattr(p, name) for p in PLACEMENTS]).take(index) for name in names}


def _lists(members: NDArray[np.bool_], names: Sequence[str]) -> pa.Array:
    """Return one sorted list of names per row of a matrix (rows, names)."""
    order = np.argsort(names)
    members = members[:, order]
    offsets = np.concatenate([[0], np.cumsum(members.sum(axis=1))]).astype(np.int32)
    values = pa.array(np.array(names)[order]).take(pa.array(np.nonzero(members)[1]))
    return pa.ListArray.from_arrays(pa.array(offsets), values)
