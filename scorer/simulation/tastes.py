"""The truth: how likely each offer is to succeed with each person in each circumstance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scorer.simulation.catalogue import (
    COLLAPSE_FACTOR,
    COLLAPSE_WEEK,
    COLLAPSING_OFFER,
    EXCLUDE_RULES,
    INCLUDE_RULES,
    PLACEMENT_IDS,
    SEGMENTS,
    STRATEGIES,
    STRATEGY_OF_PLACEMENT,
    Offer,
    Taste,
)
from scorer.simulation.context import Visits, holds
from scorer.simulation.offers import OFFER_IDS, OFFERS

_HIGHEST_RATE = 0.9


@dataclass(frozen=True)
class Truth:
    """The true reward of each offer at each visit, and whether it may be shown there.

    Attributes
    ----------
    rate : ndarray of shape (visits, offers), float64, P(success within the attribution window).
    reward : ndarray of shape (visits, offers), float64, expected reward: the rate, or francs.
    eligible : ndarray of shape (visits, offers), bool, before capping.
    """

    rate: NDArray[np.float64]
    reward: NDArray[np.float64]
    eligible: NDArray[np.bool_]


def truth_of(
    visits: Visits,
    segments: NDArray[np.bool_],
    activity: NDArray[np.float64],
    week: int,
    offers: tuple[Offer, ...] = OFFERS,
) -> Truth:
    """Return the truth of visits whose profiles are in `segments` (visits, segments).

    `offers` begin with the named ones, as in `assortment`.
    """
    strategy = np.array(STRATEGY_OF_PLACEMENT)[visits.placement]
    liveliness = activity * np.array([s.base_rate for s in STRATEGIES])[strategy]
    fortune = np.array([_fortune(offer, week) for offer in offers])
    high = np.array([offer.taste.high for offer in offers]) * fortune
    low = np.array([offer.taste.low for offer in offers]) * fortune
    rate = np.where(_liked(offers, visits, segments), high, low)
    rate *= liveliness[:, None]
    np.minimum(rate, _HIGHEST_RATE, out=rate)
    earns_money = np.array([s.kpi_type == "continuous" for s in STRATEGIES])[strategy]
    prices = np.array([offer.price for offer in offers])
    reward = rate * np.where(earns_money[:, None], prices, 1.0)
    return Truth(rate, reward, _eligible(visits, segments, week, offers))


def _liked(
    offers: tuple[Offer, ...], visits: Visits, segments: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return whether the rule of each offer's taste is true, shape (visits, offers)."""
    true = {
        condition: segments[:, SEGMENTS.index(condition)]
        if condition in SEGMENTS
        else holds(visits, condition)
        for condition in {c for offer in offers for c in offer.taste.conditions}
    }
    everybody = np.ones(len(visits), bool)

    def fulfils(taste: Taste) -> NDArray[np.bool_]:
        conditions = [true[condition] for condition in taste.conditions]
        if taste.rule == "same":
            return np.equal(*conditions)
        return np.logical_and.reduce([everybody, *conditions])

    return np.column_stack([fulfils(offer.taste) for offer in offers])


def _fortune(offer: Offer, week: int) -> float:
    collapsed = offer.offer_id == COLLAPSING_OFFER and week >= COLLAPSE_WEEK
    return COLLAPSE_FACTOR if collapsed else 1.0


def is_live(offer: Offer, week: int) -> bool:
    """Return whether an offer competes in a week: approved, not fallback, within its dates."""
    ended = offer.last_week is not None and week > offer.last_week
    started = week >= offer.launch_week
    return offer.status == "approved" and not offer.is_fallback and started and not ended


def _eligible(
    visits: Visits, segments: NDArray[np.bool_], week: int, offers: tuple[Offer, ...]
) -> NDArray[np.bool_]:
    allowed = np.array(
        [[is_live(o, week) and p in o.placements for o in offers] for p in PLACEMENT_IDS]
    )
    eligible = allowed[visits.placement]
    for offer_id, segment_id in INCLUDE_RULES:
        eligible[:, OFFER_IDS.index(offer_id)] &= segments[:, SEGMENTS.index(segment_id)]
    for offer_id, segment_id in EXCLUDE_RULES:
        eligible[:, OFFER_IDS.index(offer_id)] &= ~segments[:, SEGMENTS.index(segment_id)]
    return eligible
