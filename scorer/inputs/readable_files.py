"""The files that a run reads: the inputs of the raw folder, or plain copies of them.

dbt reads exactly the files listed here. An unreadable file of a log or of the catalogue is set
aside with its reason; offers that only it names are then not ranked. Rules and memberships restrict
what people see, so an unreadable file of these stops the run.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from scorer.config import Settings
from scorer.errors import InputError
from scorer.inputs.damaged_files import MIXED_LINE_ENDS, known_damage, remember_damage
from scorer.inputs.file_forms import UnreadableError
from scorer.inputs.foreign_exports import exports_among, require_own_format
from scorer.inputs.long_lines import require_short_lines
from scorer.inputs.plain_files import plain_files
from scorer.inputs.raw_folder import INPUTS, empty_folders, input_files, unnamed_entries
from scorer.inputs.text_traits import DEFAULT_CODE_PAGE

_LOGS = ("experience_events", "displays")
SET_ASIDE = (*_LOGS, "offers")
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Refused:
    """A file, or part of an archive, that is not read: its published name and the reason."""

    input_name: str
    source_file: str
    reason: str


@dataclass(frozen=True)
class ReadableFiles:
    """The files of each input, in the order in which they are read, and the files set aside.

    `sources` maps each file to the file of the raw folder that it is, or is a copy of. `decoded`
    has input, file and code page of those that were not UTF-8.
    """

    files: dict[str, list[Path]] = field(default_factory=dict)
    sources: dict[Path, Path] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    decoded: list[tuple[str, str, str]] = field(default_factory=list)


def readable_files(settings: Settings) -> ReadableFiles:
    """Return the files to read; missing or outdated copies are written.

    Raises
    ------
    ConfigurationError
        A library for a file's format is not installed.
    InputError
        A file that restricts offers cannot be read, or a file is an export of another tool.
    """
    found = ReadableFiles()
    raw = settings.raw
    if raw is None:
        return found
    damage = known_damage(settings.copies_dir)
    in_use: set[Path] = set()
    for name in INPUTS:
        found.files[name] = []
        if name not in settings.inputs:
            _refuse_empty_folders(found, raw, name)
        for path in input_files(raw, name) if name not in settings.inputs else []:
            inner = path.relative_to(raw)
            folder = settings.copies_dir / inner
            try:
                is_mixed = damage.get(path) == MIXED_LINE_ENDS
                if path in damage and not is_mixed:
                    raise UnreadableError(damage[path])
                plain = plain_files(path, name, folder, settings.code_page, is_mixed)
                for file in plain.files:
                    require_short_lines(file)
            except UnreadableError as error:
                if name not in SET_ASIDE:
                    raise InputError(f"{path} {error}") from None
                found.refused.append(Refused(name, str(inner), str(error)))
                continue
            in_use.add(folder)
            for file in plain.files:
                require_own_format(file, name)
                found.sources[file] = path
            found.files[name] += plain.files
            if plain.is_decoded:
                used = settings.code_page or DEFAULT_CODE_PAGE
                found.decoded.append((name, str(inner), used))
            found.refused.extend(
                Refused(name, f"{inner}/{part}", reason) for part, reason in plain.left_out
            )
    for path, export in exports_among(unnamed_entries(raw)):
        found.refused.append(Refused(UNKNOWN, str(path.relative_to(raw)), export.remedy))
    _remove_unused(settings.copies_dir, in_use)
    _require_any(found, raw)
    return found


def _refuse_empty_folders(found: ReadableFiles, raw: Path, name: str) -> None:
    """Refuse folders without files, which are no sign that there are no rules or offers.

    A folder of logs may be empty, unless it has the name of a file.
    """
    for folder in empty_folders(raw, name):
        reason = "is a folder without a file to read; put the file in its place, or remove it"
        if name not in _LOGS:
            raise InputError(f"{folder} {reason}")
        if folder.suffix:
            found.refused.append(Refused(name, folder.name, reason))


def _require_any(found: ReadableFiles, raw: Path) -> None:
    """Raise if all logs, or all files of the catalogue, are refused."""
    for inputs in (_LOGS, SET_ASIDE[2:]):
        refused = [file for file in found.refused if file.input_name in inputs]
        if refused and not any(found.files[name] for name in inputs):
            raise InputError(f"{raw / refused[0].source_file} {refused[0].reason}")


def set_damaged_aside(settings: Settings) -> dict[Path, str]:
    """Read all files to their end; return what is wrong with those newly found to be damaged.

    They are refused from now on, or read as a copy if their line ends are mixed. Call it after a
    failure only: it takes as long as reading the files.
    """
    return remember_damage(settings.copies_dir, readable_files(settings).sources)


def _remove_unused(folder: Path, in_use: set[Path]) -> None:
    """Remove copies whose source was removed."""
    for mark in folder.rglob(".source.json") if folder.is_dir() else ():
        if mark.parent not in in_use:
            shutil.rmtree(mark.parent, ignore_errors=True)
