"""The app on a published file, on an empty one and on none."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from scorer.config import Settings
from scorer.publishing import PUBLISHED_TABLES, publish
from scorer.warehouse import connect_build

PAGE = Path(__file__).parents[2] / "app" / "main.py"
BUILD = """
create or replace table dim_ranking_strategies as
select 'web' as strategy_id, 0.1 as exploration_share;
create or replace table training_runs as
select
    'web' as strategy_id, timestamp '2026-01-04' as as_of, 'collecting' as status,
    '1 of 24 offers ready, 2 needed' as reason, null::varchar as deployed_model_version,
    10 as training_rows, 24 as offers_included, 0 as offers_personalised;
create or replace table ranked_offers as
select
    'web' as strategy_id, date '2026-01-04' as cycle_date, 'p' || range as profile_id,
    'hero' as placement_id, 1 as rank, 'o1' as offer_id, 'Offer one' as offer_name,
    null::double as score, 'random' as traffic_type, 'uniform' as policy, 0.5 as propensity
from range(3);
"""


def published(home: Path, profiles: bool = True) -> None:
    """Publish one strategy, with or without ranked profiles."""
    home.mkdir()
    settings = Settings(home=home, as_of=datetime(2026, 1, 4))
    with connect_build(settings.build_path) as connection:
        for table in PUBLISHED_TABLES:
            connection.execute(f"create table {table} as select 1 as a")
        connection.execute(BUILD)
        if not profiles:
            connection.execute("delete from ranked_offers")
    publish(settings, "")


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """Return the page on a home folder that does not exist yet."""
    monkeypatch.setenv("NEXTOFFER_HOME", str(tmp_path / "home"))
    return AppTest.from_file(str(PAGE), default_timeout=30)


def test_the_page_shows_strategies_and_the_offers_of_a_profile(
    page: AppTest, tmp_path: Path
) -> None:
    """The state of each strategy with its reason, and the ranked offers of the first profile."""
    published(tmp_path / "home")
    page.run()
    assert not page.exception
    strategies, offers = page.dataframe
    assert strategies.value["reason"].tolist() == ["1 of 24 offers ready, 2 needed"]
    assert offers.value["offer_id"].tolist() == ["o1"]


def test_an_unknown_profile_is_answered_with_known_ones(page: AppTest, tmp_path: Path) -> None:
    """A profile without offers is no error; the page names some that have."""
    published(tmp_path / "home")
    page.run()
    page.text_input[0].set_value("nobody").run()
    assert not page.exception
    assert "p0, p1, p2" in page.warning[0].value


def test_a_publication_without_profiles_says_so(page: AppTest, tmp_path: Path) -> None:
    """With no ranked profile the page still shows the strategies."""
    published(tmp_path / "home", profiles=False)
    page.run()
    assert not page.exception
    assert "No profile is ranked yet" in page.info[0].value


def test_before_the_first_publication_the_page_says_what_to_do(page: AppTest) -> None:
    """Without a published file the page names the command that makes one."""
    page.run()
    assert not page.exception
    assert "nextoffer demo" in page.info[0].value


def test_the_app_knows_nothing_of_the_scorer() -> None:
    """No file of the app imports the scorer."""
    for file in PAGE.parent.glob("**/*.py"):
        text = file.read_text()
        assert "import scorer" not in text, file
        assert "from scorer" not in text, file
