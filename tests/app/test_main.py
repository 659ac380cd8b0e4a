"""The app as a whole: where it may look, and what it says before anything is published."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

APP = Path(__file__).parents[2] / "app"
PAGES = sorted(path.name for path in (APP / "pages").glob("[a-z]*.py"))


@pytest.mark.parametrize("page", PAGES)
def test_before_the_first_publication_every_page_says_what_to_do(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a published file each page names the command that makes one."""
    monkeypatch.setenv("NEXTOFFER_HOME", str(tmp_path / "home"))
    app = AppTest.from_file(str(APP / "main.py"), default_timeout=30).run()
    app.switch_page(f"pages/{page}").run()
    assert not app.exception
    assert "nextoffer demo" in app.info[0].value


def test_the_app_knows_nothing_of_the_scorer() -> None:
    """No file of the app imports the scorer."""
    for file in APP.glob("**/*.py"):
        text = file.read_text()
        assert "import scorer" not in text, file
        assert "from scorer" not in text, file
