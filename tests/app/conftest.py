"""Home folders with small publications in the four states that every page must handle."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from benchmarks.synthetic_publication import write_publication
from tests.support.opening import START, Opener, today


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


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> Opener:
    """Return a function that opens a page on a home folder, with filters from the URL."""

    def opener(home: Path, page: str, **filters: str) -> AppTest:
        monkeypatch.setenv("NEXTOFFER_HOME", str(home))
        st.cache_data.clear()
        app = AppTest.from_file(str(START), default_timeout=60)
        for name, value in filters.items():
            app.query_params[name] = value
        app.run()
        return app.switch_page(f"../pages/{page}.py").run()

    return opener
