"""Sentences of the page Offers about one offer."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd

from app import text


def readiness(offer: pd.Series, as_of: datetime) -> str:
    """Return whether an offer is ready or, at the present pace, when it will be."""
    if retired := absence(offer, as_of):
        return retired
    if offer["is_ready"]:
        return "ready"
    if not offer["displays_a_day"]:
        return "not shown in the last 7 days"
    if not offer["is_reachable"]:
        return f"not at this pace: too little in {offer['lookback_days']} days"
    days = int(offer["days_needed"])
    return f"about {as_of + timedelta(days=days):%Y-%m-%d}, in {days} days"


def absence(offer: pd.Series, as_of: datetime) -> str:
    """Return why an offer is not offered at present; "" if it is."""
    start, end, status = (offer.get(name) for name in ("start_date", "end_date", "offer_status"))
    if text.is_known(end) and end <= as_of:
        return f"ended on {text.day(end)}"
    if text.is_known(start) and start > as_of:
        return f"starts on {text.day(start)}"
    return str(status) if text.is_known(status) and status != "approved" else ""


def pools(offers: pd.DataFrame) -> str:
    """Return that offers of a pool are counted together; "" where nothing is pooled."""
    return " Offers of a pool are counted together." if offers["pool"].notna().any() else ""


def missing(offer: pd.Series, as_of: datetime) -> str:
    """Return what an offer still needs, `150 displays, 15 successes`."""
    if absence(offer, as_of):
        return text.NONE
    parts = [
        f"{text.count(offer[f'missing_{name}'])} {name}"
        for name in ("displays", "successes")
        if offer[f"missing_{name}"] > 0
    ]
    return ", ".join(parts) or "nothing"
