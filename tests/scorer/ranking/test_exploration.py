"""Exploration: shares, draws and propensities, and their independence of other inputs."""

from __future__ import annotations

from datetime import date
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from scorer.errors import ConfigurationError
from scorer.ranking import exploration
from scorer.ranking.exploration import MixturePolicy

CYCLE = date(2026, 11, 22)
GOLDEN_BUCKET = 0xB400D801A8E2EA4
GOLDEN_KEYS = [8164726011825479036, 6920288395074862893]
GOLDEN_ORDERS = [list("cebad"), list("caebd"), list("eadbc")]
PROFILES = [f"profile-{i}" for i in range(20_000)]


def drawn(profiles: list[str], offers: list[str], cycle: date = CYCLE) -> list[list[str]]:
    """Random order of the offers for every profile at placement web."""
    draws = exploration.draw_keys("s", cycle, profiles, ["web"] * len(profiles))
    eligible = np.ones((len(profiles), len(offers)), dtype=bool)
    order = exploration.random_order(draws, exploration.offer_keys(offers), eligible)
    return np.array(offers)[order].tolist()


def test_buckets_are_the_md5_of_strategy_cycle_and_profile() -> None:
    """A bucket equals a known value, the same on every machine, engine and version."""
    # printf 's|2026-11-22|p' | md5sum | head -c 15
    assert exploration.bucket("s", CYCLE, "p") == GOLDEN_BUCKET / 16**15
    assert exploration.buckets("s", CYCLE, ["p"])[0] == exploration.bucket("s", CYCLE, "p")


def test_random_orders_are_the_golden_ones() -> None:
    """Known keys give known orders; any change would break every running cycle."""
    keys = exploration.draw_keys("s", CYCLE, ["p", "q"], ["web", "web"])
    assert keys.tolist() == GOLDEN_KEYS
    assert drawn(["p", "q", "Zoë"], list("abcde")) == GOLDEN_ORDERS


def test_splitmix64_matches_its_reference() -> None:
    """First outputs of the published generator seeded with 0 (state advances by the increment)."""
    states = np.array([0, 0x9E3779B97F4A7C15], dtype=np.uint64)
    expected = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4]
    assert exploration.splitmix64(states).tolist() == expected


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_the_share_of_exploring_profiles_is_the_wanted_one(share: float) -> None:
    """Within the central 99.9 % of the binomial distribution."""
    explores = MixturePolicy((share,)).arms(exploration.buckets("s", CYCLE, PROFILES)) == 0
    low, high = stats.binom.interval(0.999, len(PROFILES), share)
    assert low <= explores.sum() <= high


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (1.0, len(PROFILES))])
def test_the_edges_of_the_share_are_exact(share: float, expected: int) -> None:
    """Share 0 explores nobody, share 1 everybody."""
    buckets = exploration.buckets("s", CYCLE, PROFILES)
    assert (MixturePolicy((share,)).arms(buckets) == 0).sum() == expected


def test_a_new_cycle_draws_afresh() -> None:
    """Arms and orders of one week are independent of those of the next."""
    now = exploration.buckets("s", CYCLE, PROFILES) < 0.1
    then = exploration.buckets("s", date(2026, 11, 29), PROFILES) < 0.1
    both = (now & then).sum()
    low, high = stats.binom.interval(0.999, len(PROFILES), 0.01)
    assert low <= both <= high
    same = sum(
        a == b
        for a, b in zip(
            drawn(PROFILES[:3000], list("abc")),
            drawn(PROFILES[:3000], list("abc"), date(2026, 11, 29)),
            strict=True,
        )
    )
    low, high = stats.binom.interval(0.999, 3000, 1 / 6)
    assert low <= same <= high


def test_every_order_is_equally_likely() -> None:
    """All 24 orders of four offers are uniform by chi-square."""
    orders = ["".join(o) for o in drawn(PROFILES, list("abcd"))]
    counts = [orders.count("".join(p)) for p in permutations("abcd")]
    assert stats.chisquare(counts).pvalue > 0.001


def test_the_first_rank_is_uniform_over_many_offers() -> None:
    """The first of 30 offers with look-alike ids is uniform by chi-square."""
    offers = [f"offer_{i}" for i in range(30)]
    firsts = [o[0] for o in drawn(PROFILES, offers)]
    assert stats.chisquare([firsts.count(o) for o in offers]).pvalue > 0.001


def test_placements_are_drawn_independently() -> None:
    """Orders at two placements are independent."""
    n = 5000
    keys = exploration.offer_keys(list("abc"))
    eligible = np.ones((n, 3), dtype=bool)
    firsts = [
        exploration.random_order(
            exploration.draw_keys("s", CYCLE, PROFILES[:n], [placement] * n), keys, eligible
        )[:, 0]
        for placement in ("web", "mail")
    ]
    table = np.zeros((3, 3))
    np.add.at(table, tuple(firsts), 1)
    assert stats.chi2_contingency(table).pvalue > 0.001


@given(st.permutations(list("abcdef")), st.sets(st.sampled_from("abcdef"), min_size=1))
def test_orders_do_not_depend_on_the_list_nor_on_other_offers(
    listed: list[str], present: set[str]
) -> None:
    """Reordering or removing offers keeps the order of the others."""
    full = drawn(PROFILES[:20], list("abcdef"))
    kept = [o for o in listed if o in present]
    assert drawn(PROFILES[:20], kept) == [[o for o in row if o in present] for row in full]


@given(st.permutations(range(50)))
def test_orders_do_not_depend_on_other_profiles(order: list[int]) -> None:
    """Shuffled among others or alone, a profile has the same bucket and order."""
    shuffled = drawn([PROFILES[i] for i in order], list("abcd"))
    alone = drawn(PROFILES[:50], list("abcd"))
    assert shuffled == [alone[i] for i in order]


def test_ineligible_offers_come_last() -> None:
    """The first columns of an order are the eligible offers, all of them."""
    eligible = np.array([[True, False, True, False]])
    draws = exploration.draw_keys("s", CYCLE, ["p"], ["web"])
    order = exploration.random_order(draws, exploration.offer_keys(list("abcd")), eligible)
    assert set(order[0, :2]) == {0, 2}


@pytest.mark.parametrize("shares", [(0.1, 0.25), (0.0, 0.3), (0.5, 0.5)])
def test_each_arm_takes_its_share_of_the_profiles(shares: tuple[float, ...]) -> None:
    """Within the central 99.9 % of the binomial distribution; the rest is personalised."""
    drawn_arms = MixturePolicy(shares).arms(exploration.buckets("s", CYCLE, PROFILES))
    for arm, share in enumerate((*shares, 1 - sum(shares))):
        low, high = stats.binom.interval(0.999, len(PROFILES), share)
        taken = (drawn_arms == (arm if arm < len(shares) else -1)).sum()
        assert low <= taken <= high


@pytest.mark.parametrize("shares", [(-0.1,), (1.5,), (float("nan"),), (0.6, 0.6)])
def test_impossible_shares_are_refused(shares: tuple[float, ...]) -> None:
    """A share is a probability, and no profile has two arms."""
    with pytest.raises(ConfigurationError, match="exploration share"):
        MixturePolicy(shares)
