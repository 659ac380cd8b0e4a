"""The arms of a strategy: how each orders the offers of a profile, and its names in ranked rows.

Each cycle, every profile is drawn for one arm. The arms of :data:`ARMS` take their share of the
profiles; the personalised arm serves all others. The propensity of an offer at a rank is the sum
over the arms of their share times the probability that they place it there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from scorer.arrays import Codes, Mask, Vector
from scorer.ranking import exploration, informed
from scorer.ranking.exploration import Keys

if TYPE_CHECKING:
    from scorer.ranking.context import StrategyContext


@dataclass(frozen=True)
class Arm:
    """An arm that takes a share of the profiles from the personalised one.

    Attributes
    ----------
    name : value of the column ``arm``.
    traffic_type : random, contextual or noncontextual, as in XDM.
    share : share of the profiles in [0, 1] that a strategy gives to the arm once a model ranks.
    order : first ``context.top_k`` columns of candidates, int64 (n, k), from the eligible ones,
        bool (n, n_candidates), and a random key per row, uint64 (n,); ineligible ones come last.
    chances : a share times the probability that a random order puts the columns of ranked rows at
        their places, float64 (n_rows,) or one number for all; None if the order ignores the keys.
    """

    name: str
    traffic_type: str
    share: Callable[[StrategyContext], float]
    order: Callable[[StrategyContext, Mask, Keys], Codes]
    chances: Callable[[StrategyContext, Placed, float], Vector | float] | None = None


class Placed(NamedTuple):
    """Ranked rows whose chances are asked for, n_rows numbers each.

    ``place`` counts from 0, ``column`` is the candidate; ``eligible_count`` may be one number for
    all rows. ``eligible`` returns the eligible candidates of the rows, bool
    (n_rows, n_candidates).
    """

    place: Codes | range
    column: Codes | list[int]
    eligible_count: Codes | int
    eligible: Callable[[], Mask]


def _uniform_order(context: StrategyContext, eligible: Mask, keys: Keys) -> Codes:
    return exploration.random_order(keys, context.offer_keys, eligible, context.top_k)


def _uniform_chances(context: StrategyContext, at: Placed, share: float) -> Vector | float:
    return share / at.eligible_count


def _informed_order(context: StrategyContext, eligible: Mask, keys: Keys) -> Codes:
    return informed.informed_order(
        keys, context.offer_keys, context.candidate_progress, eligible, context.top_k
    )


def _informed_chances(context: StrategyContext, at: Placed, share: float) -> Vector:
    places, columns = np.asarray(at.place), np.asarray(at.column)
    return share * informed.chances(context.candidate_progress, at.eligible(), places, columns)


def _explores(how: str) -> Callable[[StrategyContext], float]:
    return lambda context: context.exploration_share if context.exploration == how else 0.0


def _business_order(context: StrategyContext, eligible: Mask, keys: Keys) -> Codes:
    """Eligible offers by priority, then offer id: the order of the candidates."""
    return np.argsort(~eligible, axis=1, kind="stable")[:, : context.top_k]


UNIFORM, INFORMED, CONTROL = "uniform", "informed", "control"
MODEL, BEST_SINGLE, FALLBACK = "model", "best_single", "fallback"

ARMS: dict[str, Arm] = {
    UNIFORM: Arm("random", "random", _explores(UNIFORM), _uniform_order, _uniform_chances),
    INFORMED: Arm("random", "random", _explores(INFORMED), _informed_order, _informed_chances),
    CONTROL: Arm("control", "noncontextual", lambda c: c.control_share, _business_order),
}
# The personalised arm keeps its traffic type even if the best single offer serves it, because
# comparisons use the arm that profiles were drawn for.
_OTHERS = {
    MODEL: ("personalised", "contextual"),
    BEST_SINGLE: ("personalised", "contextual"),
    FALLBACK: ("fallback", "noncontextual"),
}


def policies() -> tuple[str, ...]:
    """Policies that can place a row, by code; the code of an arm is its position in ``ARMS``."""
    return (*ARMS, *_OTHERS)


def traffic_types() -> tuple[str, ...]:
    """Traffic type of each policy, by the same codes."""
    return tuple(
        [arm.traffic_type for arm in ARMS.values()] + [kind for _, kind in _OTHERS.values()]
    )


def arm_names() -> tuple[str, ...]:
    """Arm of each policy, by the same codes: the value of the column ``arm``."""
    return tuple([arm.name for arm in ARMS.values()] + [name for name, _ in _OTHERS.values()])


def code_of(policy: str) -> int:
    """Code of a policy."""
    return policies().index(policy)


def shares(context: StrategyContext) -> tuple[float, ...]:
    """Share of each arm; all traffic is uniform if no offer can be scored."""
    if not context.scored_offer_ids:
        return tuple(float(name == UNIFORM) for name in ARMS)
    return tuple(arm.share(context) for arm in ARMS.values())
