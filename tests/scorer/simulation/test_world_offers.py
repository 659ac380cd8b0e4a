"""Worlds with more offers than the named ones: the same bank, with a wider choice."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from scorer.simulation import WeekReport, World
from scorer.simulation.assortment import assortment
from scorer.simulation.catalogue import PLACEMENT_IDS, SEGMENTS
from scorer.simulation.context import holds
from scorer.simulation.offers import OFFERS, offers_of
from tests.support.simulated_events import decisions, read_events

OFFER_COUNT = 100


@pytest.fixture(scope="module")
def wide() -> World:
    """Return a small world of many offers."""
    return World(profiles=1_500, seed=3, offers=OFFER_COUNT)


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of its inputs."""
    return tmp_path_factory.mktemp("wide")


@pytest.fixture(scope="module")
def lived(wide: World, raw: Path) -> WeekReport:
    """Return the report of its first week."""
    wide.write_catalogue(raw)
    return wide.live(1, raw)


@pytest.mark.parametrize("count", [24, 25, 100, 500])
def test_there_are_as_many_offers_as_asked_for(count):
    """The named ones come first, ids and names differ, and a larger choice only adds."""
    offers = assortment(count)
    assert len(offers) == count
    assert offers[:24] == OFFERS
    assert assortment(600)[:count] == offers
    assert len({offer.offer_id for offer in offers}) == count
    assert len({offer.name for offer in offers}) == count


def test_invented_offers_are_shared_out_evenly():
    """Invented offers are approved, priced like named ones, and spread over placements."""
    invented = assortment(OFFER_COUNT)[24:]
    assert {offer.status for offer in invented} == {"approved"}
    assert all(35 <= offer.price <= 50 for offer in invented)
    shares = Counter(place for offer in invented for place in offer.placements)
    assert set(shares) == set(PLACEMENT_IDS)
    assert max(shares.values()) - min(shares.values()) <= 1


def test_invented_tastes_differ_and_ask_for_what_exists(wide):
    """Within a placement no two are alike; every condition holds for some people, not for all."""
    invented = wide.assortment[24:]
    tastes = Counter((offer.placements, offer.taste.conditions) for offer in invented)
    assert set(tastes.values()) == {1}
    visits, segments, _ = next(wide.decisions(1))
    for condition in {c for offer in invented for c in offer.taste.conditions}:
        if condition in SEGMENTS:
            met = segments[:, SEGMENTS.index(condition)]
        else:
            met = holds(visits, condition)
        assert 0 < met.mean() < 1


def test_invented_offers_are_liked_about_as_much_as_named_ones(wide):
    """The mean rate of each invented offer lies within the range of the named ones that compete."""
    _, _, truth = next(wide.decisions(1))
    rate, known = truth.rate.mean(axis=0), truth.eligible.any(axis=0)[:24]
    assert (rate[24:] > 0.8 * rate[:24][known].min()).all()
    assert (rate[24:] < 1.2 * rate[:24][known].max()).all()


def test_named_offers_stay_as_they_are_in_a_wider_world(wide):
    """The true rates of the named offers do not depend on the added ones."""
    narrow = World(profiles=1_500, seed=3)
    pairs = zip(wide.decisions(5), narrow.decisions(5), strict=True)
    for (_, _, more), (_, _, fewer) in pairs:
        assert np.array_equal(more.rate[:, :24], fewer.rate)
        assert np.array_equal(more.reward[:, :24], fewer.reward)
        assert np.array_equal(more.eligible[:, :24], fewer.eligible)
    assert wide.happenings(5) == narrow.happenings(5)


def test_catalogue_and_log_name_the_same_offers(wide, raw, lived):
    """The files list every offer; all that compete are shown, and no others."""
    with (raw / "offers.csv").open(encoding="utf-8", newline="") as file:
        assert [row["offer_id"] for row in csv.DictReader(file)] == list(wide.offer_ids)
    with (raw / "strategy_offers.csv").open(encoding="utf-8", newline="") as file:
        competing = {(row["strategy_id"], row["offer_id"]) for row in csv.DictReader(file)}
    assert competing == {
        (strategy, offer.offer_id)
        for strategy in lived.strategies
        for offer in offers_of(strategy, wide.assortment)
    }
    shown = {i.offer for e in decisions(read_events(list(lived.files))[0]) for i in e.items}
    assert shown == {offer for _, offer in competing} - {"savings-pots"}


def test_a_ranked_table_may_name_an_invented_offer(wide):
    """The first offer of the table is shown; a table with an unknown offer is refused."""
    people = wide.profile_ids(1)
    position = 24 + PLACEMENT_IDS.index("home-hero")
    table = pa.table(
        {
            "strategy_id": ["web_clicks"] * len(people),
            "profile_id": people,
            "placement_id": ["home-hero"] * len(people),
            "rank": [1] * len(people),
            "offer_id": [wide.offer_ids[position]] * len(people),
            "traffic_type": ["contextual"] * len(people),
            "propensity": [1.0] * len(people),
        }
    )
    block = next(wide.decided(1, table))
    assert set(block.served.offer[block.served.ranked, 0]) == {position}
    with pytest.raises(ValueError, match=wide.offer_ids[position]):
        World(profiles=1_500, seed=3).value_of(1, table)


@pytest.mark.parametrize("count", [0, 23])
def test_fewer_offers_than_the_named_ones_are_refused(count):
    """The message gives the minimum and its reason."""
    with pytest.raises(ValueError, match=f"offers is {count}, expected 24 or more"):
        World(offers=count)
