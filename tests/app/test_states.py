"""The pages of figures in the four states of the data: full, empty, cold start, stale."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.opening import START, Opener
from tests.support.texts import charts_of, text_of

FIGURES = ("overview", "performance", "offers", "model")
PAGES = sorted(path.stem for path in (START.parents[1] / "pages").glob("[a-z]*.py"))


@pytest.mark.parametrize("page", FIGURES)
def test_a_full_publication_is_shown(page: str, homes: dict[str, Path], open_page: Opener) -> None:
    """A fresh publication with a model is shown without an error, with its as_of in UTC."""
    app = open_page(homes["full"], page)
    assert not app.exception
    text = text_of(app)
    assert "All times are UTC" in text
    for sign in ("Stale", "Cold start", "Nothing is published", "another version"):
        assert sign not in text
    assert charts_of(app)


@pytest.mark.parametrize("page", PAGES)
def test_before_the_first_publication_the_page_says_what_to_do(
    page: str, homes: dict[str, Path], open_page: Opener
) -> None:
    """Without a published file the page says so and names the commands that create one."""
    app = open_page(homes["empty"], page)
    assert not app.exception
    assert "Nothing is published yet" in text_of(app)
    assert "nextoffer demo" in text_of(app)


@pytest.mark.parametrize("page", FIGURES)
def test_a_cold_start_is_said_in_words(
    page: str, homes: dict[str, Path], open_page: Opener
) -> None:
    """Without a model, the page says that offers are shown at random, and why."""
    app = open_page(homes["cold"], page)
    assert not app.exception
    text = text_of(app)
    assert "shown at random" in text
    assert "0 of 5 offers ready, 2 needed" in text


@pytest.mark.parametrize("page", FIGURES)
def test_a_stale_publication_is_shown_and_said_to_be_stale(
    page: str, homes: dict[str, Path], open_page: Opener
) -> None:
    """A publication older than a cycle is shown with its age."""
    app = open_page(homes["stale"], page)
    assert not app.exception
    assert "Stale" in text_of(app)
    assert "40 days ago" in text_of(app)
    assert charts_of(app)
