"""Small homes with a serving bundle, for tests of online decisions."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from scorer.config import Settings
from scorer.cycle.one_strategy import rank_strategy
from scorer.files import STAMP
from scorer.online.bundle import write_bundle
from scorer.online.decider import Decider, now_utc
from scorer.online.exchange import Answer, Asked
from scorer.online.service import Service
from scorer.online.worker import Worker, WorkerOptions, make_worker
from scorer.progress import Silent
from scorer.registry.model_registry import ModelRegistry
from scorer.warehouse.database import connect_build
from scorer.warehouse.publications import make_newest_current
from tests.support.benches import as_trained, fitted
from tests.support.small_home import make_home

COLLECTING = "collecting"
CONTROLLED = "control group and informed exploration"


@cache
def _trained_home(share: float) -> Settings:
    return make_home(Path(mkdtemp(prefix="online-")) / "home", share=share)


def online_home(home: Path, kind: str | None = None, share: float = 0.3) -> Settings:
    """A home whose strategy serves a model of this kind; None: the one that it trained.

    COLLECTING: no offer is ready, all traffic is random. CONTROLLED: the model it trained, with a
    control group and informed exploration.
    """
    trained = _trained_home(share)
    shutil.copytree(trained.home, home)
    settings = replace(trained, home=home)
    if kind == COLLECTING:
        with connect_build(settings.build_path) as connection:
            connection.execute("update offer_readiness set is_ready = false")
            rank_strategy(connection, settings, "s", Silent())
    elif kind == CONTROLLED:
        with connect_build(settings.build_path) as connection:
            connection.execute(
                "update dim_ranking_strategies set exploration = 'informed', control_share = 0.3"
            )
            rank_strategy(connection, settings, "s", Silent())
    elif kind is not None:
        registry = ModelRegistry(settings.models_dir)
        version = registry.save("s", as_trained(fitted(kind)), settings.as_of)
        registry.deploy("s", version, settings.as_of)
        with connect_build(settings.build_path) as connection:
            rank_strategy(connection, settings, "s", Silent())
    publish_bundle(settings)
    return settings


def publish_bundle(settings: Settings) -> Path:
    """Write the bundle of the build and make it current, without the tables of a publication."""
    folder = write_bundle(settings)
    name = f"nextoffer-{settings.as_of.strftime(STAMP)}.duckdb"
    (settings.published_dir / name).touch()
    make_newest_current(settings)
    return folder


def decider(settings: Settings) -> Decider:
    """The decider of a home, which decides as of its cycle."""
    found = Decider.open(settings.home)
    found.clock = lambda: settings.as_of
    return found


def worker(settings: Settings, raw: Path) -> Worker:
    """A worker in this process, whose clock started at the cycle."""
    bundle = settings.published_path.resolve().with_suffix(".serving")
    moments = now_utc().isoformat(), settings.as_of.isoformat()
    status = str(settings.home / "online" / "status.json")
    options = WorkerOptions(str(settings.home), str(raw), str(bundle), status, clock_start=moments)
    return make_worker(options)


def call(
    service: Service,
    path: str,
    body: bytes | None = None,
    method: str | None = None,
    **given: bytes,
) -> Reply:
    """Send one request to the service in this process; POST if there is a body."""
    asked = Asked(
        (method or ("GET" if body is None else "POST")).encode(),
        path.encode(),
        **{"host": b"localhost:8600", "kind": b"application/json", **given},
        body=body or b"",
    )

    async def answered() -> Answer:
        found = service.answer(asked)
        return found if isinstance(found, Answer) else await found

    answer = asyncio.run(answered())
    return Reply(answer.status, answer.body, answer.kind)


class Reply(Answer):
    """What the service answered."""

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)
