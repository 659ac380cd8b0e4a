"""Shared by all tests: the dbt project is parsed once per worker, not once per home folder."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


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
