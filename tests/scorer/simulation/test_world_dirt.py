"""Defects: every planted one is reported, and no true event is lost."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from tests.support.simulated_events import decisions

# How the ids of each kind of planted event begin.
PREFIXES = {
    "orphans": "q",
    "dismissals": "x",
    "repeat_clicks": "again",
    "after_window_clicks": "late",
    "after_window_purchases": "lateb",
    "organic_purchases": "o",
    "page_views": "v",
}


@pytest.mark.parametrize("kind", PREFIXES)
def test_planted_events_are_counted(life, kind):
    """The number of distinct events of a planted kind equals the reported number."""
    # A duplicate may arrive while its late original is still under way.
    found = {e.event_id for e in life.events if (e.event_id or "").startswith(f"{PREFIXES[kind]}-")}
    planted = sum(report.planted[kind] for report in life.reports)
    assert planted <= len(found) <= planted + 2
    assert planted > 0


def test_late_events_are_counted_and_cross_weeks(life):
    """As many lines as reported stand in a file after their day, some in another week."""
    late = [e for e in life.events if e.at.date().isoformat() < e.file[:10]]
    planted = sum(report.planted["late"] for report in life.reports)
    broken = sum(report.planted["malformed"] for report in life.reports)
    assert planted - broken <= len(late) <= planted
    ends = [report.end for report in life.reports]
    files = {file.name: report.week for report in life.reports for file in report.files}
    weeks = [(files[e.file], 1 + sum(e.at >= end for end in ends)) for e in late]
    assert any(delivered > lived for delivered, lived in weeks)


def test_some_lines_are_out_of_order(life):
    """Within day files a few lines are earlier than the line before."""
    backwards = Counter(
        after.at < before.at for before, after in pairwise(life.events) if before.file == after.file
    )
    assert 0 < backwards[True] < 0.1 * len(life.events)


def test_orphans_refer_to_nothing_shown(life):
    """No display has the proposition of an orphan."""
    shown = {item.proposition for event in decisions(life.events) for item in event.items}
    orphans = [e for e in life.events if (e.event_id or "").startswith("q-")]
    assert orphans
    assert all(event.items[0].proposition not in shown for event in orphans)


def test_what_is_broken_is_only_ever_a_copy(life):
    """Each line without an id repeats a display that is there with its id."""
    known = {event.text.split(", ", 1)[1] for event in decisions(life.events)}
    nameless = [event for event in life.events if event.event_id is None]
    assert sum(event.text[1:] in known for event in nameless) >= len(nameless) - 1
