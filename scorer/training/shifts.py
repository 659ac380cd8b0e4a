"""Find offers whose response changed abruptly within the look-back, and since when.

Displays from before such a change are misleading: with them, an offer that collapsed would be
recommended as long as its good weeks outnumber the bad ones in the look-back.

For each offer and day, successes since that day are compared with those before it. Both are
measured against what a regression on the whole look-back expects of the same people, corrected for
what happened to all other offers on the same days. A shift must be large (a factor of at most 0.6,
or its inverse) and significant at 5 standard errors, because every offer is tested at every day.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np

from scorer.arrays import Codes, Mask, Vector
from scorer.models.interaction_base import logged_margins
from scorer.models.likelihoods import mean_and_slope
from scorer.training.examples import Examples
from scorer.training.workbench import EVERYTHING, Workbench

Z = 5.0
RATIO = 0.6
_MIN_EXPECTED = 10.0
_SHRINK = 20.0


@dataclass(frozen=True)
class Shift:
    """Since UTC day ``since``, the offer earns ``ratio`` times as much as before."""

    offer_id: str
    since: date
    ratio: float
    z: float


def find_shifts(bench: Workbench) -> tuple[Shift, ...]:
    """Shifts of ready offers, the strongest first, at most one each; none in less than two days.

    An offer that shifted is set aside before the others are compared again; otherwise the collapse
    of one offer would look like a rise of all others.
    """
    examples = bench.examples
    rows = np.flatnonzero(examples.trains)
    days = examples.times[rows].astype("datetime64[D]")
    first, codes = days.min(), (days - days.min()).astype(np.int64)
    outcomes = bench.outcomes[rows]
    unit = float(np.abs(outcomes[outcomes != 0]).mean())
    expected, variance = _expected(bench, rows)
    table = _Daily.count(
        examples.offers[rows],
        codes,
        (outcomes / unit, expected / unit, variance / unit**2),
        len(examples.catalogue.ready),
    )
    shifts: list[Shift] = []
    while (cut := table.strongest()) is not None:
        offer, day, ratio, z = cut
        since = (first + np.timedelta64(day, "D")).astype(object)
        shifts.append(Shift(examples.catalogue.ready[offer], since, ratio, z))
        table.set_aside(offer)
    return tuple(shifts)


def outdated_rows(examples: Examples, shifts: tuple[Shift, ...]) -> Mask:
    """Displays of an offer from before it changed, bool (n,)."""
    outdated = np.zeros(len(examples), dtype=np.bool_)
    for shift in shifts:
        if shift.offer_id not in examples.catalogue.all:
            continue
        code = examples.catalogue.all.index(shift.offer_id)
        before = examples.times < np.datetime64(shift.since, "us")
        outdated |= before & (examples.offers == code)
    return outdated


def _expected(bench: Workbench, rows: Codes) -> tuple[Vector, Vector]:
    """Outcomes that a base fitted on everything expects of the rows, and their variances."""
    base, link = bench.base(EVERYTHING), bench.objective.link
    margins = logged_margins(
        base.design, base.weights, bench.matrix[rows], bench.examples.offers[rows]
    )
    expected, slope = mean_and_slope(margins, link)
    if link == "logit":
        return expected, slope
    errors = (bench.outcomes[rows] - expected) ** 2
    return expected, slope * float((errors / np.maximum(slope, 1e-9)).mean())


@dataclass
class _Daily:
    """Rewards, expected rewards and their variance by offer and day, float64 (n_offers, n_days).

    All are in units of a mean success.
    """

    rewards: Vector
    expected: Vector
    variance: Vector
    aside: set[int] = field(default_factory=set)

    @classmethod
    def count(
        cls, offers: Codes, days: Codes, measures: tuple[Vector, Vector, Vector], n_offers: int
    ) -> _Daily:
        """Sum measures by offer and day."""
        n_days = int(days.max()) + 1
        codes = offers * n_days + days
        shape = (n_offers, n_days)
        rewards, expected, variance = (
            np.bincount(codes, m, n_offers * n_days).astype(float).reshape(shape) for m in measures
        )
        return cls(rewards, expected, variance)

    def set_aside(self, offer: int) -> None:
        """Search the offer no further, and drop it from the baseline."""
        self.aside.add(offer)

    def strongest(self) -> tuple[int, int, float, float] | None:
        """Offer, day, ratio and z of the strongest shift; None if there is none."""
        offers = [offer for offer in range(len(self.rewards)) if offer not in self.aside]
        found = [(offer, *cut) for offer in offers if (cut := self._of(offer)) is not None]
        return max(found, key=lambda cut: abs(cut[3]), default=None)

    def _tide(self, offer: int) -> Vector:
        """Rewards of all other offers divided by the expected ones, by day, (n_days,)."""
        others = [o for o in range(len(self.rewards)) if o != offer and o not in self.aside]
        earned, expected = self.rewards[others].sum(axis=0), self.expected[others].sum(axis=0)
        return np.maximum(earned + _SHRINK, 1e-9) / np.maximum(expected + _SHRINK, 1e-9)

    def _of(self, offer: int) -> tuple[int, float, float] | None:
        tide = self._tide(offer)
        rewards, expected, variance = (
            np.cumsum(values[::-1])[::-1]
            for values in (
                self.rewards[offer],
                self.expected[offer] * tide,
                self.variance[offer] * tide,
            )
        )
        after = slice(1, None)
        expected_before = expected[0] - expected[after]
        enough = np.minimum(expected[after], expected_before) >= _MIN_EXPECTED
        if not enough.any():
            return None
        ratio = (rewards[after] / np.maximum(expected[after], 1e-300)) / np.maximum(
            (rewards[0] - rewards[after]) / np.maximum(expected_before, 1e-300), 1e-300
        )
        share = variance[after] / variance[0]
        surprise = rewards[after] - expected[after] - share * (rewards[0] - expected[0])
        z = surprise / np.sqrt(np.maximum(variance[0] * share * (1 - share), 1e-300))
        is_shift = enough & (np.abs(z) >= Z) & ((ratio <= RATIO) | (ratio >= 1 / RATIO))
        if not is_shift.any():
            return None
        best = int(np.argmax(np.where(is_shift, np.abs(z), 0)))
        return best + 1, float(ratio[best]), float(z[best])
