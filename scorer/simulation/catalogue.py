"""The bank: its placements, strategies, segments and rules, as readable constants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple


class Taste(NamedTuple):
    """Who likes an offer: `high` times the usual rate where the rule is true, else `low` times.

    Conditions are segments (``saver``) or circumstances (``device=mobile``). Rules: ``all`` of
    them; ``same``, both or neither (an XNOR: neither condition alone is informative).
    """

    rule: Literal["all", "same"]
    conditions: tuple[str, ...]
    high: float
    low: float


class Placement(NamedTuple):
    """A place where offers are shown."""

    placement_id: str
    strategy_id: str
    activity_id: str
    scope_id: str
    sections: tuple[str, ...]


class Strategy(NamedTuple):
    """A business goal, in the words of the ranking strategies file."""

    strategy_id: str
    display_name: str
    kpi_name: str
    kpi_type: Literal["binary", "continuous"]
    success_event_types: str
    value_path: str
    window_hours: int
    base_rate: float


@dataclass(frozen=True)
class Offer:
    """One offer; `price` is what a purchase is worth on average, in francs."""

    offer_id: str
    name: str
    placements: tuple[str, ...]
    taste: Taste
    price: float = 40.0
    status: str = "approved"
    priority: int = 0
    launch_week: int = 0
    last_week: int | None = None
    is_fallback: bool = False


class CappingRule(NamedTuple):
    """One row of the capping rules file."""

    offer_id: str
    capping_event: str
    capping_type: str
    capping_limit: int
    period: str


HERO, CARD, MAIL = "home-hero", "account-card", "weekly-email"
PLACEMENTS = (
    Placement(HERO, "web_clicks", "web-home", "scope-home-hero", ("Home", "Products")),
    Placement(
        CARD, "web_clicks", "web-banking", "scope-account", ("Accounts", "Payments", "Cards")
    ),
    Placement(MAIL, "email_revenue", "newsletter", "scope-email-body", ()),
)
STRATEGIES = (
    Strategy(
        "web_clicks",
        "Web offers",
        "clicks",
        "binary",
        "decisioning.propositionInteract",
        "",
        24,
        0.064,
    ),
    Strategy(
        "email_revenue",
        "Weekly e-mail",
        "revenue",
        "continuous",
        "commerce.purchases",
        "commerce.order.priceTotal",
        72,
        0.055,
    ),
)
CURRENCY = "CHF"
LIFE_STAGES = ("student", "young-professional", "family", "retiree")
SEGMENTS = (
    *LIFE_STAGES,
    "high-balance",
    "mortgage-holder",
    "frequent-traveller",
    "saver",
    "digital-native",
    "small-business",
    "new-customer",
    "price-sensitive",
)

LAUNCH_WEEK, COLLAPSE_WEEK, EXPIRY_WEEK = 4, 5, 3
COLLAPSE_FACTOR = 0.15
NEW_OFFER, COLLAPSING_OFFER, EXPIRING_OFFER = "savings-pots", "travel-card", "summer-fx-deal"
FALLBACK_OFFER = "contact-us"


INCLUDE_RULES = (("gold-card", "high-balance"),)
EXCLUDE_RULES = (("overdraft-shield", "high-balance"),)
CAPPING_RULES = (
    CappingRule("mortgage-rate-lock", "impression", "profile", 6, "week"),
    CappingRule("pension-check", "impression", "profile", 5, "month"),
    CappingRule("mobile-wallet", "click", "total", 400, "lifetime"),
)

PLACEMENT_IDS = tuple(placement.placement_id for placement in PLACEMENTS)
STRATEGY_IDS = tuple(strategy.strategy_id for strategy in STRATEGIES)
STRATEGY_OF_PLACEMENT = tuple(STRATEGY_IDS.index(p.strategy_id) for p in PLACEMENTS)
