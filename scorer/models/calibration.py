"""Map margins of a model to scores on the scale of the KPI; the order of offers never changes.

One increasing map for all offers of a model: ``score = inverse_link(slope x margin + shift)``
with ``slope > 0``. It is fitted on held-out margins, because margins of training rows are
overconfident.

References:
----------
J. Platt (1999), Probabilistic outputs for support vector machines: slope and shift by maximum
likelihood. Here with a ridge towards slope 1 and shift 0, so that few successes change little, and
with bounds on the slope.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from scorer.arrays import Vector
from scorer.errors import InputError

LINKS = ("logit", "log", "identity")

# With fewer successes (or failures) among the held-out rows, only the level is corrected.
_SLOPE_SUCCESSES = 25
# A slope above 1 would undo the shrinkage of the models of the folds; the final model, fitted on
# more rows, shrinks less.
_SLOPE_BOUNDS = (0.3, 1.0)
_RIDGE = 5.0
MAX_MARGIN = 60.0
_NEWTON_STEPS = 50
_SMALLEST = 1e-12


@dataclass(frozen=True)
class Calibration:
    """Increasing map of margins to scores; ``link`` is logit, log or identity."""

    link: str
    slope: float = 1.0
    shift: float = 0.0

    def __post_init__(self) -> None:
        if self.link not in LINKS or not (self.slope > 0 and np.isfinite(self.shift)):
            raise InputError(
                f"calibration must have a link of {', '.join(LINKS)}, a positive slope and a "
                f"finite shift, got {self.link!r}, {self.slope!r}, {self.shift!r}"
            )

    def apply(self, margins: npt.NDArray[Any]) -> Vector:
        """Scores in float64, in the shape of the margins."""
        z = np.asarray(margins, dtype=np.float64) * self.slope + self.shift
        if self.link == "identity":
            return z
        z = np.clip(z, -MAX_MARGIN, MAX_MARGIN)
        return np.exp(z) if self.link == "log" else 1 / (1 + np.exp(-z))

    def apply_few(self, margins: npt.NDArray[Any]) -> Vector:
        """:meth:`apply` of the margins of one user, float32 (n,), up to rounding, in less time."""
        from scorer.models.linear_kernels import calibrated

        scores = np.empty(margins.size, dtype=np.float64)
        calibrated(margins, self.numbers, scores)
        return scores

    @property
    def numbers(self) -> tuple[float, float, int]:
        """Slope, shift and the position of the link, for kernels."""
        return float(self.slope), float(self.shift), LINKS.index(self.link)

    def invert(self, scores: Vector) -> Vector:
        """Margins of scores, float64 in the shape of the scores; the inverse of :meth:`apply`."""
        if self.link == "identity":
            z = scores
        elif self.link == "log":
            z = np.log(np.maximum(scores, np.exp(-MAX_MARGIN)))
        else:
            p = np.clip(scores, _SMALLEST, 1 - _SMALLEST)
            z = np.log(p / (1 - p))
        return (z - self.shift) / self.slope

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form for the model manifest."""
        return asdict(self)


def fit_calibration(margins: Vector, outcomes: Vector, link: str) -> Calibration:
    """Fit the map on held-out rows, both of shape (n,); the link is logit, log or identity."""
    margins = np.asarray(margins, dtype=np.float64)
    outcomes = np.asarray(outcomes, dtype=np.float64)
    if margins.size == 0:
        return Calibration(link)
    if link == "logit":
        return _fit_logit(margins, outcomes)
    successes = float((outcomes != 0).sum())
    trust = successes / (successes + _RIDGE * 5)
    if link == "log":
        expected, observed = float(np.exp(margins).mean()), float(outcomes.mean())
        level = np.log(observed / expected) if observed > 0 and expected > 0 else 0.0
        return Calibration(link, 1.0, float(trust * level))
    return Calibration(link, 1.0, float(trust * (outcomes.mean() - margins.mean())))


def _fit_logit(margins: Vector, outcomes: Vector) -> Calibration:
    rarer = min(outcomes.sum(), outcomes.size - outcomes.sum())
    centre = float(margins.mean())
    slope, level = 1.0, centre
    if rarer >= _SLOPE_SUCCESSES:
        slope, level = _newton(margins - centre, outcomes, (1.0, centre), np.ones(2))
    if rarer < _SLOPE_SUCCESSES or not _SLOPE_BOUNDS[0] <= slope <= _SLOPE_BOUNDS[1]:
        slope = float(np.clip(slope, *_SLOPE_BOUNDS))
        _, level = _newton(margins - centre, outcomes, (slope, centre), np.array([0.0, 1.0]))
    return Calibration("logit", slope, level - slope * centre)


def _newton(
    centred: Vector, outcomes: Vector, prior: tuple[float, float], free: Vector
) -> tuple[float, float]:
    """Slope and level that maximise the penalised likelihood; ``free`` 0 keeps one at its prior."""
    design = np.column_stack([centred, np.ones_like(centred)])
    start = np.array(prior)
    theta, ridge = start.copy(), np.array([_RIDGE, 1.0])
    for _ in range(_NEWTON_STEPS):
        p = 1 / (1 + np.exp(-np.clip(design @ theta, -MAX_MARGIN, MAX_MARGIN)))
        gradient = (design.T @ (p - outcomes) + ridge * (theta - start)) * free
        hessian = design.T @ (design * (p * (1 - p))[:, None]) + np.diag(ridge)
        hessian = hessian * np.outer(free, free) + np.diag(1 - free)
        step = np.clip(np.linalg.solve(hessian, gradient), -1.0, 1.0)
        theta = theta - step
        if np.abs(step).max() < 1e-9:
            break
    return float(theta[0]), float(theta[1])
