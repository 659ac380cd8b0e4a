"""Logged displays and the choices of a policy, validated once when they enter the package."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from scorer.arrays import Codes, Mask, Vector


@dataclass(frozen=True, eq=False)
class LoggedFeedback:
    """Logged displays with rewards and propensities; one element per display.

    Parameters
    ----------
    reward : float array of shape (n,), finite
        0 or 1 for a binary KPI, else an amount. Only mature labels belong here.
    propensity : float array of shape (n,), in (0, 1]
        Probability with which the logging policy showed the offer that it showed.
    cluster : int array of shape (n,)
        Code of the profile. Displays of one profile may be correlated; profiles are independent.

    Raises
    ------
    ValueError
        An array has a wrong shape or type or a value out of range; names the first such row.
    """

    reward: Vector
    propensity: Vector
    cluster: Codes

    def __post_init__(self) -> None:
        object.__setattr__(self, "reward", _finite("reward", self.reward))
        n = self.reward.size
        propensity = _finite("propensity", self.propensity, n)
        _check("propensity", propensity, (propensity > 0) & (propensity <= 1), "in (0, 1]")
        object.__setattr__(self, "propensity", propensity)
        cluster = np.asarray(self.cluster)
        if cluster.shape != (n,) or not np.issubdtype(cluster.dtype, np.integer):
            raise ValueError(
                f"cluster: expected {n} integers like reward, got {cluster.dtype} of shape"
                f" {cluster.shape}; give each profile an integer code"
            )
        object.__setattr__(self, "cluster", cluster.astype(np.int64, copy=False))

    @property
    def displays(self) -> int:
        """Number of logged displays, n."""
        return int(self.reward.size)

    @cached_property
    def is_binary(self) -> bool:
        """True if every reward is 0 or 1."""
        return bool(np.all((self.reward == 0) | (self.reward == 1)))

    @cached_property
    def levels(self) -> tuple[float, float] | None:
        """The two values that rewards take, lower first; None unless there are exactly two."""
        if self.displays == 0:
            return None
        low, high = float(self.reward.min()), float(self.reward.max())
        between = (self.reward != low) & (self.reward != high)
        return None if low == high or bool(between.any()) else (low, high)

    @cached_property
    def profiles(self) -> Codes:
        """Clusters numbered from 0 without large gaps, shape (n,)."""
        if self.displays == 0 or (
            self.cluster.min() >= 0 and self.cluster.max() < 4 * self.displays
        ):
            return self.cluster
        return np.unique(self.cluster, return_inverse=True)[1].astype(np.int64)

    @cached_property
    def n_profiles(self) -> int:
        """Number of distinct profiles."""
        return int(np.count_nonzero(np.bincount(self.profiles)))


@dataclass(frozen=True, eq=False)
class TargetPolicy:
    """The choices of the evaluated policy at each logged display; arrays of shape (n,).

    Parameters
    ----------
    probability : float array in [0, 1]
        Probability that the policy shows the offer that was logged. 0 or 1 if deterministic.
    expected : float array, finite, in units of the reward
        Expected reward of the offer the policy shows, from a model: the sum over eligible offers of
        probability times expected reward. The model must not have seen the label of the display.
    logged : float array, finite, in units of the reward
        Expected reward of the logged offer, from the same model.

    Raises
    ------
    ValueError
        An array has a wrong shape or a value out of range; names the first such row.
    """

    probability: Vector
    expected: Vector
    logged: Vector

    def __post_init__(self) -> None:
        probability = _finite("probability", self.probability)
        _check("probability", probability, (probability >= 0) & (probability <= 1), "in [0, 1]")
        object.__setattr__(self, "probability", probability)
        for name in ("expected", "logged"):
            values = _finite(name, getattr(self, name), probability.size)
            object.__setattr__(self, name, values)


def _finite(name: str, values: npt.ArrayLike, size: int | None = None) -> Vector:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or (size is not None and array.size != size):
        wanted = "one dimension" if size is None else f"shape ({size},)"
        raise ValueError(f"{name}: expected {wanted}, got shape {array.shape}")
    _check(name, array, np.isfinite(array), "a finite number")
    return array


def _check(name: str, values: Vector, is_good: Mask, wanted: str) -> None:
    if not is_good.all():
        row = int(np.argmin(is_good))
        raise ValueError(
            f"{name}: expected {wanted}, got {values[row]} in row {row};"
            " leave such displays out of the evaluation"
        )
