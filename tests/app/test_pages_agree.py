"""No two pages disagree: a figure that several pages state has one value."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from benchmarks.synthetic_marts import Stage
from benchmarks.synthetic_publication import Changes, World, write_publication
from tests.support.claims import STATED, agree, disagreements, lines_of, stated
from tests.support.opening import START, Opener, today
from tests.support.texts import text_of

PAGES = sorted(path.stem for path in (START.parents[1] / "pages").glob("[a-z]*.py"))
SECTIONS = ("Stable traffic", "Stable performance", "Data quality", "Freshness")
PAGES_OF_TWO = {
    "overview": "other",
    "model": "other",
    "performance": "one",
    "offers": "one",
    "policy_value": "one",
}
ONE = World(places=(("web", "home"), ("web", "account")), amounts=())
HELD_BACK = {
    "training_runs": {
        "status": "if(w = 0, 'held_back', 'succeeded')",
        "reason": "if(w = 0, 'the new model earns credibly less', null)",
    }
}
FAILED = {
    "training_runs": {
        "status": "if(w = 0, 'failed', 'succeeded')",
        "reason": "if(w = 0, 'train: disk is full', null)",
    }
}
# Net value with a control arm, and a guardrail that gets worse.
CONTROLLED = {
    "dim_ranking_strategies": {
        "kpi_type": "'continuous'",
        "outcome_type": "'binary'",
        "objective": "'net_value'",
        "currency": "'CHF'",
        "control_share": "0.05",
        "guardrails": "['visits']",
    },
    "arm_performance": {
        "status_over_control": "if(arm = 'control', 'reference', 'ok')",
        "lift_over_control": "if(arm = 'personalised', 0.5, null)",
        "lift_over_control_low": "if(arm = 'personalised', 0.3, null)",
        "lift_over_control_high": "if(arm = 'personalised', 0.7, null)",
    },
    "health_findings": [
        {
            "strategy_id": "web",
            "assumption": "guardrails_hold",
            "subject": "visits",
            "severity": "severe",
            "severity_order": 1,
            "sentence": "Personalised traffic makes the guardrail visits worse: 20 % less.",
            "advice": "Change the offers, or roll the model back.",
            "retrain_recommended": False,
        }
    ],
    "guardrail_performance": [
        {
            "strategy_id": "web",
            "guardrail": "visits",
            "is_less_better": False,
            "placement_id": "all",
            "window_days": 30,
            "arm": "personalised",
            "baseline": baseline,
            "displays": 9000,
            "reward_per_display": 0.2,
            "status": "ok",
            "lift": -0.2,
            "lift_low": -0.3,
            "lift_high": -0.1,
            "verdict": "worse",
        }
        for baseline in ("random", "control")
    ],
}


def walk(open_page: Opener, home: Path, strategy: str) -> dict[str, AppTest]:
    """Open every page, Health at each of its sections, with periods of 30 days."""
    pages = {name: open_page(home, name, strategy=strategy, days="30") for name in PAGES}
    for section in SECTIONS:
        pages[f"health, {section}"] = open_page(home, "health", strategy=strategy, section=section)
    for name, app in pages.items():
        assert not app.exception, name
    return pages


def assert_readable(pages: dict[str, AppTest]) -> None:
    """No page says None or nan, and no number has a hyphen for a minus."""
    for name, app in pages.items():
        said = "\n".join(lines_of(app))
        assert not re.search(r"\b(None|nan|NaT|inf)\b", said), (name, said)
        assert not re.search(r"(?<![\w-])-\d[\d.,]* ?%", said), (name, said)


@pytest.mark.parametrize(
    ("stage", "changes", "state"),
    [
        ("full", {}, "Succeeded"),
        ("full", HELD_BACK, "Held back"),
        ("full", FAILED, "Failed"),
        ("cold", {}, "Collecting"),
        ("new", {}, "Never ran"),
    ],
)
def test_pages_agree_in_every_state(
    stage: Stage, changes: Changes, state: str, tmp_path: Path, open_page: Opener
) -> None:
    """A figure is the same on each page that states it, whatever came of the last run."""
    write_publication(tmp_path, today(), ONE, stage, changes)
    pages = walk(open_page, tmp_path, "web")
    assert disagreements(pages) == {}
    assert_readable(pages)
    assert state in text_of(pages["overview"])


def test_pages_agree_about_control_guardrails_and_net_value(
    tmp_path: Path, open_page: Opener
) -> None:
    """Every page names the arms, the guardrail and the reward in the same words."""
    write_publication(tmp_path, today(), replace(ONE, has_control=True), changes=CONTROLLED)
    pages = walk(open_page, tmp_path, "web")
    assert disagreements(pages) == {}
    assert_readable(pages)
    found = stated(pages)
    assert found["lift over control, 30 days"] == {"+50 %": {"overview", "performance"}}
    assert len(found["control share, 7 days"].popitem()[1]) == 2
    said = {name: "\n".join(lines_of(app)) for name, app in pages.items()}
    assert "makes a guardrail worse**, by more than chance: visits." in said["performance"]
    assert "makes the guardrail visits worse" in said["overview"]
    (link,) = pages["overview"].get("page_link")
    assert link.proto.label == "See the guardrails →"
    assert "≈ CHF" in said["overview"]
    assert "KPI: clicks after costs." in said["overview"]
    for name in ("performance", "offers", "policy_value"):
        assert "et value per display (CHF)" in said[name], name
    assert "Control: 5 % of people" in said["model"]
    assert not any("clicks per display" in words for words in said.values())


@pytest.mark.parametrize(
    ("figure", "mart", "change"),
    [
        ("value of the deployed model", "policy_evaluation", {"policy_value": "0.1 * random()"}),
        ("offers ready", "offer_readiness", {"is_ready": "i = 0"}),
        ("lift over random, 30 days", "arm_performance", {"lift": "0.6 + 0.1 * window_days"}),
    ],
)
def test_a_contradiction_is_found(
    figure: str, mart: str, change: dict[str, str], tmp_path: Path, open_page: Opener
) -> None:
    """Pages of two publications that differ in a figure disagree about it."""
    for name, changes in (("one", None), ("other", {mart: change})):
        write_publication(tmp_path / name, today(), ONE, changes=changes)
    pages = {
        page: open_page(tmp_path / name, page, strategy="web", days="30")
        for page, name in PAGES_OF_TWO.items()
    }
    assert figure in disagreements(pages)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("12.28 %", "12.3 %", True),
        ("12.28 %", "12.4 %", False),
        ("≈ CHF 96,000", "≈ CHF 95,700", True),
        ("≈ CHF 96,000", "≈ CHF 97,100", False),
        ("+131 %", "1.3099", True),
        ("−15 %", "+15 %", False),
        ("aaaaaaaa1000", "aaaaaaaa1001", False),
        ("2026-10-25", "2026-10-26", False),
        ("250 displays and 25 successes", "250 displays and 30 successes", False),
    ],
)
def test_numbers_agree_as_far_as_they_have_digits(one: str, other: str, same: bool) -> None:
    """A rounded figure agrees with the exact one, and with nothing else."""
    assert agree(one, other) == same


def home_with_one(home: Path, strategy: str, copy: Path) -> Path:
    """Return a copy of a home folder whose publication has only one strategy."""
    copy.mkdir()
    shutil.copyfile((home / "published.duckdb").resolve(), copy / "published.duckdb")
    with duckdb.connect(str(copy / "published.duckdb")) as connection:
        tables = connection.execute(
            "select table_name from duckdb_columns() where column_name = 'strategy_id'"
        ).fetchall()
        for (table,) in tables:
            connection.execute(f"delete from {table} where strategy_id <> ?", [strategy])
    return copy


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["web_clicks", "email_revenue"])
def test_pages_of_the_demo_agree(
    strategy: str, demo: Path, tmp_path: Path, open_page: Opener
) -> None:
    """Three weeks of the demo: most figures stand on several pages, with one value."""
    home = home_with_one(demo, strategy, tmp_path / strategy)
    pages = walk(open_page, home, strategy)
    assert disagreements(pages) == {}
    assert_readable(pages)
    assert not any(re.search(r"\w…| … ", text_of(app)) for app in pages.values())
    shared = {
        figure for figure, values in stated(pages).items() if len(set().union(*values.values())) > 1
    }
    assert len(shared & STATED.keys()) >= 15, shared
    assert len(shared) >= 30, shared
