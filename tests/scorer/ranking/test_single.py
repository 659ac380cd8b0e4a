"""One decision at a time: the same offers, policies and propensities as the weekly batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer.ranking import exploration
from scorer.ranking.arms import ARMS
from scorer.ranking.batch import rank_batch
from scorer.ranking.context import Offer
from scorer.ranking.exploration import MixturePolicy
from scorer.ranking.single import SingleRanker
from tests.support.ranking_inputs import candidates, context

CYCLE = ("s", context().cycle_date)
COLUMNS = (
    "offer_id",
    "offer_name",
    "score",
    "propensity",
    "policy",
    "arm",
    "traffic_type",
    "eligible_count",
)
TIED = st.sampled_from([0.1, 0.2, 0.2000000001, 0.7])


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Any, set[str]]:
    """A context with ties, unready offers and arms, and the offers one person may get."""
    offers = [f"o{i}" for i in range(draw(st.integers(1, 9)))]
    known = draw(st.lists(st.sampled_from(offers), unique=True))
    eligible = set(draw(st.lists(st.sampled_from(offers), unique=True)))
    catalogue = [Offer(o, o.upper(), draw(st.integers(0, 1))) for o in offers]
    catalogue += [Offer("f1", "F", is_fallback=True), Offer("f0", "F", 1, is_fallback=True)]
    shares = draw(st.sampled_from([(0.0, 0.0), (0.3, 0.4), (0.5, 0.5), (1.0, 0.0), (0.2, 0.0)]))
    return context(
        {o: [draw(TIED)] for o in known} or None,
        catalogue,
        ready_offer_ids=frozenset(draw(st.lists(st.sampled_from(offers)))),
        eligibility={"all": frozenset(offers), "own": frozenset(eligible)},
        exploration_share=shares[0],
        exploration=draw(st.sampled_from(["uniform", "informed"])),
        progress={o: draw(st.floats(0, 100)) for o in known},
        control_share=shares[1],
        top_k=draw(st.integers(1, 14)),
    ), eligible


@given(worlds(), st.lists(st.text(), min_size=1, max_size=8, unique=True))
def test_one_decision_equals_its_row_of_the_batch(world: Any, profiles: list[str]) -> None:
    """Offers, scores, policy, arm and propensities are those that the batch ranks, bit by bit."""
    ctx, eligible = world
    ranker = SingleRanker(ctx)
    mask = ctx.mask(frozenset(eligible))
    batch = candidates(profiles, eligibility_set_id=["own"] * len(profiles))
    rows = rank_batch(ctx, batch).to_pylist()
    for profile in profiles:
        one = ranker.rank(np.zeros(1, np.float32), mask, profile, "web")
        found = [
            (
                o.offer_id,
                o.name,
                score,
                one.policy,
                one.arm,
                one.traffic_type,
                p,
                one.eligible_count,
            )
            for o, score, p in zip(one.offers, one.scores, one.propensities, strict=True)
        ]
        names = ("offer_id", "offer_name", "score", "policy", "arm", "traffic_type", "propensity")
        expected = [
            tuple(row[name] for name in (*names, "eligible_count"))
            for row in rows
            if row["profile_id"] == profile
        ]
        assert found == expected


@given(
    st.lists(st.text(), min_size=1, max_size=20),
    st.sampled_from([(0.0, 0.0), (1.0, 0.0), (0.1, 0.2), (0.7, 0.3), (0.0, 1.0)]),
)
def test_one_draw_equals_the_draws_of_many(profiles: list[str], shares: Any) -> None:
    """The arm and the key of one profile are those that it gets among others."""
    policy = MixturePolicy(shares)
    many = exploration.draw(policy, CYCLE, profiles, ["web"] * len(profiles))
    start = exploration.start_of(CYCLE)
    one = [exploration.draw_one(policy, start, profile, "web") for profile in profiles]
    assert one == list(zip(many.arm.tolist(), many.keys.tolist(), strict=True))


def test_every_arm_is_served() -> None:
    """Among many profiles each arm places rows, with the policy of the registry."""
    everything, user = np.ones(2, dtype=np.bool_), np.zeros(1, np.float32)
    found = set()
    for kind in ("uniform", "informed"):
        shares = {"exploration_share": 0.3, "control_share": 0.3, "exploration": kind}
        ranker = SingleRanker(context({"a": [0.1], "b": [0.2]}, "ab", **shares))
        found |= {ranker.rank(user, everything, f"p{i}", "web").policy for i in range(200)}
    assert found == {*ARMS, "model"}


@pytest.mark.parametrize("scores", [[np.nan, 0.5, 0.4], [-np.inf, 0.5, 0.4], [np.nan] * 3])
def test_offers_without_a_score_come_before_unready_ones(scores: list[float]) -> None:
    """A NaN score ranks after all others and before offers that are not ready."""
    ctx = context(
        {o: [s] for o, s in zip("abc", scores, strict=True)},
        "abcd",
        top_k=4,
        eligibility={"all": frozenset("abcd")},
    )
    one = SingleRanker(ctx).rank(np.zeros(1, np.float32), ctx.mask(frozenset("abcd")), "p", "web")
    rows = rank_batch(ctx, candidates(["p"])).to_pylist()
    assert [o.offer_id for o in one.offers] == [row["offer_id"] for row in rows]
