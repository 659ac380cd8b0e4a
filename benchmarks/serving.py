"""A synthetic publication, a real `nextoffer serve` on it, and the load generator `wrk`.

CPU time is that of the server and its workers, read from the system, so the time of other processes
does not count.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from benchmarks.ranking_tables import AS_OF, STRATEGY, fill_ranking_tables, sample_model
from scorer.config import Settings
from scorer.files import STAMP
from scorer.online.bundle import write_bundle
from scorer.registry.model_registry import ModelRegistry
from scorer.registry.trained_model import TrainedModel
from scorer.warehouse.database import connect_build
from scorer.warehouse.publications import make_newest_current


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


PORT = _free_port()
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
_LOAD = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local i = 0
local function one()
  i = i + 1
  return string.format({body})
end
request = function() return wrk.format(nil, "{path}", nil, {request}) end
"""
_MANY = """
local function many()
  local t = {}
  for j = 1, 50 do t[j] = one() end
  return '{"requests":[' .. table.concat(t, ",") .. "]}"
end
"""


@dataclass(frozen=True)
class Kind:
    """A kind of request: its path, the Lua arguments of one body, and decisions per request."""

    name: str
    path: str
    body: str
    per_request: int = 1
    connections: int = 8

    def script(self, profiles: int) -> str:
        """Lua for `wrk`; ``profiles`` people ask in turn."""
        request = "one()" if self.per_request == 1 else "many()"
        body = self.body.replace("N_PROFILES", str(profiles))
        text = _LOAD.format(body=body, path=self.path, request=request)
        return text if self.per_request == 1 else text.replace("request =", _MANY + "request =")


_WHO = '\'{"profile_id":"profile_%09d","placements":["placement_%d"]'
_ASKS = "(i * 7919) % N_PROFILES, i % 3"
KNOWN = Kind("one", "/v1/decisions", f"{_WHO}}}', {_ASKS}")
GIVEN = Kind(
    "one, context given",
    "/v1/decisions",
    f'{_WHO},"segments":["segment_1","segment_4"],"context":{{"page":"page_%d",'
    f'"country":"country_%d","age":%d,"spend":%.2f}}}}\', {_ASKS},'
    " i % 12, i % 30, 18 + i % 60, (i % 10000) / 10",
)
BATCH = Kind("batch of 50", "/v1/decisions:batch", KNOWN.body, per_request=50, connections=4)
EVENT = Kind(
    "event, durable",
    "/v1/events",
    '\'{"_id":"e%d-%d","eventType":"commerce.purchases","identityMap":{"ECID":[{"id":'
    '"profile_%09d"}]}}\', os.time(), i, (i * 7919) % N_PROFILES',
    connections=64,
)


@dataclass(frozen=True)
class Load:
    """Measurements of the load generator and the system: rates per second, ms, CPU seconds."""

    requests: int
    rate: float
    p50: float
    p99: float
    failed: str
    cpu: float
    wrk_cpu: float


def make_home(home: Path, profiles: int, offers: int = 100) -> tuple[Settings, float]:
    """Build tables, a model and the bundle; returns the CPU seconds of the bundle."""
    settings = Settings(home=home, as_of=AS_OF)
    settings.home.mkdir(parents=True)
    with connect_build(settings.build_path) as connection:
        fill_ranking_tables(connection, profiles, offers)
        connection.execute(_EXTRA_TABLES)
        model = sample_model(connection)
    trained = TrainedModel(model, "binary", {}, {}, AS_OF, AS_OF, 1, 1, offers)
    registry = ModelRegistry(settings.models_dir)
    registry.deploy(STRATEGY, registry.save(STRATEGY, trained, AS_OF), AS_OF)
    started = time.process_time()
    write_bundle(settings)
    seconds = time.process_time() - started
    publish(settings)
    return settings, seconds


def publish(settings: Settings) -> None:
    """Make the bundle the current one."""
    name = f"nextoffer-{settings.as_of.strftime(STAMP)}.duckdb"
    (settings.published_dir / name).touch()
    make_newest_current(settings)


def publish_again(settings: Settings, minutes: int) -> str:
    """Publish a copy of the first bundle as of some minutes later; returns that moment.

    The names of its offers contain it, so that an answer from two publications is detected.
    """
    later = Settings(home=settings.home, as_of=AS_OF + timedelta(minutes=minutes))
    names = [f"nextoffer-{s.as_of.strftime(STAMP)}.serving" for s in (settings, later)]
    first, copied = (settings.published_dir / name for name in names)
    subprocess.run(["cp", "-r", first, copied], check=True)
    manifest, moment = copied / "bundle.json", later.as_of.isoformat()
    content = json.loads(manifest.read_text()) | {"as_of": moment}
    for strategy in content["strategies"]:
        for offer in strategy["offers"]:
            offer[1] = f"as of {moment}"
    manifest.write_text(json.dumps(content))
    publish(later)
    return moment


def load(process: subprocess.Popen[bytes], kind: Kind, profiles: int, seconds: int) -> Load:
    """Send requests of a kind for some seconds."""
    before, own = cpu_seconds(process.pid), os.times()
    text = wrk(kind, profiles, seconds)
    used, after = cpu_seconds(process.pid) - before, os.times()
    failed = re.search(r"Non-2xx[^:]*: (\d+)", text)
    errors = re.search(r"Socket errors: (.*)", text)
    return Load(
        int(_found(r"(\d+) requests in", text)),
        float(_found(r"Requests/sec:\s+([\d.]+)", text)),
        *(milliseconds(_found(rf"\n\s+{p}%\s+(\S+)", text)) for p in (50, 99)),
        f"{failed[1] if failed else 0}{' ' + errors[1] if errors else ''}",
        used,
        after.children_user + after.children_system - own.children_user - own.children_system,
    )


def wrk(kind: Kind, profiles: int, seconds: int) -> str:
    """Output of the load generator."""
    script = Path(f"/tmp/nextoffer-{os.getpid()}.lua")
    script.write_text(kind.script(profiles))
    command = ["wrk", "-t1", f"-c{kind.connections}", f"-d{seconds}s", "--latency"]
    try:
        done = subprocess.run(
            [*command, "-s", str(script), f"http://127.0.0.1:{PORT}"],
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        script.unlink()
    return done.stdout


@contextmanager
def served(
    home: Path, raw: Path, workers: int = 1, *options: str, log: Path = Path(os.devnull)
) -> Iterator[subprocess.Popen[bytes]]:
    """The server on the home, until the block ends."""
    raw.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "scorer.cli", "serve", "--home", str(home)]
    command += ["--raw", str(raw), "--port", str(PORT), "--workers", str(workers), *options]
    with log.open("ab") as written:
        process = subprocess.Popen(command, stderr=written)
    with stopped_at_end(process):
        yield process


@contextmanager
def stopped_at_end(process: subprocess.Popen[bytes], seconds: int = 120) -> Iterator[None]:
    """Wait until a server is ready; stop it at the end of the block.

    Raises
    ------
    TimeoutError
        The server is not ready after `seconds`.
    """
    try:
        end = time.monotonic() + seconds
        while not _is_ready():
            if time.monotonic() > end:
                raise TimeoutError(f"the server is not ready after {seconds} s")
            time.sleep(0.25)
        yield
    finally:
        process.terminate()
        process.wait(30)


def _is_ready() -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz", timeout=2).read()
    except OSError:
        return False
    return True


def children(pid: int) -> list[int]:
    """Child processes of a process."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def descendants(pid: int) -> list[int]:
    """Child processes and theirs."""
    return [d for child in children(pid) for d in (child, *descendants(child))]


def cpu_seconds(pid: int) -> float:
    """CPU time of a server and those of its workers that run now."""
    ticks = 0
    for child in (pid, *descendants(pid)):
        fields = Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> int:
    """Memory that only this process has, in MB; mapped files, which workers share, not counted."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    private = [int(line.split()[1]) for line in lines if line.startswith("Private_Dirty")]
    return sum(private) >> 10


def milliseconds(text: str) -> float:
    """A duration of the load generator in ms."""
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return round(float(number) * {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}[unit], 2)


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None, f"unexpected output of wrk: {text}"
    return match[1]
