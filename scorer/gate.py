"""The gate: personalise only where it is proven to pay, replace only what is not better.

One-sided tests at z = 1.64: a strategy whose offers do not interact with people passes in at most
1 of 20 trainings. One that passed needs no new proof every week, only an estimate that is still
above zero: with 10 % exploration the best single offer is seldom shown to anybody, so a week's
proof may be missing where the gain is not. A strategy that passed by chance falls back soon.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scorer.ope.evaluation import IDENTICAL, INSUFFICIENT, PairedDifference, compare
from scorer.ope.feedback import TargetPolicy
from scorer.rewards.candidates import BEST_SINGLE
from scorer.rewards.logged_policies import LoggedPolicies
from scorer.rewards.protocol import Mask
from scorer.selection import Selection

Z = 1.64
Z_TO_STAY = 0.0


@dataclass(frozen=True)
class Verdict:
    """Whether to personalise, where not, and why in words.

    ``held_back_placements`` are those whose own data speak against a strategy that passed;
    ``needed`` is the number of standard errors that was asked for.
    """

    personalises: bool
    reason: str | None
    held_back_placements: tuple[str, ...] = ()
    needed: float = Z


def judge(
    selection: Selection, placements: dict[str, Mask], is_personalised: bool = False
) -> Verdict:
    """Judge a selection.

    ``placements`` gives the displays of each placement, bool (n,); ``is_personalised`` tells
    whether the strategy passed before and is served by a model now.
    """
    gain, needed = selection.gain, Z_TO_STAY if is_personalised else Z
    if is_personalised and gain.status == INSUFFICIENT and len(selection.logged.examples):
        return Verdict(True, f"passed before; {_too_few(gain)}", needed=needed)
    if not _passes(gain, needed):
        return Verdict(False, _why_not(gain, selection.logged, needed), needed=needed)
    held_back = tuple(
        name for name, rows in sorted(placements.items()) if _speaks_against(gain, selection, rows)
    )
    if held_back and len(held_back) == len(placements):
        reason = "no placement alone shows a gain over the best single offer"
        return Verdict(False, reason, needed=needed)
    reasons = [_not_again(gain), _where_not(held_back)]
    return Verdict(True, "; ".join(r for r in reasons if r) or None, held_back, needed)


def credibly_worse(difference: PairedDifference) -> bool:
    """Whether a policy is proven to earn less than the one it was compared with."""
    return difference.z is not None and difference.z < -Z


def _passes(gain: PairedDifference, needed: float) -> bool:
    return gain.status not in (INSUFFICIENT, IDENTICAL) and gain.z is not None and gain.z > needed


def _speaks_against(gain: PairedDifference, selection: Selection, rows: Mask) -> bool:
    """Whether a placement that could show the strategy's gain by itself does not show it.

    It could when that gain, were it true there, would pass in 19 of 20 cases.
    """
    logged = selection.logged
    part = logged.subset(rows)
    policy = _rows_of(selection.policy, rows)
    own = compare(part.feedback, policy, _rows_of(logged.policy(BEST_SINGLE), rows))
    if own.standard_error is None or gain.difference is None:
        return False
    is_able = gain.difference > 2 * Z * own.standard_error
    return is_able and not _passes(own, Z)


def _rows_of(policy: TargetPolicy, rows: Mask) -> TargetPolicy:
    return TargetPolicy(policy.probability[rows], policy.expected[rows], policy.logged[rows])


def _why_not(gain: PairedDifference, logged: LoggedPolicies, needed: float) -> str:
    if len(logged.examples) == 0:
        return (
            "no display has a known propensity, so nothing can be proven: log the propensity, or"
            " traffic_type 'random' where the offer was drawn at random"
        )
    if gain.status == IDENTICAL:
        return "the best single offer is best for everybody"
    if gain.status == INSUFFICIENT:
        return _too_few(gain)
    gained = "unknown" if gain.lift is None else _percent(gain.lift)
    between = (
        ""
        if gain.lift_low is None or gain.lift_high is None
        else f" ({_percent(gain.lift_low)} to {_percent(gain.lift_high)})"
    )
    return (
        f"personalisation is not credibly better than the best single offer:"
        f" lift {gained}{between}, {gain.z:.1f} standard errors, {needed} needed"
    )


def _not_again(gain: PairedDifference) -> str | None:
    """What is said of a strategy that stays personalised without a new proof."""
    if _passes(gain, Z):
        return None
    return f"passed before; the gain is not proven anew ({gain.z:.1f} standard errors)"


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
