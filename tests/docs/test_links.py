"""Links between the documents of the repository have a target."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.paths import ROOT

DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    ROOT / "benchmarks" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def _anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as a code host makes them."""
    headings = HEADING.findall(FENCE.sub("", document.read_text()))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}


def _dead(document: Path) -> list[str]:
    dead = []
    for target, anchor in LINK.findall(FENCE.sub("", document.read_text())):
        file = (document.parent / target) if target else document
        if not file.exists() or (anchor and anchor not in _anchors(file)):
            dead.append(f"{target}#{anchor}")
    return dead


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_a_file_and_heading(document: Path) -> None:
    """Every relative link names a file of the repository and, after #, one of its headings."""
    assert _dead(document) == []


def test_dead_links_are_found(tmp_path: Path) -> None:
    """A missing file and a missing heading are dead; a heading with code in it is not."""
    document = tmp_path / "page.md"
    document.write_text("# The `x` page\n[a](gone.md) [b](#gone) [c](page.md#the-x-page)\n")
    assert _dead(document) == ["gone.md#", "#gone"]
