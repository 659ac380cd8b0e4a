"""The shop page in a real browser, through one whole loop: decide, display, click, run, decide."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from scorer.simulation import World
from tests.support.browsing import CHROMIUM, FLAGS
from tests.support.pipeline_runs import build_rows, run
from tests.support.serving import serving

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on the PATH"),
]
_STORED = """
select offer_id, propensity, traffic_type, is_clicked
from fct_displays where profile_id = 'stranger' order by is_clicked, offer_id
"""


def test_the_loop_closes_in_a_browser(tmp_path: Path) -> None:
    """Displays and the click of the page are in the next cycle with the served propensity."""
    home, raw = tmp_path / "home", tmp_path / "raw"
    world = World(profiles=400, seed=0)
    world.write_catalogue(raw)
    as_of = world.live(1, raw, None).end
    run(home, raw, as_of)
    with serving(home, raw, "--demo") as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        outside: list[str] = []
        page.on("request", lambda r: "127.0.0.1" in r.url or outside.append(r.url))
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"http://127.0.0.1:{served.port}/")
        page.locator("body[data-ready=yes]").wait_for()
        assert page.locator("section").count() == 3
        page.select_option("#person", "stranger")
        page.get_by_text("This person is not in the publication").wait_for()
        page.get_by_text("6 displays and 0 clicks").wait_for()
        first = page.locator("section[data-placement=home-hero] [data-offer]").first
        clicked = first.get_attribute("data-offer")
        first.click()
        page.get_by_text("6 displays and 1 click.").wait_for()
        page.locator("section .why").first.click()
        page.locator("section li div p").first.wait_for()
        _, decided = served.ask(
            "/v1/decisions", {"profile_id": "stranger", "strategy_id": "web_clicks"}
        )
        later = as_of + timedelta(days=7)
        run(home, raw, later)
        state = served.wait_for(lambda state: state["publication"] == later.isoformat())
        assert state["refused"] is None
        page.click("#decide")
        page.get_by_text("This person is in the publication").wait_for()
        assert (errors, outside) == ([], [])
        browser.close()
    stored = build_rows(home, _STORED)
    served_offers = {
        item["offer_id"]: item["propensity"]
        for proposition in decided["propositions"]
        if proposition["placement_id"] == "home-hero"
        for item in proposition["items"]
    }
    assert [offer for offer, *_, was_clicked in stored if was_clicked] == [clicked]
    assert {row[0]: row[1] for row in stored}.items() >= served_offers.items()
