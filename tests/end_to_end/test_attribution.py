"""Clicks find the displays that a plain recomputation finds, in random worlds."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.support.pipeline_runs import build, build_rows
from tests.support.xdm_events import click, display, purchase, write_lines

START = datetime(2026, 9, 6)
AS_OF = START + timedelta(days=7)
LATE = timedelta(seconds=10)
LONGEST_CHAIN = 8


def _reach(links: list[tuple[str, str, datetime]], person: str, at: datetime) -> set[str]:
    """Return the ids that are linked to this one at time `at`, including itself."""
    reached = {person}
    for _ in range(LONGEST_CHAIN):
        for one, other, known_from in links:
            if known_from <= at and (one in reached or other in reached):
                reached |= {one, other}
    return reached


def _expected(
    shown: list[tuple[datetime, str, str, str, str]],
    ids: set[str],
    wanted: tuple[str, str],
    at: datetime,
) -> str | None:
    """Return the display of a click: the latest of the person, a late one, or the only one of
    others."""
    fitting = [row for row in shown if row[3:] == wanted and row[0] <= at + LATE]
    own = [row for row in fitting if row[2] in ids]
    before = [row for row in own if row[0] <= at]
    if before:
        latest = max(row[0] for row in before)
        return min(row[1] for row in before if row[0] == latest)
    if own:
        return min(own)[1]
    return fitting[0][1] if len(fitting) == 1 else None


@pytest.mark.parametrize("seed", [1, 2])
def test_clicks_belong_to_their_person_or_the_only_display(tmp_path: Path, seed: int) -> None:
    """Chains of links, shared propositions and late displays give the result of the
    recomputation."""
    rng = random.Random(seed)

    def moment() -> datetime:
        return START + timedelta(seconds=rng.randrange(3000))

    ids = [f"id{number}" for number in range(60)]
    events, links, shown, clicks = [], [], [], {}
    for number in range(40):
        one, other = rng.sample(ids, 2)
        at = moment()
        event = purchase(f"login{number}", at, one, 1.0)
        event["identityMap"]["CRM"] = [{"id": other}]
        events.append(event)
        links.append((one, other, at))
    for number in range(250):
        person, proposition, offer, at = (
            rng.choice(ids),
            f"AT:{rng.randrange(40)}",
            rng.choice("ab"),
            moment(),
        )
        name = f"d{number:03}"
        event = display(name, at, person, [offer])
        event["_experience"]["decisioning"]["propositions"][0]["id"] = proposition
        events.append(event)
        shown.append((at, name, person, proposition, offer))
    for number in range(300):
        person, proposition, offer, at = (
            rng.choice(ids),
            f"AT:{rng.randrange(40)}",
            rng.choice("ab"),
            moment(),
        )
        event = click(f"c{number}", at, person, offer, "x")
        event["_experience"]["decisioning"]["propositions"][0]["id"] = proposition
        events.append(event)
        wanted = (proposition, offer)
        clicks[f"c{number}"] = _expected(shown, _reach(links, person, at), wanted, at)
    rng.shuffle(events)
    write_lines(tmp_path / "raw" / "experience_events.ndjson", events)
    build(tmp_path, tmp_path / "raw", AS_OF, "+int_attributed_interactions")
    found = dict(
        build_rows(
            tmp_path,
            "select event_id, split_part(display_id, ':', 1) from int_attributed_interactions",
        )
    )
    assert found == clicks
    assert 50 < sum(name is not None for name in found.values()) < 290
