"""Overview, Performance, Offers and Model with known figures."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from app.sentences.offers import readiness
from tests.support.opening import Opener
from tests.support.texts import charts_of, text_of


def test_the_overview_says_state_lift_alerts_and_changes(
    homes: dict[str, Path], open_page: Opener
) -> None:
    """Each strategy shows its state, its lift with interval, and its alerts with advice."""
    app = open_page(homes["full"], "overview")
    text = text_of(app)
    metrics = {metric.label: metric.value for metric in app.metric}
    assert "A model is deployed" in text
    assert metrics["Lift over random"] == "+60 %"
    assert metrics["Lift over best single"] == "+67 %"
    assert "+40 % to +80 %" in text
    assert metrics["Offers ready"] == "4 of 5"
    assert text.count("Severe:") == 2
    assert "Look into it." in text
    assert "replaced" in text


def test_the_overview_of_a_cold_start_claims_no_lift(
    homes: dict[str, Path], open_page: Opener
) -> None:
    """Without personalised traffic there is no lift, no version and no chart."""
    app = open_page(homes["cold"], "overview")
    assert "No lift yet" in text_of(app)
    assert "No model yet" in text_of(app)
    assert "Everybody explores" in text_of(app)
    assert "No gain to show yet" in text_of(app)
    assert {metric.label: metric.value for metric in app.metric}["Personalised, 7 days"] == "0 %"
    assert charts_of(app) == []


def test_the_model_page_shows_the_deployed_version_and_what_to_type(
    homes: dict[str, Path], open_page: Opener
) -> None:
    """Promote and rollback are commands to copy; the app itself changes nothing."""
    app = open_page(homes["full"], "model", strategy="web")
    commands = app.code[-1].value
    assert "nextoffer models promote --home" in commands
    assert "nextoffer models rollback" in commands
    facts = app.table[0].value
    assert "aaaaaaaa1000" in str(facts["value"].tolist())
    assert len(charts_of(app)) == 2
    assert not app.button


def test_performance_of_the_window_is_that_of_the_published_table(
    homes: dict[str, Path], open_page: Opener
) -> None:
    """The last 30 days show the published lift and p-value and the verdict."""
    app = open_page(homes["full"], "performance", strategy="web", days="30")
    metrics = {metric.label: metric.value for metric in app.metric}
    assert metrics["Lift over random"] == "+60 %"
    assert metrics["p-value"] == "< 0.001"
    assert "Personalised traffic is better than random" in text_of(app)


def test_performance_of_custom_days_is_computed_from_daily_outcomes(
    homes: dict[str, Path], open_page: Opener
) -> None:
    """A custom period has its own lift, and the page says that displays are treated as
    independent."""
    app = open_page(homes["full"], "performance", strategy="web", days="custom")
    metrics = {metric.label: metric.value for metric in app.metric}
    assert metrics["Lift over random"] not in ("–", "+60 %")
    assert "taken as independent" in text_of(app)


def test_amounts_are_labelled_with_their_unit(homes: dict[str, Path], open_page: Opener) -> None:
    """A continuous KPI is an amount per display with two decimals, not a percentage."""
    app = open_page(homes["full"], "performance", strategy="mail")
    assert "Revenue per display" in text_of(app)
    metrics = {metric.label: metric.value for metric in app.metric}
    assert "%" not in metrics["Random"]
    assert metrics["Random"][-3] == "."


@pytest.mark.parametrize(
    ("offer", "state"),
    [
        ({"is_ready": True}, "ready"),
        ({"is_ready": False, "displays_a_day": 0.0}, "not shown in the last 7 days"),
        (
            {"is_ready": False, "displays_a_day": 1.0, "is_reachable": False, "lookback_days": 30},
            "not at this pace: too little in 30 days",
        ),
        ({"is_ready": False, "end_date": datetime(2026, 9, 20)}, "ended on 2026-09-20"),
        ({"is_ready": False, "start_date": datetime(2026, 11, 1)}, "starts on 2026-11-01"),
        ({"is_ready": True, "offer_status": "archived"}, "archived"),
        (
            {"is_ready": False, "displays_a_day": 50.0, "is_reachable": True, "days_needed": 3},
            "about 2026-10-28, in 3 days",
        ),
    ],
)
def test_readiness_says_when_it_will_be_reached(offer: dict[str, object], state: str) -> None:
    """Ready, never at this pace, or the day at the pace of the last week."""
    assert readiness(pd.Series(offer), datetime(2026, 10, 25)) == state


def test_offers_show_what_is_missing(homes: dict[str, Path], open_page: Opener) -> None:
    """An offer that is not ready shows how many displays and successes it still needs."""
    app = open_page(homes["full"], "offers", strategy="web")
    rows = app.dataframe[0].value
    assert rows.loc[~rows["is_ready"], "missing"].tolist() == ["150 displays, 15 successes"]
    assert "4 of 5 offers are ready" in text_of(app)
