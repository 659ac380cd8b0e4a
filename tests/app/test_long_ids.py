"""Ids of 3,000 letters are truncated everywhere, with the full value in a tooltip or a table."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.text import LONGEST_NAME, LONGEST_PARAGRAPH, cut, in_full, plain
from benchmarks.synthetic_publication import World, write_publication
from tests.support.opening import START, Opener, today
from tests.support.texts import charts_of

PAGES = sorted(path.stem for path in (START.parents[1] / "pages").glob("[a-z]*.py"))
LONG, SPACED = "-" + "x" * 3000, " xx" * 1000
WORLD = World(
    places=((f"web{LONG}", f"hero{SPACED}"),),
    amounts=(),
    offers=(f"loan{LONG}", f"card{SPACED}"),
    features=(f"age{SPACED}", f"gold{LONG}"),
    profiles=1,
    rejected=3,
)
SHOWN = ("markdown", "caption", "info", "warning", "error", "subheader", "title")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home folder whose ids all have 3,000 letters, some of them many words."""
    home = tmp_path_factory.mktemp("long")
    write_publication(home, today(), WORLD)
    return home


def shown(app: AppTest) -> list[str]:
    """Return what the page shows as text: sentences, figures, and options of selectors."""
    texts = [str(element.value) for kind in SHOWN for element in app.get(kind)]
    texts += [word for metric in app.metric for word in (metric.label, metric.value)]
    return texts + [option for box in app.selectbox for option in box.options]


@pytest.mark.parametrize(
    ("page", "section"),
    [
        *((page, "Offers differ") for page in PAGES),
        ("health", "Stable traffic"),
        ("health", "Stable performance"),
    ],
)
def test_no_text_has_a_long_id(page: str, section: str, home: Path, open_page: Opener) -> None:
    """Sentences, figures and selectors cut it; the page stays readable."""
    app = open_page(home, page, section=section)
    assert not app.exception
    assert [text for text in shown(app) if re.search(r"\S{200}|.{800}", text)] == []


@pytest.mark.parametrize("page", PAGES)
def test_titles_of_charts_and_axes_are_short(page: str, home: Path, open_page: Opener) -> None:
    """Labels are limited in pixels and their marks have tooltips; titles are cut."""

    def titles(spec: object, key: str = "") -> list[str]:
        if isinstance(spec, dict):
            within = "tooltip" in key
            found = [] if within else [spec["title"]] if isinstance(spec.get("title"), str) else []
            return found + [t for name, part in spec.items() for t in titles(part, name)]
        if isinstance(spec, list) and "tooltip" not in key:
            return [title for part in spec for title in titles(part, key)]
        return []

    for spec in charts_of(open_page(home, page)):
        assert [title for title in titles(json.loads(spec)) if len(title) > 2 * LONGEST_NAME] == []


def test_the_tooltip_has_the_whole_id(home: Path, open_page: Opener) -> None:
    """Headings, sentences and boxes keep the full value, of one word and of many."""
    for page, element, whole in (
        ("overview", "subheader", LONG),
        ("overview", "caption", SPACED),
        ("interactions", "markdown", LONG),
        ("health", "markdown", SPACED),
    ):
        helps = [part.proto.help for part in open_page(home, page).get(element)]
        assert any(plain(whole) in text for text in helps), (page, element)


@pytest.mark.parametrize("word", ["y" * 3000, "*" * 3000, "a\\" * 1500, "🎁" * 3000, "(" * 3000])
def test_a_cut_leaves_markdown_whole(word: str) -> None:
    """Bold words stay bold, no escape is split, and short words stay as they are."""
    said = cut(f"**{plain(word)}** and **short**")
    assert said.startswith("**")
    assert said.endswith("…** and **short**")
    assert len(said) < 3 * LONGEST_NAME
    inside = said.removeprefix("**").removesuffix("…** and **short**")
    assert re.fullmatch(r"(\\.|[^\\])*", inside)
    assert plain(word) in in_full(f"**{plain(word)}** and **short**")
    assert in_full("a **short** sentence") == ""


def test_a_sentence_loses_its_middle_and_keeps_its_finding() -> None:
    """A name of many words is cut inside; bold text stays bold on both sides."""
    name = plain(SPACED)
    said = f"**Severe:** The **loan{name}** earns less: 1 %, before 3 %."
    assert len(cut(said)) < LONGEST_PARAGRAPH
    assert cut(said).startswith("**Severe:** The **loan xx")
    assert cut(said).endswith("xx** earns less: 1 %, before 3 %.")
    assert cut(said).count("**") % 2 == 0
    assert in_full(said) == said
    assert cut(f"{said}\n\nDo: nothing.").endswith("\n\nDo: nothing.")
