"""HTTP/1.1 of clients and proxies, over real connections."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from scorer.online import http_connection
from scorer.online.exchange import BODY_BYTES
from scorer.online.http_server import HttpServer
from scorer.online.service import Service
from scorer.online.worker import loop_factory
from tests.support.online_homes import online_home, worker

GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Port of a server that runs in a thread."""
    folder = tmp_path_factory.mktemp("http")
    service = Service(worker(online_home(folder / "home"), folder / "raw"))
    listener, loop = socket.create_server(("127.0.0.1", 0)), loop_factory()()
    server = HttpServer(service)

    async def run() -> None:
        server.start(listener)
        await server.until_ended()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    asyncio.run_coroutine_threadsafe(server.stop(), loop).result(30)
    thread.join(30)


def post(body: bytes, *headers: bytes, path: bytes = b"/v1/decisions") -> bytes:
    """A request with a body; its length is added unless a header says how it comes."""
    lines = [b"POST " + path + b" HTTP/1.1", b"Host: localhost", b"Content-Type: application/json"]
    own = [] if headers else [b"Content-Length: %d" % len(body)]
    return b"\r\n".join([*lines, *headers, *own, b"", body])


def talk(port: int, *parts: bytes) -> bytes:
    """All that the server sends back until it closes; each part is a packet of its own."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in parts:
            client.sendall(part)
        client.shutdown(socket.SHUT_WR)
        found = b""
        while piece := client.recv(1 << 16):
            found += piece
    return found


def statuses(found: bytes) -> list[int]:
    """Statuses of all answers."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+) ", found)]


def test_requests_sent_together_are_answered_in_their_order(port: int) -> None:
    """An event, which has to reach the disk, does not let later requests overtake it."""
    event = b'{"eventType": "x", "identityMap": {"ECID": [{"id": "p"}]}}'
    decision = post(b'{"profile_id": "p1"}')
    sent = decision + post(event, path=b"/v1/events") + GET + post(b"{") + decision
    assert statuses(talk(port, sent)) == [200, 202, 200, 400, 200]


def test_many_requests_in_one_packet_are_all_answered(port: int) -> None:
    """More than the server lets wait, with an event first."""
    event = post(b'{"eventType": "x", "identityMap": {"ECID": [{"id": "p"}]}}', path=b"/v1/events")
    assert statuses(talk(port, (event + GET * 9) * 30)) == ([202] + [200] * 9) * 30


def test_a_request_may_come_byte_by_byte_or_in_chunks(port: int) -> None:
    """How a body is sent makes no difference."""
    whole = post(b'{"profile_id": "p1"}')
    pieces = b'a\r\n{"profile_\r\na\r\nid": "p1"}\r\n0\r\n\r\n'
    chunked = post(pieces, b"Transfer-Encoding: chunked")
    single = talk(port, *(whole[i : i + 1] for i in range(len(whole))))
    for found in (single, talk(port, whole), talk(port, chunked)):
        assert statuses(found) == [200]
        assert json.loads(found.partition(b"\r\n\r\n")[2])["profile_id"] == "p1"


def test_head_has_no_body_and_the_length_of_get(port: int) -> None:
    """HEAD answers as GET does, without the content."""
    head = talk(port, GET.replace(b"GET", b"HEAD"))
    assert head.endswith(b"\r\n\r\n")
    assert b"content-length: 15\r\n" in head


@pytest.mark.parametrize(
    ("sent", "status", "reason"),
    [
        (b"nonsense\r\n\r\n", 400, "not HTTP/1.1"),
        (post(b"", b"Content-Length: 99999999"), 413, "larger than 1 MB"),
        (post(b" " * (BODY_BYTES + 1)), 413, "larger than 1 MB"),
        (post(b"{", b"Content-Length: 5"), 400, "ends before"),
        (b"GET /healthz HTTP/1.1\r\nHo", 400, "ends before"),
        (post(b"", b"Content-Length: 5", b"Content-Length: 6"), 400, "not HTTP/1.1"),
        (post(b"", b"Content-Length: 5", b"Transfer-Encoding: chunked"), 400, "not HTTP/1.1"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(
    port: int, sent: bytes, status: int, reason: str
) -> None:
    """Also requests that a proxy might take for two get one refusal, and the connection ends."""
    found = talk(port, sent)
    assert statuses(found) == [status]
    assert b"connection: close" in found
    assert reason in json.loads(found.partition(b"\r\n\r\n")[2])["error"]


def test_headers_have_a_limit(port: int) -> None:
    """A header that does not end is refused."""
    found = talk(port, GET[:-4], b"\r\nX: ", *[b"x" * 60_000] * 4)
    assert statuses(found) in ([431], [])


def test_a_client_that_asks_first_may_send_its_body(port: int) -> None:
    """`Expect: 100-continue` is answered before the body arrives."""
    body = b'{"profile_id": "p1"}'
    head = post(b"", b"Expect: 100-continue", b"Content-Length: %d" % len(body))
    assert statuses(talk(port, head, body)) == [100, 200]


@pytest.mark.parametrize("header", [b"Connection: close", b"Upgrade: h2c\r\nConnection: Upgrade"])
def test_the_connection_closes_when_it_should(port: int, header: bytes) -> None:
    """After the answer, nothing more is read."""
    sent = GET.replace(b"\r\n\r\n", b"\r\n" + header + b"\r\n\r\n")
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(sent)
        found = b""
        while piece := client.recv(1 << 16):
            found += piece
    assert statuses(found) == [200]


def test_an_old_client_gets_one_answer(port: int) -> None:
    """HTTP/1.0 closes after each answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
        found = b""
        while piece := client.recv(1 << 16):
            found += piece
    assert statuses(found) == [200]


def test_late_clients_are_told_or_closed(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that does not come gets 408; headers that do not come close the connection."""
    monkeypatch.setattr(http_connection, "BODY_SECONDS", 0.3)
    monkeypatch.setattr(http_connection, "HEADER_SECONDS", 0.3)
    for sent, expected in (
        (post(b"{", b"Content-Length: 5"), [408]),
        (b"GET /heal", []),
        (b"", []),
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
            client.sendall(sent)
            try:
                found = client.recv(4096)
            except ConnectionError:
                found = b""
        assert statuses(found) == expected


def test_a_client_that_sends_nothing_more_gets_its_answer(port: int) -> None:
    """Also if the end of the connection arrives before an answer that was prepared meanwhile."""
    event = post(b"{", path=b"/v1/events")
    assert [statuses(talk(port, event)) for _ in range(100)] == [[400]] * 100
    assert [statuses(talk(port, GET)) for _ in range(100)] == [[200]] * 100


def test_clients_that_vanish_do_not_harm_others(port: int) -> None:
    """A client that resets its connection before the answer costs no other client an answer."""
    reset = struct.pack("ii", 1, 0)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        for _ in range(50):
            gone = socket.create_connection(("127.0.0.1", port), timeout=20)
            gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            gone.sendall(GET)
            client.sendall(GET)
            gone.close()
            assert statuses(client.recv(4096)) == [200]


def test_a_client_that_does_not_read_waits_alone(port: int) -> None:
    """Unread answers do not fill the memory, and other clients are served."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.setblocking(False)
        sent, request = 0, GET.replace(b"/healthz", b"/openapi.json") * 50
        try:
            while sent < 40 << 20:
                sent += client.send(request)
        except BlockingIOError:
            pass
        assert sent < 40 << 20
        assert statuses(talk(port, GET)) == [200]
