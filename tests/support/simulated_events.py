"""Reads a simulated log in its three spellings, independently of the product's own reader."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

DECISIONING = "https://ns.adobe.com/experience/decisioning/"


@dataclass(frozen=True)
class Shown:
    """One item of a proposition."""

    proposition: str
    placement: str
    offer: str
    arm: str
    propensity: float


@dataclass(frozen=True)
class Event:
    """One line of the log; `event_id` is None where the line has none."""

    file: str
    text: str
    spelling: str
    event_id: str | None
    kind: str
    at: datetime
    profile: str
    items: tuple[Shown, ...]
    document: dict[str, Any]


def read_events(files: list[Path]) -> tuple[list[Event], list[str]]:
    """Return the events of files and the lines that are not JSON."""
    events, broken = [], []
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            try:
                document = json.loads(line)
            except json.JSONDecodeError:
                broken.append(line)
                continue
            events.append(_event(file.name, line, document))
    return events, broken


def decisions(events: list[Event]) -> list[Event]:
    """Return the display events that have an id, each once."""
    unique = {e.event_id: e for e in events if e.event_id and e.kind == "propositionDisplay"}
    return list(unique.values())


def _event(file: str, line: str, document: dict[str, Any]) -> Event:
    namespaced = any(key.startswith(("xdm:", "@")) for key in document)
    prefix = "xdm:" if namespaced else ""
    kind = document[f"{prefix}eventType"].rsplit(".", 1)[1]
    decision = document.get("_experience", {}).get("decisioning", {})
    old = "proposition" in decision
    propositions = document.get(f"{DECISIONING}propositions") if namespaced else None
    propositions = propositions or decision.get("propositions") or decision.get("proposition") or []
    identity = document[f"{prefix}identityMap"]["ECID"][0]
    return Event(
        file=file,
        text=line,
        spelling="namespaced" if namespaced else "proposition" if old else "propositions",
        event_id=document.get("@id" if namespaced else "_id"),
        kind=kind,
        at=datetime.fromisoformat(document[f"{prefix}timestamp"]).replace(tzinfo=None),
        profile=identity[f"{prefix}id"],
        items=tuple(
            _shown(proposition, item, prefix)
            for proposition in propositions
            for item in proposition[f"{prefix}items"]
        ),
        document=document,
    )


def _shown(proposition: dict[str, Any], item: dict[str, Any], prefix: str) -> Shown:
    detail = item[f"{prefix}itemSelection"][f"{prefix}rankingDetail"]
    placement = proposition[f"{prefix}scopeDetails"][f"{prefix}placement"]
    return Shown(
        proposition[f"{prefix}id"],
        placement[f"{prefix}id"],
        item[f"{prefix}id"],
        detail[f"{prefix}trafficType"],
        detail[f"{prefix}propensity"],
    )
