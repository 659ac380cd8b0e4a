"""What is required of the closed loop, judged from the measured weeks of all seeds.

* Gain: per strategy, the mean over seeds of the share of the oracle's gain over random, each
  seed's being that of all personalised decisions from a first week on. Met from 80 % up.
* New offer: within 3 cycles of the one that made it ready, the people it is best for are shown it
  in at least 80 % of their decisions. Showing it to others does not count. Met in every seed.
* Collapse: the cycle at the end of the week in which an offer collapsed flags it. Met in every
  seed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.requirements import standard_error
from scorer.simulation.catalogue import COLLAPSE_WEEK, COLLAPSING_OFFER, NEW_OFFER

GAIN_SHARE = 0.8
REACHED_SHARE = 0.8
CYCLES_TO_REACH = 3
NEW_STRATEGY = "web_clicks"


@dataclass(frozen=True)
class Week:
    """A strategy in a week of one seed, and what the cycle at its end said.

    Attributes
    ----------
    decisions : int, personalised ones; what follows is NaN where there were none.
    personalised, random, oracle, informed : float, expected reward per personalised decision of
        what was shown, a uniform choice, the best eligible offer, and the ranking of somebody who
        knew the truth when the week began.
    new_shown, new_best, new_hits : float, share of the decisions where the new offer was shown,
        was the best one, both.
    new_ready : bool, whether it was ready in the cycle at the end of the week.
    flag : str or None, severity the cycle gave the collapsing offer; None: not measured.
    false_flags : int, other offers flagged before or after.
    status : str, of the training run at the end of the week.
    seconds : float, that the cycle took.
    """

    seed: int
    week: int
    strategy: str
    decisions: int
    personalised: float
    random: float
    oracle: float
    informed: float
    new_shown: float
    new_best: float
    new_hits: float
    new_ready: bool
    flag: str | None
    false_flags: int
    status: str
    seconds: float

    @property
    def share(self) -> float:
        """Part of the oracle's gain over random that was reached."""
        return _share([self], "personalised")

    @property
    def attainable(self) -> float:
        """Part of it that an all-knowing weekly ranking would have reached."""
        return _share([self], "informed")

    @property
    def lift(self) -> float:
        """Gain over random, relative."""
        return self.personalised / self.random - 1


@dataclass(frozen=True)
class Verdict:
    """A requirement: the measured figure in words, and whether it is met (None: not measured)."""

    requirement: str
    measured: str
    is_met: bool | None


def verdicts(weeks: Sequence[Week], first_week: int) -> list[Verdict]:
    """Judge all requirements; the gain counts from `first_week` on."""
    strategies = sorted({week.strategy for week in weeks})
    gains = [_gain([w for w in weeks if w.strategy == s], s, first_week) for s in strategies]
    ours = [week for week in weeks if week.strategy == NEW_STRATEGY]
    seeds = sorted({week.seed for week in weeks})
    by_seed = [[week for week in ours if week.seed == seed] for seed in seeds]
    return [*gains, _new_offer(by_seed), _collapse(by_seed)]


def pooled_share(weeks: Sequence[Week], what: str = "personalised") -> float:
    """Share of the oracle's gain over random in all personalised decisions of the weeks."""
    return _share([week for week in weeks if week.decisions], what)


def by_seed(weeks: Sequence[Week], what: str = "personalised") -> np.ndarray:
    """Pooled share of every seed, in seed order."""
    seeds = sorted({week.seed for week in weeks})
    return np.array([pooled_share([w for w in weeks if w.seed == s], what) for s in seeds])


def weeks_to_reach(weeks: Sequence[Week]) -> int | None:
    """Cycles from the one that made the new offer ready until it reached its people.

    None if it never did; `weeks` are those of one seed and strategy, in order.
    """
    ready = next((w.week for w in weeks if w.new_ready), None)
    if ready is None:
        return None
    served = [w for w in weeks if w.week > ready and w.decisions]
    return next((w.week - ready for w in served if _reached(w)), None)


def _reached(week: Week) -> bool:
    return week.new_best > 0 and week.new_hits >= REACHED_SHARE * week.new_best


def _share(weeks: Sequence[Week], what: str) -> float:
    gain = sum(w.decisions * (getattr(w, what) - w.random) for w in weeks)
    possible = sum(w.decisions * (w.oracle - w.random) for w in weeks)
    return gain / possible if possible else float("nan")


def _gain(weeks: Sequence[Week], strategy: str, first_week: int) -> Verdict:
    wanted = f"{strategy}: {GAIN_SHARE:.0%} of gain, weeks {first_week} on"
    shares = by_seed([w for w in weeks if w.week >= first_week])
    shares = shares[~np.isnan(shares)]
    if not shares.size:
        return Verdict(wanted, "no personalised week", None)
    mean = float(shares.mean())
    told = f"{mean:.3f} ± {standard_error(shares):.3f}, least {shares.min():.3f}"
    return Verdict(wanted, told, mean >= GAIN_SHARE)


def _new_offer(seeds: Sequence[Sequence[Week]]) -> Verdict:
    wanted = f"{NEW_OFFER} reaches its people in {CYCLES_TO_REACH} cycles"
    judged = [weeks for weeks in seeds if _is_over(weeks)]
    if not judged:
        return Verdict(wanted, "too few weeks", None)
    took = [weeks_to_reach(weeks) for weeks in judged]
    good = [cycles is not None and cycles <= CYCLES_TO_REACH for cycles in took]
    told = ["never" if cycles is None else f"in {cycles}" for cycles in took]
    return Verdict(wanted, _counted(good, told), all(good))


def _counted(good: Sequence[bool], told: Sequence[str]) -> str:
    words = ", ".join(f"{number} {word}" for word, number in sorted(Counter(told).items()))
    return f"{sum(good)} of {len(good)} seeds: {words}"


def _is_over(weeks: Sequence[Week]) -> bool:
    """Return whether the new offer had its cycles, or never will within the weeks."""
    ready = next((w.week for w in weeks if w.new_ready), None)
    if ready is None:
        return len(weeks) >= 12
    return weeks[-1].week >= ready + CYCLES_TO_REACH or weeks_to_reach(weeks) is not None


def _collapse(seeds: Sequence[Sequence[Week]]) -> Verdict:
    wanted = f"{COLLAPSING_OFFER} flagged within a cycle"
    flags = [w.flag for weeks in seeds for w in weeks if w.week == COLLAPSE_WEEK]
    measured = [flag for flag in flags if flag is not None]
    if not measured:
        return Verdict(wanted, "not measured", None)
    good = [flag != "ok" for flag in measured]
    return Verdict(wanted, _counted(good, measured), all(good))
