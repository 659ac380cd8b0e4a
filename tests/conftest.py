"""Shared by all tests: their order, the clock, and the dbt project, parsed once per worker."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# Each process takes the next file when it has finished one. The longest files come first, so that
# no process waits long for the other at the end; files that share a build do not start together.
FIRST = (
    "dbt/test_build_alone.py",
    "dbt/",
    "app/test_browser.py",
    "end_to_end/",
    "packaging/",
    "attack/",
    "app/",
    "benchmarks/",
    "scorer/cli/",
    "scorer/online/",
)
TESTS = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the slowest files first; files keep the order of their tests."""

    def place(item: pytest.Item) -> int:
        path = item.path.relative_to(TESTS).as_posix()
        return next((n for n, start in enumerate(FIRST) if path.startswith(start)), len(FIRST))

    items.sort(key=place)


@pytest.fixture(scope="session", autouse=True)
def any_clock() -> Iterator[None]:
    """Allow dates of tests that are after the clock of the machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEXTOFFER_ALLOW_FUTURE", "1")
        yield


@pytest.fixture(scope="session", autouse=True)
def parsed_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A folder of this worker for the parsed project; commands that tests start inherit it."""
    before = os.environ.get("NEXTOFFER_PARSED")
    os.environ["NEXTOFFER_PARSED"] = str(tmp_path_factory.mktemp("parsed"))
    yield
    if before is None:
        del os.environ["NEXTOFFER_PARSED"]
    else:
        os.environ["NEXTOFFER_PARSED"] = before
