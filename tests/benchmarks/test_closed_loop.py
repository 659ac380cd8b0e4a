"""The closed-loop benchmark: the share of the oracle's gain, and verdicts that can fail."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from benchmarks.closed_loop import Week, live, main, verdicts
from scorer.simulation.catalogue import COLLAPSE_WEEK, STRATEGY_IDS


def loop(weeks: int = 12, **changes: object) -> list[Week]:
    """Weeks of a loop that meets every requirement, except for the changes."""
    return [
        dataclasses.replace(
            Week(
                seed=0,
                week=number,
                strategy=strategy,
                share=float("nan") if number == 1 else 0.85,
                lift=0.9,
                new_ready=number >= 6,
                flag="severe" if number == COLLAPSE_WEEK else None,
            ),
            **changes,  # type: ignore[arg-type]
        )
        for strategy in STRATEGY_IDS
        for number in range(1, weeks + 1)
    ]


def test_requirements_can_be_met() -> None:
    """85 % of the gain and a flag meet them; the launch in week 4 took 3 cycles to be ready."""
    judged = verdicts(loop())
    assert [verdict.is_met for verdict in judged] == [True, True, True, None]
    assert judged[-1].measured.startswith("3.0")


@pytest.mark.parametrize(("changes", "missed"), [({"share": 0.79}, 2), ({"flag": None}, 1)])
def test_each_requirement_can_be_missed(changes: dict[str, object], missed: int) -> None:
    """A share below 80 % misses both strategies; without the flag, the collapse is missed."""
    assert [verdict.is_met for verdict in verdicts(loop(**changes))].count(False) == missed


def test_too_few_weeks_are_not_judged() -> None:
    """Two weeks neither meet nor miss a requirement."""
    assert [verdict.is_met for verdict in verdicts(loop(weeks=2))] == [None] * 4


def test_wrong_usage_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    """A count of zero is refused in one line."""
    assert main(["--weeks", "0"]) == 2
    assert "--weeks" in capsys.readouterr().err


@pytest.mark.slow
def test_the_product_earns_more_than_random_in_its_second_week(tmp_path: Path) -> None:
    """The first week is all random; the second is ranked by a model that knows something."""
    weeks = list(live(seed=0, weeks=2, profiles=1_500, home=tmp_path))
    shares = {week.week: week.share for week in weeks if week.strategy == "web_clicks"}
    assert shares[1] != shares[1]
    assert 0 < shares[2] < 1
