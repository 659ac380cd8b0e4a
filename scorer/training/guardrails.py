"""Guardrails: further KPIs that a new model must not make credibly worse.

A guardrail is the KPI of another strategy. On the displays where both outcomes are known, the
nominee is compared with what serves now: the deployed model, on displays that it never saw, else
random traffic. No model expects the KPI of a guardrail, so that the estimates start from its mean:
``m + w (g - m)`` per display, with ``w`` the importance weight and ``g`` the reward.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from scorer.arrays import Vector
from scorer.ope.evaluation import PairedDifference, compare
from scorer.ope.feedback import LoggedFeedback, TargetPolicy
from scorer.training.gate import credibly_worse
from scorer.training.logged_policies import LoggedPolicies


@dataclass(frozen=True)
class Guardrail:
    """A KPI that must not get worse, and how a new policy compares with the one that serves now.

    ``name`` is that of the strategy that defines the KPI. The difference is positive where the new
    policy is better, also where ``is_less_better``.
    """

    name: str
    is_less_better: bool
    difference: PairedDifference

    @property
    def is_worse(self) -> bool:
        """True if the whole interval says that the KPI gets worse."""
        return credibly_worse(self.difference)

    @property
    def sentence(self) -> str:
        """What gets worse, and by how much per display."""
        low, high = self.difference.low, self.difference.high
        sign = -1 if self.is_less_better else 1
        ends = sorted(sign * end for end in (low or 0.0, high or 0.0))
        return f"guardrail {self.name} gets worse: {ends[0]:+.4g} to {ends[1]:+.4g} per display"

    def record(self) -> dict[str, Any]:
        """JSON-ready form for the metrics of a run."""
        return {
            "guardrail": self.name,
            "is_less_better": self.is_less_better,
            "is_worse": self.is_worse,
            **{
                key: value
                for key, value in asdict(self.difference).items()
                if key in ("status", "difference", "low", "high", "z")
            },
        }


def judge_guardrails(
    logged: LoggedPolicies, new: TargetPolicy, serving: TargetPolicy
) -> Iterator[Guardrail]:
    """Compare two policies on the displays of ``logged`` for each guardrail."""
    for told, rewards in logged.examples.guardrails.items():
        known = ~np.isnan(rewards)
        name, is_less_better = told.removeprefix("-").strip(), told.startswith("-")
        values, examples = rewards[known], logged.examples
        feedback = LoggedFeedback(values, examples.propensity[known], examples.profiles[known])
        mean = float(values.mean()) if values.size else 0.0
        sides = [_around(policy.probability[known], mean) for policy in (new, serving)]
        found = compare(feedback, sides[0], sides[1], inflation=logged.inflation)
        yield Guardrail(name, is_less_better, found)


def _around(probability: Vector, mean: float) -> TargetPolicy:
    """The policy with the same expectation everywhere."""
    expected = np.full(len(probability), mean)
    return TargetPolicy(probability, expected, expected)
