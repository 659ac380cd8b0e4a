"""Small XDM events in the modern spelling, for tests that need to say exactly what happened."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any


def _event(event_id: str, at: datetime, profile: str, event_type: str, **fields: Any) -> dict:
    return {
        "_id": event_id,
        "timestamp": at.isoformat() + "Z",
        "eventType": event_type,
        "identityMap": {"ECID": [{"id": profile, "primary": True}]},
        **fields,
    }


def _propositions(proposition: str, offers: list[str], placement: str, traffic: str) -> dict:
    detail = {"rankingDetail": {"trafficType": traffic}}
    return {
        "propositions": [
            {
                "id": proposition,
                "scope": "scope",
                "scopeDetails": {"placement": {"id": placement}, "activity": {"id": "activity"}},
                "items": [{"id": offer, "itemSelection": detail} for offer in offers],
            }
        ]
    }


def display(
    event_id: str,
    at: datetime,
    profile: str,
    offers: list[str],
    *,
    placement: str = "hero",
    traffic: str = "random",
    **context: Any,
) -> dict:
    """Return a display event of one proposition with these offers."""
    decisioning = _propositions(f"prop-{event_id}", offers, placement, traffic)
    return _event(
        event_id,
        at,
        profile,
        "decisioning.propositionDisplay",
        _experience={"decisioning": decisioning},
        **context,
    )


def click(
    event_id: str, at: datetime, profile: str, offer: str, of: str, *, placement: str = "hero"
) -> dict:
    """Return an interaction with one offer of the display event `of`."""
    decisioning = _propositions(f"prop-{of}", [offer], placement, "random")
    return _event(
        event_id,
        at,
        profile,
        "decisioning.propositionInteract",
        _experience={"decisioning": decisioning},
    )


def purchase(event_id: str, at: datetime, profile: str, value: float) -> dict:
    """Return a purchase, which names no proposition."""
    return _event(
        event_id, at, profile, "commerce.purchases", commerce={"order": {"priceTotal": value}}
    )


def write_lines(path: Path, events: list[dict]) -> None:
    """Write events as NDJSON, one file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
