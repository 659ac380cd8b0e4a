"""Worlds with a known policy value, from which logs are drawn; used by coverage.py and tests.

A display has one of a few types of context. The type determines the mean reward of each offer, the
logging probabilities and the choices of policies, so the value of a policy is a finite sum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scorer.arrays import Codes
from scorer.ope import LoggedFeedback, TargetPolicy

Matrix = npt.NDArray[np.float64]
TYPES, OFFERS = 12, 8


@dataclass(frozen=True)
class Scenario:
    """How a world and its logs are drawn.

    `rate` is the mean success rate and `spread` the log-scale spread of offers around it. `logging`
    is uniform, wide (0.01 to 0.9), own (the same, but new at each display), loop (a model with a
    tenth of exploration) or below (the floor); `target` is deterministic, softmax or random.
    `profiles` > 0 gives several displays to each of that many profiles, some far more than others;
    the rewards of a profile share a factor. `amount_spread` > 0 makes successes pay log-normal
    amounts with that log-scale spread.
    """

    name: str
    displays: int
    rate: float
    logging: str = "uniform"
    target: str = "deterministic"
    spread: float = 0.5
    profiles: int = 0
    amount_spread: float = 0.0
    model_error: float = 0.4
    required: bool = True


SCENARIOS = (
    Scenario("uniform", 8_000, 0.05),
    Scenario("uniform, 1 %", 25_000, 0.01),
    Scenario("wide", 20_000, 0.05, "wide"),
    Scenario("wide, 1 %", 45_000, 0.01, "wide"),
    Scenario("own propensities", 15_000, 0.05, "own"),
    Scenario("own propensities, 1 %", 40_000, 0.01, "own"),
    Scenario("loop", 30_000, 0.05, "loop"),
    Scenario("clustered", 12_000, 0.05, profiles=1_500),
    Scenario("clustered, wide", 20_000, 0.05, "wide", profiles=2_500),
    Scenario("clustered, wide, 1 %", 45_000, 0.01, "wide", profiles=5_000),
    Scenario("amounts", 10_000, 0.10, amount_spread=1.0),
    Scenario("amounts, wide", 20_000, 0.10, "wide", amount_spread=1.0),
    Scenario("amounts, heavy", 15_000, 0.10, amount_spread=1.5),
    Scenario("amounts, mild", 5_000, 0.10, amount_spread=0.5),
    Scenario("amounts, clustered, wide", 20_000, 0.10, "wide", profiles=2_500, amount_spread=1.0),
    Scenario("small counts", 3_000, 0.05),
    Scenario("small counts, 1 %", 16_000, 0.01),
    Scenario("softmax target", 10_000, 0.05, "wide", "softmax"),
    Scenario("random target", 20_000, 0.05, "wide", "random"),
    Scenario("high rate", 4_000, 0.50, spread=0.2),
    Scenario("below the floor", 20_000, 0.05, "below", required=False),
)


@dataclass(frozen=True)
class World:
    """The truth of a scenario; matrices of shape (types, offers)."""

    scenario: Scenario
    type_share: npt.NDArray[np.float64]
    mean: Matrix
    logging: Matrix
    target: Matrix
    baseline: Matrix
    model: Matrix

    def value(self, policy: Matrix) -> float:
        """True expected reward per display of a policy given as probabilities."""
        return float(self.type_share @ (policy * self.mean).sum(axis=1))


def make_world(scenario: Scenario, seed: int = 0, is_null: bool = False) -> World:
    """A world of a scenario; in a null world offers do not differ within a type."""
    rng = np.random.default_rng([seed, 7])
    share = rng.dirichlet(np.full(TYPES, 5.0))
    taste = rng.normal(0, scenario.spread, (TYPES, OFFERS))
    level = rng.normal(0, scenario.spread, (TYPES, 1))
    mean = np.exp(level + (0 if is_null else 1) * taste)
    mean = np.minimum(scenario.rate * mean / (share @ mean).mean(), 0.9)
    mean = np.minimum(mean, 1 / 2.8) if scenario.profiles else mean
    logging = _logging(scenario.logging, rng)
    model = mean * np.exp(rng.normal(0, scenario.model_error, mean.shape))
    liked = np.exp(taste * 2)
    baseline = np.zeros_like(mean)
    baseline[:, int(np.argmax(share @ mean))] = 1.0
    return World(
        scenario=scenario,
        type_share=share,
        mean=mean,
        logging=logging,
        target=_target(scenario.target, liked),
        baseline=baseline,
        model=model,
    )


def draw_offers(logging: Matrix, where: Codes, rng: np.random.Generator) -> Codes:
    """Offers drawn from these rows of logging: the place of a uniform number in one ladder."""
    ladder = np.cumsum(logging, axis=1)
    ladder[:, -1] = 1.0
    steps = (ladder + np.arange(len(ladder))[:, None]).ravel()
    return np.searchsorted(steps, where + rng.random(where.size)) - where * OFFERS


def draw_log(world: World, rng: np.random.Generator) -> tuple[LoggedFeedback, Codes, Codes]:
    """A log with the type and the offer of each display."""
    scenario = world.scenario
    n = scenario.displays
    if scenario.profiles:
        profile = (scenario.profiles * rng.random(n) ** 1.5).astype(np.int64)
        factor = rng.choice([0.4, 2.8], scenario.profiles, p=[0.75, 0.25])[profile]
        kind = rng.choice(TYPES, scenario.profiles, p=world.type_share)[profile]
    else:
        profile, factor = np.arange(n), np.ones(n)
        kind = rng.choice(TYPES, n, p=world.type_share)
    logging = world.logging if scenario.logging != "own" else _own(n, rng)
    where = kind if scenario.logging != "own" else np.arange(n)
    offer = draw_offers(logging, where, rng)
    reward = (rng.random(n) < world.mean[kind, offer] * factor).astype(np.float64)
    if scenario.amount_spread:
        s = scenario.amount_spread
        reward *= np.exp(rng.normal(-s * s / 2, s, n))
    return LoggedFeedback(reward, logging[where, offer], profile), kind, offer


def as_target(world: World, policy: Matrix, kind: Codes, offer: Codes) -> TargetPolicy:
    """A policy at the displays of a log."""
    expected = (policy * world.model).sum(axis=1)[kind]
    return TargetPolicy(policy[kind, offer], expected, world.model[kind, offer])


def _own(n: int, rng: np.random.Generator) -> Matrix:
    """Separate probabilities for each display, from 0.01 up, most of them small."""
    return 0.01 + (1 - 0.01 * OFFERS) * rng.dirichlet(np.full(OFFERS, 0.5), n)


def _logging(kind: str, rng: np.random.Generator) -> Matrix:
    if kind in ("uniform", "own"):
        return np.full((TYPES, OFFERS), 1 / OFFERS)
    if kind == "loop":
        return (
            np.full((TYPES, OFFERS), 0.1 / OFFERS)
            + 0.9 * np.eye(OFFERS)[rng.integers(OFFERS, size=TYPES)]
        )
    ladder = np.array([0.90, 0.04, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01])
    flatter = np.array([0.40, 0.25, 0.15, 0.10, 0.05, 0.03, 0.01, 0.01])
    if kind == "below":
        ladder = np.array([0.91, 0.04, 0.02, 0.01, 0.01, 0.004, 0.003, 0.003])
    rows = np.where(np.arange(TYPES)[:, None] % 2 == 0, ladder, flatter)
    return rng.permuted(rows, axis=1)


def _target(kind: str, liked: Matrix) -> Matrix:
    if kind == "random":
        return np.full_like(liked, 1 / OFFERS)
    if kind == "softmax":
        return liked / liked.sum(axis=1, keepdims=True)
    return np.eye(OFFERS)[np.argmax(liked, axis=1)]
