"""Appends experience events to the raw folder durably; cycles never read a partial line.

Events go to a hidden file, which cycles ignore, and are on disk when :meth:`EventLog.write`
returns. Sealing renames the file into sight. Whoever holds its lock may seal it, so a cycle seals
all files at its start: it sees every acknowledged event, also of a server that was killed.
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from pathlib import Path

from scorer.files import sync

_PREFIX = "online-"
_MAX_BYTES = 64 << 20


class EventLog:
    """The file of one writer below ``experience_events/``; not for several threads at once."""

    def __init__(self, raw: Path) -> None:
        self._folder = raw / "experience_events"
        self._path: Path | None = None
        self._handle = -1

    def write(self, lines: bytes) -> None:
        """Append whole NDJSON lines; they are on disk when this returns.

        Raises
        ------
        OSError
            The events are not on disk: the folder is missing, full or not writable.
        """
        self._hold()
        try:
            start = os.fstat(self._handle).st_size
            try:
                _write_all(self._handle, lines)
                os.fdatasync(self._handle)
            except OSError:
                os.ftruncate(self._handle, start)
                raise
            is_full = start + len(lines) >= _MAX_BYTES
        finally:
            fcntl.flock(self._handle, fcntl.LOCK_UN)
        if is_full:
            self.seal()

    def seal(self) -> None:
        """Bring the events written so far into sight."""
        if self._path is not None:
            _seal(self._path)
            self._close()

    def _hold(self) -> None:
        """Lock the file, or a new one if somebody has sealed it, even before it was locked."""
        while True:
            if self._path is None:
                self._create()
            assert self._path is not None
            fcntl.flock(self._handle, fcntl.LOCK_EX)
            if _is_at(self._handle, self._path):
                return
            self._close()

    def _create(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        name = f".{_PREFIX}{socket.gethostname()}-{os.getpid()}-{time.time_ns()}.ndjson"
        self._path = self._folder / name
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL
        self._handle = os.open(self._path, flags, 0o644)
        sync(self._folder)

    def _close(self) -> None:
        os.close(self._handle)
        self._path = None


def seal_event_logs(raw: Path) -> None:
    """Bring the events of all writers into sight, whether they are alive or not."""
    for path in sorted((raw / "experience_events").glob(f".{_PREFIX}*.ndjson")):
        _seal(path)


def _seal(path: Path) -> None:
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if not _is_at(handle, path):
            return
        size = _whole_lines(handle)
        os.ftruncate(handle, size)
        if size:
            os.fsync(handle)
            os.rename(path, path.with_name(path.name.removeprefix(".")))
        else:
            path.unlink()
        sync(path.parent)
    finally:
        os.close(handle)


def _whole_lines(handle: int) -> int:
    """Size without an unfinished line of a killed writer, which was never acknowledged."""
    size = os.fstat(handle).st_size
    while size:
        start = max(0, size - (1 << 16))
        found = os.pread(handle, size - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        size = start
    return 0


def _is_at(handle: int, path: Path) -> bool:
    """True if the path still names the open file."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return False
    own = os.fstat(handle)
    return (found.st_dev, found.st_ino) == (own.st_dev, own.st_ino)


def _write_all(handle: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]
