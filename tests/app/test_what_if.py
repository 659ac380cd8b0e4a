"""The page What if: other exploration shares and thresholds, from known figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from scipy import stats

from app.charts import what_if as charts
from app.database import Publication, find_publication
from app.queries import what_if as queries
from app.sentences import what_if as sentences
from benchmarks.synthetic_publication import small_world, write_publication
from tests.support.opening import Opener, today
from tests.support.texts import text_of

WORLD = small_world()
KEY = {"strategy_id": "web"}
ARM = {**KEY, "placement_id": "all", "window_days": 30}
Z = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)


def published(home: Path, kpi_type: str = "binary", **changes: Any) -> Publication:
    """Return a publication with 7,000 displays a week, 10 % of them random, rates of 10 and 5 %."""
    day = {**KEY, "placement_id": "hero", "activity_id": "a", "offer_id": "loan"}
    rows: dict[str, Any] = {
        "traffic_allocation": [
            {**KEY, "display_date": today().date() - pd.Timedelta(days=days), **counts}
            for days in (3, 30)
            for counts in (
                {"arm": "random", "displays": 700},
                {"arm": "personalised", "displays": 6300},
                {"arm": "control", "displays": 5000},
            )
        ],
        "arm_performance": [
            {**ARM, "arm": "random", "displays": 3000, "successes": 150}
            | {"success_rate": 0.05, "reward_per_display": 0.05},
            {**ARM, "arm": "personalised", "displays": 20_000, "successes": 2000}
            | {"success_rate": 0.1, "reward_per_display": 0.1, "incremental_reward": 1000}
            | {"incremental_reward_low": 800, "incremental_reward_high": 1200},
        ],
        "daily_outcomes": [
            {**day, "display_date": today().date() - pd.Timedelta(days=3), **sums}
            for sums in (
                {"arm": "random", "mature_displays": 100, "reward": 50}
                | {"squared_reward": 425, "displays": 100, "successes": 20},
                {"arm": "personalised", "mature_displays": 100, "reward": 50}
                | {"squared_reward": 1025, "displays": 100, "successes": 20},
            )
        ],
        "offer_performance": [
            {**KEY, "offer_id": f"o{n}", "window_days": 7, "arm": "random", "displays": 9}
            for n in range(9)
        ],
        "dim_ranking_strategies": {
            "kpi_type": f"'{kpi_type}'",
            "min_displays": "250",
            "min_successes": "25",
            "lookback_days": "30",
            "exploration_share": "0.1",
        },
    }
    write_publication(home, today(), WORLD, changes=rows | changes)
    found = find_publication(home)
    assert found is not None
    return found


def row_of(publication: Publication, share: float) -> pd.Series:
    """Return the row of one share."""
    return queries.exploration(publication, "web", [share]).iloc[0]


def test_exploration_costs_what_its_displays_would_have_earned_more(tmp_path: Path) -> None:
    """A tenth of 7,000 displays at 0.05 less is 35 a week, between 28 and 42; twice at 20 %."""
    publication = published(tmp_path)
    row = row_of(publication, 0.1)
    assert row[["cost", "cost_low", "cost_high"]].tolist() == pytest.approx([35, 28, 42])
    assert row_of(publication, 0.2)["cost"] == pytest.approx(70)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
def test_weeks_until_a_lift_shows_give_a_power_of_80_percent(share: float, tmp_path: Path) -> None:
    """With the displays of so many weeks, a lift of 10 % has z = 1.96 + 0.84 on average."""
    weeks = row_of(published(tmp_path), share)["lift_weeks"]
    shown = [weeks * 7000 * share, weeks * 7000 * (1 - share)]
    error = sum(p * (1 - p) / n for p, n in zip((0.05, 0.055), shown, strict=True)) ** 0.5
    assert 0.005 / error == pytest.approx(Z, rel=1e-5)


def test_weeks_of_an_amount_follow_the_variance_of_each_arm(tmp_path: Path) -> None:
    """Variances of 4 and 10 around a mean of 0.05 in random traffic."""
    weeks = row_of(published(tmp_path, "continuous"), 0.1)["lift_weeks"]
    assert weeks == pytest.approx((Z / 0.1) ** 2 * (4 + 10 / 9) / 0.05**2 / 700, rel=1e-5)


def test_a_new_offer_needs_the_displays_and_successes_of_its_part(tmp_path: Path) -> None:
    """A tenth of 700 random displays a week with 5 % success: 25 successes take 50 / 7 weeks."""
    publication = published(tmp_path)
    row = row_of(publication, 0.1)
    assert row["ready_weeks"] == pytest.approx(25 / (70 * 0.05))
    assert not row["is_reachable"]
    assert sentences.ready(row) == "never"
    row = row_of(publication, 0.5)
    assert row["ready_weeks"] == pytest.approx(25 / (350 * 0.05))
    assert sentences.ready(row) == "2 weeks"


def test_the_chart_has_no_point_where_a_new_offer_is_never_ready() -> None:
    """A share that fills the look-back too slowly has weeks until a lift shows, but no others."""
    frame = pd.DataFrame(
        {
            "share": [0.1, 0.2, 0.3],
            "lift_weeks": [9.0, 5.0, None],
            "ready_weeks": [7.0, 3.5, None],
            "is_reachable": [False, True, None],
        }
    )
    drawn = charts.weeks(frame, 0.1, "Weeks").layer[0].data
    assert drawn[["share", "what", "weeks"]].values.tolist() == [
        [0.1, "lift", 9.0],
        [0.2, "lift", 5.0],
        [0.2, "new offer", 3.5],
    ]


def test_without_enough_successes_nothing_is_estimated(tmp_path: Path) -> None:
    """Fewer than 20 successes in random traffic, and no model: no cost and no weeks."""
    few = {**ARM, "arm": "random", "displays": 300, "successes": 19}
    publication = published(
        tmp_path, arm_performance=[few | {"success_rate": 0.06, "reward_per_display": 0.06}]
    )
    row = row_of(publication, 0.1)
    assert row[["cost", "lift_weeks", "ready_weeks"]].isna().all()
    assert "too few successes" in sentences.compare(row, row.replace(0.1, 0.2), "clicks", False)


def test_the_page_compares_with_the_present_share(tmp_path: Path, open_page: Opener) -> None:
    """A link to another share says what changes; the present one says how to compare."""
    published(tmp_path)
    app = open_page(tmp_path, "what_if")
    assert "10 % is the present exploration share" in text_of(app).replace("**", "")
    assert {metric.label: metric.value for metric in app.metric} == {
        "Cost of a week": "≈ 35 clicks",
        "10 % lift shows after": sentences.weeks(row_of(published(tmp_path), 0.1)["lift_weeks"]),
        "New offer ready after": "never",
    }
    text = text_of(open_page(tmp_path, "what_if", share="50 %"))
    assert "costs ≈ 140 clicks more a week" in text
    assert "makes a new offer ready in 2 weeks instead of never" in text


@pytest.mark.parametrize("share", ["foo", "99", "", "-1"])
def test_a_wrong_share_in_a_link_gives_the_present_one(
    share: str, tmp_path: Path, open_page: Opener
) -> None:
    """A share that the slider does not have is ignored."""
    published(tmp_path)
    app = open_page(tmp_path, "what_if", share=share)
    assert not app.exception
    assert "is the present exploration share" in text_of(app)


def offers() -> pd.DataFrame:
    """Return three offers: ready, short of successes, and short of both."""
    return pd.DataFrame(
        {
            "offer_name": ["loan", "card", "fund"],
            "displays": [900, 400, 100],
            "pooled_displays": [900, 400, 100],
            "pooled_successes": [90, 20, 4],
            "is_ready": [True, False, False],
        }
    )


@pytest.mark.parametrize(
    ("displays", "successes", "ready", "words"),
    [
        (250, 25, [True, False, False], "No offer changes"),
        (250, 20, [True, True, False], "Ready, too: card."),
        (100, 4, [True, True, True], "Ready, too: card, fund."),
        (1000, 25, [False, False, False], "No longer ready: loan."),
    ],
)
def test_thresholds_name_the_offers_that_change(
    displays: int, successes: int, ready: list[bool], words: str
) -> None:
    """An offer is ready with both; the sentence names who joins and who leaves."""
    judged = sentences.with_thresholds(offers(), displays, successes)
    assert judged["then_ready"].tolist() == ready
    said = sentences.thresholds(judged)
    assert words in said
    assert ("collect data" in said) == (sum(ready) < 2)


def test_offers_of_a_pool_are_ready_together() -> None:
    """An offer with a tenth of the displays is ready with those of its pool."""
    pooled = offers().assign(pooled_displays=1400, pooled_successes=114, displays=[900, 25, 24])
    judged = sentences.with_thresholds(pooled, 250, 25)
    assert judged["then_ready"].tolist() == [True, True, False]


def test_the_present_thresholds_change_nothing(tmp_path: Path, open_page: Opener) -> None:
    """On a publication whose readiness follows its thresholds, the page opens without a change."""
    readiness = [
        {**KEY, "offer_id": f"o{n}", "displays": shown, "successes": shown // 10}
        | {"pooled_displays": shown, "pooled_successes": shown // 10}
        | {"min_displays": 250, "min_successes": 25, "is_ready": shown >= 250}
        for n, shown in enumerate((900, 250, 249))
    ]
    published(tmp_path, offer_readiness=readiness)
    assert "No offer changes." in text_of(open_page(tmp_path, "what_if"))
    changed = text_of(open_page(tmp_path, "what_if", min_displays="1,000"))
    assert "No longer ready: o0, o1." in changed
