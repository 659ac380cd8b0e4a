"""Inputs other than events: catalogue, rules, strategies and memberships."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from scorer.simulation import World
from scorer.simulation.catalogue import SEGMENTS


def rows(raw: Path, name: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with (raw / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def moment(text: str) -> datetime:
    """Return the naive UTC time of a text."""
    return datetime.fromisoformat(text).replace(tzinfo=None)


def test_there_are_24_offers_with_substance(life):
    """One is fallback, one draft, one archived, one launched, one expiring; all have a price."""
    offers = rows(life.raw, "offers")
    assert len({offer["offer_id"] for offer in offers}) == 24
    assert [o["offer_id"] for o in offers if o["is_fallback"] == "true"] == ["contact-us"]
    assert sorted(o["status"] for o in offers if o["status"] != "approved") == ["archived", "draft"]
    starts = {o["offer_id"]: o["start_date"] for o in offers if o["start_date"]}
    assert starts == {"savings-pots": "2026-09-27T00:00:00Z"}
    ends = {o["offer_id"]: o["end_date"] for o in offers if o["end_date"]}
    assert ends == {"summer-fx-deal": "2026-09-20T00:00:00Z"}
    assert all(json.loads(offer["characteristics"])["price"] > 0 for offer in offers)


def test_every_reference_in_the_inputs_is_known(life):
    """Rules and strategies name offers, segments, placements and features that exist."""
    offers = {row["offer_id"] for row in rows(life.raw, "offers")}
    features = {row["feature_name"] for row in rows(life.raw, "context_features")}
    strategies = {row["strategy_id"]: row for row in rows(life.raw, "ranking_strategies")}
    segments = {row["segment_id"] for row in rows(life.raw, "segment_memberships")}
    assert set(strategies) == {"web_clicks", "email_revenue"}
    assert len(segments) == 12
    for name in ("eligibility_rules", "capping_rules", "strategy_offers"):
        assert {row["offer_id"] for row in rows(life.raw, name)} <= offers
    for name in ("eligibility_rules", "strategy_segments"):
        assert {row["segment_id"] for row in rows(life.raw, name)} <= segments
    for strategy in strategies.values():
        assert set(strategy["context_features"].split("|")) <= features


def test_memberships_never_tell_the_future(tmp_path):
    """Memberships written at the end of a week end with it; later weeks only add and close some."""
    world = World(profiles=300, seed=4)
    known = []
    for week in (1, 2, 3):
        world.live(week, tmp_path)
        table = rows(tmp_path, "segment_memberships")
        end = world.start_of(week + 1)
        assert all(moment(row["qualified_at"]) < end for row in table)
        assert all(moment(row["exited_at"]) < end for row in table if row["exited_at"])
        known.append({tuple(r.values())[:3]: r["exited_at"] for r in table})
    for earlier, later in pairwise(known):
        assert set(earlier) <= set(later)
        assert all(later[key] == until for key, until in earlier.items() if until)
    assert sum(bool(until) for until in known[2].values()) > 20


def test_intervals_of_a_profile_and_segment_do_not_overlap(life):
    """A person is in a segment at most once at a time, and leaves after entering."""
    spans: dict[tuple[str, str], list[tuple[datetime, datetime]]] = {}
    for row in rows(life.raw, "segment_memberships"):
        until = moment(row["exited_at"]) if row["exited_at"] else datetime.max
        key = (row["profile_id"], row["segment_id"])
        spans.setdefault(key, []).append((moment(row["qualified_at"]), until))
    for intervals in spans.values():
        ordered = sorted(intervals)
        assert all(since < until for since, until in ordered)
        pairs = pairwise(ordered)
        assert all(before[1] <= after[0] for before, after in pairs)


def test_memberships_are_those_the_truth_uses(life):
    """At every visit of week 2 the file gives the segments that the true rates used."""
    spans: dict[str, list[tuple[str, datetime, datetime]]] = {}
    for row in rows(life.raw, "segment_memberships"):
        until = moment(row["exited_at"]) if row["exited_at"] else datetime.max
        entry = (row["segment_id"], moment(row["qualified_at"]), until)
        spans.setdefault(row["profile_id"], []).append(entry)
    ids = life.world.profile_ids(2)
    for visits, segments, _ in life.world.decisions(2):
        for row in range(0, len(visits), 7):
            at = datetime.fromisoformat(str(visits.at[row].astype("datetime64[ms]")))
            listed = spans.get(ids[visits.profile[row]], [])
            inside = {name for name, since, until in listed if since <= at < until}
            assert inside == {SEGMENTS[n] for n in segments[row].nonzero()[0]}


@pytest.mark.parametrize("week", [2, 6])
def test_people_join_and_drift(life, week):
    """Each week one per cent join, and some change segments."""
    assert len(life.world.profile_ids(week)) == 800 + 8 * (week - 1)
