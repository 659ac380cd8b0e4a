"""The folder of input files: which files are inputs, and when they change."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from scorer.errors import InputError
from scorer.inputs.column_names import plain_name
from scorer.inputs.delta_tables import LOG
from scorer.inputs.file_forms import (
    ARCHIVES,
    COMPRESSIONS,
    KINDS,
    LINE_KINDS,
    file_kind,
    is_of_another_tool,
)
from scorer.inputs.foreign_exports import exports_among

INPUTS = (
    "experience_events",
    "displays",
    "offers",
    "segment_memberships",
    "eligibility_rules",
    "capping_rules",
    "ranking_strategies",
    "strategy_segments",
    "strategy_offers",
    "context_features",
    "requests",
)
_LINK_DEPTH = 3
_SMALL_BYTES = 64 << 10
_WHOLE_BYTES = 8 << 20
_SAMPLE_BYTES = 1 << 20
_IGNORED_FOLDERS = {"target", "logs", "dbt_packages", "raw", "__pycache__"}


def input_name(path: Path) -> str | None:
    """Return the input that the name of a file or folder in the raw folder means, or None.

    Case, spaces, hyphens, underscores and plurals are ignored: `Eligibility-Rule.csv` is a file
    of `eligibility_rules`. A folder may have the suffix of a kind, as Spark writes it.
    """
    name, suffix = named_input(path.name), path.name.partition(".")[2]
    if name and path.is_dir():
        return name if not suffix or f".{suffix.lower()}" in (*KINDS, ".delta") else None
    if name is None and file_kind(path) in LINE_KINDS and not path.is_dir():
        return "experience_events"
    return name


def named_input(name: str) -> str | None:
    """Return the input that has this file name in any spelling, or None."""
    return _SPELLINGS.get(plain_name(name.partition(".")[0]).rstrip("s"))


_SPELLINGS = {plain_name(name).rstrip("s"): name for name in INPUTS}


def input_files(raw: Path, name: str) -> list[Path]:
    """Return the files of one input, and the folders of its Delta tables, sorted.

    They have the name of the input or lie below a folder of that name, of any kind. NDJSON files
    with another name are events. What belongs to other tools is left out.
    """
    found: list[Path] = []
    for path in raw.iterdir() if raw.is_dir() else ():
        if is_of_another_tool(path.name) or input_name(path) != name:
            continue
        found += _files_below(path) if path.is_dir() else [path]
    return sorted(set(found))


def unnamed_entries(raw: Path) -> list[Path]:
    """Return the files and folders of the raw folder without the name of an input, sorted."""
    return sorted(
        path
        for path in (raw.iterdir() if raw.is_dir() else ())
        if not is_of_another_tool(path.name) and input_name(path) is None
    )


def empty_folders(raw: Path, name: str) -> list[Path]:
    """Return the folders of an input in which there is no file to read, sorted."""
    return sorted(
        path
        for path in raw.iterdir()
        if path.is_dir()
        and not is_of_another_tool(path.name)
        and input_name(path) == name
        and not _files_below(path)
    )


def _files_below(folder: Path, depth: int = 1) -> list[Path]:
    """Return the files below a folder; links to folders are followed three levels deep."""
    if (folder / LOG).is_dir():
        return [folder]
    _refuse_table_format(folder)
    found: list[Path] = []
    for path in folder.iterdir():
        if is_of_another_tool(path.name):
            continue
        if not path.is_dir():
            found.append(path)
        elif not path.is_symlink() or depth < _LINK_DEPTH:
            below = _files_below(path, depth + 1)
            # An empty folder with the name of a file is one that failed to be written.
            found += below or ([path] if file_kind(path) else [])
    return found


def _refuse_table_format(folder: Path) -> None:
    """Raise for a table folder whose files may contain rows that its log has deleted."""
    is_iceberg = any((folder / "metadata").glob("*.metadata.json"))
    for name, is_found in (("Hudi", (folder / ".hoodie").is_dir()), ("Iceberg", is_iceberg)):
        if is_found:
            raise InputError(
                f"{folder} is a table in {name} format, which is not read;"
                " export the table as plain Parquet files"
            )


def check_raw_folder(raw: Path, may_be_empty: bool = False) -> None:
    """Raise unless the folder contains a recognised input.

    It `may_be_empty` where inputs are tables.

    Raises
    ------
    InputError
        The folder is missing, a file, empty or without a recognised input.
    """
    if not raw.exists():
        raise InputError(f"--raw: {raw} does not exist; name the folder of your input files")
    if not raw.is_dir():
        raise InputError(f"--raw: {raw} is a file; name the folder that holds it")
    if not may_be_empty and not any(raw.iterdir()):
        raise InputError(f"--raw: {raw} is empty; put experience_events/ or displays.csv there")
    if not all_input_files(raw) and not may_be_empty:
        for path, export in exports_among(unnamed_entries(raw)):
            raise InputError(f"{path} {export.remedy}")
        has = ", ".join(sorted(path.name for path in raw.iterdir())[:5])
        raise InputError(
            f"--raw: {raw} contains no recognised input; found: {has}; unpack archives, and name"
            f" files or folders after their input; known: {', '.join(INPUTS)}"
            f" as {', '.join((*KINDS, *ARCHIVES))}, also {', '.join(COMPRESSIONS)}"
        )


def all_input_files(raw: Path) -> list[Path]:
    """Return the files of all inputs, sorted."""
    return sorted({path for name in INPUTS for path in input_files(raw, name)})


def listing_fingerprint(raw: Path | None, project_dir: Path) -> str:
    """Return a digest that changes when an input file or the dbt project changes.

    Input files count by name, size and modification time, project files by content. Input files
    below 64 KB count by content too, because a tool may keep size and time of an edited file.
    """
    digest = hashlib.sha256()
    for path in _plain_inputs(raw):
        stat = path.stat()
        digest.update(repr((str(path.relative_to(raw or path)), stat.st_size)).encode())
        digest.update(str(stat.st_mtime_ns).encode())
        if stat.st_size < _SMALL_BYTES and os.access(path, os.R_OK):
            digest.update(path.read_bytes())
    for path in _project_files(project_dir):
        digest.update(str(path.relative_to(project_dir)).encode() + path.read_bytes())
    return digest.hexdigest()


def content_fingerprint(raw: Path | None) -> str:
    """Return a digest of the names and contents of the input files, independent of the folder.

    For a file above 8 MB, only the size and the first and last MB count.
    """
    digest = hashlib.sha256()
    for path in _plain_inputs(raw):
        digest.update(repr((str(path.relative_to(raw or path)), path.stat().st_size)).encode())
        if os.access(path, os.R_OK):
            for part in _content(path):
                digest.update(part)
    return digest.hexdigest()


def _plain_inputs(raw: Path | None) -> Iterable[Path]:
    """Yield the regular files of the inputs; for a Delta table, the files of its log."""
    for path in all_input_files(raw) if raw else []:
        for file in sorted((path / LOG).iterdir()) if (path / LOG).is_dir() else [path]:
            if file.is_file():
                yield file


def _content(path: Path) -> Iterable[bytes]:
    size = path.stat().st_size
    with path.open("rb") as handle:
        if size <= _WHOLE_BYTES:
            yield handle.read()
        else:
            yield handle.read(_SAMPLE_BYTES)
            handle.seek(size - _SAMPLE_BYTES)
            yield handle.read()


def _project_files(project_dir: Path) -> list[Path]:
    files = []
    for folder, folders, names in os.walk(project_dir):
        folders[:] = [name for name in folders if name not in _IGNORED_FOLDERS]
        files += [
            Path(folder) / name
            for name in names
            if name.endswith((".sql", ".yml", ".yaml", ".csv"))
        ]
    return sorted(files)
