"""Estimators of the value of a policy: one small function each, in one registry.

Each returns contributions: one number per display whose mean is the estimate and whose deviations
from that mean are its influence function. Standard errors, clustering and paired differences
therefore need no formula per estimator.

With weights w = probability / max(propensity, floor), rewards r, and a model's expected reward e
of the offer the policy chooses and q of the logged offer:

    ips        mean(w r)
    snips      mean(w r) / mean(w)
    dm         mean(e)
    dr         mean(e) + mean(w (r - q)) / mean(w)
    dr_shrunk  dr with u = w / mean(w) replaced by s(u) = lambda u / (u^2 + lambda)

References:
----------
D. Horvitz, D. Thompson (1952). A generalization of sampling without replacement. JASA 47. (ips)
A. Swaminathan, T. Joachims (2015). The self-normalized estimator for counterfactual learning. NIPS.
M. Dudik, J. Langford, L. Li (2011). Doubly robust policy evaluation and learning. ICML.
P. Thomas, E. Brunskill (2016). Data-efficient off-policy policy evaluation. ICML. (weighted dr)
Y. Su, M. Dimakopoulou, A. Krishnamurthy, M. Dudik (2020). Doubly robust off-policy evaluation with
shrinkage. ICML. (optimistic shrinkage)
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scorer.arrays import Vector
from scorer.ope.contributions import Contributions
from scorer.ope.feedback import LoggedFeedback, TargetPolicy
from scorer.ope.shrinkage import choose_strength, shrunk

FLOOR = 0.001


Estimator = Callable[[LoggedFeedback, TargetPolicy, Vector], Contributions]


def importance_weights(
    feedback: LoggedFeedback, policy: TargetPolicy, floor: float = FLOOR
) -> Vector:
    """Weights of shape (n,), at least 0 and at most 1 / floor: probability / propensity."""
    return policy.probability / np.maximum(feedback.propensity, floor)


def ips(feedback: LoggedFeedback, _policy: TargetPolicy, weight: Vector) -> Contributions:
    """Inverse propensity score: unbiased above the floor, but may leave the range of rewards."""
    return Contributions(np.zeros_like(weight), weight, feedback.reward)


def snips(feedback: LoggedFeedback, _policy: TargetPolicy, weight: Vector) -> Contributions:
    """Self-normalised IPS: a weighted mean of rewards, so it never leaves their range."""
    share = weight / weight.mean()
    value = float((share * feedback.reward).mean())
    return Contributions(np.full_like(weight, value), share, feedback.reward - value)


def dm(feedback: LoggedFeedback, policy: TargetPolicy, weight: Vector) -> Contributions:
    """Direct method: the mean prediction, as biased as the model; the bias is estimated."""
    nothing = np.zeros_like(weight)
    return Contributions(policy.expected, nothing, nothing, dr(feedback, policy, weight))


def dr(feedback: LoggedFeedback, policy: TargetPolicy, weight: Vector) -> Contributions:
    """Doubly robust, self-normalised: the mean prediction plus its weighted mean error.

    Because of the division by the mean weight, which is 1 in expectation, adding c to all rewards
    moves the estimate by exactly c, whether or not the model predicts the shift.
    """
    share = weight / weight.mean()
    residual = feedback.reward - policy.logged
    error = float((share * residual).mean())
    return Contributions(policy.expected + error, share, residual - error)


def dr_shrunk(feedback: LoggedFeedback, policy: TargetPolicy, weight: Vector) -> Contributions:
    """Doubly robust with shrunk weights if shrinking saves more variance than it can add bias."""
    plain = dr(feedback, policy, weight)
    strength = choose_strength(plain, feedback)
    return plain if strength is None else shrunk(plain, strength)


ESTIMATORS: dict[str, Estimator] = {
    "ips": ips,
    "snips": snips,
    "dm": dm,
    "dr": dr,
    "dr_shrunk": dr_shrunk,
}

# Estimators whose estimate lies between the two values of a two-valued reward.
_BOUNDED = ("ips", "snips", "dr", "dr_shrunk")


def bounding_levels(estimator: str, feedback: LoggedFeedback) -> tuple[float, float] | None:
    """Return the two values of the reward if the estimate lies between them, else None."""
    levels = feedback.levels
    if levels is None or estimator not in _BOUNDED or (estimator == "ips" and levels[0] != 0):
        return None
    return levels
