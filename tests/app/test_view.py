"""The frame of all pages: filters in the URL, hostile ids, new and outdated publications."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from app.database import find_publication
from app.text import change, count, interval, p_value, percent, plain, reward
from benchmarks.synthetic_publication import HOSTILE_OFFERS, World, write_publication
from tests.support.opening import START, Opener, today
from tests.support.texts import text_of


def test_filters_of_the_url_are_those_shown(homes: dict[str, Path], open_page: Opener) -> None:
    """A link with strategy, placement and period opens that view."""
    app = open_page(homes["full"], "performance", strategy="web", placement="account", days="7")
    assert [box.value for box in app.selectbox] == ["web", "account"]
    assert "last 7 days" in text_of(app)


def test_a_chosen_filter_stands_in_the_url(homes: dict[str, Path], open_page: Opener) -> None:
    """A choice is kept on the next page, past a page without it, and its link can be shared."""
    app = open_page(homes["full"], "performance")
    app.selectbox[0].select("web").run()
    app.switch_page("../pages/overview.py").run()
    app.switch_page("../pages/model.py").run()
    assert app.selectbox[0].value == "web"
    assert app.query_params["strategy"] == "web"


def test_a_link_is_kept_on_the_next_page(homes: dict[str, Path], open_page: Opener) -> None:
    """The choices of a link are kept, even if the next page is opened immediately."""
    app = open_page(homes["full"], "performance", strategy="web", placement="account")
    app.switch_page("../pages/offers.py").run()
    assert [box.value for box in app.selectbox] == ["web", "account"]
    assert app.query_params["placement"] == "account"


def test_an_option_that_another_choice_removed_leaves_the_url(
    homes: dict[str, Path], open_page: Opener
) -> None:
    """The placement of a strategy without it becomes all placements, without a warning."""
    app = open_page(homes["full"], "performance", strategy="web", placement="account")
    app.selectbox[0].select("mail").run()
    assert app.selectbox[1].value == "all"
    assert "placement" not in app.query_params
    assert [box.value for box in app.warning] == []


def test_an_unknown_filter_of_a_link_is_named(homes: dict[str, Path], open_page: Opener) -> None:
    """A link to a strategy that no longer exists shows another one, with a warning."""
    app = open_page(homes["full"], "model", strategy="<b>gone</b>; drop")
    assert not app.exception
    assert "Strategy <b>gone</b>; drop of the link does not exist" in text_of(app)
    assert app.selectbox[0].value == "mail"


ODD_IDS = ("a b&c=d/e?#%+;", "é ü 日本", "..\\..", '"quoted"', "z" * 100 + "1", "z" * 100 + "2")


def test_links_of_the_overview_open_their_strategy(tmp_path: Path, open_page: Opener) -> None:
    """Whatever characters an id has, and however alike ids are, the link opens its strategy."""
    write_publication(tmp_path, today(), World(places=tuple((name, "home") for name in ODD_IDS)))
    links = open_page(tmp_path, "overview").get("page_link")
    asked = [parse_qs(link.proto.query_string)["strategy"][0] for link in links]
    assert sorted(asked) == sorted(ODD_IDS)
    for name in asked:
        app = open_page(tmp_path, "model", strategy=name)
        assert [box.value for box in app.warning] == []
        assert app.selectbox(key="strategy").value == name


@pytest.mark.parametrize("dates", [("x", "y"), ("2026-01-01", "1999-01-01"), ("9999-01-01", "")])
def test_wrong_dates_in_a_link_give_the_usual_ones(
    homes: dict[str, Path], open_page: Opener, dates: tuple[str, str]
) -> None:
    """Dates that are malformed or outside the published days are replaced by the usual ones."""
    app = open_page(
        homes["full"],
        "performance",
        **{"strategy": "web", "days": "custom", "from": dates[0], "to": dates[1]},
    )
    assert not app.exception
    assert app.date_input


def test_ids_are_shown_as_text(homes: dict[str, Path], open_page: Opener) -> None:
    """Quotes, tags, markdown and emoji in an id are shown as text."""
    app = open_page(homes["full"], "overview")
    assert f"was measured on <b>{HOSTILE_OFFERS[1]}</b>." in text_of(app)
    assert not any(element.allow_html for element in app.markdown)
    offers = open_page(homes["full"], "offers", strategy="web").dataframe[0].value
    assert set(HOSTILE_OFFERS) <= set(offers["offer_id"])


@pytest.mark.parametrize(
    "text", [*HOSTILE_OFFERS, "a --- b ...", ":material/delete:", ":red[x]", "1. a\n# b"]
)
def test_plain_text_has_no_markdown(text: str) -> None:
    """Every markdown character is escaped, and no name between colons is left."""
    escaped = plain(text)
    assert "\n" not in escaped
    rest = escaped.replace("\\\\", "")
    for sign in "`*_[]()#<>$!|~":
        assert rest.count(sign) == rest.count(f"\\{sign}")
    assert ":smile:" not in escaped
    assert "--" not in escaped.replace("\\", "")
    assert ":material/" not in escaped


def test_a_new_publication_shows_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a publication, the next run of a page shows it, past every cache."""
    monkeypatch.setenv("NEXTOFFER_HOME", str(tmp_path))
    app = AppTest.from_file(str(START), default_timeout=60).run()
    assert "Nothing is published yet" in text_of(app)
    write_publication(tmp_path, today() - timedelta(days=7), stage="cold")
    app.run()
    assert "No lift yet" in text_of(app)
    write_publication(tmp_path, today())
    app.run()
    assert "No lift yet" not in text_of(app)


def test_a_file_written_again_for_the_same_moment_is_another_publication(tmp_path: Path) -> None:
    """The path is the same but the content may differ, so the cache must distinguish them."""
    write_publication(tmp_path, today(), World(profiles=1))
    first = find_publication(tmp_path)
    write_publication(tmp_path, today(), World(profiles=2))
    second = find_publication(tmp_path)
    assert first is not None
    assert second is not None
    assert first.path == second.path
    counts = [
        publication.frame("select count(distinct profile_id) as n from ranked_offers")["n"].item()
        for publication in (second,)
    ]
    assert first != second
    assert counts == [2]


def test_a_publication_of_another_version_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing table is named, with the command that writes it."""
    file = write_publication(tmp_path, today())
    with duckdb.connect(str(file)) as connection:
        connection.execute("drop table arm_performance")
    monkeypatch.setenv("NEXTOFFER_HOME", str(tmp_path))
    app = AppTest.from_file(str(START), default_timeout=60).run()
    assert not app.exception
    assert "another version of nextoffer" in text_of(app)
    assert "nextoffer run --force" in text_of(app)


def test_the_app_blocks_no_writer(tmp_path: Path) -> None:
    """While the app holds a publication, a run writes and publishes the next one."""
    write_publication(tmp_path, today() - timedelta(days=7))
    held = find_publication(tmp_path)
    assert held is not None
    held.frame("select count(*) as n from ranked_offers")
    write_publication(tmp_path, today())
    assert find_publication(tmp_path) != held
    assert held.frame("select count(*) + 0 as n from ranked_offers")["n"].item() > 0


def test_numbers_have_their_unit_and_precision() -> None:
    """Counts, shares, changes, amounts and p-values are formatted for people; NULL is a dash."""
    assert count(12345.0) == "12,345"
    assert percent(0.1234) == "12 %"
    assert change(0.05) == "+5.0 %"
    assert change(-1e-9) == "+0.0 %"
    assert change(-0.5) == "−50 %"
    assert interval(-0.02, 1.2) == "−2.0 % to +120 %"
    assert reward(2.5, is_amount=True) == "2.50"
    assert reward(0.0701, is_amount=False) == "7.01 %"
    assert p_value(0.0001) == "< 0.001"
    assert count(None) == change(float("nan")) == interval(None, 1) == "–"
