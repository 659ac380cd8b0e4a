"""The closed-loop benchmark: honest marts, true gains, verdicts that can fail."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.closed_loop import main
from benchmarks.closed_loop_history import Displays, displays_of
from benchmarks.closed_loop_marts import Marts
from benchmarks.closed_loop_requirements import Week, verdicts, weeks_to_reach
from benchmarks.closed_loop_truth import gains, informed_ranking
from scorer.config import Settings
from scorer.progress import Silent
from scorer.simulation import World
from scorer.simulation.catalogue import PLACEMENTS, STRATEGY_IDS
from scorer.simulation.offers import OFFER_IDS
from scorer.warehouse.connection import Connection, connect_build
from scorer.warehouse.dbt import run_dbt

_KEY = "strategy_id, profile_id, placement_id, offer_id, event_ts"
_KNOWN = "list_sort([e for e in map_entries({}.context) if e.value is not null])"


def everything(world: World, weeks: int) -> Displays:
    """All displays of weeks that are served at random."""
    return Displays.joined(
        [
            displays_of(block, world.seed, week)
            for week in range(1, weeks + 1)
            for block in world.decided(week)
        ]
    )


def marts_of(world: World, weeks: int) -> Marts:
    """The marts as of the end of weeks that were served at random."""
    _, segments = world.usual_visits(weeks, placement=0)
    return Marts(everything(world, weeks), segments, weeks, world.start_of(weeks + 1))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Connection:
    """The build that dbt made of the files of two weeks, beside tables `made_…` of the marts."""
    home = tmp_path_factory.mktemp("closed_loop")
    world = World(profiles=300, seed=3)
    world.write_catalogue(home / "raw")
    for week in (1, 2):
        world.live(week, home / "raw")
    settings = Settings(home=home, as_of=world.start_of(3), raw=home / "raw")
    run_dbt(settings, "features", "features", Silent())
    with connect_build(settings.build_path) as connection:
        for name, table in marts_of(world, weeks=2).tables().items():
            connection.register(f"made_{name}", table)
        yield connection


def count(connection: Connection, query: str) -> int:
    """The one number that a query returns."""
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.slow
@pytest.mark.parametrize("column", ["segments", "position", "propensity", "traffic_type"])
def test_examples_are_those_of_dbt(both: Connection, column: str) -> None:
    """Every training example of dbt's is among ours with the same content, but for late files."""
    total = count(both, "select count(*) from training_examples")
    same = count(
        both,
        f"select count(*) from training_examples as a join made_training_examples as b"
        f" using ({_KEY}) where a.{column} = b.{column}",
    )
    assert same == total
    made = count(both, "select count(*) from made_training_examples")
    assert total <= made <= total * 1.01


@pytest.mark.slow
def test_outcomes_are_those_of_dbt(both: Connection) -> None:
    """Successes and rewards agree with attribution by dbt, but for clicks that arrive late."""
    differing = count(
        both,
        f"select count(*) from training_examples as a join made_training_examples as b"
        f" using ({_KEY}) where a.is_success <> b.is_success or a.reward <> b.reward",
    )
    assert differing <= 0.005 * count(both, "select count(*) from training_examples")


@pytest.mark.slow
def test_context_differs_only_where_it_went_unrecorded(both: Connection) -> None:
    """Values that both know are equal, and about as many are known."""
    same, known, made = both.execute(
        f"select count(*) filter (where {_KNOWN.format('a')} = {_KNOWN.format('b')}),"
        f" sum(len({_KNOWN.format('a')})), sum(len({_KNOWN.format('b')}))"
        f" from training_examples as a join made_training_examples as b using ({_KEY})"
    ).fetchone() or (0, 0, 0)
    assert same > 0.85 * count(both, "select count(*) from training_examples")
    assert made == pytest.approx(known, rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("feature", ["device_type", "browser", "city", "site_section"])
def test_candidates_come_with_the_context_dbt_finds_usual(both: Connection, feature: str) -> None:
    """Features that always go recorded agree for every person, but for late files."""
    differing = count(
        both,
        f"select count(*) from ranking_candidates as a join made_ranking_candidates as b"
        f" using (strategy_id, profile_id, placement_id)"
        f" where a.context['{feature}'] is distinct from b.context['{feature}']",
    )
    assert differing <= 0.005 * count(both, "select count(*) from ranking_candidates")


@pytest.mark.slow
def test_eligibility_is_that_of_dbt(both: Connection) -> None:
    """Candidates may be shown the offers that dbt finds, and so may past displays."""
    offers = "list_sort(list(offer_id))"
    query = (
        "select count(*) from (select profile_id, placement_id, {o} as o from ranking_candidates"
        " join eligibility_sets using (strategy_id, placement_id, eligibility_set_id) group by all)"
        " as a full join (select profile_id, placement_id, {o} as o from made_ranking_candidates"
        " join made_eligibility_sets using (strategy_id, placement_id, eligibility_set_id)"
        " group by all) as b using (profile_id, placement_id) where a.o is distinct from b.o"
    )
    assert count(both, query.format(o=offers)) == 0
    for name in ("display_eligibility_sets", "eligibility_sets", "ranking_candidates"):
        made = count(both, f"select count(*) from made_{name}")
        assert made == count(both, f"select count(*) from {name}")


def test_readiness_counts_the_look_back_window() -> None:
    """After six weeks the first one no longer counts."""
    world = World(profiles=200, seed=1)
    marts = marts_of(world, weeks=6)
    shown = sum(marts.readiness()["displays"].to_pylist())
    history = everything(world, weeks=6)
    window_start = int(datetime(2026, 9, 18, tzinfo=UTC).timestamp()) * 1000
    fallback = history.offer == OFFER_IDS.index("contact-us")
    assert shown == int(((history.at > window_start) & ~fallback).sum())


def test_total_cap_keeps_an_offer_from_everybody() -> None:
    """mobile-wallet is nobody's any more once 400 clicks are counted."""
    world = World(profiles=9_000, seed=1)
    wallet = OFFER_IDS.index("mobile-wallet")
    assert not marts_of(World(profiles=500, seed=1), weeks=1).capped[:, wallet].any()
    assert marts_of(world, weeks=5).capped[:, wallet].all()


def ranking(world: World, week: int, offers: dict[str, str]) -> pa.Table:
    """Everybody gets the same personalised offer in each placement."""
    people = world.profile_ids(week)
    size = len(people)
    parts = [
        pa.table(
            {
                "strategy_id": [place.strategy_id] * size,
                "profile_id": people,
                "placement_id": [place.placement_id] * size,
                "rank": [1] * size,
                "offer_id": [offers[place.placement_id]] * size,
                "traffic_type": ["contextual"] * size,
                "propensity": [1.0] * size,
            }
        )
        for place in PLACEMENTS
    ]
    return pa.concat_tables(parts)


def test_informed_ranking_nears_the_oracle() -> None:
    """Who knows the truth reaches most of the oracle's gain; the same offer for all does not."""
    world = World(profiles=1_500, seed=2)
    same = ranking(
        world,
        1,
        {
            "home-hero": "invest-starter",
            "account-card": "invest-starter",
            "weekly-email": "gold-coin",
        },
    )
    nobody_capped = np.zeros((1_500, len(OFFER_IDS)), bool)
    informed = informed_ranking(world, 1, same, nobody_capped)
    for strategy in STRATEGY_IDS:
        best = gains(world, 2, informed, nobody_capped)[strategy]
        plain = gains(world, 2, same, nobody_capped)[strategy]
        assert 0.85 < best.share <= 1
        assert plain.share < 0.4
        assert best.oracle == pytest.approx(plain.oracle)


def week(number: int, **changes: object) -> Week:
    """A week of a loop that does what is required, but for the changes."""
    usual = Week(
        seed=0,
        week=number,
        strategy="web_clicks",
        decisions=100 if number > 1 else 0,
        personalised=0.185,
        random=0.10,
        oracle=0.20,
        informed=0.19,
        new_shown=0.2,
        new_best=0.2,
        new_hits=0.19,
        new_ready=number >= 5,
        flag="severe" if number == 5 else "ok",
        false_flags=0,
        status="succeeded",
        seconds=1.0,
    )
    return dataclasses.replace(usual, **changes)  # type: ignore[arg-type]


def test_requirements_can_be_met() -> None:
    """80 % of the gain, a new offer that reaches its people and a flag meet all requirements."""
    assert all(v.is_met for v in verdicts([week(n) for n in range(1, 13)], first_week=2))


@pytest.mark.parametrize(
    "changes",
    [
        {"personalised": 0.175},
        {"new_hits": 0.15},
        {"flag": "ok"},
    ],
)
def test_each_requirement_can_be_missed(changes: dict[str, object]) -> None:
    """One of them is missed when its figure falls short, and only that one."""
    judged = verdicts([week(n, **changes) for n in range(1, 13)], first_week=2)
    assert [v.is_met for v in judged].count(False) == 1


def test_weeks_to_reach_counts_from_the_cycle_that_made_the_offer_ready() -> None:
    """Shown to its people in the second week after the cycle of week 5: two."""
    weeks = [week(n, new_hits=0.05 if n < 7 else 0.19) for n in range(1, 13)]
    assert weeks_to_reach(weeks) == 2


def test_what_was_not_measured_is_not_judged() -> None:
    """A run without the shift table or with too few weeks neither meets nor misses."""
    judged = verdicts([week(n, flag=None) for n in range(1, 4)], first_week=2)
    assert [v.is_met for v in judged] == [True, None, None]


def test_wrong_usage_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    """A count of zero is refused in one line."""
    assert main(["--weeks", "0"]) == 2
    assert "--weeks" in capsys.readouterr().err


@pytest.mark.slow
def test_command_writes_a_row_per_strategy_and_week(tmp_path: Path) -> None:
    """Two weeks of a small bank give four rows and a table, and miss what they do not judge."""
    out = tmp_path / "weeks.csv"
    arguments = ["--weeks", "2", "--seeds", "1", "--profiles", "400", "--through", "scorer"]
    assert main([*arguments, "--out", str(out), "--out", str(tmp_path / "weeks.md")]) in (0, 1)
    lines = out.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + 2 * len(STRATEGY_IDS)
    assert "| week |" in (tmp_path / "weeks.md").read_text(encoding="utf-8")
