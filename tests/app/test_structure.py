"""Rules for the content and imports of the files of the app."""

from __future__ import annotations

import re

from tests.support.paths import APP


def test_the_app_does_not_import_the_scorer() -> None:
    """No file of the app imports the scorer."""
    for file in APP.glob("**/*.py"):
        text = file.read_text()
        assert "import scorer" not in text, file
        assert "from scorer" not in text, file


def test_pages_hold_no_charts_and_run_no_sql() -> None:
    """Pages leave encodings to charts, queries to queries, and never allow HTML."""
    for file in (APP / "pages").glob("*.py"):
        text = file.read_text()
        assert "altair" not in text, file
        assert ".frame(" not in text, file
        assert "unsafe_allow_html" not in text, file


def test_queries_are_constants_with_parameters() -> None:
    """No query is an f-string, formatted or concatenated from widget values."""
    files = sorted((APP / "queries").glob("*.py"))
    assert len(files) > 8
    for file in files:
        text = file.read_text()
        assert not re.search(r"f\"\"\"|\.format\(|\" \+ |% \(", text), file


def test_charts_read_nothing() -> None:
    """Charts map frames to figures and import neither the database nor Streamlit."""
    for file in (APP / "charts").glob("*.py"):
        text = file.read_text()
        assert "streamlit" not in text.split('"""', 2)[2], file
        assert "app.database" not in text, file
        assert "app.queries" not in text, file
