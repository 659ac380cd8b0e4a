"""The app in a real browser: every page, the filters and a new publication, without errors."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from benchmarks.synthetic_publication import HOSTILE_OFFERS, write_publication
from tests.support.browsing import CHROMIUM, PAGES, visit
from tests.support.opening import today

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on the PATH"),
]


def test_a_browser_sees_every_page_and_the_next_publication(tmp_path: Path) -> None:
    """Pages, filters, links, hostile ids and a fresh publication, without error or internet."""
    home, shots = tmp_path / "home", tmp_path / "screenshots"
    shots.mkdir()
    write_publication(home, today() - timedelta(days=7))
    with visit(home) as seen:
        seen.open()
        for title in PAGES:
            seen.go_to(title)
            assert seen.boxes_with_exceptions() == 0, title
            seen.shoot(shots / f"{title}.png")
        assert len(list(shots.glob("*.png"))) == len(PAGES)

        seen.go_to("Performance")
        seen.page.get_by_label("Strategy", exact=True).click()
        seen.page.get_by_role("option", name="web").click()
        seen.settle()
        seen.page.get_by_text("7", exact=True).click()
        seen.settle()
        assert "strategy=web" in seen.page.url
        assert "days=7" in seen.page.url
        assert seen.page.get_by_text("Clicks per display, last 7 days").count() > 0

        seen.go_to("Offers")
        assert "strategy=web" in seen.page.url
        seen.open("performance?strategy=web&placement=account&days=30")
        assert seen.page.get_by_test_id("stSidebarNavLink").count() == len(PAGES)
        assert "placement=account" in seen.page.url

        seen.open()
        shown = seen.page.inner_text("[data-testid=stMain]")
        assert f"was measured on <b>{HOSTILE_OFFERS[1]}</b>." in shown.replace("\u2060", "")
        write_publication(home, today())
        seen.page.get_by_text(f"Computed for {today():%Y-%m-%d}").wait_for(timeout=60_000)
        seen.settle()
        assert seen.boxes_with_exceptions() == 0
        assert seen.errors == []
        assert seen.outside == []


_CUT = """
() => [...document.querySelectorAll('[data-testid=stMetricValue] *, [data-testid=stMetricLabel] *')]
    .filter(element => element.scrollWidth > element.clientWidth + 1)
    .map(element => element.innerText)
"""


_NARROWEST = """
() => Math.min(...[...document.querySelectorAll('[data-testid=stColumn]')]
    .map(column => column.getBoundingClientRect().width))
"""


def test_nothing_is_cut_or_crowded_at_any_width(tmp_path: Path) -> None:
    """Labels and figures are whole, gains of billions included, and columns have room."""
    changes = {"arm_performance": {"incremental_reward": "1.5e9", "lift": "1234.5"}}
    write_publication(tmp_path, today(), changes=changes)
    with visit(tmp_path) as seen:
        for path in ("", "performance?strategy=mail", "what_if?strategy=mail"):
            for width in (1440, 900, 390):
                seen.page.set_viewport_size({"width": width, "height": 900})
                seen.open(path)
                assert seen.page.get_by_test_id("stMetricValue").count() >= 3
                assert seen.page.evaluate(_CUT) == [], (path, width)
                page = seen.page.evaluate("document.documentElement.scrollWidth")
                assert page <= width, path
                assert seen.page.evaluate(_NARROWEST) > 270, (path, width)


def test_an_unknown_address_says_so(tmp_path: Path) -> None:
    """A page that does not exist is named as such, the tab has the product's name."""
    write_publication(tmp_path, today())
    with visit(tmp_path) as seen:
        seen.page.goto(f"{seen.url}/nowhere")
        seen.settle()
        assert "not found" in seen.page.inner_text("body").lower()
        assert "nextoffer" in seen.page.title()
        seen.open("what_if")
        assert seen.page.title() == "What if · nextoffer"


def test_every_page_shows_the_demo(demo: Path) -> None:
    """Three weeks of the demo, as `nextoffer demo` leaves them: figures everywhere, no error."""
    with visit(demo) as seen:
        seen.open()
        assert "Web offers" in seen.page.inner_text("[data-testid=stMain]")
        for title in PAGES:
            seen.go_to(title)
            assert seen.boxes_with_exceptions() == 0, title
        seen.open("ranked_offers?strategy=web_clicks&profile=c0000000")
        assert seen.page.get_by_label("Profile", exact=True).input_value() == "c0000000"
        assert seen.page.get_by_test_id("stDataFrame").count() > 0
        assert seen.errors == []
        assert seen.outside == []
