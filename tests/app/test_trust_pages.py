"""Interactions, Policy value, Health and Ranked offers, in every state of a publication."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from benchmarks.synthetic_marts import Stage
from benchmarks.synthetic_publication import HOSTILE_OFFERS, World, small_world, write_publication
from tests.support.opening import today
from tests.support.paths import APP

PAGES = APP / "pages"
SMALL = small_world()
NAMES = ["interactions", "policy_value", "health", "ranked_offers", "what_if"]
EMPTY = {
    "interactions": "No interaction to show yet",
    "policy_value": "Nothing is evaluated yet",
    "health": "No assumption was checked yet",
    "ranked_offers": "No profile is ranked yet",
    "what_if": "Nothing was displayed in the last 7 days",
}
WORD_JOINER = "\u2060"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the home folder that the app looks at."""
    monkeypatch.setenv("NEXTOFFER_HOME", str(tmp_path))
    yield tmp_path
    st.cache_resource.clear()


def opened(page: str, **query: str) -> AppTest:
    """Return a page that was drawn without an exception."""
    app = AppTest.from_file(str(PAGES / f"{page}.py"), default_timeout=30)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception[0]
    return app


def words(app: AppTest) -> str:
    """Return the visible text of a page."""
    kinds = ("markdown", "caption", "info", "warning", "subheader", "code")
    said = "\n".join(element.value for kind in kinds for element in app.get(kind))
    return re.sub(r"\\(.)", r"\1", said).replace(WORD_JOINER, "").replace("\u00a0", " ")


def charts(app: AppTest) -> list[str]:
    """Return the specifications of all charts with their data."""
    return [str(element.proto) for element in app.get("vega_lite_chart")]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that gives a home folder with a small publication, written once."""

    @cache
    def home_with(stage: Stage = "full", text: str = "", age: int = 0) -> Path:
        home = tmp_path_factory.mktemp("home")
        write_publication(home, today() - timedelta(days=age), small_world(text), stage)
        return home

    return home_with


@pytest.fixture
def given(written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that makes the app look at such a home folder."""
    return lambda *of_what, **named: monkeypatch.setenv(
        "NEXTOFFER_HOME", str(written(*of_what, **named))
    )


@pytest.mark.parametrize("page", NAMES)
def test_a_full_publication_is_drawn(page: str, given: Callable[..., None]) -> None:
    """With everything published, the page has no box about missing data."""
    given()
    app = opened(page, section="Stable traffic")
    assert [box.value for box in app.info] == []
    assert [box.value for box in app.warning] == []
    assert charts(app)


@pytest.mark.parametrize("page", NAMES)
def test_an_empty_publication_says_what_is_missing(page: str, given: Callable[..., None]) -> None:
    """A strategy that never ran gives a sentence on the page, and no chart."""
    given("new")
    app = opened(page)
    assert EMPTY[page] in words(app)
    assert charts(app) == []


@pytest.mark.parametrize("page", NAMES)
def test_cold_start_is_named_with_its_reason(page: str, given: Callable[..., None]) -> None:
    """Before the first model the page says so and gives the reason."""
    given("cold")
    said = words(opened(page))
    assert "Cold start: no model yet" in said
    assert "0 of 2 offers ready, 2 needed" in said


@pytest.mark.parametrize("page", NAMES)
def test_stale_data_is_named_and_shown(page: str, given: Callable[..., None]) -> None:
    """A publication of 20 days ago is shown with a warning."""
    given(age=20)
    app = opened(page, section="Stable traffic")
    assert "Stale" in app.warning[0].value
    assert charts(app)


@pytest.mark.parametrize(
    ("section", "words_of_it", "drawn"),
    [
        ("Offers differ", "1 are alike", 0),
        ("Stable traffic", "The traffic is very different in age.", 2),
        ("Stable performance", "loan suddenly earns less.", 1),
        ("Data quality", "In order: 90.0 % of 3,000; 300 not", 4),
    ],
)
def test_a_section_of_health_shows_what_was_measured(
    section: str, words_of_it: str, drawn: int, given: Callable[..., None]
) -> None:
    """A link to a section shows its sentence and its charts."""
    given()
    app = opened("health", section=section)
    assert words_of_it in words(app)
    assert len(charts(app)) == drawn


def test_freshness_counts_from_now(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ages are in days before or after now; an event that never happened is named as such."""
    monkeypatch.setenv("NEXTOFFER_NOW", f"{today() + timedelta(days=2, hours=1):%Y-%m-%dT%H:%M}")
    write_publication(home, today(), SMALL)
    ages = opened("health", section="Freshness").dataframe[0].value.set_index("thing")["age"]
    assert ages["Last display"] == "3 days ago"
    assert ages["Last conversion event"] == "never"
    assert ages["Ranked offers valid to"] == "in 4 days"


@pytest.mark.parametrize("text", HOSTILE_OFFERS)
@pytest.mark.parametrize("page", NAMES)
def test_hostile_ids_are_text(page: str, text: str, given: Callable[..., None]) -> None:
    """Ids with quotes, markup, SQL or emoji neither break a page nor become markup."""
    given(text=text)
    app = opened(page)
    for element in [*app.markdown, *app.subheader, *app.caption]:
        for mark in ("**bold**", "[a](", ":smile:", "<script>"):
            assert mark not in element.value
    assert [box.value for box in app.warning] == []


def test_a_hostile_profile_of_the_link_is_looked_up(home: Path) -> None:
    """A profile whose id is SQL is found by its id, and no other profile is."""
    changes = {
        mart: {"profile_id": "'x''; drop table ranked_offers; --'"}
        for mart in ("ranked_offers", "ranking_candidates")
    }
    write_publication(home, today(), SMALL, changes=changes)
    app = opened("ranked_offers", profile="x'; drop table ranked_offers; --")
    assert app.dataframe[0].value["offer_id"].tolist() == list(SMALL.offers)
    other = opened("ranked_offers", profile="' or '1'='1")
    assert "No offer is ranked for ' or '1'='1" in words(other)


def test_insufficient_is_written_and_never_drawn(home: Path) -> None:
    """Without evidence, no figure of a policy is shown, even if the file holds one."""
    insufficient = {"policy_evaluation": {"status": "'insufficient'"}}
    write_publication(home, today(), SMALL, changes=insufficient)
    app = opened("policy_value")
    assert "insufficient" in words(app)
    table = app.dataframe[0].value
    assert (
        set(table["value"]) == set(table["random"]) == set(table["effective"]) == {"insufficient"}
    )
    assert "insufficient: too few matching responses" in charts(app)[0]
    assert "nothing to draw" in words(app)


def test_the_worked_example_is_found_and_explained(home: Path) -> None:
    """The offer that depends on two features together comes first, with its sentence."""
    write_publication(home, today(), SMALL)
    app = opened("interactions")
    assert app.selectbox(key="offer").value == "loan"
    assert "Only the two together show it" in words(app)


def test_a_broken_assumption_comes_with_advice(home: Path) -> None:
    """Each of the three assumptions has its severity, sentence and advice."""
    write_publication(home, today(), SMALL)
    said = words(opened("health"))
    assert "In order: Displays arrive." in said
    for part in ("severe", "stable_traffic was measured on", "Do: Look into it.", "✓ in order"):
        assert part in said.replace("**", "")


def test_a_segment_is_looked_up(home: Path) -> None:
    """The page compares what members and others get first."""
    write_publication(home, today(), SMALL)
    app = opened("ranked_offers", look_up="segment", segment="age")
    assert "what 1 people in age see first" in words(app)


def test_a_person_who_explores_is_marked(home: Path) -> None:
    """On random rows the page says that each eligible offer was equally likely."""
    write_publication(home, today(), SMALL, "cold")
    said = words(opened("ranked_offers"))
    assert "Each of the 2 eligible offers was equally likely" in said
    assert "nextoffer explain" not in said


def test_the_model_of_a_ranked_offer_is_explained_by_a_command(home: Path) -> None:
    """If a model scored the offer, the command that explains the score can be copied."""
    write_publication(home, today(), SMALL)
    said = words(opened("ranked_offers", why="hero, 2: card"))
    assert "nextoffer explain --strategy=web --profile=p0 --placement=hero --offer=card" in said


def test_filters_of_another_strategy_are_forgotten_without_a_warning(home: Path) -> None:
    """A choice that the other strategy lacks gives no warning."""
    own = {"offer_feature_interactions": {"offer_id": "strategy_id || offer_id"}}
    write_publication(home, today(), World(), changes=own)
    app = opened("interactions")
    app.selectbox(key="strategy").set_value("web").run()
    assert not app.exception
    assert [box.value for box in app.warning] == []
    assert app.selectbox(key="offer").value.startswith("web")
