"""A small random world to attack: two strategies, rules, caps, segments, two weekly cycles."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

START = datetime(2026, 1, 1)
FIRST, SECOND = datetime(2026, 1, 22), datetime(2026, 1, 29)
OFFERS = ("a", "b", "c", "d", "e", "f")
# Names that the product itself could use are names like any other.
PLACEMENTS = ("home", "all")
SEGMENTS = ("gold", "young")
_DISPLAYS = 3_000
_HEADER = (
    *("event_ts", "profile_id", "request_id", "offer_id", "placement_id", "position", "clicked"),
    *("traffic_type", "propensity", "seg_gold", "seg_young", "ctx_all"),
)


def write_world(raw: Path, seed: int, displays: int = _DISPLAYS) -> None:
    """Write the inputs of a world: flat displays and every configuration file."""
    rng = random.Random(seed)
    raw.mkdir(parents=True)
    people = [f"p{number}" for number in range(120)]
    gold = {person: rng.random() < 0.4 for person in people}
    young = {person: rng.random() < 0.5 for person in people}
    rows = []
    for number in range(displays):
        at = START + timedelta(days=28) * (number / displays)
        person, offer = rng.choice(people), rng.choice(OFFERS)
        device = rng.choice(("phone", "desktop"))
        rate = 0.5 if (offer in "ab") == gold[person] else 0.2 if device == "phone" else 0.1
        rows.append(
            (
                at.strftime("%Y-%m-%d %H:%M:%S"),
                person,
                f"r{number}",
                offer,
                rng.choice(PLACEMENTS),
                1,
                int(rng.random() < rate),
                "random",
                round(1 / len(OFFERS), 6),
                int(gold[person]),
                int(young[person]),
                device,
            )
        )
    write_csv(raw / "displays.csv", _HEADER, rows)
    write_csv(
        raw / "offers.csv",
        ("offer_id", "offer_name", "status", "priority", "end_date", "is_fallback"),
        [(offer, f"Offer {offer}", "approved", 0, "", "") for offer in OFFERS[:-2]]
        + [("e", "Draft", "draft", 0, "", ""), ("f", "Ended", "approved", 0, "2026-01-15", "")]
        + [("z", "Fallback", "approved", 0, "", "true")],
    )
    write_csv(
        raw / "ranking_strategies.csv",
        ("strategy_id", "kpi_name", "min_displays", "min_successes", "exploration_share", "top_k"),
        [("clicks", "clicks", 50, 5, 0.1, 3), ("all", "clicks", 50, 5, 0.3, 2)],
    )
    write_csv(
        raw / "strategy_segments.csv",
        ("strategy_id", "segment_id"),
        [(strategy, segment) for strategy in ("clicks", "all") for segment in SEGMENTS],
    )
    write_csv(
        raw / "strategy_offers.csv",
        ("strategy_id", "offer_id"),
        [("all", offer) for offer in "abce"],
    )
    write_csv(
        raw / "eligibility_rules.csv",
        ("offer_id", "segment_id", "rule"),
        [("c", "gold", "exclude"), ("d", "young", "include")],
    )
    write_csv(
        raw / "capping_rules.csv",
        ("offer_id", "capping_event", "capping_type", "capping_limit", "period", "placement_id"),
        [
            ("b", "impression", "profile", 3, "week", ""),
            ("a", "click", "profile", 2, "week", "home"),
        ],
    )


def write_csv(file: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file."""
    with file.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(header)
        writer.writerows(rows)
