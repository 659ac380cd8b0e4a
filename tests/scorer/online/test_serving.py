"""The server as processes: new publications, broken ones, kills, and slow or many clients."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from scorer.config import Settings
from scorer.files import STAMP
from scorer.inputs.event_log import seal_event_logs
from scorer.inputs.raw_folder import input_files
from scorer.warehouse.publications import make_newest_current
from tests.support.online_homes import online_home
from tests.support.serving import Served, ask, serving

DECISION = {"profile_id": "p1"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with one publication."""
    return online_home(tmp_path_factory.mktemp("serving") / "home", "interaction_base")


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A raw folder."""
    return tmp_path_factory.mktemp("raw")


@pytest.fixture(scope="module")
def served(home: Settings, raw: Path) -> Iterator[Served]:
    """A server with one worker."""
    with serving(home.home, raw) as found:
        yield found


def publish_again(home: Settings, minutes: int, damage: bool = False) -> str:
    """Publish a copy of the first bundle with a later moment; returns that moment."""
    later = home.as_of + timedelta(minutes=minutes)
    stamps = [home.published_dir / f"nextoffer-{m.strftime(STAMP)}" for m in (home.as_of, later)]
    first, next_one = stamps
    shutil.copytree(f"{first}.serving", f"{next_one}.serving")
    manifest = Path(f"{next_one}.serving/bundle.json")
    content = json.loads(manifest.read_text()) | {"as_of": later.isoformat()}
    manifest.write_text("{" if damage else json.dumps(content))
    Path(f"{next_one}.duckdb").touch()
    make_newest_current(home)
    return later.isoformat()


def test_new_publications_are_taken_up_without_a_dropped_answer(
    home: Settings, served: Served
) -> None:
    """Under load, every answer is 2xx and comes from one publication, and publications never go
    back."""
    stop, seen, failures = threading.Event(), [], []

    def load() -> None:
        connection = served.connect()
        while not stop.is_set():
            try:
                status, answer = ask(connection, "/v1/decisions", DECISION)
                (seen if status == 200 else failures).append(answer.get("publication"))
            except OSError as error:
                failures.append(repr(error))
                connection = served.connect()

    loading = threading.Thread(target=load, daemon=True)
    loading.start()
    expected = [home.as_of.isoformat()]
    try:
        for minutes in (1, 2):
            expected.append(publish_again(home, minutes))
            served.wait_for(lambda state: state["publication"] == expected[-1])
        time.sleep(0.3)
    finally:
        stop.set()
        loading.join()
    assert failures == []
    assert list(dict.fromkeys(seen)) == expected


def test_a_broken_publication_is_refused_and_the_old_one_goes_on(
    home: Settings, served: Served
) -> None:
    """The reason is in /readyz and the metric is 1; the next valid publication is served."""
    publish_again(home, 5, damage=True)
    state = served.wait_for(lambda state: state["refused"])
    assert "not a readable serving bundle" in state["refused"]["reason"]
    assert served.ask("/v1/decisions", DECISION)[0] == 200
    connection = served.connect()
    connection.request("GET", "/metrics")
    assert "nextoffer_publication_refused 1.0" in connection.getresponse().read().decode()
    good = publish_again(home, 6)
    served.wait_for(lambda state: state["publication"] == good and not state["refused"])


def test_a_killed_worker_is_replaced_and_loses_no_event(served: Served, raw: Path) -> None:
    """After kill -9 of the worker, each acknowledged event is in the raw folder once."""
    acknowledged, connection = [], served.connect()
    for round_ in range(3):
        for n in range(20):
            event = {
                "_id": f"kill-{round_}-{n}",
                "eventType": "commerce.purchases",
                "identityMap": {"ECID": [{"id": "p1"}]},
            }
            assert ask(connection, "/v1/events", event)[0] == 202
            acknowledged.append(event["_id"])
        for worker in served.workers():
            os.kill(worker, signal.SIGKILL)
        served.wait_for(lambda state: state["ready"])
        connection = served.connect()
    seal_event_logs(raw)
    lines = [line for file in input_files(raw, "experience_events") for line in file.open()]
    found = [json.loads(line)["_id"] for line in lines]
    assert [event for event in found if event.startswith("kill-")] == acknowledged


def test_many_open_connections_and_slow_clients_do_not_stop_others(served: Served) -> None:
    """With 1,000 idle connections and one that sends a header byte by byte, others are answered."""
    idle = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(1000)]
    idle[0].sendall(b"POST /v1/dec")
    try:
        started = time.monotonic()
        assert all(served.ask("/v1/decisions", DECISION)[0] == 200 for _ in range(20))
        assert time.monotonic() - started < 10
    finally:
        for connection in idle:
            connection.close()


def test_counts_of_ended_workers_stay(served: Served) -> None:
    """All workers count together, also those that were replaced."""
    for _ in range(20):
        assert served.ask("/v1/decisions", DECISION)[0] == 200
    time.sleep(0.5)
    for pid in served.workers():
        os.kill(pid, signal.SIGKILL)
    served.wait_for(lambda state: state["ready"])
    connection = served.connect()
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    told = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    decided = 'nextoffer_requests_total{path="/v1/decisions",status="200"}'
    timed = 'nextoffer_request_seconds_bucket{le="+Inf",path="/v1/decisions"}'
    assert float(told[decided]) == float(told[timed]) >= 20


def test_a_body_that_never_ends_is_refused(served: Served) -> None:
    """A body larger than the limit gets 413 before it is read to its end."""
    with socket.create_connection(("127.0.0.1", served.port)) as client:
        head = (
            "POST /v1/decisions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        )
        client.sendall(f"{head}Content-Length: 99999999\r\n\r\n".encode())
        try:
            for _ in range(64):
                client.sendall(b" " * 65_536)
        except OSError:
            pass
        assert client.recv(64).startswith(b"HTTP/1.1 413")


def test_a_stopping_server_answers_open_requests_and_leaves_no_hidden_events(
    served: Served, raw: Path
) -> None:
    """After SIGTERM, a request that has begun is answered, and its event is in the raw folder."""
    event = {
        "_id": "last",
        "eventType": "commerce.purchases",
        "identityMap": {"ECID": [{"id": "p1"}]},
    }
    body = json.dumps(event).encode()
    head = "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as client:
        client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:9])
        time.sleep(0.2)
        served.process.terminate()
        time.sleep(0.3)
        client.sendall(body[9:])
        assert client.recv(4096).startswith(b"HTTP/1.1 202")
    assert served.process.wait(30) == 0
    lines = [line for file in input_files(raw, "experience_events") for line in file.open()]
    assert [json.loads(line)["_id"] for line in lines].count("last") == 1
    assert not list((raw / "experience_events").glob(".*.ndjson"))
