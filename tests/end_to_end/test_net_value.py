"""Strategies that maximise net value, and control arms, from files to ranked tables."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.support.pipeline_runs import published, run

AS_OF = datetime(2026, 9, 13)
CLICKS_PER_20 = {"call": 4, "mail": 2}
OFFERS = """offer_id,priority,cost_per_display,cost_per_success,value_per_success
call,1,1.50,,10
mail,2,CHF 0.10,0.5,10
"""
STRATEGIES = """strategy_id,objective,control_share,top_k,guardrails
gross,reward,,1,
net,net_value,0.3,1,
guarded,net_value,,1,gross
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after a run: the call is clicked twice as often as the mail, and costs more."""
    raw = tmp_path_factory.mktemp("net") / "raw"
    raw.mkdir()
    rows = ["event_ts,profile_id,offer_id,request_id,clicked,traffic_type,propensity"]
    for number in range(4_000):
        offer = ("call", "mail")[number % 2]
        clicked = int(number // 2 % 20 < CLICKS_PER_20[offer])
        at = AS_OF - timedelta(minutes=50 + 7 * number)
        rows.append(f"{at.isoformat()},p{number % 500},{offer},r{number},{clicked},random,0.5")
    (raw / "displays.csv").write_text("\n".join(rows) + "\n")
    (raw / "offers.csv").write_text(OFFERS)
    (raw / "ranking_strategies.csv").write_text(STRATEGIES)
    run(raw.parent / "home", raw, AS_OF)
    return raw.parent / "home"


def test_costs_turn_the_order(home: Path) -> None:
    """More clicks win without costs; with costs, the mail earns more per display."""
    first = published(
        home,
        "select strategy_id, any_value(offer_id) as offer_id, count(distinct offer_id) as offers"
        " from ranked_offers where arm = 'personalised' group by 1 order by 1",
    )
    assert [(r["strategy_id"], r["offer_id"], r["offers"]) for r in first] == [
        ("gross", "call", 1),
        ("net", "mail", 1),
    ]


def test_rewards_are_net_of_costs(home: Path) -> None:
    """0.2 x 10 - 1.50 for the call, and 0.1 x (10 - 0.5) - 0.10 for the mail."""
    rewards = published(
        home,
        "select offer_id, sum(reward) / sum(mature_displays) as reward from daily_outcomes"
        " where strategy_id = 'net' and display_date >= date '2026-08-26' group by 1 order by 1",
    )
    expected = {"call": 0.2 * 10 - 1.5, "mail": 0.1 * 9.5 - 0.1}
    assert {r["offer_id"]: r["reward"] for r in rewards} == pytest.approx(expected, abs=0.05)


def test_readiness_counts_successes_whatever_they_cost(home: Path) -> None:
    """The thresholds count displays and successes, not amounts."""
    ready = published(
        home,
        "select distinct displays, successes, is_ready from offer_readiness"
        " where strategy_id = 'net' and offer_id = 'mail'",
    )
    assert [r["is_ready"] for r in ready] == [True]
    assert ready[0]["successes"] == pytest.approx(0.1 * ready[0]["displays"], rel=0.05)


def test_the_control_arm_gets_the_order_of_the_business(home: Path) -> None:
    """About three in ten people of the strategy get the offer of highest priority."""
    arms = published(
        home,
        "select arm, count(*) as people, min(offer_id) as first, max(offer_id) as last"
        " from ranked_offers where strategy_id = 'net' group by 1 order by 1",
    )
    people = {r["arm"]: r["people"] for r in arms}
    assert set(people) == {"control", "personalised", "random"}
    assert 0.2 < people["control"] / sum(people.values()) < 0.4
    control = next(r for r in arms if r["arm"] == "control")
    assert (control["first"], control["last"]) == ("mail", "mail")


def test_a_guardrail_that_gets_worse_holds_the_model_back(home: Path) -> None:
    """The mail earns more net of costs and half the clicks, which the guardrail forbids."""
    (run_row,) = published(
        home,
        "select status, reason, deployed_model_version from training_runs"
        " where strategy_id = 'guarded'",
    )
    assert (run_row["status"], run_row["deployed_model_version"]) == ("held_back", None)
    assert run_row["reason"].startswith("guardrail gross gets worse: -0.")
    shown = published(
        home,
        "select guardrail, arm, baseline, displays, round(reward_per_display, 2) as rate, verdict"
        " from guardrail_performance"
        " where strategy_id = 'guarded' and placement_id = 'all' and window_days = 30",
    )
    assert shown == [
        {
            "guardrail": "gross",
            "arm": "random",
            "baseline": "random",
            "displays": 4_000,
            "rate": 0.15,
            "verdict": "reference",
        }
    ]
