"""Experience events as text, in the three spellings found in the wild.

Shapes are written once, as modern documents; renaming keys gives the namespaced ones. Documents
become templates that are filled by position, many times faster than serialising each document. They
are UTF-8 bytes, the fastest to fill and to write. Profiles are given by their position in the
population.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from scorer.simulation.catalogue import CURRENCY, PLACEMENTS
from scorer.simulation.context import (
    CITIES,
    COUNTRIES,
    LANGUAGES,
    MACHINES,
    REFERRERS,
    SECTIONS,
    UTC_OFFSET_HOURS,
)
from scorer.simulation.serving import ARMS

PROFILE_ID = "c%07d"
SPELLINGS = ("propositions", "proposition", "namespaced")
_DECISIONING = "https://ns.adobe.com/experience/decisioning/"
_CHANNELS = "https://ns.adobe.com/xdm/channels/"
_ALGORITHMS = {"random": "uniform", "contextual": "model", "noncontextual": "fallback"}
_EVENT_TYPES = {
    "display": "decisioning.propositionDisplay",
    "interact": "decisioning.propositionInteract",
    "dismiss": "decisioning.propositionDismiss",
}
# Placeholder for text without quotes: numbers and whole members.
_RAW = "<raw>"


@cache
def decision_template(spelling: str, action: str) -> bytes:
    """Return the template of a display, interact or dismiss event.

    Filled by (event id, timestamp, profile, request id, propositions, members of context).
    """
    decisioning: dict[str, Any] = {
        "propositionEventType": {action: 1},
        "exdRequestID": "%s",
        "proposition" if spelling == "proposition" else "propositions": [_RAW],
    }
    return _open(
        spelling, {**_head(_EVENT_TYPES[action]), "_experience": {"decisioning": decisioning}}
    )


@cache
def purchase_template(spelling: str) -> bytes:
    """Return the template of a purchase.

    Filled by (event id, timestamp, profile, purchase id, price, members of context).
    """
    order = {"purchaseID": "%s", "currencyCode": CURRENCY, "priceTotal": _RAW}
    commerce = {"purchases": {"value": 1}, "order": order}
    return _open(spelling, {**_head("commerce.purchases"), "commerce": commerce})


@cache
def page_view_template(spelling: str) -> bytes:
    """Return the template of a page view; (event id, timestamp, profile, members of context)."""
    return _open(spelling, _head("web.webpagedetails.pageViews"))


@cache
def proposition_template(spelling: str, placement: int) -> bytes:
    """Return the template of a proposition; (proposition id, correlation id, items)."""
    place = PLACEMENTS[placement]
    details = {
        "activity": {"id": place.activity_id},
        "placement": {"id": place.placement_id},
        "decisionProvider": "EXD",
        "correlationID": "%s",
    }
    shape = {"id": "%s", "scope": place.scope_id, "scopeDetails": details, "items": [_RAW]}
    return _text(spelling, shape)


@lru_cache(65_536)
def item(spelling: str, placement: int, offer_id: str, arm: int, propensity: float) -> bytes:
    """Return an item; a propensity of -1 means unknown."""
    detail = {
        "strategyID": PLACEMENTS[placement].strategy_id,
        "algorithmID": _ALGORITHMS[ARMS[arm]],
        "trafficType": ARMS[arm],
        "step": "aiModel",
        "propensity": None if propensity < 0 else propensity,
    }
    return _text(spelling, {"id": offer_id, "itemSelection": {"rankingDetail": detail}})


@cache
def program(spelling: str, machine: int, section: int, referrer: int) -> bytes:
    """Return members of context: the web page, or the mail program where the section is -1.

    A referrer of -1 means unknown and is omitted.
    """
    if section < 0:
        members = {"application": {"name": MACHINES[machine].mail_client}}
        return _members(spelling, members | _channel("email"))
    name = SECTIONS[section]
    url = f"https://bank.example/{name.lower()}"
    web: dict[str, Any] = {"webPageDetails": {"name": name, "URL": url, "siteSection": name}}
    if referrer >= 0:
        web["webReferrer"] = {"type": REFERRERS[referrer]}
    return _members(spelling, {"web": web} | _channel("web"))


@cache
def carried(spelling: str, machine: int, language: int) -> bytes:
    """Return members of context: device, system and browser; a language of -1 is omitted."""
    held = MACHINES[machine]
    environment: dict[str, Any] = {
        "type": "browser",
        "operatingSystem": held.os,
        "browserDetails": {"name": held.browser},
    }
    if language >= 0:
        environment["_dc"] = {"language": LANGUAGES[language]}
    device = {"type": held.device, "screenWidth": held.screen_width}
    return _members(spelling, {"environment": environment, "device": device})


@cache
def place_template(spelling: str, city: int) -> bytes:
    """Return the template of members of context: the place; (local time)."""
    place = {
        "localTime": f"%s+{UTC_OFFSET_HOURS:02d}:00",
        "localTimezoneOffset": UTC_OFFSET_HOURS * 60,
        "geo": {"countryCode": COUNTRIES[city], "city": CITIES[city]},
    }
    return _members(spelling, {"placeContext": place})


def _channel(name: str) -> dict[str, Any]:
    return {"channel": {"_id": _CHANNELS + name, "_type": f"{_CHANNELS[:-2]}-types/{name}"}}


def _members(spelling: str, shape: dict[str, Any]) -> bytes:
    return b", " + _text(spelling, shape)[1:-1]


def _head(event_type: str) -> dict[str, Any]:
    return {
        "_id": "%s",
        "eventType": event_type,
        "timestamp": "%sZ",
        "identityMap": {"ECID": [{"id": PROFILE_ID, "primary": True}]},
    }


def _open(spelling: str, shape: dict[str, Any]) -> bytes:
    """Return the template of an event whose last place takes the members of its context."""
    return _text(spelling, shape)[:-1] + b"%s}"


def _text(spelling: str, shape: dict[str, Any]) -> bytes:
    document = _namespaced(shape) if spelling == "namespaced" else shape
    return json.dumps(document, ensure_ascii=False).replace(f'"{_RAW}"', "%s").encode()


def _namespaced(document: Any) -> Any:
    if isinstance(document, list):
        return [_namespaced(entry) for entry in document]
    if not isinstance(document, dict):
        return document
    renamed: dict[str, Any] = {}
    for key, value in document.items():
        rename = _UNFOLDED.get(key)
        if rename is None:
            renamed[_KEYS.get(key, f"xdm:{key}")] = _namespaced(value)
        else:
            inner = next(iter(value.values())) if key == "_experience" else value
            renamed |= {rename(k): _namespaced(v) for k, v in inner.items()}
    return renamed


_KEYS = {"_id": "@id", "_type": "@type", "ECID": "ECID"}
_UNFOLDED: dict[str, Callable[[str], str]] = {
    "_experience": lambda key: _DECISIONING + key,
    "_dc": lambda key: f"dc:{key}",
}
