"""Arrows between packages: the imports that each part of the code may have.

The checks read imports only, also those inside functions; nothing is imported.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.paths import ROOT

# From the top to the bottom: a part imports parts on lower lines only, so parts on one line do not
# import each other.
LAYERS = (
    ("cli",),
    ("cycle",),
    ("evaluation", "online"),
    ("explanations",),
    ("training", "ranking"),
    ("registry",),
    ("models", "warehouse", "project_file"),
    ("features", "inputs"),
    ("config",),
    ("forest", "ope", "simulation"),
    ("arrays", "files", "progress", "spreadsheets", "sql"),
    ("interruption",),
    ("machine_limits",),
    ("errors",),
)
LINE = {part: line for line, parts in enumerate(LAYERS) for part in parts}
# Parts that could be separate libraries, and the other parts that they may import.
STANDALONE = ("forest", "ope", "simulation")
FOUNDATION = ("arrays", "errors")
ONLY_HERE = {"duckdb": "warehouse"}


@dataclass(frozen=True)
class Import:
    """One import: its place, and the imported dotted name."""

    file: Path
    line: int
    name: str


def imports(folder: Path) -> Iterator[Import]:
    """Yield every import of the Python files below a folder."""
    for file in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{file} line {node.lineno}: write an absolute import"
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            else:
                continue
            yield from (Import(file, node.lineno, name) for name in names)


def wrong_imports(root: Path) -> list[str]:
    """Return a sentence for every import of `scorer` and `app` that points the wrong way."""
    found = []
    for each in imports(root / "scorer"):
        reason = _wrong_in_scorer(each.file.relative_to(root / "scorer"), each.name)
        if reason:
            found.append(f"{each.file.relative_to(root)} line {each.line}: {reason}")
    for each in imports(root / "app"):
        if each.name.split(".")[0] == "scorer":
            place = f"{each.file.relative_to(root)} line {each.line}"
            found.append(f"{place}: app imports {each.name}, but knows published tables only")
    return found


def _wrong_in_scorer(file: Path, name: str) -> str | None:
    part = file.parts[0].removesuffix(".py")
    package, _, rest = name.partition(".")
    if package in ONLY_HERE and part != ONLY_HERE[package]:
        return f"{part} imports {package}, which only {ONLY_HERE[package]} may"
    if package == "app":
        return f"{part} imports {name}: the scorer does not know the app"
    if package != "scorer" or part == "__init__":
        return None
    target = rest.split(".")[0]
    for known in (part, target):
        if known not in LINE:
            return f"{known} has no line in LAYERS of tests/test_architecture.py: give it one"
    if target == part:
        return None
    if part in STANDALONE and target not in FOUNDATION:
        return f"{part} imports {target}, but stands alone"
    if LINE[target] <= LINE[part]:
        return f"{part} imports {target}, which is not below it"
    return None


def test_packages_import_only_what_is_below_them() -> None:
    """Every import of the scorer and of the app follows the layers."""
    assert wrong_imports(ROOT) == []


def test_the_scorer_reads_marts_only() -> None:
    """No query of the scorer selects from a staging or intermediate model."""
    below = re.compile(r"\b(?:from|join)\s+(?:main\.)?(?:int|stg|base)_\w+", re.IGNORECASE)
    files = (ROOT / "scorer").rglob("*.py")
    found = {f.name: below.findall(f.read_text(encoding="utf-8")) for f in files}
    assert {name: queries for name, queries in found.items() if queries} == {}
    assert below.findall("select *\nfrom int_capped_offers") != []


def test_every_layer_exists() -> None:
    """Every part in the list of layers exists."""
    present = {path.name.removesuffix(".py") for path in (ROOT / "scorer").iterdir()}
    assert set(LINE) <= present


@pytest.mark.parametrize(
    ("file", "code", "reason"),
    [
        ("scorer/ranking/a.py", "from scorer.training.train import train", "is not below it"),
        ("scorer/explanations/a.py", "from scorer.cycle.run import STEPS", "is not below it"),
        ("scorer/models/a.py", "import scorer.warehouse.marts", "is not below it"),
        ("scorer/cycle/a.py", "def f():\n    from scorer import cli", "line 2: cycle imports cli"),
        ("scorer/ope/a.py", "from scorer.files import sync", "imports files, but stands alone"),
        ("scorer/sql.py", "from scorer.config import Settings", "is not below it"),
        ("scorer/cli/a.py", "import duckdb", "which only warehouse may"),
        ("scorer/cli/a.py", "from app.main import main", "does not know the app"),
        ("scorer/attic/a.py", "from scorer.errors import InputError", "attic has no line"),
        ("app/pages/a.py", "from scorer.config import Settings", "knows published tables only"),
    ],
)
def test_a_wrong_import_is_found(tmp_path: Path, file: str, code: str, reason: str) -> None:
    """An import against an arrow is reported with its file and line."""
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(code)
    (found,) = wrong_imports(tmp_path)
    assert found.startswith(f"{file} line ")
    assert reason in found


def test_right_imports_are_not_reported(tmp_path: Path) -> None:
    """Imports of lower layers, of the same package and of libraries are fine."""
    path = tmp_path / "scorer" / "warehouse" / "a.py"
    path.parent.mkdir(parents=True)
    path.write_text(
        "import duckdb\nfrom scorer.warehouse.b import c\nfrom scorer.sql import quote\n"
    )
    assert wrong_imports(tmp_path) == []
