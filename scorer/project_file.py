"""The file `nextoffer.toml` with the settings of all commands of a project."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from scorer.errors import ConfigurationError
from scorer.inputs.raw_folder import INPUTS

NAME = "nextoffer.toml"
_FOLDERS = ("raw", "home", "project_dir")
_TYPES: dict[str, type] = {
    "raw": str,
    "home": str,
    "project_dir": str,
    "kpi": str,
    "seed": int,
    "assignment": str,
    "date_order": str,
    "time_zone": str,
    "code_page": str,
    "currency": str,
    "inputs": dict,
}
_WANTED = {int: "a whole number", str: "a text in quotes", dict: "a section, such as [inputs]"}


@dataclass(frozen=True)
class ProjectFile:
    """Values of a project file; None for missing keys. Folders are absolute."""

    raw: Path | None = None
    home: Path | None = None
    project_dir: Path | None = None
    kpi: str | None = None
    seed: int | None = None
    assignment: str | None = None
    date_order: str | None = None
    time_zone: str | None = None
    code_page: str | None = None
    currency: str | None = None
    inputs: dict[str, str] | None = None


def find_project_file(folder: Path) -> Path | None:
    """Return the `nextoffer.toml` of a folder or of the nearest folder above it."""
    candidates = (parent / NAME for parent in (folder, *folder.parents))
    return next((file for file in candidates if file.is_file()), None)


def read_project_file(file: Path) -> ProjectFile:
    """Read a project file; its folders are relative to it.

    Raises
    ------
    ConfigurationError
        It cannot be read, or has an unknown key or a value of another type.
    """
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{file}: {error}") from None
    values = {key: _checked(file, key, value) for key, value in content.items()}
    return ProjectFile(**values)


def _checked(file: Path, key: str, value: Any) -> Any:
    known = [field.name for field in fields(ProjectFile)]
    if key not in known:
        near = [name for name in known if key.startswith(name)] or get_close_matches(key, known)
        hint = f"did you mean {near[0]}?" if near else f"known keys: {', '.join(known)}"
        raise ConfigurationError(f"{file}: unknown key {key}; {hint}")
    kind = _TYPES[key]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ConfigurationError(f"{file}: {key} must be {_WANTED[kind]}, not {value!r}")
    if isinstance(value, dict):
        return {name: _relation(file, name, relation) for name, relation in value.items()}
    return (file.parent / str(value)).expanduser().absolute() if key in _FOLDERS else value


def _relation(file: Path, name: str, relation: Any) -> str:
    """Return a relation as stated, the path of another DuckDB file absolute."""
    if name not in INPUTS:
        near = get_close_matches(name, INPUTS)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(INPUTS)}"
        raise ConfigurationError(f"{file}: [inputs] {name} is not an input; {hint}")
    if not isinstance(relation, str) or not relation.strip():
        raise ConfigurationError(
            f'{file}: [inputs] {name} must name a table, such as "schema.table" or'
            f' "file.duckdb:schema.table", not {relation!r}'
        )
    database, colon, table = relation.rpartition(":")
    if not colon:
        return relation
    return f"{(file.parent / database).expanduser().absolute()}:{table}"
