"""The gate: personalise only with a proven gain, and never replace a model that earns more.

Tests are one-sided: a strategy whose offers do not interact with people passes in at most 1 of 20
trainings. After that it needs an estimate above zero, but not a new proof every week: with 10 %
exploration the best single offer is seldom shown, so the data of a week may not prove a gain that
is there. A strategy that passed by chance falls back soon. While there are too few responses for
an estimate, the strategy stays personalised for GRACE after the last gain.

Evidence is the gain of a draw of the offers by rank (see :mod:`.model_choice`), near the threshold
an average over deals of folds (see :mod:`.deals`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from scorer.arrays import Mask
from scorer.models.best_single import BestSingle
from scorer.models.placement_gate import PlacementGate
from scorer.models.protocol import RewardModel
from scorer.ope.evaluation import IDENTICAL, INSUFFICIENT, PairedDifference, compare
from scorer.ope.feedback import TargetPolicy
from scorer.training.model_choice import Selection

Z = 1.64
Z_TO_STAY = 0.0
GRACE = timedelta(days=56)
_TOO_LONG = 520


@dataclass(frozen=True)
class Standing:
    """The standing of a strategy that passed before and is served by a model.

    ``gain_seen`` is the latest cycle (UTC) whose estimate was above the required one.
    """

    gain_seen: datetime
    held_back_placements: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """Whether to personalise, at which placements not, and why.

    ``held_back_placements`` are placements whose data speak against personalisation; ``needed`` is
    the required number of standard errors; ``gain_seen`` is the latest cycle with such a gain, None
    if the strategy does not pass.
    """

    personalises: bool
    reason: str | None
    held_back_placements: tuple[str, ...] = ()
    needed: float = Z
    gain_seen: datetime | None = None


def judge(
    selection: Selection,
    placements: dict[str, Mask],
    standing: Standing | None = None,
    as_of: datetime | None = None,
) -> Verdict:
    """Judge a selection as of a cycle.

    ``placements`` gives the displays of each placement, bool (n,). ``standing`` is None if the
    strategy has not passed yet or the best single offer serves it.
    """
    evidence, needed = selection.evidence, needed_evidence(standing)
    if standing is not None and evidence.status == INSUFFICIENT:
        return _without_estimate(selection, standing, as_of)
    if not _passes(evidence, needed) or _loses(selection.gain):
        return Verdict(False, _why_not(selection, needed), needed=needed)
    held_back = tuple(
        name for name, rows in sorted(placements.items()) if _speaks_against(selection, rows)
    )
    if held_back and len(held_back) == len(placements):
        reason = "no placement alone shows a gain over the best single offer"
        return Verdict(False, reason, needed=needed)
    reasons = [_not_again(evidence), _where_not(held_back)]
    return Verdict(True, "; ".join(r for r in reasons if r) or None, held_back, needed, as_of)


def _without_estimate(selection: Selection, standing: Standing, as_of: datetime | None) -> Verdict:
    """Keep a strategy that passed as it is while its last gain is recent."""
    too_few, seen = _why_not(selection, Z_TO_STAY), standing.gain_seen
    if as_of is not None and as_of - seen > GRACE:
        return Verdict(False, f"{too_few}; a gain was last seen on {seen:%Y-%m-%d}")
    held_back = standing.held_back_placements
    reasons = [f"passed before; {too_few}", _where_not(held_back)]
    return Verdict(True, "; ".join(r for r in reasons if r), held_back, Z_TO_STAY, seen)


def gated(model: RewardModel, best_single: BestSingle, verdict: Verdict) -> RewardModel:
    """The model, with the best single offer at the placements that the verdict holds back."""
    if not verdict.held_back_placements:
        return model
    return PlacementGate(model, best_single, verdict.held_back_placements)


def credibly_worse(difference: PairedDifference) -> bool:
    """True if the whole interval says that a policy earns less than its baseline.

    This requires more than Z, because it is tested every week on a model that is usually as good,
    and the offers that only this model would choose were hardly shown (see docs/method.md).
    """
    return difference.high is not None and difference.high < 0


def needed_evidence(standing: Standing | None) -> float:
    """Standard errors that a strategy needs to pass."""
    return Z if standing is None else Z_TO_STAY


def _passes(gain: PairedDifference, needed: float) -> bool:
    return gain.status not in (INSUFFICIENT, IDENTICAL) and gain.z is not None and gain.z > needed


def _loses(gain: PairedDifference) -> bool:
    """True if the policy itself credibly earns less, whatever a draw by rank earns."""
    return gain.status != INSUFFICIENT and gain.z is not None and gain.z < -Z


def _speaks_against(selection: Selection, rows: Mask) -> bool:
    """True if a placement has enough data to show the gain of the strategy and does not show it.

    The data are enough if the same gain at the placement would pass in 19 of 20 cases.
    """
    part, gained = selection.logged.subset(rows), selection.evidence.difference
    top, baseline = (_rows_of(p, rows) for p in (selection.drawn, selection.drawn_baseline))
    own = compare(part.feedback, top, baseline)
    if own.standard_error is None or gained is None:
        return False
    return gained > 2 * Z * own.standard_error and not _passes(own, Z)


def _rows_of(policy: TargetPolicy, rows: Mask) -> TargetPolicy:
    return TargetPolicy(policy.probability[rows], policy.expected[rows], policy.logged[rows])


def _why_not(selection: Selection, needed: float) -> str:
    gain, evidence = selection.gain, selection.evidence
    if len(selection.logged.examples) == 0:
        return (
            "no display has a known propensity, so nothing can be proven: log the propensity, or"
            " traffic_type 'random' where the offer was drawn at random"
        )
    if evidence.status == INSUFFICIENT:
        return _too_few(evidence)
    if evidence.status == IDENTICAL:
        return "the best single offer is best for everybody"
    gained = "unknown" if gain.lift is None else _percent(gain.lift)
    between = (
        ""
        if gain.lift_low is None or gain.lift_high is None
        else f" ({_percent(gain.lift_low)} to {_percent(gain.lift_high)})"
    )
    return (
        f"personalisation is not credibly better than the best single offer:"
        f" lift {gained}{between}, {evidence.z:.2f} standard errors, {needed:.2f} needed"
        f"{_how_many_more(evidence.z or 0.0, needed, selection.logged.examples.times)}"
    )


def _how_many_more(z: float, needed: float, times: npt.NDArray[np.datetime64]) -> str:
    """Return how many further displays would prove the gain, if it and the traffic stay.

    ``times``, datetime64 (n,), are those of the displays that gave the evidence ``z``, which
    grows with the square root of their number.
    """
    if z <= 0:
        return "; no number of displays would prove a gain at this effect"
    displays = len(times)
    more = math.ceil(displays * ((needed / z) ** 2 - 1))
    weeks = max((times.max() - times.min()) / np.timedelta64(7, "D"), 1 / 7)
    wait = math.ceil(more / displays * weeks)
    if wait > _TOO_LONG:
        return "; at this effect and rate, a proof would take more than 10 years"
    return (
        f"; about {more:,} more displays would prove this gain,"
        f" {wait:,} {'week' if wait == 1 else 'weeks'} at the present rate"
    )


def _not_again(gain: PairedDifference) -> str | None:
    """Reason of a strategy that stays personalised without a new proof."""
    if _passes(gain, Z):
        return None
    return f"passed before; the gain is not proven again ({gain.z:.1f} standard errors)"


def _too_few(gain: PairedDifference) -> str:
    return (
        f"too few responses to tell personalised offers from the best single one"
        f" ({gain.disagreeing_responses} where they differ)"
    )


def _where_not(held_back: tuple[str, ...]) -> str | None:
    if not held_back:
        return None
    names = ", ".join(held_back)
    return f"best single offer at {names}: no gain is shown there"


def _percent(share: float) -> str:
    return f"{np.round(100 * share, 1):+g} %"
