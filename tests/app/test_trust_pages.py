"""The pages that tell whether to trust it, and Ranked offers, in every state of a publication."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.support.paths import APP
from tests.support.small_publications import (
    HOSTILE,
    TODAY,
    Names,
    Rows,
    cold_start,
    full,
    publish,
    strategies,
)

PAGES = APP / "pages"
NAMES = ["interactions", "policy_value", "health", "ranked_offers"]
EMPTY = {
    "interactions": "No interaction to show yet",
    "policy_value": "Nothing is evaluated yet",
    "health": "Nothing is watched yet",
    "ranked_offers": "No profile is ranked yet",
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
    """Return all that a page says, as a person reads it."""
    kinds = ("markdown", "caption", "info", "warning", "subheader", "code")
    said = "\n".join(element.value for kind in kinds for element in app.get(kind))
    return re.sub(r"\\(.)", r"\1", said).replace(WORD_JOINER, "")


def charts(app: AppTest) -> list[str]:
    """Return the specifications of all charts with their data."""
    return [str(element.proto) for element in app.get("vega_lite_chart")]


@pytest.mark.parametrize("page", NAMES)
def test_a_full_publication_is_drawn(page: str, home: Path) -> None:
    """With everything published the page has no box that says something is lacking."""
    publish(home, full(Names()))
    app = opened(page, section="Stable traffic")
    assert [box.value for box in app.info] == []
    assert [box.value for box in app.warning] == []
    assert charts(app)


@pytest.mark.parametrize("page", NAMES)
def test_an_empty_publication_says_what_is_lacking(page: str, home: Path) -> None:
    """A strategy that never ran gives a sentence on the page, and no chart."""
    publish(home, strategies(Names()))
    app = opened(page)
    assert EMPTY[page] in words(app)
    assert charts(app) == []


@pytest.mark.parametrize("page", NAMES)
def test_cold_start_is_named_with_its_reason(page: str, home: Path) -> None:
    """Before the first model the page says so, and what is waited for."""
    publish(home, cold_start(Names()))
    said = words(opened(page))
    assert "Cold start: no model yet" in said
    assert "1 of 2 offers ready, 2 needed" in said


@pytest.mark.parametrize("page", NAMES)
def test_stale_data_is_named_and_shown(page: str, home: Path) -> None:
    """A publication of 20 days ago is shown, under a warning."""
    then = TODAY - timedelta(days=20)
    publish(home, full(Names(), then), then)
    app = opened(page, section="Stable traffic")
    assert "Stale" in app.warning[0].value
    assert charts(app)


@pytest.mark.parametrize(
    ("section", "words_of_it", "drawn"),
    [
        ("Offers differ", "1 are alike", 0),
        ("Stable traffic", "The traffic is very different in age.", 2),
        ("Stable performance", "loan suddenly earns less.", 1),
        ("Data quality", "In order: 90.0 % of 200; 20 not", 3),
    ],
)
def test_a_section_of_health_shows_what_was_measured(
    section: str, words_of_it: str, drawn: int, home: Path
) -> None:
    """A link to a section shows its sentence and its charts."""
    publish(home, full(Names()))
    app = opened("health", section=section)
    assert words_of_it in words(app)
    assert len(charts(app)) == drawn


def test_freshness_counts_days_before_the_publication(home: Path) -> None:
    """What is a day old says so, what never happened too."""
    publish(home, full(Names()))
    ages = opened("health", section="Freshness").dataframe[0].value.set_index("thing")["age"]
    assert ages["Last display"] == "1 day before"
    assert ages["Last conversion event"] == "never"
    assert ages["Ranked offers valid to"] == "7 days after"


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("page", NAMES)
def test_hostile_ids_are_text(page: str, text: str, home: Path) -> None:
    """Ids with quotes, markup, SQL or emoji neither break a page nor become markup."""
    publish(home, full(Names.hostile(text)))
    app = opened(page)
    for element in [*app.markdown, *app.subheader, *app.caption]:
        for mark in ("**bold**", "[link](", ":smile:", "<script>"):
            assert mark not in element.value
    assert [box.value for box in app.warning] == []


def test_a_hostile_profile_of_the_link_is_looked_up(home: Path) -> None:
    """A profile whose id is SQL is found by its id, and only it."""
    names = Names.hostile(HOSTILE[0])
    publish(home, full(names))
    app = opened("ranked_offers", profile=names.profile)
    assert app.dataframe[0].value["offer_id"].tolist() == list(names.offers)
    other = opened("ranked_offers", profile="' or '1'='1")
    assert "No offer is ranked for ' or '1'='1" in words(other)


def changed(rows: Rows, table: str, **values: Any) -> Rows:
    """Return rows with the same values in every row of a table."""
    return {**rows, table: [{**row, **values} for row in rows[table]]}


def test_insufficient_is_written_and_never_drawn(home: Path) -> None:
    """Without evidence no figure of a policy is shown, even where the file holds one."""
    publish(home, changed(full(Names()), "policy_evaluation", status="insufficient"))
    app = opened("policy_value")
    assert "insufficient" in words(app)
    table = app.dataframe[0].value
    assert (
        set(table["value"]) == set(table["random"]) == set(table["effective"]) == {"insufficient"}
    )
    assert "insufficient: too few matching responses" in charts(app)[0]
    assert "there is no line to draw" in words(app)


def test_the_worked_example_is_found_and_told(home: Path) -> None:
    """The offer that is liked where two features are the same comes first, with its sentence."""
    publish(home, full(Names()))
    app = opened("interactions")
    assert app.selectbox(key="offer").value == "loan"
    assert "Only both together tell" in words(app)


def test_a_broken_assumption_is_told_with_advice(home: Path) -> None:
    """Each of the three assumptions has its severity, sentence and advice."""
    publish(home, full(Names()))
    said = words(opened("health"))
    assert "In order: Displays arrive." in said
    for part in ("severe", "stable_traffic was measured.", "Do: Look into it.", "✓ in order"):
        assert part in said.replace("**", "")


def test_a_segment_is_looked_up(home: Path) -> None:
    """The page compares what members and others get first."""
    publish(home, full(Names()))
    app = opened("ranked_offers", look_up="segment", segment="age")
    assert "what 1 people in age see first" in words(app)


def test_a_person_who_explores_is_told_so(home: Path) -> None:
    """On random rows the page says that each eligible offer was as likely."""
    publish(home, cold_start(Names()))
    said = words(opened("ranked_offers"))
    assert "Each of the 2 eligible offers was as likely" in said
    assert "nextoffer explain" not in said


def test_the_model_of_a_ranked_offer_is_explained_by_a_command(home: Path) -> None:
    """Where a model scored the offer, the command that takes its score apart can be copied."""
    publish(home, full(Names()))
    said = words(opened("ranked_offers", why="hero, 2: Name of card"))
    assert "nextoffer explain --strategy=web --profile=p1 --placement=hero --offer=card" in said


def test_filters_of_another_strategy_are_forgotten_without_a_warning(home: Path) -> None:
    """A choice that the other strategy does not have is no broken link."""
    both = full(Names())
    for table, records in full(Names(strategy="xyz", offers=("a", "b"))).items():
        both[table] = [*both[table], *records] if table != "rejected_events" else both[table]
    publish(home, both)
    app = opened("interactions")
    app.selectbox(key="strategy").set_value("xyz").run()
    assert not app.exception
    assert [box.value for box in app.warning] == []
    assert app.selectbox(key="offer").value == "a"
