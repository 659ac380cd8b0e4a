"""Runs of dbt without the command line of nextoffer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir, contextmanager, redirect_stdout
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from dbt_common.events.event_manager_client import cleanup_event_logger

from scorer.config import Settings
from scorer.warehouse.dbt import parse_project
from tests.support.paths import PROJECT

AS_OF = "2026-01-31 00:00:00"


def run_dbt(
    folder: Path,
    *arguments: str,
    raw: Path | None = None,
    as_of: str = AS_OF,
    now: str = "9999-12-31 00:00:00",
    project: Path = PROJECT,
    **variables: str,
) -> subprocess.CompletedProcess[str]:
    """Run dbt in this process on a database in `folder`, which is also the working directory.

    Runs share the parsed project, unless they get `variables`, which may decide how it is parsed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    command = _command(folder, arguments, project, raw, as_of=as_of, now=now, **variables)
    settings = Settings(home=folder, as_of=datetime.fromisoformat(as_of), project_dir=project)
    manifest = None if variables else parse_project(settings)
    printed = StringIO()
    with _elsewhere(folder), redirect_stdout(printed):
        cleanup_event_logger()
        try:
            success = dbtRunner(manifest).invoke(command).success
        finally:
            DuckDBConnectionManager.close_all_connections()
            cleanup_event_logger()
    return subprocess.CompletedProcess(command, 0 if success else 1, printed.getvalue())


def start_dbt(
    folder: Path, *arguments: str, raw: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command `dbt` in its own process, as `run_dbt` does in this one."""
    folder.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        [
            str(Path(sys.executable).with_name("dbt")),
            *_command(folder, arguments, PROJECT, raw, as_of=AS_OF, now="9999-12-31 00:00:00"),
        ],
        cwd=folder,
        env={**os.environ, **_environment(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def _command(
    folder: Path, arguments: Sequence[str], project: Path, raw: Path | None, **variables: str
) -> list[str]:
    variables = {"raw_path": str(raw or folder / "no_input"), **variables}
    options = {
        "--project-dir": project,
        "--profiles-dir": project,
        "--target-path": folder / "target",
        "--log-path": folder / "logs",
        "--log-level-file": "none",
        "--vars": json.dumps(variables),
    }
    pairs = (str(part) for option in options.items() for part in option)
    return ["--no-use-colors", *arguments, *pairs]


def _environment(folder: Path) -> dict[str, str]:
    return {"NEXTOFFER_DATABASE": str(folder / "build.duckdb"), "TZ": "America/New_York"}


@contextmanager
def _elsewhere(folder: Path) -> Iterator[None]:
    """Let this process work in a folder and in its time zone."""
    try:
        with patch.dict(os.environ, _environment(folder)), chdir(folder):
            time.tzset()
            yield
    finally:
        time.tzset()


def artifact(folder: Path, name: str) -> dict[str, Any]:
    """Return one of dbt's JSON files of a folder that it ran in."""
    loaded: dict[str, Any] = json.loads((folder / "target" / name).read_text())
    return loaded


def is_mart(model: dict[str, Any]) -> bool:
    """Return whether a model of the manifest has a yml of its own name, as each mart has."""
    return Path(model["patch_path"]).stem == model["name"]


def made_once(folder: Path, make: Callable[[Path], None], patience: float = 240) -> Path:
    """Return a folder that the first of several test processes fills and the others wait for."""
    done = folder.with_suffix(".done")
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        deadline = time.monotonic() + patience
        while not done.exists():
            assert time.monotonic() < deadline, f"{folder} was not made in {patience} s"
            time.sleep(0.1)
        return folder
    try:
        make(folder)
    finally:
        done.touch()
    return folder


def write_small_raw_folder(raw: Path) -> None:
    """Write every input with a few rows, among them one of each kind that is rejected."""
    raw.mkdir(parents=True)
    for name, lines in _INPUTS.items():
        (raw / name).write_text("\n".join(lines) + "\n")


def xdm_event(event_id: str, moment: str, kind: str, items: str, **more: Any) -> str:
    """Return one experience event as a line of JSON."""
    decisioning = {
        "propositions": [
            {
                "id": "x",
                "scope": "s",
                "scopeDetails": {"placement": {"id": "web"}, "activity": {"id": "act"}},
                "items": json.loads(items),
            }
        ]
    }
    return json.dumps(
        {
            "_id": event_id,
            "timestamp": moment,
            "eventType": kind,
            "identityMap": {"ECID": [{"id": "p1"}]},
            "_experience": {"decisioning": decisioning},
            **more,
        }
    )


_RANDOM = '{"itemSelection": {"rankingDetail": {"trafficType": "random"}}, '
_SHOWN = f'[{_RANDOM}"id": "a"}}, {_RANDOM}"id": "b"}}, {{"name": "no id"}}]'
_INPUTS = {
    "events.ndjson": [
        xdm_event("d1", "2026-01-20T10:00:00Z", "decisioning.propositionDisplay", _SHOWN),
        xdm_event("d1", "2026-01-21T10:00:00Z", "decisioning.propositionDisplay", _SHOWN),
        xdm_event("i1", "2026-01-20T11:00:00Z", "decisioning.propositionInteract", '[{"id": "a"}]'),
        xdm_event("i2", "2026-01-20T09:00:00Z", "decisioning.propositionInteract", '[{"id": "b"}]'),
        '{"_id": "cut',
        '{"_id": "e9", "eventType": "t"}',
        "",
        '{"_id": "c1", "timestamp": "2026-01-20T12:00:00Z", "eventType": "commerce.purchases",'
        ' "identityMap": {"ECID": [{"id": "p1"}]}, "commerce": {"order": {"priceTotal": 12.5}}}',
    ],
    "displays.csv": [
        "request_id,event_ts,profile_id,offer_id,placement_id,traffic_type,clicked,seg_gold,ctx_age",
        "r1,2026-01-20 10:00:00,p2,a,web,random,1,true,31",
        "r2,2026-01-20 10:00:00,p3,b,web,contextual,0,false,45",
        "r2,2026-01-20 12:00:00,p3,b,web,contextual,0,false,45",
        "r3,2026-01-20 10:00:00,p3,,web,random,0,false,45",
    ],
    "offers.csv": [
        "offer_id,offer_name,status,priority",
        "a,Offer A,approved,1",
        "b,Offer B,approved,0",
        "c,Offer C,sold,0",
    ],
    "segment_memberships.csv": [
        "profile_id,segment_id,qualified_at,exited_at",
        "p1,gold,2026-01-01,",
        "p1,,2026-01-01,",
    ],
    "eligibility_rules.csv": ["offer_id,segment_id,rule", "b,gold,include"],
    "capping_rules.csv": [
        "offer_id,capping_event,capping_type,capping_limit,period",
        "a,impression,profile,1,lifetime",
    ],
    "ranking_strategies.csv": [
        "strategy_id,kpi_type,success_event_types,value_path",
        "clicks,binary,decisioning.propositionInteract,",
        "money,continuous,commerce.purchases,commerce.order.priceTotal",
    ],
    "strategy_segments.csv": ["strategy_id,segment_id", "clicks,gold"],
}
