"""Intervals of arm_performance hold the truth of simulated logs as often as stated."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from scorer.simulation import World
from scorer.simulation.catalogue import PLACEMENT_IDS, STRATEGY_IDS, STRATEGY_OF_PLACEMENT
from scorer.simulation.serving import ARMS
from tests.support.arms import Arms


@pytest.mark.slow
@pytest.mark.parametrize("displays_a_profile", [1, 10])
def test_intervals_hold_the_true_lift_at_the_stated_rate(
    arms: Arms, displays_a_profile: int
) -> None:
    """About 95 of 100 intervals contain the truth, with about 30 successes in the random arm.

    If profiles with different tastes see many offers, only clustered intervals do.
    """
    generator = np.random.default_rng(displays_a_profile)
    logs, sizes, rates = 600, np.array([600, 1200]), np.array([0.05, 0.06])
    arm = np.tile(np.repeat([0, 1], sizes), logs)
    log = np.repeat(np.arange(logs), sizes.sum())
    profile = np.arange(arm.size) // displays_a_profile
    spread = 1 if displays_a_profile > 1 else 1e-9
    taste = generator.gamma(1 / spread, spread, profile.max() + 1)
    reward = generator.random(arm.size) < np.minimum(rates[arm] * taste[profile], 1)
    rows = arms.run(
        "binary",
        pa.table(
            {
                "strategy_id": log,
                "profile_id": profile,
                "traffic_type": np.array(["random", "contextual"])[arm],
                "reward": reward.astype(float),
            }
        ),
    )
    found = [row for row in rows if row["status"] == "ok"]
    assert len(found) > 0.9 * logs

    def covered(suffix: str) -> float:
        low, high = (
            np.array([row[f"lift_{end}{suffix}"] for row in found]) for end in ("low", "high")
        )
        return float(np.mean((low <= 0.2) & (high >= 0.2)))

    assert 0.93 <= covered("_clustered") <= 0.975
    if displays_a_profile == 1:
        assert 0.93 <= covered("") <= 0.975
    else:
        assert covered("") < covered("_clustered") - 0.02


@pytest.mark.slow
def test_intervals_of_the_incremental_reward_hold_the_truth(arms: Arms) -> None:
    """Around 95 of 100 hold it, where people with tastes of their own change between the arms.

    The interval that the ends of the lift would give, displays times random mean times lift, is
    too wide: its random mean counts once more in the ratio.
    """
    generator = np.random.default_rng(3)
    logs, people, visits, means = 500, 400, 6, np.array([2.5, 5.5])
    log = np.repeat(np.arange(logs), people * visits)
    profile = np.repeat(np.arange(logs * people), visits)
    arm = (generator.random((logs * people, 2)) > 0.2).astype(int).repeat(visits // 2, axis=1)
    taste = generator.gamma(2, 1 / 2, logs * people)[profile]
    bought = generator.random(profile.size) < 0.1 * taste
    reward = bought * generator.exponential(10 * means[arm.ravel()])
    table = {
        "strategy_id": log,
        "profile_id": profile,
        "traffic_type": np.array(["random", "contextual"])[arm.ravel()],
        "reward": reward,
    }
    rows = arms.run("continuous", pa.table(table))
    assert len(rows) == logs
    truth = np.array([row["displays"] * (means[1] - means[0]) for row in rows])
    base = np.array(
        [row["displays"] * row["reward_per_display"] / (1 + row["lift"]) for row in rows]
    )

    def ends(name: str) -> npt.NDArray[np.float64]:
        return np.array([[row[name.format(end)] for end in ("low", "high")] for row in rows])

    def covered(interval: npt.NDArray[np.float64]) -> float:
        return float(np.mean((interval[:, 0] <= truth) & (interval[:, 1] >= truth)))

    incremental = ends("incremental_reward_{}")
    from_lift = ends("lift_{}_clustered") * base[:, None]
    assert 0.93 <= covered(incremental) <= 0.97
    assert covered(from_lift) > 0.98
    assert np.mean(np.diff(from_lift) / np.diff(incremental)) > 1.3


def lived(seed: int, weeks: int, profiles: int) -> tuple[pa.Table, dict[str, float]]:
    """Return displays of a simulated bank, and what its personalised ones are expected to gain.

    In week 1 all people explore, then one in five; the others see the offers that they would
    earn most with. The gain is the expected reward beyond that of a random eligible offer.
    """
    world = World(profiles=profiles, seed=seed)
    offers, strategies = (
        np.array(world.offer_ids),
        np.array(STRATEGY_IDS)[list(STRATEGY_OF_PLACEMENT)],
    )
    generator = np.random.default_rng(seed)
    parts, gains = [], dict.fromkeys(STRATEGY_IDS, 0.0)
    for week in range(1, weeks + 1):
        ids = np.array(world.profile_ids(week))
        worth = np.zeros((len(PLACEMENT_IDS), ids.size, offers.size))
        for visits, _, truth in world.decisions(week):
            np.add.at(worth, (visits.placement, visits.profile), truth.reward * truth.eligible)
        best = np.argsort(-worth, axis=2)[:, :, :2]
        place, profile, rank = np.nonzero(np.take_along_axis(worth, best, axis=2) > 0)
        kept = (generator.random(ids.size) > 0.2)[profile]
        place, profile, rank = place[kept], profile[kept], rank[kept]
        ranked = {
            "strategy_id": strategies[place],
            "profile_id": ids[profile],
            "placement_id": np.array(PLACEMENT_IDS)[place],
            "rank": rank + 1,
            "offer_id": offers[best[place, profile, rank]],
            "traffic_type": ["contextual"] * rank.size,
            "propensity": np.full(rank.size, 0.8),
        }
        for block in world.decided(week, pa.table(ranked) if week > 1 else None):
            items, row = block.items, block.items.row
            strategy = strategies[block.visits.placement[row]]
            is_money = strategy == "email_revenue"
            arm = np.array(ARMS)[items.arm]
            parts.append(
                pa.table(
                    {
                        "strategy_id": np.char.add(f"{seed} ", strategy),
                        "profile_id": ids[block.visits.profile[row]],
                        "traffic_type": arm,
                        "reward": items.success * np.where(is_money, items.price, 1.0),
                        "is_money": is_money,
                    }
                )
            )
            eligible = block.truth.eligible
            random = (block.truth.reward * eligible).sum(axis=1) / np.maximum(
                eligible.sum(axis=1), 1
            )
            for name in STRATEGY_IDS:
                own = (arm == "contextual") & (strategy == name)
                gains[name] += float((items.expected - random[row])[own].sum())
    return pa.concat_tables(parts), gains


@pytest.mark.slow
def test_intervals_hold_the_gain_of_simulated_banks(arms: Arms) -> None:
    """The incremental reward of 30 banks is within its interval for about 95 of 100."""
    banks = [lived(seed, 4, 500) for seed in range(30)]
    truths = {
        f"{seed} {name}": gain
        for seed, (_, gains) in enumerate(banks)
        for name, gain in gains.items()
    }
    displays = pa.concat_tables([table for table, _ in banks])
    held = []
    for kpi_type, is_money in (("binary", False), ("continuous", True)):
        own = displays.filter(pc.equal(displays["is_money"], is_money))
        held += [
            row["incremental_reward_low"]
            <= truths[row["strategy_id"]]
            <= row["incremental_reward_high"]
            for row in arms.run(kpi_type, own.drop_columns("is_money"))
        ]
    assert len(held) == 60
    assert 0.88 <= np.mean(held) <= 1
