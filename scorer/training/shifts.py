"""Find offers whose response changed abruptly within the look-back, and since when.

Displays from before such a change are misleading: with them, an offer that collapsed would be
recommended as long as its good weeks outnumber the bad ones in the look-back.

For each offer and day, outcomes since that day are compared with those before it. Both are measured
against the expectation of a regression on the whole look-back for the same people, corrected by the
tide: the change of all other offers on the same days. Rates and amounts that cannot be negative are
corrected by a factor, other amounts by a term, since their sums may be near zero. A shift must be
large (a factor of at most 0.6, or its inverse) and significant at 5 standard errors, because every
offer is tested at every day. The standard error includes the noise of the offer and of the tide.

Amounts are capped at the 90 % quantile of the non-zero ones here: with heavy tails, sums of
outcomes would be far from normal.
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
_MIN_SUCCESSES = 10.0
_SHRINK = 20.0
_CAP_QUANTILE = 0.9


@dataclass(frozen=True)
class Shift:
    """Since UTC day ``since``, the offer earns ``ratio`` times as much as before.

    ``rows`` is the number of earlier displays, which are set aside.
    """

    offer_id: str
    since: date
    ratio: float
    z: float
    rows: int = 0


def find_shifts(bench: Workbench) -> tuple[Shift, ...]:
    """Shifts of ready offers, the strongest first, at most one each; none in less than two days.

    An offer that shifted is set aside before the others are compared again; otherwise the collapse
    of one offer would look like a rise of all others.
    """
    examples = bench.examples
    rows = np.flatnonzero(examples.trains)
    days = examples.times[rows].astype("datetime64[D]")
    first, codes = days.min(), (days - days.min()).astype(np.int64)
    table = _Daily.count(bench, rows, codes)
    shifts: list[Shift] = []
    while (cut := table.strongest()) is not None:
        offer, day, ratio, z = cut
        since = (first + np.timedelta64(day, "D")).astype(object)
        set_aside = int(table.displays[offer, :day].sum())
        shifts.append(Shift(examples.catalogue.ready[offer], since, ratio, z, set_aside))
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
    """Expected outcomes of the rows by a base fitted on everything, and slopes at its margins."""
    base = bench.base(EVERYTHING)
    margins = logged_margins(
        base.design, base.weights, bench.matrix[rows], bench.examples.offers[rows]
    )
    return mean_and_slope(margins, bench.objective.link)


def _tamed(outcomes: Vector) -> Vector:
    """Outcomes between the 90 % quantiles of the gains and of the losses, if there are any."""
    gains, losses = outcomes[outcomes > 0], outcomes[outcomes < 0]
    highest = np.quantile(gains, _CAP_QUANTILE) if gains.size else 0.0
    lowest = np.quantile(losses, 1 - _CAP_QUANTILE) if losses.size else 0.0
    return np.clip(outcomes, lowest, highest)


@dataclass
class _Daily:
    """Sums by offer and day, float64 (n_offers, n_days), in units of a mean success.

    ``expected`` is at the level of the rewards of each offer; ``variance`` is that of ``rewards``.
    """

    displays: Vector
    successes: Vector
    rewards: Vector
    expected: Vector
    variance: Vector
    is_factor: bool
    aside: set[int] = field(default_factory=set)

    @classmethod
    def count(cls, bench: Workbench, rows: Codes, days: Codes) -> _Daily:
        """Sum the rows, whose days are int64 (n,), by offer and day."""
        offers, link = bench.examples.offers[rows], bench.objective.link
        shape = len(bench.examples.catalogue.ready), int(days.max()) + 1
        outcomes = _tamed(bench.outcomes[rows])
        unit = float(np.abs(outcomes[outcomes != 0]).mean())
        outcomes = outcomes / unit
        expected, slope = _expected(bench, rows)

        def by_day(values: Vector) -> Vector:
            sums = np.bincount(offers * shape[1] + days, values, shape[0] * shape[1])
            return sums.astype(float).reshape(shape)

        displays, rewards = by_day(np.ones(len(rows))), by_day(outcomes)
        own, total = by_day(expected), displays.sum(axis=1, keepdims=True)
        earned = rewards.sum(axis=1, keepdims=True)
        if link == "identity":
            own = own / unit
            own += displays * (earned - own.sum(axis=1, keepdims=True)) / np.maximum(total, 1)
        else:
            own *= earned / np.maximum(own.sum(axis=1, keepdims=True), 1e-300)
        if link == "logit":
            variance = by_day(slope)
        else:
            # The variance of a reward grows with its mean under the log link, else it is constant.
            mean = own.sum(axis=1) / np.maximum(total[:, 0], 1)
            squares = by_day((outcomes - mean[offers]) ** 2).sum(axis=1, keepdims=True)
            spread = displays if link == "identity" else own
            variance = squares * spread / np.maximum(spread.sum(axis=1, keepdims=True), 1e-300)
        successes = by_day((outcomes != 0).astype(float))
        return cls(displays, successes, rewards, own, variance, link != "identity")

    def set_aside(self, offer: int) -> None:
        """Search the offer no further, and drop it from the baseline."""
        self.aside.add(offer)

    def strongest(self) -> tuple[int, int, float, float] | None:
        """Offer, day, ratio and z of the strongest shift; None if there is none."""
        offers = [offer for offer in range(len(self.rewards)) if offer not in self.aside]
        found = [(offer, *cut) for offer in offers if (cut := self._of(offer)) is not None]
        return max(found, key=lambda cut: abs(cut[3]), default=None)

    def _tide(self, offer: int) -> tuple[Vector, Vector]:
        """Expected outcome of an offer given all others, and its variance, by day."""
        others = [o for o in range(len(self.rewards)) if o != offer and o not in self.aside]
        earned, expected, variance, displays = (
            values[others].sum(axis=0)
            for values in (self.rewards, self.expected, self.variance, self.displays)
        )
        own = self.expected[offer]
        if self.is_factor:
            base = expected + _SHRINK
            return own * (earned + _SHRINK) / base, own**2 * variance / base**2
        # Term per display, shrunk by the noise of one day.
        base = displays + _SHRINK
        shown = self.displays[offer]
        return own + shown * (earned - expected) / base, shown**2 * variance / base**2

    def _of(self, offer: int) -> tuple[int, float, float] | None:
        tide, tide_variance = self._tide(offer)
        own_variance = self.variance[offer]
        if self.is_factor:
            own_variance = own_variance * tide / np.maximum(self.expected[offer], 1e-300)
        rewards, expected, variance, noise, successes, displays = (
            np.cumsum(values[::-1])[::-1]
            for values in (
                self.rewards[offer],
                tide,
                own_variance,
                tide_variance,
                self.successes[offer],
                self.displays[offer],
            )
        )
        after = slice(1, None)
        enough = np.minimum(successes[after], successes[0] - successes[after]) >= _MIN_SUCCESSES
        if self.is_factor:
            enough = np.minimum(expected[after], expected[0] - expected[after]) >= _MIN_SUCCESSES
        if not enough.any():
            return None
        share = variance[after] / max(variance[0], 1e-300)
        surprise = rewards[after] - expected[after] - share * (rewards[0] - expected[0])
        spread = variance[0] * share * (1 - share)
        spread += (1 - share) ** 2 * noise[after] + share**2 * (noise[0] - noise[after])
        z = surprise / np.sqrt(np.maximum(spread, 1e-300))
        ratio = self._ratio(rewards, expected, displays)
        is_shift = enough & (np.abs(z) >= Z) & ((ratio <= RATIO) | (ratio >= 1 / RATIO))
        if not is_shift.any():
            return None
        best = int(np.argmax(np.where(is_shift, np.abs(z), 0)))
        return best + 1, float(ratio[best]), float(z[best])

    def _ratio(self, rewards: Vector, expected: Vector, displays: Vector) -> Vector:
        """Reward of an offer since each day from the second on, relative to before, (n_days - 1,).

        Arguments are sums since each day. Without a factor, the tide is subtracted from the mean.
        """
        after = slice(1, None)
        if self.is_factor:
            since = rewards[after] / np.maximum(expected[after], 1e-300)
            before = rewards[0] - rewards[after]
            before = before / np.maximum(expected[0] - expected[after], 1e-300)
            return since / np.maximum(before, 1e-300)
        mean = rewards[0] / displays[0]
        since = mean + (rewards[after] - expected[after]) / np.maximum(displays[after], 1)
        before = rewards[0] - rewards[after] - expected[0] + expected[after]
        before = mean + before / np.maximum(displays[0] - displays[after], 1)
        return since / np.where(before == 0, 1e-300, before)
