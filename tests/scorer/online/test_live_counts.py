"""Counts since the publication, shared by the workers of a host."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from scorer.online.live_counts import Counted, Journal, LiveCounts
from scorer.ranking.caps import CapRule, Caps
from scorer.ranking.exploration import word

AS_OF = datetime(2026, 11, 22)
RULES = (
    CapRule(1, "everybody", "impression", "total", 3),
    CapRule(2, "person", "impression", "profile", 2),
    CapRule(3, "elsewhere", "impression", "total", 1, placement_id="mail"),
)


def seen(number: int, profile: str, offer: str, place: str = "web") -> Counted:
    """An impression after the publication."""
    at = AS_OF + timedelta(hours=1)
    return Counted(f"e{number}", at, profile, "impression", offer, place)


def withheld(live: LiveCounts, profile: str, place: str = "web") -> set[str]:
    """Offers that a person does not get now."""
    return Caps(RULES, ()).withheld(place, AS_OF.date(), live.of(word(profile)))


def test_what_one_worker_counts_all_others_see_at_once(tmp_path: Path) -> None:
    """Total rules count everybody, personal rules one person, on whichever worker they come."""
    workers = [Journal(tmp_path) for _ in range(3)]
    counts = [LiveCounts(journal, RULES, AS_OF) for journal in workers]
    for number in range(3):
        assert all(withheld(live, "somebody") == set() for live in counts)
        workers[number].append([seen(number, f"p{number}", "everybody")])
    assert all(withheld(live, "somebody") == {"everybody"} for live in counts)
    workers[0].append([seen(10, "p", "person"), seen(11, "p", "person")])
    assert all(withheld(live, "p") == {"everybody", "person"} for live in counts)
    assert all(withheld(live, "q") == {"everybody"} for live in counts)


def test_a_rule_of_a_placement_counts_and_applies_there_only(tmp_path: Path) -> None:
    """Impressions elsewhere neither count nor are withheld."""
    journal = Journal(tmp_path)
    live = LiveCounts(journal, RULES, AS_OF)
    journal.append([seen(1, "p", "elsewhere")])
    assert withheld(live, "p", "mail") == set()
    journal.append([seen(2, "p", "elsewhere", "mail")])
    assert withheld(live, "q", "mail") == {"elsewhere"}
    assert withheld(live, "q") == set()


def test_a_part_of_a_record_does_not_shift_later_ones(tmp_path: Path) -> None:
    """A worker that is killed while it writes leaves a part, which the next writer removes."""
    journal = Journal(tmp_path)
    live = LiveCounts(journal, RULES, AS_OF)
    journal.append([seen(1, "p", "person")])
    with journal.today().open("ab") as written:
        written.write(b"part")
    journal.append([seen(2, "p", "person")])
    for reader in (live, LiveCounts(Journal(tmp_path), RULES, AS_OF)):
        assert withheld(reader, "p") == {"person"}


def test_a_worker_that_starts_later_knows_what_came_before(tmp_path: Path) -> None:
    """The journal is read from its beginning; an event that comes twice counts once."""
    journal = Journal(tmp_path)
    journal.append([seen(1, "p", "person")] * 2)
    live = LiveCounts(Journal(tmp_path), RULES, AS_OF)
    assert withheld(live, "p") == set()
    journal.append([seen(2, "p", "person")])
    assert withheld(live, "p") == {"person"}
