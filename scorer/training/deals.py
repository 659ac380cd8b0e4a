"""Average the evidence of the gate over deals of people into folds.

With few responses, one deal passes or fails by luck. In the first deal, every candidate is fitted
without each fold. A further deal fits only what serves its folds: for each fold, the candidate that
was best in the first deal on the people outside of the fold. As in the first deal, the outcomes of
a fold never take part in the choice of what serves it, so every deal is as strict a test.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scorer.ope.evaluation import INSUFFICIENT, PairedDifference, averaged, compare
from scorer.training.candidates import BEST_SINGLE
from scorer.training.cross_fitting import cross_fit
from scorer.training.logged_policies import LoggedPolicies
from scorer.training.model_choice import Selection
from scorer.training.workbench import Workbench

# Deals, at most, and rows of all further deals together.
MOST_DEALS = 8
_DEALT_ROWS = 240_000
# Standard deviation of the z of single deals of the same data: 0.6 of 8,000 rows, 0.3 of many.
_DEVIATION = 0.6
_SURE = 2.0
_CHOSEN, _REFERENCE = "chosen", "reference"


def average_over_deals(
    bench: Workbench, selection: Selection, needed: float
) -> tuple[Selection, int]:
    """Deal people again until the verdict is clear; return the selection and the number of deals.

    ``selection`` is that of the first deal, in which every fold of ``bench`` is judged unless its
    evidence is clear. Only its gain and evidence become averages. ``needed`` is the required z.
    """
    gains, evidence, average = [selection.gain], [selection.evidence], selection
    most = min(MOST_DEALS, 1 + _DEALT_ROWS // max(len(bench.examples), 1))
    while not is_clear(average.evidence, needed, len(gains), most):
        gain, drawn = _dealt_again(bench.dealt_again(len(gains)), selection)
        gains.append(gain)
        evidence.append(drawn)
        average = replace(selection, gain=averaged(gains), evidence=averaged(evidence))
    return average, len(gains)


def is_clear(evidence: PairedDifference, needed: float, deals: int, most: int = MOST_DEALS) -> bool:
    """True if further deals would hardly change the verdict on an average of ``deals``.

    Given the average of k deals, that of all m has the same mean, and a standard deviation of at
    most 0.6 sqrt(1/k - 1/m). The verdict is clear if the threshold is two of them away (stochastic
    curtailment; K. Lan, R. Simon and M. Halperin (1982), Stochastically curtailed tests in
    long-term clinical trials).
    """
    if deals >= most:
        return True
    if evidence.status == INSUFFICIENT or evidence.z is None:
        return deals > 1
    left = _DEVIATION * np.sqrt(1 / deals - 1 / most)
    return bool(abs(evidence.z - needed) > _SURE * left)


def _dealt_again(bench: Workbench, first: Selection) -> tuple[PairedDifference, PairedDifference]:
    """Gain and evidence of choosing, with the candidates that the first deal chooses."""
    best = first.best_elsewhere(bench.folds[first.logged.rows], bench.n_folds)
    every_fold = range(bench.n_folds)
    scored = cross_fit(
        bench,
        roles={
            BEST_SINGLE: [BEST_SINGLE for _ in every_fold],
            _CHOSEN: [first.candidates[best[fold]].name for fold in every_fold],
            _REFERENCE: [first.logged.reference for _ in every_fold],
        },
    )
    logged = LoggedPolicies.of(bench.examples, scored)
    logged = replace(logged, reference=_REFERENCE, inflation=bench.inflation)
    gain, evidence = (
        compare(
            logged.feedback,
            logged.policy(_CHOSEN, by_rank),
            logged.policy(BEST_SINGLE, by_rank),
            inflation=logged.inflation,
        )
        for by_rank in (False, True)
    )
    return gain, evidence
