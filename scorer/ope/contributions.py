"""Contributions of single displays to an estimate: a certain part and a weighted part."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from scorer.arrays import Vector


@dataclass(frozen=True, eq=False)
class Contributions:
    """Contributions to an estimate; arrays of shape (n,).

    Attributes
    ----------
    base : float array, in units of the reward
        Part that does not depend on the reward of the display.
    share : float array
        Weight of the reward, about 1 on average; negative where a baseline has the larger weight.
    residual : float array, in units of the reward
        The weighted part: the reward minus its expectation.
    unbiased : Contributions, or None
        For a biased estimator, the contributions of an unbiased one (`dr`).
    """

    base: Vector
    share: Vector
    residual: Vector
    unbiased: Contributions | None = None

    @cached_property
    def rows(self) -> Vector:
        """Contributions; their mean is the value, their deviations its influence function."""
        return self.base + self.share * self.residual

    @cached_property
    def value(self) -> float:
        """The estimate: the mean of the rows."""
        return float(self.rows.mean())

    def minus(self, other: Contributions) -> Contributions:
        """Contributions to the difference of two estimates on the same displays.

        If both give a display the same weight, its residual cancels.
        """
        unbiased = None
        if self.unbiased is not None or other.unbiased is not None:
            unbiased = (self.unbiased or self).minus(other.unbiased or other)
        residual = (self.residual + other.residual) / 2
        common = (self.share + other.share) / 2 * (self.residual - other.residual)
        return Contributions(
            self.base - other.base + common, self.share - other.share, residual, unbiased
        )
