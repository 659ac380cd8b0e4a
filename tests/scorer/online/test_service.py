"""The HTTP interface: answers, refusals with a reason, and robustness."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scorer.inputs.event_log import seal_event_logs
from scorer.online.service import Service
from tests.support.online_homes import call, online_home, worker

POSTS = ("/v1/decisions", "/v1/decisions:batch", "/v1/events")


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A raw folder."""
    return tmp_path_factory.mktemp("raw")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, raw: Path) -> Service:
    """A service without a token."""
    return Service(worker(online_home(tmp_path_factory.mktemp("serve") / "home"), raw))


def decide(service: Service, **request: Any) -> Any:
    """The answer to a decision."""
    answer = call(service, "/v1/decisions", json.dumps(request).encode())
    assert answer.status == 200, answer.body
    return answer.json


def stored(raw: Path) -> list[dict[str, Any]]:
    """All events in the raw folder."""
    seal_event_logs(raw)
    files = sorted((raw / "experience_events").glob("*.ndjson"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_a_decision_names_its_offers_and_its_token(service: Service) -> None:
    """The answer has the documented fields."""
    answer = decide(service, profile_id="p1", request_id="r")
    assert answer["request_id"] == "r"
    (proposition,) = answer["propositions"]
    assert proposition["placement_id"] == "web"
    assert {item["rank"] for item in proposition["items"]} == {1, 2}
    assert all(0 < item["propensity"] <= 1 for item in proposition["items"])


def test_a_batch_gives_the_decisions_of_its_requests(service: Service) -> None:
    """Decisions come in the order of the requests and equal single ones."""
    requests = [{"profile_id": f"p{i}"} for i in range(9)]
    body = json.dumps({"requests": requests}).encode()
    many = call(service, "/v1/decisions:batch", body).json["decisions"]
    for request, decision in zip(requests, many, strict=True):
        alone = decide(service, **request)
        for one in (*alone["propositions"], *decision["propositions"]):
            del one["proposition_id"], one["token"]
        assert decision == alone


@pytest.mark.parametrize("spelling", ["flat", "xdm", "namespaced"])
def test_events_are_stored_with_what_was_served(service: Service, raw: Path, spelling: str) -> None:
    """A display by token has the served propensity and arm, even if the sender states others."""
    (proposition,) = decide(service, profile_id="p2", context={"f2": 1})["propositions"]
    token, first = proposition["token"], proposition["items"][0]
    claimed = {"itemSelection": {"rankingDetail": {"propensity": 0.0001}}}
    if spelling == "flat":
        event: dict[str, Any] = {"token": token, "event": "display", "offer_id": first["offer_id"]}
    elif spelling == "xdm":
        shown = {"token": token, "items": [{"id": first["offer_id"], **claimed}]}
        event = {
            "eventType": "decisioning.propositionDisplay",
            "_experience": {"decisioning": {"propositions": [shown]}},
        }
    else:
        characteristics = {"xdm:characteristics": {"xdm:eventToken": token}}
        shown = {"xdm:scopeDetails": characteristics, "xdm:items": [{"xdm:id": first["offer_id"]}]}
        event = {
            "xdm:eventType": "decisioning.propositionDisplay",
            "https://ns.adobe.com/experience/decisioning/propositions": [shown],
        }
    assert call(service, "/v1/events", json.dumps(event).encode()).status == 202
    text = json.dumps(stored(raw)[-1]).replace("xdm:", "").replace("@id", "_id")
    found = json.loads(text)
    decisioning = found.get("_experience", {}).get("decisioning", found)
    key = (
        "propositions"
        if spelling != "namespaced"
        else ("https://ns.adobe.com/experience/decisioning/propositions")
    )
    (written,) = decisioning[key]
    (item,) = written["items"]
    assert written["id"] == proposition["proposition_id"]
    assert written["scopeDetails"]["placement"]["id"] == "web"
    assert item["id"] == first["offer_id"]
    assert item["itemSelection"]["rankingDetail"] == {
        "strategyID": "s",
        "trafficType": proposition["traffic_type"],
        "propensity": first["propensity"],
    }
    assert found["identityMap"]["ECID"][0]["id"] == "p2"
    if spelling == "flat":
        assert found["device"] == {"f2": 1}


def test_the_same_event_sent_again_keeps_its_id(service: Service, raw: Path) -> None:
    """An event without an id gets one that depends only on its content."""
    (proposition,) = decide(service, profile_id="p3")["propositions"]
    before = len(stored(raw))
    for _ in range(2):
        event = {"token": proposition["token"], "event": "display"}
        assert call(service, "/v1/events", json.dumps(event).encode()).status == 202
    purchase = {"eventType": "commerce.purchases", "identityMap": {"ECID": [{"id": "p3"}]}}
    for _ in range(2):
        assert call(service, "/v1/events", json.dumps(purchase).encode()).status == 202
    ids = [event["_id"] for event in stored(raw)[before:]]
    assert ids[0] == ids[1]
    assert ids[2] == ids[3]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"event": "display"}, "token"),
        ({"event": "display", "token": "forged"}, "not issued here"),
        ({"event": "bought", "token": "x"}, "bought"),
        ({"eventType": "commerce.purchases"}, "identityMap is missing"),
        ({"eventType": 5}, "eventType is not text"),
        ({"eventType": "a", "timestamp": "soon"}, "soon"),
        ([], "JSON object"),
        ({"events": []}, "length >= 1"),
    ],
)
def test_wrong_events_are_refused_with_a_reason(
    service: Service, raw: Path, event: Any, reason: str
) -> None:
    """A wrong event gets 422, says why, and is not stored."""
    before = stored(raw)
    answer = call(service, "/v1/events", json.dumps(event).encode())
    assert answer.status == 422
    assert reason in answer.json["error"]
    assert stored(raw) == before


def test_one_wrong_event_keeps_the_others_out(service: Service, raw: Path) -> None:
    """A body is accepted as a whole or not at all; the error names the event by number."""
    good = {"eventType": "commerce.purchases", "identityMap": {"ECID": [{"id": "p"}]}}
    before = len(stored(raw))
    answer = call(service, "/v1/events", json.dumps({"events": [good, {"event": 1}]}).encode())
    assert answer.status == 422
    assert answer.json["error"].startswith("event 2: ")
    assert len(stored(raw)) == before


def test_posted_displays_count_for_caps(service: Service) -> None:
    """With a cap of three displays, the fourth decision withholds the offer, for this person."""

    def candidates(profile: str) -> int:
        (proposition,) = decide(service, profile_id=profile, segments=["f1"])["propositions"]
        return int(proposition["eligible_count"])

    for _ in range(3):
        assert candidates("p21") == 4
        (shown,) = decide(service, profile_id="p21", offer_ids=["offer_4"])["propositions"]
        event = json.dumps({"token": shown["token"], "event": "display"}).encode()
        for _ in range(2):
            assert call(service, "/v1/events", event).status == 202
    assert candidates("p21") == 3
    assert candidates("p23") == 4


def test_displays_without_a_token_count_for_the_offers_they_name(service: Service) -> None:
    """A display that another system records counts for its own offers, not for all."""

    def display(number: int, offer: str) -> None:
        proposition = {"id": f"own{number}", "scope": "web", "items": [{"id": offer}]}
        event = {
            "_id": f"own-{offer}-{number}",
            "eventType": "decisioning.propositionDisplay",
            "identityMap": {"ECID": [{"id": "p25"}]},
            "_experience": {"decisioning": {"propositions": [proposition]}},
        }
        assert call(service, "/v1/events", json.dumps(event).encode()).status == 202

    for offer, expected in (("offer_1", 4), ("offer_4", 3)):
        for number in range(3):
            display(number, offer)
        (proposition,) = decide(service, profile_id="p25", segments=["f1"])["propositions"]
        assert proposition["eligible_count"] == expected


def test_a_click_must_name_an_offer_of_the_proposition(service: Service) -> None:
    """An offer that was not decided cannot be clicked."""
    (proposition,) = decide(service, profile_id="p4")["propositions"]
    event = {"token": proposition["token"], "event": "click", "offer_id": "offer_7"}
    answer = call(service, "/v1/events", json.dumps(event).encode())
    assert (answer.status, "offer_7" in answer.json["error"]) == (422, True)


@pytest.mark.parametrize(
    ("path", "body", "given", "status"),
    [
        ("/nowhere", None, {}, 404),
        ("/v1/decisions", None, {}, 405),
        ("/healthz", b"{}", {}, 405),
        ("/v1/decisions", b"{}", {"kind": b"text/plain"}, 415),
        ("/v1/decisions", b"{", {}, 400),
        ("/v1/decisions", b"\xff", {}, 400),
        ("/v1/decisions", b'{"profile_id": ""}', {}, 422),
        ("/v1/decisions", b'{"profile_id": "p", "profil": 1}', {}, 422),
        ("/v1/decisions", b'{"profile_id": "p", "k": 0}', {}, 422),
        ("/v1/decisions", b'{"profile_id": ' + b"[" * 100_000, {}, 422),
        ("/v1/events", b'{"eventType": ' + b"[" * 100_000, {}, 400),
        ("/v1/decisions", b"{}", {"host": b"evil.example"}, 421),
    ],
)
def test_requests_are_refused_by_status(
    service: Service, path: str, body: bytes | None, given: dict[str, bytes], status: int
) -> None:
    """Each kind of wrong request has its status and a reason."""
    answer = call(service, path, body, **given)
    assert answer.status == status
    assert answer.json["error"]


@pytest.mark.parametrize("sent", [None, b"", b"Bearer ", b"Bearer secret-secret-secre", b"\xff"])
def test_a_wrong_token_is_refused(service: Service, sent: bytes | None) -> None:
    """/v1 requires the exact token; health paths require none."""
    guarded = Service(service._worker, "secret-secret-secret")
    given = {} if sent is None else {"authorization": sent}
    body = b'{"profile_id": "p1"}'
    for path in POSTS:
        assert call(guarded, path, body, **given).status == 401
    assert call(guarded, "/v1/strategies", None, **given).status == 401
    assert call(guarded, "/healthz", None, **given).status == 200
    right = {"authorization": b"Bearer secret-secret-secret", "host": b"shop.example"}
    assert call(guarded, "/v1/decisions", body, **right).status == 200


def test_documentation_covers_every_path_and_loads_nothing(service: Service) -> None:
    """OpenAPI lists each path; the page does not load anything from another host."""
    document = call(service, "/openapi.json").json
    assert {*POSTS, "/v1/strategies", "/healthz", "/readyz", "/metrics"} == set(document["paths"])
    page = call(service, "/docs").body.decode()
    assert all(path in page for path in document["paths"])
    assert "http://" not in page
    assert "https://" not in page
    for path in ("/v1/strategies", "/readyz", "/metrics"):
        assert call(service, path).status == 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["a", "id", "items", "token"]) | st.text(), inner, max_size=4
        )
    ),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    (
        *("profile_id", "strategy_id", "placements", "k", "segments", "context", "offer_ids"),
        *("activity_id", "request_id", "requests", "events", "token", "event", "offer_id"),
        *("timestamp", "event_id", "eventType", "xdm:eventType", "identityMap", "_id", "@id"),
        *("_experience", "https://ns.adobe.com/experience/decisioning/propositions"),
    )
)
BODIES = (
    st.binary(max_size=200)
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(FIELDS, JSON | st.lists(st.dictionaries(FIELDS, JSON)), max_size=6).map(
        lambda value: json.dumps(value).encode()
    )
    | st.text(max_size=100).map(
        lambda text: json.dumps({"profile_id": text, "context": {"f2": text}}).encode()
    )
)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from([*POSTS, "/v1/strategies", "/metrics", "/docs", "/readyz"]) | st.text(),
    BODIES,
    st.dictionaries(st.sampled_from(["authorization", "kind", "host"]), st.binary(max_size=40)),
)
def test_nothing_that_is_sent_breaks_the_service(
    service: Service, path: str, body: bytes, given: dict[str, bytes]
) -> None:
    """Any path, body and headers get 2xx or 4xx with a reason, never 500."""
    answer = call(service, path, body, **given)
    assert 200 <= answer.status < 500
    assert answer.status < 300 or answer.json["error"]


def test_lone_surrogates_are_refused_or_ranked(service: Service) -> None:
    """Text that cannot be encoded gets an answer, too."""
    for field in ('"profile_id": "\\ud800"', '"profile_id": "p", "context": {"f2": "\\ud800"}'):
        assert call(service, "/v1/decisions", f"{{{field}}}".encode()).status in (200, 400, 422)
    event = b'{"eventType": "x", "identityMap": {"ECID": [{"id": "\\ud800"}]}}'
    assert call(service, "/v1/events", event).status in (202, 400, 422)


def test_a_failure_is_answered_and_logged_without_what_was_sent(
    service: Service, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected failure gives 500; the log has its type, no personal data."""

    def broken(*_: object) -> None:
        raise RuntimeError("secret of p1")

    monkeypatch.setattr(service._worker.decider, "decide", broken)
    with caplog.at_level(logging.INFO):
        answer = call(service, "/v1/decisions", b'{"profile_id": "p1"}')
    assert answer.status == 500
    assert "RuntimeError" in caplog.text
    assert "p1" not in caplog.text
