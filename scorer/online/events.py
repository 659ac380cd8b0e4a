"""Events of pages and other systems, checked and completed, as the XDM documents that dbt reads.

The content of the token is written into the event: offers, arm and propensity of a display are
those of the decision, even if the sender states others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta

from scorer.errors import InputError
from scorer.online.live_counts import Counted
from scorer.online.messages import Name
from scorer.online.tokens import Shown, TokenKey

Document = dict[str, Any]

_TYPES = {
    "display": "decisioning.propositionDisplay",
    "click": "decisioning.propositionInteract",
    "dismiss": "decisioning.propositionDismiss",
}
_ACTIONS = {"display": "display", "click": "interact", "dismiss": "dismiss"}
_COUNTED = {"display": "impression", "interact": "click", "decision": "decision"}
_DECISIONING = "https://ns.adobe.com/experience/decisioning/"


class Event(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """An event on the offers of a proposition."""

    token: Annotated[str, Meta(max_length=65_536, description="Token of the proposition.")]
    event: Literal["display", "click", "dismiss"]
    offer_id: Annotated[
        Name | None,
        Meta(description="The offer; may be left out if the proposition has only one."),
    ] = None
    offer_ids: Annotated[
        Annotated[list[Name], Meta(min_length=1, max_length=1000)] | None,
        Meta(description="Offers displayed; all if left out."),
    ] = None
    timestamp: Annotated[
        Annotated[str, Meta(max_length=64)] | None,
        Meta(description="ISO 8601, UTC without an offset; now if left out."),
    ] = None
    event_id: Annotated[
        Name | None, Meta(description="Sending an event again with its id changes nothing.")
    ] = None


class Events(msgspec.Struct, frozen=True):
    """Events of this form or XDM ExperienceEvents; all are accepted or none."""

    events: Annotated[
        list[Any],
        Meta(min_length=1, max_length=500),
    ]


class Accepted(msgspec.Struct, frozen=True):
    """The events are on disk."""

    accepted: int


@dataclass(frozen=True)
class Received:
    """Events ready to write: NDJSON lines, and the events for capping rules."""

    lines: bytes
    counted: list[Counted]
    number: int


class EventReader:
    """Reads bodies of ``/v1/events``; ``kinds`` and ``paths`` are those of the bundle."""

    def __init__(
        self,
        key: TokenKey,
        kinds: Mapping[str, str],
        paths: Mapping[str, str],
        clock: Callable[[], datetime],
    ) -> None:
        self._key, self._kinds, self._paths, self._clock = key, kinds, paths, clock

    def read(self, body: bytes) -> Received:
        """Check and complete the events of a body.

        Raises
        ------
        InputError
            An event is wrong; the message names it by its number.
        msgspec.DecodeError
            The body is not JSON.
        """
        document = msgspec.json.decode(body)
        several = isinstance(document, dict) and set(document) == {"events"}
        events = msgspec.convert(document, Events).events if several else [document]
        lines, counted = [], []
        for number, event in enumerate(events, 1):
            try:
                completed, own = self._completed(event)
            except (InputError, msgspec.ValidationError) as error:
                raise InputError(f"event {number}: {error}" if several else str(error)) from None
            lines.append(msgspec.json.encode(completed) + b"\n")
            counted += own
        return Received(b"".join(lines), counted, len(lines))

    def _completed(self, event: Any) -> tuple[Document, list[Counted]]:
        if not isinstance(event, dict):
            raise InputError("an event is a JSON object")
        for prefix in ("", "xdm:"):
            if f"{prefix}eventType" in event:
                return self._xdm(event, prefix)
        return self._flat(msgspec.convert(event, Event))

    def _flat(self, event: Event) -> tuple[Document, list[Counted]]:
        shown = self._key.read(event.token)
        served = [offer for offer, _ in shown.items]
        named = event.offer_ids if event.offer_id is None else [event.offer_id]
        if named is None and event.event != "display" and len(served) != 1:
            raise InputError(f"offer_id is missing; the proposition showed {', '.join(served)}")
        offers = served if named is None else named
        items = [_item(shown, offer) for offer in dict.fromkeys(offers)]
        if not items:
            raise InputError("the proposition has no offers")
        at = self._moment(event.timestamp)
        what = "|".join(offers) if named else "*"
        own_id = event.event_id or f"{shown.proposition_id}:{event.event}:{_digest(what)}"
        document: Document = {
            "_id": own_id,
            "eventType": _TYPES[event.event],
            "timestamp": _text(at),
            "identityMap": {"ECID": [{"id": shown.profile_id, "primary": True}]},
            "_experience": {
                "decisioning": {
                    "propositionEventType": {_ACTIONS[event.event]: 1},
                    "propositions": [{**_proposition(shown), "items": items}],
                }
            },
        }
        for name, value in shown.context.items():
            if name in self._paths:
                _put(document, self._paths[name].split("."), value)
        name, who, place = (
            self._counted_as(_TYPES[event.event]),
            shown.profile_id,
            shown.placement_id,
        )
        return document, [Counted(own_id, at, who, name, item["id"], place) for item in items]

    def _xdm(self, event: Document, prefix: str) -> tuple[Document, list[Counted]]:
        event = dict(event)
        kind, id_key = event[f"{prefix}eventType"], "@id" if prefix else "_id"
        if not isinstance(kind, str) or not kind:
            raise InputError("eventType is not text")
        own_id = event.setdefault(id_key, _digest(msgspec.json.encode(event)))
        if not isinstance(own_id, str) or not own_id:
            raise InputError(f"{id_key} is not text")
        at = self._moment(event.get(f"{prefix}timestamp"))
        event[f"{prefix}timestamp"] = event.get(f"{prefix}timestamp") or _text(at)
        named = self._fill_propositions(event, prefix)
        people = [one.profile_id for one in named if one.profile_id is not None]
        if f"{prefix}identityMap" not in event and people:
            identity = {f"{prefix}id": people[0], f"{prefix}primary": True}
            event[f"{prefix}identityMap"] = {"ECID": [identity]}
        profile, name = _profile(event.get(f"{prefix}identityMap"), prefix), self._counted_as(kind)
        counted = [
            Counted(own_id, at, profile, name, offer, one.placement_id)
            for one in named
            for offer in one.offer_ids
        ]
        if not counted and kind not in self._kinds:
            # As in dbt, a custom event that names no offer counts for each offer with a rule on it.
            counted = [Counted(own_id, at, profile, name)]
        return event, counted

    def _fill_propositions(self, event: Document, prefix: str) -> list[_Named]:
        """Write the content of tokens into the propositions; return what all of them name."""
        found = []
        for holder, name in _proposition_lists(event, prefix):
            filled = []
            for proposition in _objects(holder.get(name), "propositions"):
                token = _token(proposition, prefix)
                if token is None:
                    filled.append(proposition)
                    found.append(_named(proposition, prefix))
                    continue
                shown = self._key.read(token)
                items = _objects(proposition.get(f"{prefix}items"), "items")
                offers = [_name(item, f"{prefix}id") for item in items]
                offers = offers or [offer for offer, _ in shown.items]
                own = {**_proposition(shown), "items": [_item(shown, offer) for offer in offers]}
                filled.append(_prefixed(own, prefix))
                found.append(_Named(offers, shown.placement_id, shown.profile_id))
            holder[name] = filled
        return found

    def _counted_as(self, event_type: str) -> str:
        """The event of capping rules that events of this type are."""
        return _COUNTED.get(self._kinds.get(event_type, ""), event_type)

    def _moment(self, text: Any) -> datetime:
        if text is None:
            return self._clock()
        try:
            at = datetime.fromisoformat(text)
            return at if at.tzinfo is None else at.astimezone(UTC).replace(tzinfo=None)
        except (TypeError, ValueError, OverflowError):
            raise InputError(f"timestamp {str(text)[:64]!r} is not ISO 8601") from None


class _Named(NamedTuple):
    """Offers that a proposition of an event names; the person is known from its token only."""

    offer_ids: list[str]
    placement_id: str | None
    profile_id: str | None = None


def _named(proposition: Document, prefix: str) -> _Named:
    """What a proposition without a token names, as far as it can be read."""
    place: Any = proposition.get(f"{prefix}scopeDetails")
    for name in ("placement", "id"):
        place = place.get(f"{prefix}{name}") if isinstance(place, dict) else None
    items = proposition.get(f"{prefix}items")
    ids = (
        [i.get(f"{prefix}id") for i in items if isinstance(i, dict)]
        if isinstance(items, list)
        else []
    )
    return _Named([i for i in ids if isinstance(i, str)], place if isinstance(place, str) else None)


def _proposition(shown: Shown) -> Document:
    details = {"activity": {"id": shown.activity_id}, "placement": {"id": shown.placement_id}}
    return {"id": shown.proposition_id, "scope": shown.scope_id, "scopeDetails": details}


def _item(shown: Shown, offer_id: str) -> Document:
    propensity = dict(shown.items).get(offer_id)
    if propensity is None:
        served = ", ".join(offer for offer, _ in shown.items)
        raise InputError(f"offer {offer_id!r} is not in the proposition, which has {served}")
    detail = {
        "strategyID": shown.strategy_id,
        "trafficType": shown.traffic_type,
        "propensity": propensity,
    }
    return {"id": offer_id, "itemSelection": {"rankingDetail": detail}}


def _proposition_lists(event: Document, prefix: str) -> list[tuple[Document, str]]:
    if prefix:
        holder, names = event, [f"{_DECISIONING}propositions", f"{_DECISIONING}proposition"]
    else:
        names = ["propositions", "proposition"]
        experience = event.get("_experience")
        if not isinstance(experience, dict) or not isinstance(experience.get("decisioning"), dict):
            return []
        holder = dict(experience["decisioning"])
        event["_experience"] = {**experience, "decisioning": holder}
    return [(holder, name) for name in names if name in holder]


def _token(proposition: Document, prefix: str) -> str | None:
    """Token of a proposition: its own, or the event token of its scope details."""
    token: Any = proposition.get("token")
    details = proposition.get(f"{prefix}scopeDetails")
    if token is None and isinstance(details, dict):
        kept = details.get(f"{prefix}characteristics")
        token = kept.get(f"{prefix}eventToken") if isinstance(kept, dict) else None
    if token is not None and not isinstance(token, str):
        raise InputError("the token of a proposition is not text")
    return token


def _objects(value: Any, name: str) -> list[Document]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise InputError(f"{name} is not a list of objects")
    return value


def _name(item: Document, key: str) -> str:
    if not isinstance(item.get(key), str):
        raise InputError("an item has no id")
    return str(item[key])


def _profile(identities: Any, prefix: str) -> str:
    """The person as in dbt: the primary identity, else the first of the first namespace."""
    if not isinstance(identities, dict) or not identities:
        raise InputError("identityMap is missing")
    entries = [
        entry
        for name in sorted(identities)
        for entry in _objects(identities[name], "a namespace of identityMap")
    ]
    primary = [entry for entry in entries if entry.get(f"{prefix}primary") is True]
    for entry in (*primary, *entries):
        return _name(entry, f"{prefix}id")
    raise InputError("identityMap is empty")


def _prefixed(value: Any, prefix: str) -> Any:
    if isinstance(value, list):
        return [_prefixed(entry, prefix) for entry in value]
    if isinstance(value, dict):
        return {prefix + key: _prefixed(entry, prefix) for key, entry in value.items()}
    return value


def _put(document: Document, steps: list[str], value: Any) -> None:
    for step in steps[:-1]:
        document = document.setdefault(step, {})
    document[steps[-1]] = value


def _text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds") + "Z"


def _digest(what: str | bytes) -> str:
    data = what.encode() if isinstance(what, str) else what
    return blake2b(data, digest_size=16).hexdigest()
