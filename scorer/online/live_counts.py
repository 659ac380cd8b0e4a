"""Counts of events since the publication, shared by all workers of a host through a journal.

The journal has one record of fixed size per acknowledged event and offer, in files by day below
``online/counted/``. A worker appends the records of its events in one write, and reads records of
other workers before it decides. Records name ids by the first 64 bits of their md5.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from scorer.ranking.caps import CapRule, Count
from scorer.ranking.exploration import word

_RECORD = np.dtype(
    [
        ("event_id", "<u8"),
        ("at", "<f8"),
        ("profile", "<u8"),
        ("offer", "<u8"),
        ("placement", "<u8"),
        ("event", "<u8"),
    ]
)
_KEPT = timedelta(days=40)
_NOBODY = 0
_MARK_BYTES = 8


@dataclass(frozen=True)
class Counted:
    """An event that capping rules may count: impression, click, decision or an event type."""

    event_id: str
    at: datetime
    profile_id: str
    event: str
    offer_id: str | None = None
    placement_id: str | None = None


class Journal:
    """The journal of a home folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._remove_old()
        self._shared = _shared_memory(folder / "changed")

    @classmethod
    def of_home(cls, home: Path) -> Journal:
        """The journal of a home folder, created at first use."""
        return cls(home / "online" / "counted")

    def append(self, events: Iterable[Counted]) -> None:
        """Add events; other workers see them at once."""
        records = np.array([_record(event) for event in events], dtype=_RECORD)
        if records.size:
            handle = os.open(self.today(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                # A worker that was killed while it wrote may have left a part of a record.
                size = os.fstat(handle).st_size
                os.ftruncate(handle, size - size % _RECORD.itemsize)
                os.write(handle, records.tobytes())
            finally:
                os.close(handle)
            self._shared[:] = time.time_ns().to_bytes(_MARK_BYTES)

    def mark(self) -> bytes:
        """What changes with every event, read from shared memory without asking the system."""
        return self._shared[:]

    def today(self) -> Path:
        """File that events are appended to now."""
        return self.folder / f"{datetime.now(UTC):%Y%m%d}.bin"

    def files(self) -> list[Path]:
        """All files, oldest first."""
        return sorted(self.folder.glob("*.bin"))

    def _remove_old(self) -> None:
        oldest = f"{datetime.now(UTC) - _KEPT:%Y%m%d}.bin"
        for file in self.files():
            if file.name < oldest:
                file.unlink(missing_ok=True)


class LiveCounts:
    """Counts of events after the ``as_of`` of a publication, updated as the journal grows."""

    def __init__(self, journal: Journal, rules: tuple[CapRule, ...], as_of: datetime) -> None:
        self._journal, self._rules, self._as_of = journal, rules, as_of.replace(tzinfo=UTC)
        self._events = np.array([word(rule.event) for rule in rules], dtype=np.uint64)
        self._read: dict[str, int] = {}
        self._seen: set[int] = set()
        self._totals: Counter[tuple[int, int]] = Counter()
        self._personal: dict[int, Counter[tuple[int, int]]] = {}
        self._lock = threading.Lock()
        self._mark = b""
        self._day, self._current = -1, [str(file) for file in journal.files()]
        self._follow()

    def of(self, profile: int) -> list[Count]:
        """Events of everybody and of a profile since ``as_of``, by rule and day.

        ``profile`` is :func:`scorer.ranking.exploration.word` of its id.
        """
        self._follow()
        own = self._personal.get(profile)
        if own is None and not self._totals:
            return []
        with self._lock:
            both = [*self._totals.items(), *(own.items() if own else ())]
            return [(rule, day, n) for (rule, day), n in both]

    def _follow(self) -> None:
        """Read new records of today, and after midnight once more those of yesterday."""
        day, mark = int(time.time() // 86_400), self._journal.mark()
        if day == self._day and mark == self._mark:
            return
        if day != self._day:
            self._day, turned = day, [*self._current, str(self._journal.today())]
            with self._lock:
                for file in turned:
                    self._read_on(file)
            self._current = list(dict.fromkeys(turned))[-2:]
        for file in self._current:
            try:
                size = os.stat(file).st_size
            except FileNotFoundError:
                continue
            if size != self._read.get(file, 0):
                with self._lock:
                    self._read_on(file)
        # Only now: another thread that saw the mark before must not go on without the events.
        self._mark = mark

    def _read_on(self, file: str) -> None:
        """Count the records that were appended since the last call."""
        start = self._read.get(file, 0)
        try:
            size = os.stat(file).st_size
        except FileNotFoundError:
            return
        if (size - start) // _RECORD.itemsize:
            records = np.fromfile(file, dtype=_RECORD, offset=start)
            self._read[file] = start + records.nbytes
            later = records["at"] > self._as_of.timestamp()
            for record in records[later & np.isin(records["event"], self._events)].tolist():
                self._count(*record)

    def _count(self, event_id: int, at: float, profile: int, *what: int) -> None:
        if event_id in self._seen:
            return
        self._seen.add(event_id)
        day = datetime.fromtimestamp(at, UTC).toordinal()
        for place, rule in enumerate(self._rules):
            if not _covers(rule, *what):
                continue
            if rule.is_personal:
                self._personal.setdefault(profile, Counter())[place, day] += 1
            else:
                self._totals[place, day] += 1


def _shared_memory(file: Path) -> mmap.mmap:
    """A few bytes that all processes of the host see."""
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        os.ftruncate(handle, _MARK_BYTES)
        return mmap.mmap(handle, _MARK_BYTES)
    finally:
        os.close(handle)


def _covers(rule: CapRule, offer: int, placement: int, event: int) -> bool:
    return (
        word(rule.event) == event
        and offer in (_NOBODY, word(rule.offer_id))
        and (rule.placement_id is None or placement in (_NOBODY, word(rule.placement_id)))
    )


def _record(event: Counted) -> tuple[int, float, int, int, int, int]:
    at = event.at.replace(tzinfo=UTC).timestamp()
    offer, placement = (
        _NOBODY if i is None else word(i) for i in (event.offer_id, event.placement_id)
    )
    own_id = word(f"{event.event_id}|{event.offer_id}|{event.placement_id}")
    return own_id, at, word(event.profile_id), offer, placement, word(event.event)
