"""Small logs and policies for tests of off-policy evaluation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scorer.ope import LoggedFeedback, TargetPolicy

OFFERS = 4


class Log(NamedTuple):
    """A log, a policy that differs from the logging one, and the logging policy itself."""

    feedback: LoggedFeedback
    policy: TargetPolicy
    logging: TargetPolicy


def draw(
    seed: int = 0,
    n: int = 3_000,
    rate: float = 0.2,
    amounts: bool = False,
    displays_per_profile: int = 1,
) -> Log:
    """A log over four offers with uneven propensities and a policy that always shows offer 0."""
    rng = np.random.default_rng(seed)
    logging = rng.dirichlet(np.full(OFFERS, 2.0), n).clip(0.02)
    logging /= logging.sum(axis=1, keepdims=True)
    offer = (rng.random(n)[:, None] > np.cumsum(logging, axis=1)).sum(axis=1).clip(max=OFFERS - 1)
    mean = rate * np.array([1.2, 1.0, 0.8, 0.6])
    reward = (rng.random(n) < mean[offer]).astype(float)
    if amounts:
        reward = reward * rng.lognormal(0, 0.5, n)
    propensity = logging[np.arange(n), offer]
    model = mean + 0.01
    return Log(
        LoggedFeedback(reward, propensity, np.arange(n) // displays_per_profile),
        TargetPolicy((offer == 0).astype(float), np.full(n, model[0]), model[offer]),
        TargetPolicy(propensity, logging @ model, model[offer]),
    )


def shifted(log: LoggedFeedback, by: float) -> LoggedFeedback:
    """The same log with `by` added to every reward."""
    return LoggedFeedback(log.reward + by, log.propensity, log.cluster)


def uniform_log(responses: int, n: int = 400) -> tuple[LoggedFeedback, TargetPolicy]:
    """A log of two offers, each shown to half; only displays of the policy's offer succeed."""
    reward = np.zeros(n)
    reward[:responses] = 1.0
    is_match = np.arange(n) < n // 2
    zeros = np.zeros(n)
    feedback = LoggedFeedback(reward, np.full(n, 0.5), np.arange(n))
    return feedback, TargetPolicy(is_match.astype(float), zeros, zeros)
