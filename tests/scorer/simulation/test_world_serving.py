"""Serving: the ranked table decides; without a row, the draw is uniform."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from scorer.simulation import World
from scorer.simulation.catalogue import PLACEMENTS
from scorer.simulation.offers import OFFER_IDS, offers_of
from tests.support.simulated_events import Event, decisions, read_events


@pytest.fixture
def world() -> World:
    """Return a small world."""
    return World(profiles=400, seed=11)


def ranked_table(world: World, week: int = 1) -> pd.DataFrame:
    """Return two arbitrary ranks for every profile and placement, each row different."""
    rng = np.random.default_rng(0)
    rows = []
    for place in PLACEMENTS:
        offers = [o.offer_id for o in offers_of(place.strategy_id) if place[0] in o.placements]
        for profile_id in world.profile_ids(week):
            explores = rng.random() < 0.3
            first, second = rng.choice(offers, 2, replace=False)
            for rank, offer_id in ((1, first), (2, second)):
                rows.append(
                    {
                        "strategy_id": place.strategy_id,
                        "profile_id": profile_id,
                        "placement_id": place.placement_id,
                        "rank": rank,
                        "offer_id": offer_id,
                        "traffic_type": "random" if explores else "contextual",
                        "propensity": rng.random() / 2 + 0.01,
                    }
                )
    return pd.DataFrame(rows)


def displays_of(world: World, raw: Path, ranked: object, week: int = 1) -> list[Event]:
    """Return the display events of a week served by a table."""
    report = world.live(week, raw, ranked)
    return decisions(read_events(list(report.files))[0])


def test_the_table_is_followed_to_the_letter(world, tmp_path):
    """Offer, arm and propensity of each item are those of the row of its rank."""
    table = ranked_table(world)
    rows = {
        (r.profile_id, r.placement_id, r.rank): (r.offer_id, r.traffic_type, r.propensity)
        for r in table.itertuples()
    }
    events = displays_of(world, tmp_path, pa.Table.from_pandas(table))
    assert len(events) > 500
    for event in events:
        ranks = Counter()
        for item in event.items:
            ranks[item.placement] += 1
            expected = rows[event.profile, item.placement, ranks[item.placement]]
            assert (item.offer, item.arm, item.propensity) == expected


def test_any_arrow_stream_will_do(world, tmp_path):
    """A pandas frame and an Arrow table in any row order give the same week."""
    table = ranked_table(world)
    shuffled = table.sample(frac=1, random_state=0)
    reports = [
        World(profiles=400, seed=11).live(1, tmp_path / name, handed)
        for name, handed in (("a", pa.Table.from_pandas(table)), ("b", shuffled))
    ]
    assert reports[0].strategies == reports[1].strategies


def test_the_arms_are_reported_apart(world, tmp_path):
    """Displays, successes and values are counted by the arm of the table."""
    report = world.live(1, tmp_path, ranked_table(world))
    for strategy in report.strategies.values():
        assert set(strategy.arms) == {"random", "contextual"}
        share = strategy.arms["random"].displays / report.displays
        assert 0 < share < 0.5
        assert strategy.truth.personalised == strategy.truth.by_arm["contextual"]
    assert report.unranked_decisions == 0


def test_profiles_without_a_row_see_random_offers(world, tmp_path):
    """Newcomers without rows in the table are served at random and counted."""
    table = ranked_table(world)
    known = set(table["profile_id"])
    world.live(1, tmp_path)
    report = world.live(2, tmp_path, table)
    events = decisions(read_events(list(report.files))[0])
    # Events of the week before may arrive late; those are random too.
    fresh = [e for e in events if e.profile not in known]
    assert fresh
    assert {item.arm for event in fresh for item in event.items} == {"random"}
    assert report.unranked_decisions >= len(fresh) - 1


def test_the_personalised_value_is_that_of_the_policy(world):
    """A table of each profile's best offer is worth more than one of its worst."""
    best = world.value_of(1, policy_table(world, best=True))
    worst = world.value_of(1, policy_table(world, best=False))
    for strategy_id, strategy in best.items():
        truth = strategy.truth
        assert worst[strategy_id].truth.personalised < truth.random < truth.personalised
        assert truth.personalised <= truth.oracle


def policy_table(world: World, best: bool) -> pd.DataFrame:
    """Return the first rank by truth: the best or worst offer of each profile's first visit."""
    rows: dict[tuple[int, int], str] = {}
    for visits, _, truth in world.decisions(1):
        worth = np.where(truth.eligible, truth.reward, -1.0 if best else np.inf)
        chosen = worth.argmax(axis=1) if best else worth.argmin(axis=1)
        for who, where, offer in zip(visits.profile, visits.placement, chosen, strict=True):
            rows.setdefault((int(who), int(where)), OFFER_IDS[offer])
    ids = world.profile_ids(1)
    return pd.DataFrame(
        {
            "strategy_id": [PLACEMENTS[where].strategy_id for _, where in rows],
            "profile_id": [ids[who] for who, _ in rows],
            "placement_id": [PLACEMENTS[where].placement_id for _, where in rows],
            "rank": 1,
            "offer_id": list(rows.values()),
            "traffic_type": "contextual",
            "propensity": 0.9,
        }
    )


def test_without_a_table_every_eligible_offer_is_equally_likely(life):
    """Newsletter offers of random weeks are uniform by chi-square, propensity one in eleven."""
    items = [
        item
        for event in decisions(life.events)
        for item in event.items
        if item.placement == "weekly-email"
    ]
    counts = Counter(item.offer for item in items)
    assert len(counts) == 11
    assert {item.propensity for item in items} == {1 / 11}
    expected = len(items) / len(counts)
    chi_square = sum((count - expected) ** 2 / expected for count in counts.values())
    # The 99.9 % point of chi-square with 10 degrees of freedom.
    assert chi_square < 29.6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="propensity"), "propensity"),
        (lambda t: t.assign(offer_id="free-lunch"), "free-lunch"),
        (lambda t: t.assign(traffic_type="magic"), "magic"),
        (lambda t: pd.concat([t, t]), "one cycle"),
    ],
)
def test_tables_that_do_not_fit_are_refused(world, tmp_path, change, message):
    """The error names a missing column, an unknown offer or arm, or a repeated rank."""
    with pytest.raises(ValueError, match=message):
        world.live(1, tmp_path, change(ranked_table(world)))


def test_rows_of_others_are_left_out(world, tmp_path):
    """Rows of other strategies, unknown profiles and deep ranks change nothing."""
    table = ranked_table(world)
    others = pd.concat(
        [
            table,
            table.assign(strategy_id="another"),
            table.assign(profile_id="stranger"),
            table.assign(rank=table["rank"] + 2),
        ]
    )
    assert world.value_of(1, others) == world.value_of(1, table)
