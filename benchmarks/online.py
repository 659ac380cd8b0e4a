"""Online decisions: throughput, latency and CPU of `nextoffer serve`, measured with `wrk`.

This machine serves a synthetic publication (100 offers, three placements, residual trees), and
`wrk` sends requests from one thread on the same cores. CPU time is that of the workers. In the last
row, a new publication is made every 4 seconds.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.ranking_tables import STRATEGY
from benchmarks.report import Table, show, write_markdown
from benchmarks.serving import (
    BATCH,
    EVENT,
    GIVEN,
    KNOWN,
    Kind,
    children,
    load,
    make_home,
    publish_again,
    resident,
    served,
    wrk,
)
from scorer.config import Settings
from scorer.online.bundle import bundle_path, read_bundle
from scorer.ranking.exploration import word

# decisions/s, p99 in ms, microseconds of CPU a decision.
REQUIRED = {KNOWN.name: (5_000, 10.0, 100.0), BATCH.name: (15_000, None, None)}
LOOK_UP_US, BUNDLE_SECONDS = 50.0, 30.0
_PUBLISH_SECONDS = 4.0


def main() -> int:
    """Run, print, write; 1 when a requirement is missed."""
    parser = argparse.ArgumentParser("python -m benchmarks.online", description=__doc__)
    parser.add_argument("--profiles", type=int, default=100_000)
    parser.add_argument("--offers", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings, seconds = make_home(Path(folder) / "home", arguments.profiles, arguments.offers)
        bundle, is_met = bundle_row(settings, arguments.profiles, seconds)
        show(bundle)
        raw = Path(folder) / "raw"
        with served(settings.home, raw, arguments.workers) as process:
            rows = list(load_rows(settings, process, arguments))
    columns = ["requests", "open", "decisions/s", "p50 ms", "p99 ms", "CPU us", "wrk us"]
    columns += ["not 2xx", "MB", "required"]
    table = Table(f"Load, {arguments.workers} worker(s)", columns, rows)
    show(table)
    if arguments.out:
        command = " ".join(["python -m benchmarks.online", *sys.argv[1:]])
        write_markdown(arguments.out, command, [bundle, table])
    return int(not is_met or any(row[-1].startswith("missed") for row in rows))


def bundle_row(settings: Settings, profiles: int, seconds: float) -> tuple[Table, bool]:
    """Time of building the bundle, and of looking profiles up in it."""
    folder = bundle_path(settings.published_path)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    found = read_bundle(folder).strategies[STRATEGY].profiles
    waits, rng = [], np.random.default_rng(0)
    for number in rng.integers(0, profiles, 20_000):
        profile = f"profile_{number:09d}"
        begun = time.perf_counter()
        place = found.find(word(profile))
        np.array(found.users[place * 3])
        waits.append(time.perf_counter() - begun)
        assert place >= 0
    p50, p99 = np.quantile(np.array(waits[1000:]) * 1e6, [0.5, 0.99])
    cells = (profiles, round(seconds, 1), size >> 20, round(p50, 1), round(p99, 1))
    columns = ["profiles", "CPU s", "MB", "look-up p50 us", "p99 us"]
    table = Table("Bundle", columns, [[str(cell) for cell in cells]])
    return table, seconds <= BUNDLE_SECONDS and p99 < LOOK_UP_US


def load_rows(
    settings: Settings, process: subprocess.Popen[bytes], arguments: argparse.Namespace
) -> Iterator[list[str]]:
    """Requests of each kind; the last ones while new publications are made."""
    seconds, profiles = arguments.seconds, arguments.profiles
    for kind in (KNOWN, GIVEN, BATCH, EVENT):
        wrk(kind, profiles, 1)
        yield figures(process, kind, profiles, seconds, REQUIRED.get(kind.name))
    stop = threading.Event()
    follow = threading.Thread(target=republish, args=(settings, stop))
    follow.start()
    try:
        row = figures(process, KNOWN, profiles, 4 * seconds, (0, 10.0, None))
    finally:
        stop.set()
        follow.join()
    yield ["one, publications follow", *row[1:5], "", *row[6:]]


def republish(settings: Settings, stop: threading.Event) -> None:
    """Publish repeatedly, each time with a later as_of."""
    number = 0
    while not stop.wait(_PUBLISH_SECONDS):
        number += 1
        publish_again(settings, number)


def figures(
    process: subprocess.Popen[bytes],
    kind: Kind,
    profiles: int,
    seconds: int,
    required: tuple[float, float | None, float | None] | None,
) -> list[str]:
    """Decisions a second, p50, p99, CPU a decision, failures, memory of a worker."""
    found = load(process, kind, profiles, seconds)
    decisions = found.requests * kind.per_request
    rate, cpu = found.rate * kind.per_request, found.cpu / decisions * 1e6
    memory = max(resident(pid) for pid in children(process.pid))
    told = ""
    if required is not None:
        least, p99, most = required
        is_met = rate >= least and (p99 is None or found.p99 < p99) and (most is None or cpu < most)
        wanted = (f">= {least:.0f}/s" if least else "", f"p99 < {p99:.0f} ms" if p99 else "")
        limits = ", ".join(filter(None, (*wanted, f"CPU < {most:.0f} us" if most else "")))
        told = f"{'met' if is_met else 'missed'} {limits}"
    cells = (round(rate), found.p50, found.p99, round(cpu))
    rest = (round(found.wrk_cpu / decisions * 1e6), found.failed, memory, told)
    return [kind.name, str(kind.connections), *(str(cell) for cell in (*cells, *rest))]


if __name__ == "__main__":
    sys.exit(main())
