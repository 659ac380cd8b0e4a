"""The folder of input files: which files are inputs, and whether they can be read.

The dbt project reads the content. The checks here make sure that an error names the file.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterable
from pathlib import Path

from scorer.errors import InputError

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
KINDS = (".csv", ".tsv", ".parquet", ".ndjson", ".jsonl", ".json")
_LINE_KINDS = (".ndjson", ".jsonl")
_LINK_DEPTH = 3
_WHOLE_BYTES = 8 << 20
_SAMPLE_BYTES = 1 << 20
_IGNORED_FOLDERS = {"target", "logs", "dbt_packages", "raw", "__pycache__"}


def file_kind(path: Path) -> str | None:
    """Return the kind of a file from its name, without `.gz`; None if the kind is not supported."""
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    return suffix if suffix in KINDS else None


def input_files(raw: Path, name: str) -> list[Path]:
    """Return the files of one input: `<name>.<kind>` in any case, or below a folder of that name.

    Files and folders that begin with a point or `_` belong to other tools.
    """
    found: list[Path] = []
    for path in raw.iterdir() if raw.is_dir() else ():
        if path.name.lower() == name and path.is_dir():
            found += _files_below(path)
        elif path.name.lower().startswith(f"{name}.") or (
            name == "experience_events" and _is_loose_events(path)
        ):
            found.append(path)
    return sorted({path for path in found if _is_wanted(path)})


def _files_below(folder: Path, depth: int = 1) -> list[Path]:
    """Return the files below a folder; links to folders are followed three levels deep."""
    found: list[Path] = []
    for path in folder.iterdir():
        if path.name.startswith((".", "_")):
            continue
        if not path.is_dir():
            found.append(path)
        elif not path.is_symlink() or depth < _LINK_DEPTH:
            found += _files_below(path, depth + 1)
    return found


def check_raw_folder(raw: Path, may_be_empty: bool = False) -> None:
    """Raise unless the folder contains a recognised input, and all its files can be opened.

    It `may_be_empty` where inputs are tables.

    Raises
    ------
    InputError
        The folder is missing, a file, empty or without a recognised input; or a file is
        unreadable.
    """
    if not raw.exists():
        raise InputError(f"--raw: {raw} does not exist; name the folder of your input files")
    if not raw.is_dir():
        raise InputError(f"--raw: {raw} is a file; name the folder that holds it")
    if not may_be_empty and not any(raw.iterdir()):
        raise InputError(f"--raw: {raw} is empty; put experience_events/ or displays.csv there")
    files = all_input_files(raw)
    if not files and not may_be_empty:
        has = ", ".join(sorted(path.name for path in raw.iterdir())[:5])
        raise InputError(
            f"--raw: {raw} contains no recognised input; found: {has}; known: {', '.join(INPUTS)}"
            f" as {', '.join(KINDS)}, also .gz"
        )
    for path in files:
        if not os.access(path, os.R_OK):
            raise InputError(f"{path} cannot be read; check that it exists and its permissions")


def all_input_files(raw: Path) -> list[Path]:
    """Return the files of all inputs, sorted."""
    return sorted({path for name in INPUTS for path in input_files(raw, name)})


def find_damaged(raw: Path) -> str | None:
    """Return the first damaged file of the folder and what is wrong with it, None if all are fine.

    Decompresses every compressed file, so call it only after a failure.
    """
    for path in all_input_files(raw):
        problem = _problem(path)
        if problem:
            return f"{path}: {problem}"
    return None


def _problem(path: Path) -> str | None:
    kind = file_kind(path)
    try:
        if path.name.lower().endswith(".gz"):
            with gzip.open(path) as handle:
                while handle.read(1 << 20):
                    pass
        elif kind == ".parquet":
            import pyarrow.parquet as pq

            pq.read_metadata(path)
        elif kind == ".csv" and path.stat().st_size == 0:
            return "the file is empty; a CSV file needs a header"
    except EOFError:
        return "the gzip file is truncated; copy it again"
    except (gzip.BadGzipFile, zlib.error):
        return "the gzip file is damaged; copy it again"
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    except ValueError as error:
        return f"not a readable Parquet file: {str(error).splitlines()[0]}"
    return None


def listing_fingerprint(raw: Path | None, project_dir: Path) -> str:
    """Return a digest that changes when an input file or the dbt project changes.

    Input files count by name, size and modification time, project files by content.
    """
    digest = hashlib.sha256()
    for path in all_input_files(raw) if raw else []:
        stat = path.stat()
        digest.update(repr((str(path.relative_to(raw or path)), stat.st_size)).encode())
        digest.update(str(stat.st_mtime_ns).encode())
    for path in _project_files(project_dir):
        digest.update(str(path.relative_to(project_dir)).encode() + path.read_bytes())
    return digest.hexdigest()


def content_fingerprint(raw: Path | None) -> str:
    """Return a digest of the names and contents of the input files, independent of the folder.

    Of a file above 8 MB only the size and the first and last MB count.
    """
    digest = hashlib.sha256()
    for path in all_input_files(raw) if raw else []:
        digest.update(repr((str(path.relative_to(raw or path)), path.stat().st_size)).encode())
        for part in _content(path):
            digest.update(part)
    return digest.hexdigest()


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


def _is_loose_events(path: Path) -> bool:
    return file_kind(path) in _LINE_KINDS and path.name.split(".")[0].lower() not in INPUTS


def _is_wanted(path: Path) -> bool:
    return (
        not path.name.startswith((".", "_")) and file_kind(path) is not None and not path.is_dir()
    )
