"""The report of a cycle: one file with the sentences of the app, without network or script."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.report import ReportError, markdown_as_html, write_report
from app.text import plain
from benchmarks.synthetic_publication import HOSTILE_OFFERS, write_publication
from tests.support.opening import Opener, today
from tests.support.texts import text_of


def test_the_report_says_what_the_overview_says(homes: dict[str, Path], open_page: Opener) -> None:
    """The file contains each gain, reward and next step of the page."""
    report = re.sub(r"<[^>]+>", " ", write_report(homes["full"]))
    page = text_of(open_page(homes["full"], "overview"))
    for pattern in (r"≈ .* than random", r"A personalised display earned .*\."):
        said = re.findall(pattern, page)
        assert said
        assert all(sentence in report for sentence in said)


def test_the_report_needs_neither_network_nor_script(homes: dict[str, Path]) -> None:
    """The only addresses in the file are XML namespaces, and charts are SVG."""
    report = write_report(homes["full"])
    assert set(re.findall(r"https?://([\w.]+)", report)) <= {"www.w3.org"}
    assert "<script" not in report
    assert report.count("<svg") >= 4


@pytest.mark.parametrize("stage", ["new", "cold"])
def test_a_strategy_without_a_model_has_a_report(stage: str, tmp_path: Path) -> None:
    """Before the first model the report says so instead of a gain."""
    write_publication(tmp_path, today(), stage=stage)
    report = write_report(tmp_path)
    assert "No gain to show yet" in report
    assert not re.search(r"\b(None|nan|NaT)\b", re.sub(r"<svg.*?</svg>", "", report, flags=re.S))


def test_without_a_publication_the_report_says_what_to_run(tmp_path: Path) -> None:
    """An empty home folder is an error with the command that publishes."""
    with pytest.raises(ReportError, match="nextoffer run"):
        write_report(tmp_path)


def test_a_damaged_publication_is_named(tmp_path: Path) -> None:
    """A file that cannot be read is an error with its name and a remedy, in one line."""
    (tmp_path / "published.duckdb").write_bytes(b"no database" * 1000)
    with pytest.raises(ReportError, match=r"published\.duckdb cannot be read: .*; delete the file"):
        write_report(tmp_path)


@pytest.mark.parametrize("text", HOSTILE_OFFERS)
def test_hostile_text_is_text_in_html(text: str) -> None:
    """Markup in an id is shown as text."""
    shown = markdown_as_html(f"**Model** {plain(text)}")
    assert shown.startswith("<b>Model</b> ")
    assert "<script" not in shown
    assert "<a" not in shown
