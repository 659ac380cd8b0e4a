"""The 24 offers of the bank: who likes them, where they may be shown, and when."""

from __future__ import annotations

from scorer.simulation.catalogue import (
    CARD,
    COLLAPSING_OFFER,
    EXPIRING_OFFER,
    EXPIRY_WEEK,
    FALLBACK_OFFER,
    HERO,
    LAUNCH_WEEK,
    MAIL,
    NEW_OFFER,
    PLACEMENTS,
    Offer,
    Taste,
)


def _all(*conditions: str, high: float, low: float) -> Taste:
    return Taste("all", conditions, high, low)


def _same(first: str, second: str, high: float, low: float) -> Taste:
    return Taste("same", (first, second), high, low)


OFFERS = (
    Offer(
        "mortgage-rate-lock",
        "Lock today's mortgage rate",
        (HERO,),
        _all("mortgage-holder", "device=desktop", high=3.3, low=0.70),
        priority=5,
    ),
    Offer(
        "student-account",
        "Free account until 28",
        (HERO,),
        _same("digital-native", "price-sensitive", 1.80, 0.30),
    ),
    Offer(
        "car-leasing",
        "Lease a car from 199 a month",
        (HERO,),
        _all("family", "language=de", high=3.2, low=0.70),
    ),
    Offer(
        "overdraft-shield",
        "Overdraft shield",
        (CARD,),
        _all("price-sensitive", "device=mobile", high=3.1, low=0.60),
    ),
    Offer(
        "mobile-wallet",
        "Pay with your phone",
        (CARD,),
        _all("digital-native", "os=Android", high=3.2, low=0.65),
    ),
    Offer(
        "budget-planner",
        "Budget planner in your app",
        (CARD,),
        _same("saver", "referrer=internal", 1.90, 0.35),
    ),
    Offer(
        COLLAPSING_OFFER,
        "Travel card without foreign fees",
        (HERO, CARD),
        _all("frequent-traveller", "device=mobile", high=3.3, low=0.80),
        priority=3,
    ),
    Offer(
        "gold-card",
        "Gold card for our best customers",
        (HERO, CARD),
        _all("young-professional", "os=iOS", high=3.0, low=0.85),
    ),
    Offer(
        EXPIRING_OFFER,
        "Summer exchange rate deal",
        (HERO, CARD),
        _all("frequent-traveller", "device=desktop", high=2.6, low=0.70),
        last_week=EXPIRY_WEEK - 1,
    ),
    Offer(
        "invest-starter",
        "Start investing with 50 a month",
        (HERO, CARD, MAIL),
        _same("young-professional", "language=de", 1.70, 0.40),
    ),
    Offer(
        "home-insurance",
        "Home insurance in two minutes",
        (HERO, CARD, MAIL),
        _all("mortgage-holder", "language=fr", high=3.0, low=0.80),
        price=44.0,
    ),
    Offer(
        "pension-check",
        "Pension check with an advisor",
        (HERO, CARD, MAIL),
        _all("high-balance", "device=desktop", high=2.7, low=0.70),
        price=42.0,
    ),
    Offer(
        NEW_OFFER,
        "Savings pots: new",
        (HERO, CARD),
        _all("saver", "device=mobile", high=3.1, low=0.80),
        launch_week=LAUNCH_WEEK,
    ),
    Offer(
        "travel-insurance",
        "Travel insurance for the year",
        (MAIL,),
        _all("frequent-traveller", "device=mobile", high=2.8, low=0.70),
        price=42.0,
    ),
    Offer(
        "phone-protection",
        "Phone protection plan",
        (MAIL,),
        _all("digital-native", "os=iOS", high=3.0, low=0.75),
        price=38.0,
    ),
    Offer(
        "family-package",
        "Family banking package",
        (MAIL,),
        _all("family", "device=mobile", high=3.0, low=0.75),
    ),
    Offer(
        "legal-cover",
        "Legal protection cover",
        (MAIL,),
        _same("price-sensitive", "device=desktop", 1.90, 0.45),
        price=41.0,
    ),
    Offer(
        "payment-terminal",
        "Card terminal for your shop",
        (MAIL,),
        _all("small-business", high=3.4, low=0.65),
        price=46.0,
    ),
    Offer(
        "gold-coin",
        "Gold coin of the year",
        (MAIL,),
        _all("high-balance", "language=de", high=2.9, low=0.70),
        price=45.0,
    ),
    Offer(
        "fx-cash-pack",
        "Holiday cash to your door",
        (MAIL,),
        _same("frequent-traveller", "language=de", 1.75, 0.35),
        price=39.0,
    ),
    Offer(
        "tax-return",
        "Tax return done for you",
        (MAIL,),
        _all("young-professional", "device=desktop", high=2.9, low=0.75),
    ),
    Offer(
        FALLBACK_OFFER,
        "Talk to us",
        (HERO, CARD, MAIL),
        _all(high=0.4, low=0.4),
        priority=-10,
        is_fallback=True,
    ),
    Offer(
        "christmas-loan",
        "Christmas loan",
        (HERO, CARD),
        _all("family", high=1.0, low=1.0),
        status="archived",
    ),
    Offer(
        "robo-advisor",
        "Robo advisor",
        (HERO, MAIL),
        _all("digital-native", high=1.0, low=1.0),
        status="draft",
    ),
)

OFFER_IDS = tuple(offer.offer_id for offer in OFFERS)


def offers_of(strategy_id: str, offers: tuple[Offer, ...] = OFFERS) -> tuple[Offer, ...]:
    """Return the offers that compete in a strategy: approved, not fallback, on its placements."""
    places = {p.placement_id for p in PLACEMENTS if p.strategy_id == strategy_id}
    return tuple(
        offer
        for offer in offers
        if offer.status == "approved" and not offer.is_fallback and places & set(offer.placements)
    )
