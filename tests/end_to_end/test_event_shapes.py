"""Experience events in the shapes that SDKs, journeys and streams send."""

from __future__ import annotations

import base64
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from scorer.warehouse.quick_build import QuickBuild
from tests.support.pipeline_runs import build, build_rows, settings
from tests.support.xdm_events import display, purchase, write_lines

AS_OF = datetime(2026, 11, 22)
Event = dict[str, Any]


def event(name: str, second: int, kind: str, person: str, **decisioning: Any) -> Event:
    """Return an event of a person with the given `decisioning` content."""
    return {
        "_id": name,
        "timestamp": f"2026-11-20T09:00:{second:02}Z",
        "eventType": f"decisioning.proposition{kind}" if kind[0].isupper() else kind,
        "identityMap": {"ECID": [{"id": person}]},
        "_experience": {"decisioning": decisioning},
    }


def proposition(name: str, *offers: str, **fields: Any) -> Event:
    """Return a proposition with its items."""
    return {"id": name, "scope": "web", "items": [{"id": offer} for offer in offers], **fields}


def wrapper(name: str, items: list[Event], provider: str = "AJO", **characteristics: Any) -> Event:
    """Return a code-based proposition whose items are content."""
    details = {"decisionProvider": provider, "characteristics": characteristics}
    return {"id": name, "scope": "web#hero", "scopeDetails": details, "items": items}


def carried(*offers: str) -> str:
    """Return sub-propositions of one offer each, in base64."""
    parts = [proposition(f"part-{offer}", offer) for offer in offers]
    return base64.b64encode(json.dumps(parts).encode()).decode()


SHOWN = event("d", 0, "Display", "p", propositions=[proposition("x", "a")])
CLICKED = event("c", 5, "Interact", "p", propositions=[proposition("x", "a")])
CONTENT = {"id": "content-1", "data": {"format": "json"}}
CARRIED = wrapper("w", [CONTENT], subPropositions=carried("a", "b"))
PART = proposition("part-b", "b", scope="web#hero")
TOKENS = {
    "id": "x",
    "items": [{"id": offer, "characteristics": {"tokens": [f"t-{offer}"]}} for offer in "abe"],
}
NESTED = {"id": "content-1", "data": {"content": json.dumps({"decisionItems": [{"id": "a"}]})}}
# Shape -> lines, and the offers displayed with their clicks.
SHAPES: dict[str, tuple[list[Any], dict[str, bool]]] = {
    "wrapper_clicked_by_id": (
        [
            event("d", 0, "Display", "p", propositions=[CARRIED]),
            event(
                "c", 5, "Interact", "p",
                propositions=[wrapper("w", [])], propositionAction={"id": "b"},
            ),
        ],
        {"a": False, "b": True},
    ),
    "wrapper_clicked_as_a_whole": (
        [
            event("d", 0, "Display", "p", propositions=[CARRIED]),
            event("c", 5, "Interact", "p", propositions=[{"id": "w"}]),
        ],
        {"a": True, "b": True},
    ),
    "part_of_a_wrapper_clicked_by_its_own_id": (
        [
            event("d", 0, "Display", "p", propositions=[CARRIED]),
            event("c", 5, "Interact", "p", propositions=[{"id": "part-b"}]),
        ],
        {"a": False, "b": True},
    ),
    "part_beside_its_wrapper_clicked_by_the_wrapper": (
        [
            event("d", 0, "Display", "p", propositions=[wrapper("w", [CONTENT], "ajo"), PART]),
            event("c", 5, "Interact", "p", propositions=[wrapper("w", [CONTENT])]),
        ],
        {"b": True},
    ),
    "part_beside_its_wrapper_clicked_by_its_own_id": (
        [
            event("d", 0, "Display", "p", propositions=[wrapper("w", [CONTENT]), PART]),
            event("c", 5, "Interact", "p", propositions=[{"id": "part-b"}]),
        ],
        {"b": True},
    ),
    "wrapper_displayed_after_its_fetch": (
        [
            event("f", 0, "Fetch", "p", propositions=[CARRIED]),
            event("d", 2, "Display", "p", propositions=[wrapper("w", [CONTENT])]),
        ],
        {"a": False, "b": False},
    ),
    "identity_without_a_list": (
        [
            SHOWN | {"identityMap": {"ECID": {"id": "p"}}},
            CLICKED | {"identityMap": {"ECID": ["p"]}},
        ],
        {"a": True},
    ),
    "primary_identity_without_a_list": (
        [SHOWN | {"identityMap": {"A": {"id": "z"}, "B": {"id": "p", "primary": True}}}, CLICKED],
        {"a": True},
    ),
    "items_in_content": (
        [event("d", 0, "Display", "p", propositions=[wrapper("w", [NESTED])])],
        {"a": False},
    ),
    "edge_envelope": ([{"events": [{"xdm": SHOWN}, {"xdm": CLICKED}]}], {"a": True}),
    "stream_of_messages": (
        [{"messages": [{"body": {"xdmEntity": SHOWN}}, {"body": {"xdmEntity": CLICKED}}]}],
        {"a": True},
    ),
    "payload_of_a_queue": (
        [{"topic": "t", "value": {"body": {"xdmEntity": SHOWN}}}, {"payload": json.dumps(CLICKED)}],
        {"a": True},
    ),
    "cloud_events": ([{"specversion": "1.0", "data": e} for e in (SHOWN, CLICKED)], {"a": True}),
    "records_of_a_batch": ([{"Records": [{"body": json.dumps(SHOWN)}]}], {"a": False}),
    "spelled_in_another_case": (
        [SHOWN | {"eventType": "Decisioning.PropositionDisplay"}, CLICKED],
        {"a": True},
    ),
    "one_proposition_without_a_list": (
        [event("d", 0, "Display", "p", propositions=proposition("x", "a")), CLICKED],
        {"a": True},
    ),
    "numbers_as_ids": (
        [
            event("d", 0, "Display", "p", propositions=[{"id": 7, "items": [{"id": 7.0}]}]),
            event("c", 5, "Interact", "p", propositions=[{"id": 7, "items": [{"id": 7}]}]),
        ],
        {"7": True},
    ),
    "display_reported_by_a_fetch": (
        [
            event(
                "d", 0, "Fetch", "p",
                propositions=[proposition("x", "a")], propositionEventType={"display": 1},
            ),
            CLICKED,
        ],
        {"a": True},
    ),
    "fetch_of_what_is_displayed_later": (
        [
            event("f", 0, "Fetch", "p", propositions=[proposition("x", "a")]),
            event("d", 2, "Display", "p", propositions=[proposition("x")]),
        ],
        {"a": False},
    ),
    "flag_in_place_of_a_count": (
        [
            event(
                "d", 0, "web.webpagedetails.pageViews", "p",
                propositions=[proposition("x", "a")], propositionEventType={"display": True},
            )
        ],
        {"a": False},
    ),
    "tokens_joined": (
        [
            event("d", 0, "Display", "p", propositions=[TOKENS]),
            event(
                "c", 5, "Interact", "p",
                propositions=[{"id": "x"}], propositionAction={"tokens": ["t-a, t-e"]},
            ),
        ],
        {"a": True, "b": False, "e": True},
    ),
    "tokens_joined_by_a_bar": (
        [
            event("d", 0, "Display", "p", propositions=[TOKENS]),
            event(
                "c", 5, "Interact", "p",
                propositions=[{"id": "x"}], propositionAction={"tokens": "t-a|t-e"},
            ),
        ],
        {"a": True, "b": False, "e": True},
    ),
    "click_before_its_display": (
        [
            event("d", 9, "Display", "p", propositions=[proposition("x", "a")]),
            event("c", 0, "Interact", "p", propositions=[proposition("x", "a")]),
        ],
        {"a": True},
    ),
    "click_long_before_its_display": (
        [
            event("d", 30, "Display", "p", propositions=[proposition("x", "a")]),
            event("c", 0, "Interact", "p", propositions=[proposition("x", "a")]),
        ],
        {"a": False},
    ),
    "array_in_a_file_of_lines": ([[SHOWN, CLICKED]], {"a": True}),
}  # fmt: skip


@pytest.fixture(scope="module")
def displayed(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, bool]]:
    """Return shape, offer and click of the displays of all shapes, each in a file of its own.

    The ids of events, people and propositions get the name of the shape.
    """
    folder = tmp_path_factory.mktemp("shapes")
    raw = folder / "raw"
    raw.mkdir()
    for shape, (lines, _) in SHAPES.items():
        text = "".join(json.dumps(line) + "\n" for line in lines)
        text = re.sub(r'(?<=")([dcfpwx])(?=\\*")', rf"{shape}:\1", text)
        (raw / f"{shape}.ndjson").write_text(text)
    look = QuickBuild(settings(folder, raw, AS_OF))
    look.build(["fct_displays", "int_attributed_interactions"])
    sql = "select count(*) - count(distinct interaction_id) from int_attributed_interactions"
    assert look.connection.execute(sql).fetchall() == [(0,)]
    found = look.connection.execute(
        "select split_part(event_id, ':', 1), offer_id, is_clicked from fct_displays"
    ).fetchall()
    look.close()
    return found


@pytest.mark.parametrize("shape", SHAPES)
def test_an_event_is_read_in_its_shape(shape: str, displayed: list[tuple[str, str, bool]]) -> None:
    """The displays are the offers shown, and the click counts for the offer it names."""
    found = [(offer, is_clicked) for name, offer, is_clicked in displayed if name == shape]
    assert sorted(found) == sorted(SHAPES[shape][1].items())


def test_a_login_of_a_later_week_joins_the_ids(tmp_path: Path) -> None:
    """A purchase under another id counts for a display of a file that was loaded before."""
    raw, shown = tmp_path / "raw", datetime(2026, 11, 20, 22)
    strategy = "strategy_id,kpi_type,success_event_types,value_path,window_hours\n"
    raw.mkdir()
    (raw / "ranking_strategies.csv").write_text(
        f"{strategy}shop,continuous,commerce.purchases,commerce.order.priceTotal,72\n"
    )
    write_lines(raw / "experience_events" / "1.ndjson", [display("d", shown, "device", ["a"])])
    build(tmp_path, raw, datetime(2026, 11, 21), "+int_display_outcomes")
    login = purchase("login", datetime(2026, 11, 21, 9), "device", 0.0)
    login["identityMap"]["CRM"] = [{"id": "customer"}]
    bought = purchase("bought", datetime(2026, 11, 21, 10), "customer", 80.0)
    write_lines(raw / "experience_events" / "2.ndjson", [login, bought])
    build(tmp_path, raw, datetime(2026, 11, 28), "+int_display_outcomes")
    assert build_rows(tmp_path, "select reward from int_display_outcomes") == [(80.0,)]
