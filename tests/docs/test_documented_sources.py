"""The papers that the documents cite are the ones that they list."""

from __future__ import annotations

import re

import pytest

from tests.support.paths import DOCS


@pytest.mark.parametrize("name", ["method.md", "off-policy.md"])
def test_every_source_has_a_number_of_its_own(name: str) -> None:
    """Sources are numbered from 1 on, each is cited, and no citation leads nowhere."""
    text, sources = (DOCS / name).read_text().split("## Sources")
    numbers = [int(n) for n in re.findall(r"^(\d+)\. ", sources, re.MULTILINE)]
    cited = {int(n) for group in re.findall(r"\[(\d+(?:, \d+)*)\]", text) for n in group.split(",")}
    assert numbers == list(range(1, len(numbers) + 1))
    assert cited == set(numbers)
