"""The offers of a world: the 24 named ones and any number of invented ones."""

from __future__ import annotations

from scorer.simulation.catalogue import PLACEMENT_IDS, SEGMENTS, Offer, Taste
from scorer.simulation.offers import OFFERS

FEWEST_OFFERS = len(OFFERS)
_PRODUCTS = (
    ("savings-plan", "Savings plan"),
    ("car-loan", "Car loan"),
    ("credit-card", "Credit card"),
    ("household-cover", "Household insurance"),
    ("fund-basket", "Basket of funds"),
    ("debit-card", "Debit card"),
    ("life-cover", "Life insurance"),
    ("renovation-loan", "Renovation loan"),
    ("salary-account", "Salary account"),
    ("security-box", "Safe deposit box"),
    ("cyber-cover", "Cyber insurance"),
)
_EDITIONS = ("basic", "plus", "premium", "flex", "green", "digital", "duo", "start", "club")
# Context that every placement knows about a visit.
_CIRCUMSTANCES = (
    "device=mobile",
    "language=de",
    "os=iOS",
    "device=desktop",
    "language=fr",
    "os=Android",
)
_SAME_EVERY = 4
_LOWEST_PRICE, _PRICES = 37.0, 11


def assortment(count: int) -> tuple[Offer, ...]:
    """Return `count` offers: the named ones first, then invented ones, the same for any count.

    `count` is at least `FEWEST_OFFERS`.
    """
    return OFFERS + tuple(_invented(number) for number in range(count - FEWEST_OFFERS))


def _invented(number: int) -> Offer:
    """Return an approved offer derived from its number (0 = first); placements take turns."""
    turn, place = divmod(number, len(PLACEMENT_IDS))
    again, name = divmod(number, len(_PRODUCTS) * len(_EDITIONS))
    offer_id, title = _PRODUCTS[name % len(_PRODUCTS)]
    edition = _EDITIONS[name // len(_PRODUCTS)]
    suffix = f" {again + 1}" if again else ""
    return Offer(
        f"{offer_id}-{edition}{suffix.replace(' ', '-')}",
        f"{title} {edition}{suffix}",
        (PLACEMENT_IDS[place],),
        _taste(turn, place),
        price=_LOWEST_PRICE + number % _PRICES,
    )


def _taste(turn: int, place: int) -> Taste:
    """Return a taste: every 72 offers of a placement cover all segments and circumstances."""
    segment = SEGMENTS[(5 * turn + place) % len(SEGMENTS)]
    circumstance = _CIRCUMSTANCES[(turn + turn // len(SEGMENTS)) % len(_CIRCUMSTANCES)]
    step = turn % 5
    if turn % _SAME_EVERY == _SAME_EVERY - 1:
        return Taste("same", (segment, circumstance), 1.6 + 0.05 * step, 0.45 - 0.03 * step)
    return Taste("all", (segment, circumstance), 2.6 + 0.15 * step, 0.85 - 0.04 * step)
