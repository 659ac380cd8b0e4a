"""Wrong, hostile and slow clients of `nextoffer serve`, over real connections.

Random requests (paths, methods, headers, ids and bodies; some cut, some with bytes changed) get 2xx
or 4xx with a reason. A wrong token gets 401. Slow clients, endless bodies and 1,000 open
connections do not keep others waiting. The log has no traceback and nothing that a client sent.

Exits with code 1 if one of them does not hold.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import socket
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from benchmarks.report import Table, show, write_markdown
from benchmarks.serving import PORT, children, make_home, resident, served

TOKEN = "abcdefghijklmnop-the-right-one"
SECRET = "private-7f3a"
"""Part of every id that clients send: the log must not have it."""

_IDS = st.text(max_size=30).map(lambda text: SECRET + text)
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | _IDS
_JSON = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["id", "items", "token", "x"]) | _IDS, inner, max_size=4)
    ),
    max_leaves=12,
)
_FIELDS = st.sampled_from(
    (
        *("profile_id", "strategy_id", "placements", "k", "segments", "context", "offer_ids"),
        *("activity_id", "request_id", "requests", "events", "token", "event", "offer_id"),
        *("timestamp", "event_id", "eventType", "xdm:eventType", "identityMap", "_id", "@id"),
        *("_experience", "https://ns.adobe.com/experience/decisioning/propositions"),
    )
)
_VALID = st.builds(
    lambda who, context: {"profile_id": who, "context": context},
    _IDS,
    st.dictionaries(st.sampled_from(["page", "country", "age", "x"]), _SCALARS, max_size=3),
)
_DOCUMENTS = _VALID | _VALID | _JSON | st.dictionaries(_FIELDS, _JSON, max_size=6)
_BODIES = st.binary(max_size=200) | _DOCUMENTS.map(lambda value: json.dumps(value).encode())
_PATHS = st.sampled_from(
    [
        *("/v1/decisions", "/v1/decisions:batch", "/v1/events", "/v1/strategies"),
        *("/healthz", "/readyz", "/metrics", "/docs", "/openapi.json", "/shop/why", "/", "*"),
        *(f"/v1/decisions?profile_id={SECRET}", "//", "/%00", "/../etc/passwd"),
    ]
)
_HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["X-A", "Accept", "Cookie", "Expect", "Connection", "Upgrade", "Via"]),
        st.sampled_from([b"close", b"keep-alive", b"100-continue", b"websocket"])
        | st.binary(max_size=40),
    ),
    max_size=3,
)
# Where a byte is changed, to what; the request may also be cut at a place.
_CHANGES = st.just([]) | st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=2)
_CUTS = st.none() | st.integers(1, 400)


def main() -> int:
    """Run, print, write; 1 if a check fails."""
    parser = argparse.ArgumentParser("python -m benchmarks.online_abuse", description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--connections", type=int, default=1_000)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home, log, token = (Path(folder) / name for name in ("home", "log", "token"))
        settings_of_home, _ = make_home(home, 2_000)
        token.write_text(TOKEN)
        options = ("--token-file", str(token), "--log-requests")
        with served(settings_of_home.home, Path(folder) / "raw", 1, *options, log=log) as process:
            (worker,) = children(process.pid)
            rows = fuzzed(arguments.requests)
            rows += guarded() + hostile(arguments.connections)
            is_same = children(process.pid) == [worker]
            rows.append(("MB of the worker at the end", resident(worker), ""))
        text = log.read_text()
    rows += [
        ("workers that ended", int(not is_same), "0"),
        ("tracebacks or unexpected failures in the log", text.count("Traceback"), "0"),
        ("unexpected failures in the log", text.count("unexpected"), "0"),
        ("ids of clients in the log", text.count(SECRET), "0"),
    ]
    table = Table("Abuse", ["what", "found", "required"], [[w, str(f), r] for w, f, r in rows])
    show(table)
    if arguments.out:
        command = " ".join(["python -m benchmarks.online_abuse", *sys.argv[1:]])
        write_markdown(arguments.out, command, [table])
    return int(any(required and str(found) != required for _, found, required in rows))


Rows = list[tuple[str, int, str]]


def fuzzed(requests: int) -> Rows:
    """Random requests, each on a separate connection; hypothesis shows a failing one."""
    found: Counter[str] = Counter()

    @settings(
        max_examples=requests,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        _PATHS,
        st.sampled_from(["POST"] * 6 + ["GET", "PUT", "HEAD"]),
        _HEADERS,
        _BODIES,
        _CHANGES,
        _CUTS,
    )
    def send(
        path: str,
        method: str,
        headers: list[tuple[str, bytes]],
        body: bytes,
        changes: list[tuple[int, int]],
        cut: int | None,
    ) -> None:
        data = bytearray(request(method, path, headers, body))
        for place, byte in changes:
            data[place % len(data)] = byte
        if cut is not None:
            del data[cut:]
        told = answers(bytes(data))
        assert told, "no answer"
        for status, reason in told:
            found[f"{status // 100}xx"] += 1
            assert 200 <= status < 300 or (400 <= status < 500 and (reason or method == "HEAD"))

    failed = 0
    try:
        send()
    except AssertionError as error:
        failed = 1
        print(error, *getattr(error, "__notes__", ()), sep="\n", file=sys.stderr)
    told = [(f"random requests answered with {kind}", n, "") for kind, n in sorted(found.items())]
    return [*told, ("random requests answered otherwise, or not at all", failed, "0")]


def guarded() -> Rows:
    """Wrong tokens at every path below /v1."""
    wrong = ["", "Bearer", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"bearer {TOKEN}", TOKEN]
    paths = ["/v1/decisions", "/v1/decisions:batch", "/v1/events", "/v1/strategies"]
    statuses = [
        answer(request("POST", path, [("Authorization", token.encode())], b"{}", None))[0]
        for path in paths
        for token in wrong
    ]
    others = sum(status != 401 for status in statuses)
    return [(f"wrong tokens of {len(statuses)} not answered with 401", others, "0")]


def hostile(connections: int) -> Rows:
    """Open connections, slow clients and endless bodies, while others are served."""
    head = request("POST", "/v1/decisions", [], b"x" * 5_000)
    idle = [socket.create_connection(("127.0.0.1", PORT)) for _ in range(connections)]
    slow = idle[: connections // 10]
    for client in slow:
        client.sendall(head[:40])
    for client in idle[len(slow) : 2 * len(slow)]:
        client.sendall(head[:-4_000])
    started, worst, late = time.monotonic(), 0.0, 0
    body = json.dumps({"profile_id": "profile_000000001"}).encode()
    while time.monotonic() - started < 11.0:
        asked = time.monotonic()
        status, _ = answer(request("POST", "/v1/decisions", [], body))
        late += status != 200
        worst = max(worst, time.monotonic() - asked)
        for client in slow:
            with contextlib.suppress(OSError):
                client.sendall(b"a")
        time.sleep(0.05)
    timed_out = [client.recv(4096)[:12] for client in idle[len(slow) : 2 * len(slow)]]
    still_open = sum(is_open(client) for client in slow)
    for client in idle:
        client.close()
    endless = [b"Content-Length: 99999999", b"Transfer-Encoding: chunked"]
    refused = sum(endless_body(header) == 413 for header in endless)
    return [
        (f"decisions refused beside {connections} open connections", late, "0"),
        ("ms of the slowest of them", round(worst * 1e3), ""),
        ("slow headers still open after 10 s", still_open, "0"),
        ("slow bodies not answered with 408", sum(t != b"HTTP/1.1 408" for t in timed_out), "0"),
        ("endless bodies not answered with 413", len(endless) - refused, "0"),
    ]


def is_open(client: socket.socket) -> bool:
    """True if the server has not closed the connection."""
    client.settimeout(3.0)
    try:
        return client.recv(1) != b""
    except TimeoutError:
        return True
    except OSError:
        return False


def endless_body(header: bytes) -> int:
    """Status of the answer to a body that does not end."""
    with socket.create_connection(("127.0.0.1", PORT), timeout=20) as client:
        head = request("POST", "/v1/decisions", [], b"").partition(b"Content-Length")[0]
        client.sendall(head + header + b"\r\n\r\n")
        piece = b" " * 65_536
        if b"chunked" in header:
            piece = b"10000\r\n" + piece + b"\r\n"
        try:
            for _ in range(64):
                client.sendall(piece)
        except OSError:
            pass
        return status_of(client.recv(4096))


def request(
    method: str,
    path: str,
    headers: list[tuple[str, bytes]],
    body: bytes,
    token: str | None = TOKEN,
) -> bytes:
    """A request as it is sent."""
    lines = [f"{method} {path} HTTP/1.1".encode(), b"Host: localhost"]
    lines += [name.encode() + b": " + value for name, value in headers]
    if token is not None:
        lines.append(f"Authorization: Bearer {token}".encode())
    lines += [b"Content-Type: application/json", f"Content-Length: {len(body)}".encode()]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def answer(data: bytes) -> tuple[int, str]:
    """Status and reason of the answer to one request."""
    return answers(data)[0]


def answers(data: bytes) -> list[tuple[int, str]]:
    """Status and reason of every answer to what is sent; changed bytes can make it two requests."""
    with socket.create_connection(("127.0.0.1", PORT), timeout=20) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        found = b""
        while piece := client.recv(1 << 16):
            found += piece
    told = []
    while found:
        head, _, found = found.partition(b"\r\n\r\n")
        if status_of(head) == 100:
            continue
        body = b""
        if not found.startswith(b"HTTP/1.1 "):
            size = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            body, found = found[:size], found[size:]
        content = json.loads(body) if b"application/json" in head and body else {}
        told.append((status_of(head), str(content.get("error", ""))))
    return told


def status_of(data: bytes) -> int:
    """Status of an answer; 0 if there is none."""
    return int(data[9:12]) if data.startswith(b"HTTP/1.1 ") else 0


if __name__ == "__main__":
    sys.exit(main())
