"""State of a worker: decider, event log, metrics, and whether it is ready or draining."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scorer.files import read_json
from scorer.inputs.event_log import EventLog
from scorer.online.decider import Decider
from scorer.online.events import EventReader, Received
from scorer.online.live_counts import Journal
from scorer.online.metrics import Metrics, Publication

if TYPE_CHECKING:
    from scorer.online.shop.pages import Shop


class SharedLog:
    """Writes the events of concurrent requests with a single flush to disk."""

    def __init__(self, log: EventLog, journal: Journal) -> None:
        self._log, self._journal = log, journal
        self._waiting: list[tuple[Received, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def append(self, received: Received) -> None:
        """Return when the events are on disk and counted; raises OSError if they are not."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((received, done))
        if self._task is None:
            self._task = asyncio.create_task(self._flush())
        await done

    def close(self) -> None:
        """Make the events visible to cycles."""
        self._log.seal()

    async def _flush(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await asyncio.to_thread(self._write, [received for received, _ in batch])
            except OSError as error:
                for _, done in batch:
                    if not done.done():
                        done.set_exception(error)
            for _, done in batch:
                if not done.done():
                    done.set_result(None)
        self._task = None

    def _write(self, batch: list[Received]) -> None:
        self._log.write(b"".join(received.lines for received in batch))
        self._journal.append(event for received in batch for event in received.counted)


@dataclass
class Worker:
    """The parts of a worker; ``status`` is the file in which the supervisor reports."""

    decider: Decider
    events: EventReader
    log: SharedLog
    metrics: Metrics
    status: Path | None = None
    shop: Shop | None = None
    is_draining: bool = field(default=False)

    def readiness(self) -> dict[str, Any]:
        """State for ``/readyz``: the publication served, its age, and one that was refused."""
        return {
            "ready": not self.is_draining,
            "publication": self.decider.publication,
            "age_seconds": round(self._age()),
            "refused": self._refused(),
        }

    def exposition(self) -> tuple[bytes, bytes]:
        """Metrics of all workers for ``/metrics``, and the content type."""
        is_refused = self._refused() is not None
        return self.metrics.exposition(Publication(self.decider.as_of, self._age(), is_refused))

    def _age(self) -> float:
        return (self.decider.clock() - self.decider.as_of).total_seconds()

    def _refused(self) -> dict[str, Any] | None:
        """The publication that the supervisor refused, and why."""
        return (read_json(self.status) if self.status else None) or None
