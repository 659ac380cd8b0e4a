"""How much evidence a log holds about a policy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scorer.arrays import Vector
from scorer.ope.feedback import LoggedFeedback, TargetPolicy

MINIMUM_RESPONSES = 20
MINIMUM_EFFECTIVE_RESPONSES = 10.0


@dataclass(frozen=True)
class Evidence:
    """Counts and sizes of the evidence.

    Attributes
    ----------
    displays : int
        Logged displays, n.
    matching_displays : int
        Displays of an offer that the policy could have shown there (probability above 0).
    matching_responses : int
        Matching displays with a reward other than 0.
    effective_sample_size : float
        Kish's (sum w)^2 / sum w^2, the number of equally weighted displays with the same
        precision.
    share_below_floor : float
        Share of displays whose propensity is below the floor, so that their weight is clipped.
    """

    displays: int
    matching_displays: int
    matching_responses: int
    effective_sample_size: float
    share_below_floor: float

    @property
    def is_sufficient(self) -> bool:
        """True if an estimate can be reported: at least 20 matching responses."""
        return self.matching_responses >= MINIMUM_RESPONSES


def measure_evidence(
    feedback: LoggedFeedback, policy: TargetPolicy, weight: Vector, floor: float
) -> Evidence:
    """Measure the evidence of a log about a policy with weights of shape (n,).

    References
    ----------
    L. Kish (1965). Survey sampling. Wiley, section 11.7.
    """
    is_match = policy.probability > 0
    squares = float(weight @ weight)
    return Evidence(
        displays=feedback.displays,
        matching_displays=int(np.count_nonzero(is_match)),
        matching_responses=int(np.count_nonzero(is_match & (feedback.reward != 0))),
        effective_sample_size=float(weight.sum()) ** 2 / squares if squares > 0 else 0.0,
        share_below_floor=float(np.mean(feedback.propensity < floor)) if feedback.displays else 0.0,
    )


def effective_responses(feedback: LoggedFeedback, weight: Vector) -> float:
    """Return the effective number of responses that the log holds about a policy.

    Effective sample size times the weighted share of responses: small when most of
    the weight lies on a few rare displays, however many responses there are.
    """
    total, squares = float(weight.sum()), float(weight @ weight)
    return total * float(weight @ (feedback.reward != 0)) / squares if squares > 0 else 0.0
