"""The events: valid, in three spellings, in a plausible order."""

from __future__ import annotations

import math
from collections import Counter
from datetime import datetime, timedelta

from scorer.simulation import xdm
from scorer.simulation.events import SPELLING_SHARES
from scorer.simulation.xdm import SPELLINGS
from tests.support.simulated_events import Event, decisions


def clicks(events: list[Event], prefix: str) -> list[Event]:
    """Return interactions whose id starts with a prefix."""
    return [e for e in events if e.event_id and e.event_id.startswith(f"{prefix}-")]


def shown_at(events: list[Event]) -> dict[tuple[str, str], datetime]:
    """Return the display time by (proposition, offer)."""
    return {(i.proposition, i.offer): e.at for e in decisions(events) for i in e.items}


def opened_by(events: list[Event]) -> dict[str, list[datetime]]:
    """Return the moments at which each profile opened a newsletter."""
    opened: dict[str, list[datetime]] = {}
    for event in decisions(events):
        if event.items[0].placement == "weekly-email":
            opened.setdefault(event.profile, []).append(event.at)
    return opened


def test_every_line_but_the_broken_is_an_event(life):
    """Lines of valid JSON have a type, a time and an identity, and an id unless planted without."""
    without_id = sum(report.planted["without_id"] for report in life.reports)
    broken = sum(report.planted["malformed"] for report in life.reports)
    assert len(life.log[1]) == broken > 0
    assert sum(event.event_id is None for event in life.events) == without_id > 0
    assert all(event.profile.startswith("c") and event.at.year == 2026 for event in life.events)


def test_ids_repeat_only_where_duplicates_were_planted(life):
    """Lines minus distinct ids are the duplicates, and repeated lines are equal."""
    lines = [event for event in life.events if event.event_id]
    repeated = len(lines) - len({event.event_id for event in lines})
    duplicates = sum(report.planted["duplicates"] for report in life.reports)
    # A late original may still be under way when its copy is already there.
    assert abs(duplicates - repeated) <= 3
    assert len({(event.event_id, event.text) for event in lines}) == len(lines) - repeated


def test_spellings_come_in_their_shares(life):
    """Displays are spelled as configured, within five standard errors."""
    found = Counter(event.spelling for event in decisions(life.events))
    total = sum(found.values())
    for spelling, share in zip(SPELLINGS, SPELLING_SHARES, strict=True):
        assert abs(found[spelling] / total - share) < 5 * math.sqrt(share * (1 - share) / total)


def test_namespaced_documents_say_the_same(life):
    """Context is found under the documented keys in both families of spellings."""
    by_spelling = {event.spelling: event.document for event in decisions(life.events)}
    modern, namespaced = by_spelling["propositions"], by_spelling["namespaced"]
    assert modern["environment"]["browserDetails"]["name"]
    assert modern["placeContext"]["geo"]["city"]
    assert namespaced["xdm:environment"]["xdm:browserDetails"]["xdm:name"]
    assert namespaced["xdm:placeContext"]["xdm:geo"]["xdm:city"]
    assert namespaced["xdm:channel"]["@id"].startswith("https://ns.adobe.com/xdm/channels/")
    text = " ".join(e.text for e in decisions(life.events) if e.spelling == "namespaced")
    assert '"dc:language"' in text
    assert '"_dc"' not in text


def test_spelling_changes_keys_and_no_values():
    """The three templates of an event take the same values in the same order."""
    values = (b"id-1", b"2026-09-06T00:00:00", 1, b"r-1", b"", b"")
    for spelling in SPELLINGS:
        text = (xdm.decision_template(spelling, "display") % values).decode()
        positions = [text.index(value) for value in ("id-1", "2026-09-06", "c0000001", "r-1")]
        assert positions == sorted(positions)


def test_some_context_is_missing_and_some_is_not_ascii(life):
    """Readers meet absent languages and referrers, and cities with umlauts."""
    web = [e for e in decisions(life.events) if e.items[0].placement != "weekly-email"]
    assert 0.85 < sum("eferrer" in event.text for event in web) / len(web) < 0.99
    assert 0.95 < sum("language" in event.text for event in web) / len(web) < 1
    assert any("Zürich" in event.text for event in web)


def test_one_event_may_hold_several_propositions_and_items(life):
    """There are events with two propositions, and propositions with two different offers."""
    shapes = Counter()
    for event in decisions(life.events):
        propositions = {item.proposition for item in event.items}
        shapes["two propositions"] += len(propositions) == 2
        shapes["two items"] += len(event.items) > len(propositions)
        assert len({(i.proposition, i.offer) for i in event.items}) == len(event.items)
    assert min(shapes["two propositions"], shapes["two items"]) > 100


def test_clicks_follow_their_displays(life):
    """Every interaction is later than the display of that proposition and offer, orphans aside."""
    shown = shown_at(life.events)
    answers = [e for p in ("c", "again", "late", "x") for e in clicks(life.events, p)]
    known = [e for e in answers if (e.items[0].proposition, e.items[0].offer) in shown]
    assert len(known) > 0.98 * len(answers)
    assert all(shown[(e.items[0].proposition, e.items[0].offer)] < e.at for e in known)


def test_clicks_fall_inside_the_window_but_for_those_planted(life):
    """Successful clicks come within 24 hours, some hours later; late clicks after the window."""
    shown = shown_at(life.events)

    def delays(prefix: str) -> list[timedelta]:
        keys = [
            (e, (e.items[0].proposition, e.items[0].offer)) for e in clicks(life.events, prefix)
        ]
        return [event.at - shown[key] for event, key in keys if key in shown]

    assert max(delays("c")) < timedelta(hours=24)
    assert sum(delay > timedelta(hours=1) for delay in delays("c")) > 10
    assert min(delays("late")) > timedelta(hours=24)


def test_purchases_belong_to_the_last_newsletter(life):
    """Last touch within 72 hours finds the cause of every purchase, and nothing else."""
    opened = opened_by(life.events)

    def newest(event: Event) -> timedelta | None:
        before = [at for at in opened.get(event.profile, []) if at <= event.at]
        return event.at - max(before) if before else None

    window = timedelta(hours=72)
    caused = [newest(event) for event in clicks(life.events, "b")]
    # The newsletter of a few is still late at the end of the log.
    assert sum(lag is None or lag > window for lag in caused) <= 2
    late = [newest(event) for event in clicks(life.events, "lateb")]
    assert late
    assert sum(lag is None or lag > window for lag in late) >= len(late) - 1
    organic = [newest(event) for event in clicks(life.events, "o")]
    assert all(lag is None or lag > window for lag in organic)


def test_purchases_name_no_offer_but_a_price(life):
    """A purchase carries its value in both families of spellings, and no proposition."""
    for event in clicks(life.events, "b"):
        order = event.document.get("commerce", event.document.get("xdm:commerce"))
        order = order.get("order", order.get("xdm:order"))
        assert order.get("priceTotal", order.get("xdm:priceTotal")) > 0
        assert event.items == ()
