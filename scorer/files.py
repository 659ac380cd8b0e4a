"""Atomic writes: after a crash, a path holds either its old or its new content."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from glob import escape
from pathlib import Path
from typing import Any

from scorer.interruption import stop_if_interrupted

_CLOCKS_DIFFER = timedelta(hours=1)
STAMP = "%Y%m%dT%H%M%S"
"""Format of a moment (UTC) in file names."""
NOT_JSON = (ValueError, RecursionError)
"""What `json` raises for text that is not JSON, or in which values are nested too deeply."""


def is_written_before(path: Path, moment: datetime) -> bool:
    """Return whether a file was written before a moment (UTC), by more than clocks differ."""
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(tzinfo=None)
    return written < moment - _CLOCKS_DIFFER


def make_private_folder(folder: Path) -> None:
    """Create a folder that only its owner may enter; an existing one keeps its permissions."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)


@contextmanager
def replacing(path: Path, mode: int | None = None) -> Iterator[Path]:
    """Yield a temporary path to write to, and move the file to `path` at the end of the block.

    If the block fails, the temporary file is removed and `path` keeps its content. The temporary
    name ends with the name of `path`, because some writers choose a format by the extension.
    Temporary files of dead processes are removed. The file gets the permissions `mode`, if given.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f".*.tmp.{escape(path.name)}"):
        if not _is_alive(left.name.split(".")[1]):
            left.unlink(missing_ok=True)
    temporary = path.with_name(f".{os.getpid()}.tmp.{path.name}")
    try:
        yield temporary
        sync(temporary)
        if mode is not None:
            temporary.chmod(mode)
        stop_if_interrupted()
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync(path.parent)


def remove_leftovers(folder: Path) -> None:
    """Delete temporary files and folders of dead writers; call it where nobody else writes."""
    for left in (*folder.glob(".*.tmp*"), *folder.glob(".new-*")):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def replace_file(path: Path, data: bytes) -> None:
    """Replace the content of a file atomically."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def sync(path: Path) -> None:
    """Wait until a file, or the entries of a folder, are on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Replace the content of a file by a JSON object atomically."""
    replace_file(path, json.dumps(content, indent=2).encode())


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the JSON object in a file, None if the file is missing or contains anything else."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, *NOT_JSON):
        return None
    return content if isinstance(content, dict) else None


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except PermissionError:
        return True
    except (OSError, ValueError, OverflowError):
        return False
    return True
