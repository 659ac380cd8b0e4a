"""Compares online decisions with `rank_requests`, uvicorn and BentoML, in one run.

`nextoffer serve`, its service behind uvicorn, and a BentoML service with the same ranker answer the
same requests, one process each, with `wrk` on the same cores. `rank_requests`, which ranks files of
requests, is called in this process: its figure is without HTTP. BentoML runs from its own
environment, which also sees the packages of this one; see `benchmarks/README.md`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from benchmarks.ranking_tables import PLACEMENTS, STRATEGY
from benchmarks.report import Table, show, write_markdown
from benchmarks.serving import (
    BATCH,
    KNOWN,
    PORT,
    Kind,
    load,
    make_home,
    served,
    stopped_at_end,
    wrk,
)
from scorer.config import Settings
from scorer.online import Decider, Request
from scorer.ranking.context import find_deployed, load_context
from scorer.ranking.requests import rank_requests, with_known_eligibility
from scorer.warehouse.database import connect_build

PROFILES = 20_000


def main() -> int:
    """Run, print, write."""
    parser = argparse.ArgumentParser("python -m benchmarks.online_peers", description=__doc__)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=2_000, help="decisions in this process")
    parser.add_argument("--bentoml", type=Path, help="its command; left out if not given")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings, _ = make_home(Path(folder) / "home", PROFILES)
        rows = list(in_process(settings, arguments.requests))
        with served(settings.home, Path(folder) / "raw") as process:
            for kind in (KNOWN, BATCH):
                rows.append(over_http("nextoffer serve", process, kind, arguments.seconds))
        with uvicorn(settings.home) as process:
            for kind in (KNOWN, BATCH):
                rows.append(
                    over_http("its service behind uvicorn", process, kind, arguments.seconds)
                )
        if arguments.bentoml:
            with bento(settings.home, arguments.bentoml) as process:
                rows.append(over_http("BentoML", process, KNOWN, arguments.seconds))
    header = ["server", "requests", "decisions/s", "p50 ms", "p99 ms", "CPU us a decision"]
    table = Table("Online decisions and others, 100 offers", [*header, "not 2xx"], rows)
    show(table)
    if arguments.out:
        command = " ".join(["python -m benchmarks.online_peers", *sys.argv[1:]])
        write_markdown(arguments.out, command, [table])
    return 0


def in_process(settings: Settings, requests: int) -> Iterator[list[str]]:
    """CPU of a decision without a server: the request path of before, and ours."""
    numbers = [(n * 7919) % PROFILES for n in range(requests)]
    table = pa.table(
        {
            "request_id": [f"r{n}" for n in range(requests)],
            "profile_id": [f"profile_{n:09d}" for n in numbers],
            "placement_id": [f"placement_{n % PLACEMENTS}" for n in range(requests)],
        }
    )
    with connect_build(settings.build_path, read_only=True) as connection:
        deployed = find_deployed(connection, settings, STRATEGY)
        context = load_context(connection, STRATEGY, settings.as_of, deployed)
        known = with_known_eligibility(connection, table, STRATEGY)
    for size, asked in ((1, requests // 10), (50, requests)):
        rank_requests(known.slice(0, size), context)
        started = time.process_time()
        for first in range(0, asked, size):
            rank_requests(known.slice(first, size), context)
        yield _row("rank_requests, in process", size, (time.process_time() - started) / asked)
    decider = Decider.open(settings.home)
    places = table["placement_id"].to_pylist()
    given = [
        Request(who, placements=[place])
        for who, place in zip(table["profile_id"].to_pylist(), places, strict=True)
    ]
    decider.decide(given[0])
    started = time.process_time()
    for request in given:
        decider.decide(request)
    yield _row("Decider, in process", 1, (time.process_time() - started) / requests)


def _row(name: str, size: int, seconds: float) -> list[str]:
    kind = KNOWN.name if size == 1 else BATCH.name
    return [name, kind, "", "", "", str(round(seconds * 1e6)), ""]


def over_http(name: str, process: subprocess.Popen[bytes], kind: Kind, seconds: int) -> list[str]:
    """Figures of a server."""
    wrk(kind, PROFILES, 1)
    found = load(process, kind, PROFILES, seconds)
    cpu = found.cpu / (found.requests * kind.per_request) * 1e6
    cells = (round(found.rate * kind.per_request), found.p50, found.p99, round(cpu))
    return [name, kind.name, *(str(cell) for cell in cells), found.failed]


@contextmanager
def uvicorn(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The service of `nextoffer serve` behind uvicorn, until the block ends."""
    module = "benchmarks.peers.asgi_service"
    process = subprocess.Popen([sys.executable, "-m", module, str(home), str(PORT)])
    with stopped_at_end(process):
        yield process


@contextmanager
def bento(home: Path, command: Path) -> Iterator[subprocess.Popen[bytes]]:
    """BentoML with one worker, until the block ends."""
    service = "benchmarks.peers.bento_service:Offers"
    process = subprocess.Popen(
        [command, "serve", service, "--host", "127.0.0.1", "--port", str(PORT)],
        env={**os.environ, "NEXTOFFER_BENCH_HOME": str(home), "BENTOML_DO_NOT_TRACK": "True"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with stopped_at_end(process):
        yield process


if __name__ == "__main__":
    sys.exit(main())
