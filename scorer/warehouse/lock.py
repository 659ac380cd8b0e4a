"""One run at a time in a home folder; the lock of a dead run is taken over."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scorer.errors import ConfigurationError, LockedError
from scorer.files import NOT_JSON, make_private_folder

_MOST_PID = 2**31


@contextmanager
def hold_lock(path: Path) -> Iterator[str | None]:
    """Hold the lock of a home folder during the block.

    The operating system releases the lock when its process ends, however it ends. The content of
    the file is for people, and for file systems that do not share locks between machines.

    Yields
    ------
    str or None
        A sentence about the dead run whose lock is taken over; None if there was none.

    Raises
    ------
    LockedError
        A running process holds the lock; the message names it.
    ConfigurationError
        The file cannot be written, is a link or not a regular file.
    """
    try:
        make_private_folder(path.parent)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    except OSError as error:
        raise ConfigurationError(_not_lockable(path, error)) from None
    try:
        _require_own_file(path, handle)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise _held(path, _owner(handle)) from None
        owner = _owner(handle)
        if owner and _is_alive(owner):
            raise _held(path, owner)
        _write(handle, json.dumps(_own_mark()))
        try:
            yield _taken_over(owner)
        finally:
            _write(handle, "")
    finally:
        os.close(handle)


def _require_own_file(path: Path, handle: int) -> None:
    """Raise for anything but a regular file with one name, because its content is replaced."""
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        raise ConfigurationError(f"{path} is another name of a file, a pipe or a device; remove it")


def _not_lockable(path: Path, error: OSError) -> str:
    if path.is_symlink():
        return f"{path} is a link, which is not followed; remove it"
    reason = error.strerror or error
    return f"{path} cannot be written ({reason}); make it writable, or name another --home"


def _held(path: Path, owner: dict[str, Any]) -> LockedError:
    who = f"process {owner['pid']} on {owner['host']}" if owner else "another process"
    return LockedError(f"{who} is working in {path.parent}; wait for it to finish, or end it")


def _taken_over(owner: dict[str, Any]) -> str | None:
    if not owner:
        return None
    return (
        f"process {owner['pid']} on {owner['host']} ended without finishing; taking over its lock"
    )


def _own_mark() -> dict[str, Any]:
    return {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "process_start": _process_start(os.getpid()),
    }


def _owner(handle: int) -> dict[str, Any]:
    """Return the mark of a process in the file; empty where it holds anything else."""
    try:
        owner = json.loads(os.pread(handle, 4096, 0))
        pid, host = owner["pid"], owner["host"]
    except (*NOT_JSON, KeyError, TypeError):
        return {}
    valid = type(pid) is int and 0 < pid < _MOST_PID and isinstance(host, str) and len(host) < 256
    return owner if valid else {}


def _is_alive(owner: dict[str, Any]) -> bool:
    pid = owner["pid"]
    if owner["host"] != socket.gethostname() or pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    # Process ids are reused: the same id with another start time is another process.
    start = owner.get("process_start")
    return start is None or _process_start(pid) in (None, start)


def _process_start(pid: int) -> str | None:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except (OSError, IndexError):
        return None


def _write(handle: int, text: str) -> None:
    os.ftruncate(handle, 0)
    os.pwrite(handle, text.encode(), 0)
    os.fsync(handle)
