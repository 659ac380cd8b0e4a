"""Home folders with small publications in the four states that every page must handle."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from benchmarks.synthetic_publication import write_publication
from tests.support.commands import exit_code
from tests.support.opening import START, Opener, today


@pytest.fixture(scope="session", autouse=True)
def known_components() -> Iterator[None]:
    """Look for components of Streamlit once; each run of a page would search all packages."""
    with pytest.MonkeyPatch.context() as patch:
        found = manifest_scanner.scan_component_manifests()
        patch.setattr(manifest_scanner, "scan_component_manifests", lambda: found)
        yield


@pytest.fixture(autouse=True)
def own_main_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo that AppTest makes the app the main module, which processes started later would run."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a home folder for each state: full, empty, cold and stale."""
    root = tmp_path_factory.mktemp("homes")
    homes = {state: root / state for state in ("full", "empty", "cold", "stale")}
    homes["empty"].mkdir()
    write_publication(homes["full"], today())
    write_publication(homes["cold"], today(), stage="cold")
    write_publication(homes["stale"], today() - timedelta(days=40))
    return homes


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home folder with three weeks of the demo, which all workers share."""
    root = tmp_path_factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    with (root / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (root / "demo" / "published.duckdb").exists():
            options = ("--weeks", "3", "--profiles", "1500")
            assert exit_code("demo", "--home", root / "demo", *options) == 0
    return root / "demo"


@pytest.fixture
def open_page(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Opener:
    """Return a function that opens a page on a home folder, with filters from the URL.

    Streamlit knows the pages after a first run, which is short on an empty home folder.
    """
    nothing = tmp_path_factory.mktemp("nothing")

    def opener(home: Path, page: str, **filters: str) -> AppTest:
        monkeypatch.setenv("NEXTOFFER_HOME", str(nothing))
        app = AppTest.from_file(str(START), default_timeout=60)
        for name, value in filters.items():
            app.query_params[name] = value
        app.run()
        monkeypatch.setenv("NEXTOFFER_HOME", str(home))
        return app.switch_page(f"../pages/{page}.py").run()

    return opener
