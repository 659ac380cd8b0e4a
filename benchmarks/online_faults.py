"""Checks the guarantees of online decisions under publications and kills.

1. Publications under load: clients decide one by one and in batches while publications follow each
   other. Every answer is 2xx and comes from one publication, never from an older one than before.
2. Kills: clients decide and send displays while `kill -9` ends a worker, or the whole server, at
   random moments. Then the next cycle runs: it has every acknowledged display exactly once, with
   the propensity that was served, and no display that was never sent.

Exits with code 1 if one of them does not hold.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.ranking_tables import AS_OF
from benchmarks.report import Table, show, write_markdown
from benchmarks.serving import PORT, children, make_home, publish_again, served
from scorer.config import Settings
from scorer.cycle.run import run_cycle
from scorer.progress import Silent
from scorer.simulation import World
from scorer.warehouse.database import connect_build

CLIENTS = 4
_JSON = {"Content-Type": "application/json"}
_STORED = """
select proposition_id, offer_id, count(*), min(propensity), max(propensity)
from fct_displays where proposition_id in (select unnest(?)) group by all
"""


def main() -> int:
    """Run, print, write; 1 if a guarantee is violated."""
    parser = argparse.ArgumentParser("python -m benchmarks.online_faults", description=__doc__)
    parser.add_argument("--publications", type=int, default=20)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    rows, holds = [], True
    for part in (follow, kill):
        with tempfile.TemporaryDirectory() as folder:
            found = part(Path(folder), arguments)
        rows += [[what, str(value), told] for what, value, told in found]
        holds &= all(value == 0 for _, value, told in found if told == "0")
    table = Table("Faults", ["what", "found", "required"], rows)
    show(table)
    if arguments.out:
        command = " ".join(["python -m benchmarks.online_faults", *sys.argv[1:]])
        write_markdown(arguments.out, command, [table])
    return int(not holds)


Found = list[tuple[str, int, str]]


def follow(folder: Path, arguments: argparse.Namespace) -> Found:
    """Publications under load."""
    settings, _ = make_home(folder / "home", 20_000)
    seen, expected = Seen(), [settings.as_of.isoformat()]
    with served(settings.home, folder / "raw", arguments.workers), clients(seen.ask):
        for minutes in range(1, arguments.publications + 1):
            expected.append(publish_again(settings, minutes))
            until(lambda: ready().get("publication") == expected[-1])
    unknown = sum(n for moment, n in seen.moments.items() if moment not in expected)
    return [
        ("publications", len(expected) - 1, ""),
        ("publications seen in answers", len(seen.moments), ""),
        ("answers while they follow", seen.answers, ""),
        ("answers other than 2xx, or dropped", seen.failed, "0"),
        ("answers of two publications", seen.mixed, "0"),
        ("answers of an older publication than before", seen.back, "0"),
        ("answers of an unknown publication", unknown, "0"),
    ]


@dataclass
class Seen:
    """What clients have seen while publications follow."""

    answers: int = 0
    failed: int = 0
    mixed: int = 0
    back: int = 0
    moments: Counter[str] = field(default_factory=Counter)

    def ask(self, number: int, stop: threading.Event) -> None:
        """Decide until told to stop: one by one, or ten at a time."""
        connection, newest, asked = connect(), "", 0
        while not stop.is_set():
            asked += 1
            requests = [
                {"profile_id": f"profile_{(asked * 7919 + i) % 20_000:09d}"} for i in range(10)
            ]
            path, body = ("/v1/decisions", requests[0])
            if number % 2:
                path, body = "/v1/decisions:batch", {"requests": requests}
            try:
                status, answer = send(connection, path, body)
            except (OSError, http.client.HTTPException):
                self.failed += 1
                connection = connect()
                continue
            self.answers += 1
            if status != 200:
                self.failed += 1
                continue
            decisions = answer.get("decisions", [answer])
            moments = {decision["publication"] for decision in decisions}
            names = {
                item["offer_name"]
                for decision in decisions
                for proposition in decision["propositions"]
                for item in proposition["items"]
            }
            moment = max(moments)
            copied = {f"as of {moment}"} if moment != AS_OF.isoformat() else set()
            self.mixed += len(moments) > 1 or {n for n in names if n.startswith("as of")} != copied
            self.back += moment < newest
            newest = moment
            self.moments[moment] += 1


def kill(folder: Path, arguments: argparse.Namespace) -> Found:
    """Kills while displays arrive, then a cycle."""
    home, raw = folder / "home", folder / "raw"
    world = World(profiles=400, seed=0)
    world.write_catalogue(raw)
    as_of = world.live(1, raw, None).end
    run_cycle(Settings(home=home, as_of=as_of, raw=raw), Silent())
    sent, rng = Sent(), random.Random(0)
    with ExitStack() as stack, clients(sent.work):
        process = stack.enter_context(served(home, raw, arguments.workers, "--demo"))
        for number in range(arguments.kills):
            until(lambda: bool(ready()))
            time.sleep(rng.uniform(0.0, 1.5))
            if number % 10 == 9:
                for pid in (process.pid, *children(process.pid)):
                    os.kill(pid, signal.SIGKILL)
                process.wait()
                time.sleep(0.5)
                process = stack.enter_context(served(home, raw, arguments.workers, "--demo"))
            else:
                os.kill(rng.choice(children(process.pid)), signal.SIGKILL)
        until(lambda: bool(ready()))
        time.sleep(1.0)
    run_cycle(Settings(home=home, as_of=as_of + timedelta(days=7), raw=raw), Silent())
    with connect_build(home / "build.duckdb", read_only=True) as connection:
        stored = {
            (proposition, offer): rest
            for proposition, offer, *rest in connection.execute(
                _STORED, [[*sent.decided]]
            ).fetchall()
        }
    shown = {
        (proposition, offer): propensity
        for proposition in sent.acknowledged
        for offer, propensity in sent.decided[proposition].items()
    }
    found = [(key, stored.get(key)) for key in shown]
    return [
        ("kills", arguments.kills, ""),
        ("propositions decided", len(sent.decided), ""),
        ("propositions whose display was acknowledged", len(sent.acknowledged), ""),
        ("requests that a kill broke, sent again", sent.broken, ""),
        ("acknowledged displays that the next cycle lacks", sum(r is None for _, r in found), "0"),
        (
            "acknowledged displays it has twice",
            sum(r is not None and r[0] > 1 for _, r in found),
            "0",
        ),
        (
            "displays with another propensity than served",
            sum(r is not None and (r[1], r[2]) != (shown[k], shown[k]) for k, r in found),
            "0",
        ),
        ("displays that were never sent", sum(p not in sent.tried for p, _ in stored), "0"),
    ]


@dataclass
class Sent:
    """What clients sent while processes were killed; half of the propositions are never shown."""

    decided: dict[str, dict[str, float]] = field(default_factory=dict)
    tried: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    broken: int = 0

    def work(self, number: int, stop: threading.Event) -> None:
        """Decide, and report the display of every other proposition, until told to stop."""
        connection, asked = connect(), number
        while not stop.is_set():
            asked += CLIENTS
            body = {"profile_id": f"client-{number}-{asked}", "strategy_id": "web_clicks"}
            try:
                status, answer = send(connection, "/v1/decisions", body)
                if status != 200:
                    continue
                for place, proposition in enumerate(answer["propositions"]):
                    name = proposition["proposition_id"]
                    items = proposition["items"]
                    self.decided[name] = {i["offer_id"]: i["propensity"] for i in items}
                    if (asked // CLIENTS + place) % 2:
                        connection = self.show(connection, name, proposition["token"], stop)
            except (OSError, http.client.HTTPException):
                self.broken += 1
                connection.close()
                time.sleep(0.05)
                connection = connect()

    def show(
        self, connection: http.client.HTTPConnection, name: str, token: str, stop: threading.Event
    ) -> http.client.HTTPConnection:
        """Send a display until it is acknowledged."""
        self.tried.add(name)
        while not stop.is_set():
            try:
                status, _ = send(connection, "/v1/events", {"token": token, "event": "display"})
                if status == 202:
                    self.acknowledged.add(name)
                    return connection
            except (OSError, http.client.HTTPException):
                self.broken += 1
                connection.close()
                time.sleep(0.05)
                connection = connect()
        return connection


class clients(ExitStack):  # noqa: N801
    """Clients that work until the block ends."""

    def __init__(self, work: Callable[[int, threading.Event], None]) -> None:
        super().__init__()
        stop = threading.Event()
        threads = [
            threading.Thread(target=work, args=(number, stop), daemon=True)
            for number in range(CLIENTS)
        ]
        for thread in threads:
            thread.start()
            self.callback(thread.join, 60)
        self.callback(stop.set)


def connect() -> http.client.HTTPConnection:
    """A connection that is kept alive."""
    return http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)


def send(connection: http.client.HTTPConnection, path: str, body: Any) -> tuple[int, Any]:
    """Status and JSON of a request."""
    connection.request("POST", path, json.dumps(body), _JSON)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def ready() -> Any:
    """The state of the server; empty if it does not answer."""
    connection = connect()
    try:
        connection.request("GET", "/readyz")
        return json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException):
        return {}
    finally:
        connection.close()


def until(what: Callable[[], bool], seconds: float = 120.0) -> None:
    """Wait for something."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "the server did not become as expected"
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
