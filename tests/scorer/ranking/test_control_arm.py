"""The control arm: a share of the profiles gets the order of the business."""

from collections import Counter
from datetime import timedelta

import pytest
from scipy import stats

from scorer.errors import ConfigurationError
from scorer.ranking.batch import rank_batch
from scorer.ranking.context import Offer
from scorer.ranking.exploration import buckets
from tests.support.ranking_inputs import AS_OF, candidates, context

PROFILES = [f"p{i}" for i in range(20_000)]
SCORES = {"a": [0.1], "b": [0.3], "c": [0.2]}
OFFERS = [Offer("a"), Offer("b"), Offer("c", priority=9)]


def ranked(**changes: object) -> list[dict]:
    """Ranked rows of all profiles with a fifth exploring and a tenth in control."""
    shares = {"exploration_share": 0.2, "control_share": 0.1} | changes
    return rank_batch(context(SCORES, OFFERS, **shares), candidates(PROFILES)).to_pylist()


def test_control_serves_the_order_of_the_business() -> None:
    """Priority first, then offer id, whatever the scores are."""
    rows = [r for r in ranked() if r["arm"] == "control"]
    orders = {(r["rank"], r["offer_id"]) for r in rows}
    assert orders == {(1, "c"), (2, "a"), (3, "b")}
    assert {(r["policy"], r["traffic_type"], r["is_exploration"]) for r in rows} == {
        ("control", "noncontextual", False)
    }


def test_control_takes_its_share_beside_exploration() -> None:
    """The buckets above the exploration share, sticky for the cycle and new in the next."""
    drawn = {r["profile_id"]: r["arm"] for r in ranked()}
    numbers = buckets("s", AS_OF.date(), PROFILES)
    expected = {p for p, b in zip(PROFILES, numbers, strict=True) if 0.2 <= b < 0.3}
    control = {p for p, arm in drawn.items() if arm == "control"}
    assert control == expected
    later = {r["profile_id"] for r in ranked(as_of=AS_OF + timedelta(7)) if r["arm"] == "control"}
    low, high = stats.binom.interval(0.999, len(PROFILES), 0.01)
    assert low <= len(control & later) <= high


def test_explorers_stay_explorers_when_control_starts() -> None:
    """A control share takes profiles from the personalised arm only."""
    without = {r["profile_id"] for r in ranked(control_share=0.0) if r["arm"] == "random"}
    assert {r["profile_id"] for r in ranked() if r["arm"] == "random"} == without


def test_propensities_cover_the_whole_mixture() -> None:
    """Each offer comes first as often as its propensity says, and the propensities sum to 1."""
    first = [r for r in ranked() if r["rank"] == 1]
    stated = {r["offer_id"]: r["propensity"] for r in first}
    assert stated == {
        "a": pytest.approx(0.2 / 3),
        "b": pytest.approx(0.7 + 0.2 / 3),
        "c": pytest.approx(0.1 + 0.2 / 3),
    }
    counts = Counter(r["offer_id"] for r in first)
    for offer, propensity in stated.items():
        low, high = stats.binom.interval(0.9999, len(first), propensity)
        assert low <= counts[offer] <= high


def test_shares_above_one_are_refused() -> None:
    """Exploration and control together cannot take more than everybody."""
    with pytest.raises(ConfigurationError, match="sum to at most 1"):
        context(SCORES, OFFERS, exploration_share=0.6, control_share=0.5)


def test_without_arms_everybody_is_personalised() -> None:
    """What the model alone would show ignores both shares."""
    alone = context(SCORES, OFFERS, exploration_share=0.2, control_share=0.1).without_arms()
    rows = rank_batch(alone, candidates(PROFILES[:500])).to_pylist()
    assert {(r["arm"], r["propensity"]) for r in rows} == {("personalised", 1.0)}
