"""Responses to displays: click, buy, dismiss; at once, later, or too late."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scorer.simulation.catalogue import MAIL, PLACEMENT_IDS, Offer
from scorer.simulation.context import Visits
from scorer.simulation.serving import Served
from scorer.simulation.tastes import Truth

_MAIL = PLACEMENT_IDS.index(MAIL)
_LATER_SHARE = 0.15
_AFTER_WINDOW_CHANCE = 0.004
_REPEAT_SHARE = 0.05
_DISMISS_CHANCE = 0.01
_PRICE_SPREAD = 0.25
_SECOND, _HOUR = 1_000, 3_600_000
# Shorter than the time between the Sunday and the Wednesday newsletter of a person, so that
# last-touch attribution always finds the newsletter that caused a purchase.
_SLOWEST_PURCHASE_HOURS = 55.0


@dataclass(frozen=True)
class Items:
    """Offers shown, one row per display.

    Attributes
    ----------
    row : ndarray of shape (n,), int64, the visit.
    position : ndarray of shape (n,), int64, 0 or 1.
    offer, arm : ndarray of shape (n,), int64, as in `Served`.
    propensity : ndarray of shape (n,), float64.
    success : ndarray of shape (n,), bool, within the attribution window.
    price : ndarray of shape (n,), float64, francs of a purchase, if one happens.
    expected : ndarray of shape (n,), float64, expected reward.
    """

    row: NDArray[np.int64]
    position: NDArray[np.int64]
    offer: NDArray[np.int64]
    arm: NDArray[np.int64]
    propensity: NDArray[np.float64]
    success: NDArray[np.bool_]
    price: NDArray[np.float64]
    expected: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.row)


@dataclass(frozen=True)
class Response:
    """Responses of one kind: the items, the times (milliseconds since 1970 UTC) and the kind."""

    kind: str
    item: NDArray[np.int64]
    at: NDArray[np.int64]


def shown_items(
    served: Served, truth: Truth, offers: tuple[Offer, ...], rng: np.random.Generator
) -> Items:
    """Return one row per offer shown, with its outcome.

    Random numbers are drawn per visit and position, whatever is shown: two policies on the same
    traffic share the same random numbers.
    """
    luck = rng.random(served.offer.shape)
    noise = rng.normal(-(_PRICE_SPREAD**2) / 2, _PRICE_SPREAD, served.offer.shape)
    row, position = np.nonzero(served.offer >= 0)
    offer = served.offer[row, position]
    prices = np.array([o.price for o in offers])[offer]
    return Items(
        row=row,
        position=position,
        offer=offer,
        arm=served.arm[row, position],
        propensity=served.propensity[row, position],
        success=luck[row, position] < truth.rate[row, offer],
        price=np.round(prices * np.exp(noise[row, position]), 2),
        expected=truth.reward[row, offer],
    )


def respond(
    visits: Visits, items: Items, may_be_late: bool, rng: np.random.Generator
) -> list[Response]:
    """Return all responses to the displays; each is later than its display.

    `may_be_late` allows responses to newsletters after the window; it is false where such a
    purchase would be attributed to the next newsletter.
    """
    web = visits.placement[items.row] != _MAIL
    shown_at = visits.at[items.row]
    dice = rng.random(len(items))
    clicks = np.flatnonzero(items.success & web)
    bought = np.flatnonzero(items.success & ~web)
    failed = ~items.success
    late = failed & (dice < _AFTER_WINDOW_CHANCE)
    late_clicks = np.flatnonzero(late & web)
    late_buys = np.flatnonzero(late & ~web) if may_be_late else np.empty(0, np.int64)
    dismissed = np.flatnonzero(failed & ~late & web & (dice > 1 - _DISMISS_CHANCE))
    click_at = shown_at[clicks] + _click_delay(rng, len(clicks))
    again = np.flatnonzero(rng.random(len(clicks)) < _REPEAT_SHARE)
    delays = {
        "after_window_clicks": (
            late_clicks,
            rng.integers(25 * _HOUR, 60 * _HOUR, len(late_clicks)),
        ),
        "after_window_purchases": (
            late_buys,
            72 * _HOUR + rng.integers(1, 7 * _HOUR, len(late_buys)),
        ),
        "purchases": (bought, _purchase_delay(rng, len(bought))),
        "dismissals": (dismissed, rng.integers(_SECOND, 60 * _SECOND, len(dismissed))),
    }
    moments = {kind: (item, shown_at[item] + delay) for kind, (item, delay) in delays.items()}
    moments["clicks"] = (clicks, click_at)
    moments["repeat_clicks"] = (
        clicks[again],
        click_at[again] + rng.integers(_SECOND, 30 * _SECOND, len(again)),
    )
    return [Response(kind, item, at) for kind, (item, at) in moments.items()]


def _click_delay(rng: np.random.Generator, size: int) -> NDArray[np.int64]:
    soon = rng.gamma(1.5, 12.0, size) + 0.5
    later = rng.uniform(0.3, 20.0, size) * 3600
    return (np.where(rng.random(size) < _LATER_SHARE, later, soon) * _SECOND).astype(np.int64)


def _purchase_delay(rng: np.random.Generator, size: int) -> NDArray[np.int64]:
    hours = np.minimum(0.1 + rng.exponential(11.0, size), _SLOWEST_PURCHASE_HOURS)
    return (hours * _HOUR).astype(np.int64)
