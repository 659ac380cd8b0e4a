"""The day files of the log, and the late lines that belong to later files."""

from __future__ import annotations

import gzip
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import numpy as np

from scorer.simulation.dirt import Delivery, disorder
from scorer.simulation.events import Lines
from scorer.simulation.population import DAY_MS


class DayFile:
    """One open file of the log; lines are written in blocks and counted by kind."""

    def __init__(self, handle: BinaryIO, day: int, counts: Counter[str]) -> None:
        self._handle = handle
        self._day = day
        self._counts = counts

    def write(self, batches: list[Lines], rng: np.random.Generator) -> None:
        """Write lines in order of time, with a few exceptions."""
        batches = [batch for batch in batches if len(batch)]
        if not batches:
            return
        at = np.concatenate([batch.at for batch in batches])
        text = [line for batch in batches for line in batch.text]
        order = disorder(at, rng)
        self._handle.write(b"\n".join([*(text[i] for i in order.tolist()), b""]))
        self._counts["lines"] += len(text)
        self._counts["late"] += int((at // DAY_MS < self._day).sum())
        self._counts["out_of_order"] += int((np.diff(at[order]) < 0).sum())
        for batch in batches:
            self._counts[batch.kind] += len(batch)


class EventLog:
    """Files `experience_events/YYYY-MM-DD.ndjson` (or `.ndjson.gz`), one per day of delivery."""

    def __init__(self, compress: bool) -> None:
        self._compress = compress
        self._pending: dict[int, dict[int, list[Lines]]] = {}

    def begin(self, week: int) -> None:
        """Forget pending lines of an earlier attempt at this week or of weeks long past."""
        kept = {origin: days for origin, days in self._pending.items() if 0 < week - origin <= 2}
        self._pending = kept | {week: defaultdict(list)}

    def arriving(self, day: int) -> list[Lines]:
        """Return the pending lines for a day (days since 1970), oldest week first."""
        return [line for days in self._pending.values() for line in days.get(day, [])]

    def post(self, week: int, day: int, deliveries: list[Delivery]) -> list[Lines]:
        """Return the lines delivered on `day`; keep later ones until their day."""
        today: list[Lines] = []
        for delivery in deliveries:
            lands = delivery.lines.at // DAY_MS + delivery.days_late
            for target in np.unique(lands).tolist():
                lines = delivery.lines.take(np.flatnonzero(lands == target))
                (today if target == day else self._pending[week][target]).append(lines)
        return today

    def path(self, raw: Path, day: int) -> Path:
        """Return the file of a day (days since 1970)."""
        name = datetime.fromtimestamp(day * DAY_MS / 1000, UTC).date().isoformat()
        return raw / "experience_events" / f"{name}.ndjson{'.gz' if self._compress else ''}"

    @contextmanager
    def open(self, raw: Path, day: int, counts: Counter[str]) -> Iterator[DayFile]:
        """Open the file of a day; the file gets its name once it is complete."""
        path = self.path(raw, day)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.part")
        with partial.open("wb") as plain:
            if self._compress:
                with gzip.GzipFile("", "wb", 1, plain, mtime=0) as packed:
                    yield DayFile(packed, day, counts)  # type: ignore[arg-type]
            else:
                yield DayFile(plain, day, counts)
        os.replace(partial, path)
