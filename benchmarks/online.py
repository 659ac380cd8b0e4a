"""Online decisions: throughput, latency and CPU of `nextoffer serve`, measured with `wrk`.

This machine serves a synthetic publication (100 offers, three placements, residual trees), and
`wrk` sends requests from one thread on the same cores. CPU time is that of the workers.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import numpy as np

from benchmarks.ranking_tables import AS_OF, STRATEGY, fill_ranking_tables, sample_model
from benchmarks.report import Table, show, write_markdown
from scorer.config import Settings
from scorer.files import STAMP
from scorer.online.bundle import read_bundle, write_bundle
from scorer.ranking.exploration import word
from scorer.registry.model_registry import ModelRegistry
from scorer.registry.trained_model import TrainedModel
from scorer.warehouse.database import connect_build
from scorer.warehouse.publications import make_newest_current

PORT = 8642
_EXTRA_TABLES = """
alter table ranking_candidates add column rule_segments varchar[];
update ranking_candidates set rule_segments = [];
alter table strategy_features add column path varchar;
create or replace table eligibility_exclusions as
    select null::varchar as offer_id, null::varchar as profile_id, null::varchar as placement_id
    where false;
create or replace table xdm_event_types as
    select 'decisioning.propositionDisplay' as event_type, 'display' as event_kind;
create or replace table capping_counts as
    select 1::bigint as rule_number, 'offer_0001' as offer_id, 'impression' as capping_event,
        'profile' as capping_type, 5::bigint as capping_limit, 'week' as period, 1 as period_count,
        null::varchar as placement_id, null::varchar as profile_id, null::date as event_date,
        0::bigint as events;
"""
_HEAD = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local i = 0
local function one()
  i = i + 1
  return string.format({body})
end
"""
_KNOWN = (
    '\'{{"profile_id":"profile_%09d","placements":["placement_%d"]}}\', (i * 7919) % {n}, i % 3'
)
_GIVEN = (
    '\'{{"profile_id":"profile_%09d","placements":["placement_%d"],"segments":["segment_1",'
    '"segment_4"],"context":{{"page":"page_%d","country":"country_%d","age":%d,"spend":%.2f}}}}\','
    " (i * 7919) % {n}, i % 3, i % 12, i % 30, 18 + i % 60, (i % 10000) / 10"
)
_ONE = 'request = function() return wrk.format(nil, "/v1/decisions", nil, one()) end'
_BATCH = """
request = function()
  local t = {}
  for j = 1, 50 do t[j] = one() end
  local body = '{"requests":[' .. table.concat(t, ",") .. "]}"
  return wrk.format(nil, "/v1/decisions:batch", nil, body)
end
"""
_EVENT = (
    '\'{{"_id":"e%d-%d","eventType":"commerce.purchases","identityMap":{{"ECID":[{{"id":'
    '"profile_%09d"}}]}}}}\', os.time(), i, (i * 7919) % {n}'
)
_EVENTS = 'request = function() return wrk.format(nil, "/v1/events", nil, one()) end'


def main() -> int:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profiles", type=int, default=100_000)
    parser.add_argument("--offers", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        rows = [bundle_row(home, arguments.profiles, arguments.offers)]
        table = Table("Bundle", ["profiles", "CPU s", "MB", "look-up p50 us", "p99 us"], rows)
        show(table)
        rows = list(load_rows(home, arguments.profiles, arguments.seconds, arguments.workers))
    columns = ["requests", "connections", "decisions/s", "p50 ms", "p99 ms", "CPU us", "not 2xx"]
    load = Table("Load", [*columns, "MB a worker"], rows)
    show(load)
    if arguments.out:
        write_markdown(arguments.out, "python -m benchmarks.online", [table, load])
    return 0


def bundle_row(home: Path, profiles: int, offers: int) -> list[str]:
    """Build tables, model and bundle; time the bundle and look-ups."""
    settings = Settings(home=home / "home", as_of=AS_OF)
    settings.home.mkdir()
    with connect_build(settings.build_path) as connection:
        fill_ranking_tables(connection, profiles, offers)
        connection.execute(_EXTRA_TABLES)
        model = sample_model(connection)
    trained = TrainedModel(model, "binary", {}, {}, AS_OF, AS_OF, 1, 1, offers)
    registry = ModelRegistry(settings.models_dir)
    registry.deploy(STRATEGY, registry.save(STRATEGY, trained, AS_OF), AS_OF)
    started = time.process_time()
    folder = write_bundle(settings)
    seconds = time.process_time() - started
    publish(settings)
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
    return [str(cell) for cell in cells]


def publish(settings: Settings) -> None:
    """Make the bundle the current one."""
    name = f"nextoffer-{settings.as_of.strftime(STAMP)}.duckdb"
    (settings.published_dir / name).touch()
    make_newest_current(settings)


def load_rows(home: Path, profiles: int, seconds: int, workers: int) -> Iterator[list[str]]:
    """Requests of each kind; the last ones while new publications are made."""
    with served(home, workers) as process:
        for name, body, end, per, connections in (
            ("one, known", _KNOWN, _ONE, 1, 8),
            ("one, context given", _GIVEN, _ONE, 1, 8),
            ("batch of 50", _KNOWN, _BATCH, 50, 4),
            ("event, durable", _EVENT, _EVENTS, 1, 64),
        ):
            script = home / "load.lua"
            script.write_text(_HEAD.format(body=body.format(n=profiles)) + end)
            measure(script, connections, 1)
            yield [name, str(connections), *figures(process, script, connections, seconds, per)]
        script.write_text(_HEAD.format(body=_KNOWN.format(n=profiles)) + _ONE)
        stop = threading.Event()
        follow = threading.Thread(target=republish, args=(home, stop))
        follow.start()
        yield ["one, while publications follow", "8", *figures(process, script, 8, 4 * seconds, 1)]
        stop.set()
        follow.join()


def republish(home: Path, stop: threading.Event) -> None:
    """Publish repeatedly, each time with a later as_of."""
    settings, number = Settings(home=home / "home", as_of=AS_OF), 0
    while not stop.wait(4.0):
        number += 1
        later = Settings(home=settings.home, as_of=AS_OF + timedelta(minutes=number))
        first = settings.published_dir / f"nextoffer-{AS_OF.strftime(STAMP)}.serving"
        subprocess.run(["cp", "-r", first, first.with_name(_name(later))], check=True)
        publish(later)


def _name(settings: Settings) -> str:
    return f"nextoffer-{settings.as_of.strftime(STAMP)}.serving"


def figures(
    process: subprocess.Popen[bytes], script: Path, connections: int, seconds: int, per: int
) -> list[str]:
    """Decisions a second, p50, p99, CPU a decision, failures, memory of a worker."""
    before = cpu_seconds(process.pid)
    text = measure(script, connections, seconds)
    used = cpu_seconds(process.pid) - before
    requests = int(re.search(r"(\d+) requests in", text)[1])
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])
    p50, p99 = (milliseconds(re.search(rf"\n\s+{p}%\s+(\S+)", text)[1]) for p in (50, 99))
    failed = re.search(r"Non-2xx[^:]*: (\d+)", text)
    errors = re.search(r"Socket errors: (.*)", text)
    bad = f"{failed[1] if failed else 0}{' ' + errors[1] if errors else ''}"
    memory = max(resident(pid) for pid in children(process.pid))
    per_decision = round(used / (requests * per) * 1e6) if used > 0 else None
    cells = (round(rate * per), p50, p99, per_decision, bad, memory)
    return [str(cell) for cell in cells]


def measure(script: Path, connections: int, seconds: int) -> str:
    """Output of the load generator."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script)]
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{PORT}"], capture_output=True, text=True, check=True
    )
    return done.stdout


@contextmanager
def served(home: Path, workers: int) -> Iterator[subprocess.Popen[bytes]]:
    """The server on the home, until the block ends."""
    raw = home / "raw"
    raw.mkdir()
    command = [sys.executable, "-m", "scorer.cli", "serve", "--home", str(home / "home")]
    command += ["--raw", str(raw), "--port", str(PORT), "--workers", str(workers)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz", timeout=2).read()
                break
            except OSError:
                time.sleep(0.25)
        yield process
    finally:
        process.terminate()
        process.wait(30)


def children(pid: int) -> list[int]:
    """Child processes of a process."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def cpu_seconds(pid: int) -> float:
    """CPU time of the workers that run now."""
    ticks = 0
    for child in children(pid):
        fields = Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> int:
    """Unshared memory of a process, in MB."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    private = [int(line.split()[1]) for line in lines if line.startswith("Private_")]
    return sum(private) >> 10


def milliseconds(text: str) -> float:
    """A duration of the load generator in ms."""
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return round(float(number) * {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}[unit], 2)


if __name__ == "__main__":
    sys.exit(main())
