"""Rules of offers for given segments and moments, and capping rules with live counts."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer.ranking.caps import LIFETIME, CapRule, Caps
from scorer.ranking.context import Offer, OfferRule
from scorer.ranking.rules import OfferRules
from scorer.warehouse.database import connect_memory
from tests.support.ranking_inputs import AS_OF, context

DAY = timedelta(days=1)
RULES = (
    OfferRule("web", "free"),
    OfferRule("web", "gold", include_segments=frozenset({"gold", "bold"})),
    OfferRule("web", "old", exclude_segments=frozenset({"young"})),
    OfferRule("web", "both", None, None, frozenset({"gold"}), frozenset({"young"})),
    OfferRule("web", "ends", end_date=AS_OF + DAY),
    OfferRule("web", "starts", start_date=AS_OF + DAY),
    OfferRule("mail", "letter"),
    OfferRule("mail", "free"),
)
CATALOGUE = [
    *(Offer(o) for o in ("free", "gold", "old", "both", "ends", "starts")),
    Offer("letter", placement_ids=("mail",)),
]


def eligible(placement: str, segments: set[str], now: datetime = AS_OF) -> set[str]:
    """Eligible offers by the rules."""
    ctx = context(None, CATALOGUE, eligibility={}, default_sets={}, rules=RULES)
    mask = OfferRules(ctx).mask(placement, segments, now)
    return {offer.offer_id for offer, ok in zip(ctx.candidates, mask, strict=True) if ok}


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        (set(), {"free", "old", "ends"}),
        ({"bold", "unnamed"}, {"free", "gold", "old", "ends"}),
        ({"young"}, {"free", "ends"}),
        ({"gold", "young"}, {"free", "gold", "ends"}),
        ({"gold"}, {"free", "gold", "old", "both", "ends"}),
    ],
)
def test_segments_of_the_request_include_and_exclude(
    segments: set[str], expected: set[str]
) -> None:
    """One include segment suffices, one exclude segment withholds; other segments do not count."""
    assert eligible("web", segments) == expected


def test_offers_start_and_end_at_their_moment() -> None:
    """An offer is eligible from its start until just before its end, also after the cycle."""
    assert eligible("web", set(), AS_OF + DAY - timedelta(microseconds=1)) >= {"ends"}
    assert eligible("web", set(), AS_OF + DAY) == {"free", "old", "starts"}


def test_a_new_placement_gets_what_fits_it() -> None:
    """At a placement without rules, the offers of other placements that fit it are eligible."""
    assert eligible("new", set()) == {"free", "old", "ends"}
    assert eligible("mail", set()) == {"free", "letter"}


@given(st.sampled_from(["day", "week", "month"]), st.integers(1, 14), st.dates(date(1999, 1, 1)))
def test_periods_begin_where_dbt_begins_them(period: str, count: int, today: date) -> None:
    """Weeks begin on Sunday, months on the first; n periods are this one and those before."""
    if today.year > 9990:
        return
    sql = {
        "day": "date_trunc('day', t) - to_days(n - 1)",
        "week": "date_trunc('day', t) - to_days(dayofweek(t)::int) - to_days((7 * (n - 1))::int)",
        "month": "date_trunc('month', t) - to_months(n - 1)",
    }[period]
    found = CONNECTION.execute(
        f"select ({sql})::date from (select ?::timestamp as t, ?::int as n)", [today, count]
    ).fetchall()[0][0]
    rule = CapRule(1, "a", "impression", "profile", 1, period, count)
    assert rule.counted_from(today) == found.toordinal()


CONNECTION = connect_memory()


def test_a_rule_withholds_from_its_limit_on() -> None:
    """Counts of the publication and since add up; a total counts everybody."""
    today = date(2026, 11, 25)
    rules = [
        CapRule(1, "a", "impression", "profile", 3),
        CapRule(2, "b", "click", "total", 5, placement_id="web"),
    ]
    caps = Caps(rules, [(1, LIFETIME, 4)])
    assert caps.withheld("web", today, [(0, LIFETIME, 2)]) == set()
    assert caps.withheld("web", today, [(0, LIFETIME, 2), (0, today.toordinal(), 1)]) == {"a"}
    assert caps.withheld("web", today, [(1, today.toordinal(), 1)]) == {"b"}
    assert caps.withheld("mail", today, [(1, today.toordinal(), 1)]) == set()


def test_a_new_day_frees_a_daily_cap() -> None:
    """Events of days before the period no longer count."""
    today = date(2026, 11, 25)
    caps = Caps([CapRule(1, "a", "impression", "profile", 2, "day")], [])
    counts = [(0, today.toordinal(), 2)]
    assert caps.withheld("web", today, counts) == {"a"}
    assert caps.withheld("web", today + DAY, counts) == set()
