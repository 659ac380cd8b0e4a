"""Remembers the files that `nextoffer simulate` wrote, so that it does not overwrite others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scorer.errors import ConfigurationError
from scorer.files import read_json, write_json

_MARK = ".nextoffer-simulation"


@contextmanager
def simulated_folder(folder: Path) -> Iterator[None]:
    """Let the block write to a folder that only contains files of a simulation, and record them.

    Raises
    ------
    ConfigurationError
        The folder has a file that no simulation wrote, or one that was changed since.
    """
    written = read_json(folder / _MARK) or {}
    for name, version in _versions(folder).items():
        if written.get(name) != version:
            raise ConfigurationError(
                f"--out: {folder / name} was not written by a simulation, or was changed since;"
                " name another folder, or remove the file"
            )
    yield
    write_json(folder / _MARK, _versions(folder))


def _versions(folder: Path) -> dict[str, list[int]]:
    """Return size and time of change (ns) of every file below a folder, by relative name."""
    if folder.exists() and not folder.is_dir():
        raise ConfigurationError(f"--out: {folder} is a file; name a folder")
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != _MARK]
    return {
        str(path.relative_to(folder)): [path.stat().st_size, path.stat().st_mtime_ns]
        for path in files
    }
