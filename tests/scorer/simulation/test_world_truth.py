"""The truth: personalisation pays, observed rates match it, and planned changes happen."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from scorer.simulation import World
from scorer.simulation.catalogue import SEGMENTS
from scorer.simulation.context import holds
from scorer.simulation.offers import OFFER_IDS, OFFERS
from tests.support.simulated_events import decisions


@pytest.fixture(scope="module")
def big() -> World:
    """Return a world of the default size."""
    return World()


@pytest.mark.parametrize("strategy_id", ["web_clicks", "email_revenue"])
def test_personalisation_has_something_to_win(big, strategy_id):
    """The oracle earns about twice as much as random offers, the best single offer a fifth more."""
    truth = big.value_of(1)[strategy_id].truth
    assert 1.1 < truth.best_single / truth.random < 1.35
    assert 2.0 < truth.oracle / truth.random < 2.7


def test_default_size_makes_offers_ready_in_the_first_week(big):
    """Every competing offer has over 250 displays and 25 successes in expectation after week 1."""
    displays, successes = Counter(), Counter()
    for visits, _, truth in big.decisions(1):
        share = truth.eligible / truth.eligible.sum(axis=1, keepdims=True)
        for mail in (False, True):
            rows = (visits.placement == 2) == mail
            for offer, shown, won in zip(
                OFFER_IDS,
                share[rows].sum(axis=0),
                (share * truth.rate)[rows].sum(axis=0),
                strict=True,
            ):
                displays[offer, mail] += shown
                successes[offer, mail] += won
    competing = [key for key, shown in displays.items() if shown]
    assert len(competing) == 23
    assert min(displays[key] for key in competing) > 300
    assert min(successes[key] for key in competing) > 28


@pytest.mark.parametrize("week", [1, 4, 6])
def test_random_traffic_earns_the_random_value(life, week):
    """Clicks on random traffic are within four standard errors of their expectation."""
    arm = life.reports[week - 1].strategies["web_clicks"].arms["random"]
    error = math.sqrt(arm.expected_reward)
    assert abs(arm.reward - arm.expected_reward) < 4 * error
    truth = life.reports[week - 1].strategies["web_clicks"].truth
    assert arm.expected_reward / arm.displays == pytest.approx(truth.random, rel=0.03)


def test_revenue_comes_true_too(life):
    """The revenue of six weeks is within ten per cent of its expectation."""
    arms = [report.strategies["email_revenue"].arms["random"] for report in life.reports]
    earned = sum(arm.reward for arm in arms)
    assert earned == pytest.approx(sum(arm.expected_reward for arm in arms), rel=0.1)


def test_logged_clicks_are_the_reported_successes(life):
    """First clicks in the log equal the successes, except late ones and those of the next week."""
    found = {e.event_id for e in life.events if (e.event_id or "").startswith("c-")}
    reported = sum(r.strategies["web_clicks"].arms["random"].successes for r in life.reports)
    assert 0.98 * reported <= len(found) <= reported


def test_new_offer_appears_in_week_four(life):
    """The launched offer is shown from its start date on, never before."""
    moments = [e.at for e in decisions(life.events) for i in e.items if i.offer == "savings-pots"]
    assert min(moments) >= life.reports[3].start
    assert len(moments) > 100


def test_expired_offer_disappears(life):
    """The offer with an end date is shown before it, never after."""
    moments = [e.at for e in decisions(life.events) for i in e.items if i.offer == "summer-fx-deal"]
    assert life.reports[1].start < max(moments) < life.reports[2].start


def test_one_offer_collapses_in_week_five(big):
    """The appeal of the travel card falls to about a seventh, all others stay as they were."""
    means = {}
    for week in (4, 5):
        rates = [truth.rate.mean(axis=0) for _, _, truth in big.decisions(week)]
        means[week] = np.mean(rates, axis=0)
    change = means[5] / means[4]
    fallen = OFFER_IDS.index("travel-card")
    assert change[fallen] == pytest.approx(0.15, rel=0.1)
    assert np.delete(change, fallen) == pytest.approx(1, abs=0.1)


def test_happenings_tell_the_surprises(life):
    """Reports of the weeks with a launch, a collapse and an expiry name the offer."""
    told = {report.week: " ".join(report.happenings) for report in life.reports}
    assert "summer-fx-deal" in told[3]
    assert "savings-pots" in told[4]
    assert "travel-card" in told[5]
    assert told[2] == ""


def test_some_tastes_are_pure_interactions(big):
    """For XNOR offers neither condition alone predicts much; both together predict nearly all."""
    offer = next(o for o in OFFERS if o.offer_id == "invest-starter")
    first, second = offer.taste.conditions
    visits, segments, truth = next(big.decisions(1))
    rate = truth.rate[:, OFFERS.index(offer)]
    a, b = segments[:, SEGMENTS.index(first)], holds(visits, second)
    alone = rate[a].mean() / rate[~a].mean()
    together = rate[a == b].mean() / rate[a != b].mean()
    assert 0.6 < alone < 1.6
    assert together > 3.5


def test_no_visit_is_without_an_offer(big):
    """Every visit has at least four eligible offers, none of them draft, archived or fallback."""
    for _, segments, truth in big.decisions(3):
        assert truth.eligible.sum(axis=1).min() >= 4
        shown = {OFFERS[n] for n in np.flatnonzero(truth.eligible.any(axis=0))}
        assert all(offer.status == "approved" and not offer.is_fallback for offer in shown)
        rich = segments[:, SEGMENTS.index("high-balance")]
        assert not truth.eligible[~rich, OFFER_IDS.index("gold-card")].any()
        assert not truth.eligible[rich, OFFER_IDS.index("overdraft-shield")].any()
