"""Compiled kernel of one decision: the order of the model as in `scorer.ranking.offer_choice`.

Importing this module imports numba, so it is imported on first use.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scorer.forest.kernels import kernel

# Sort key of an offer before its score.
_SCORED, _WITHOUT_SCORE, _UNREADY = 0, 1, 2


@kernel
def first_by_score(
    scores: Any, score_columns: Any, eligible: Any, columns: Any, chosen: Any
) -> tuple[int, float]:
    """Write the best eligible candidates into ``columns``, int64 (k,), their scores into
    ``chosen``, float64 (k,); returns the number of eligible candidates and the worst score.

    ``scores`` float64 (n_offers,) of the model, ``score_columns`` int64 and ``eligible`` bool
    (n_candidates,). Ready offers come first by score, ties in column order. The worst score, of the
    eligible ready candidates or else of all, stands for offers that are not ready. With fewer than
    k eligible candidates, the rest of both arrays is undefined.
    """
    count = 0
    ready_worst, any_worst = np.inf, np.inf
    for column in range(eligible.size):
        count += eligible[column]
        place = score_columns[column]
        if place >= 0:
            score = scores[place]
            if not score >= any_worst:
                any_worst = score
            if eligible[column] and not score >= ready_worst:
                ready_worst = score
    used = np.zeros(eligible.size, dtype=np.bool_)
    for rank in range(min(columns.size, count)):
        best, best_group, best_score = -1, _UNREADY + 1, -np.inf
        for column in range(eligible.size):
            if not eligible[column] or used[column]:
                continue
            group, score = _UNREADY, 0.0
            if score_columns[column] >= 0:
                group, score = _SCORED, scores[score_columns[column]]
                if not score > -np.inf:
                    group, score = _WITHOUT_SCORE, 0.0
            if group < best_group or (group == best_group and score > best_score):
                best, best_group, best_score = column, group, score
        columns[rank] = best
        used[best] = True
    worst: float = ready_worst if np.isfinite(ready_worst) else any_worst
    for rank in range(min(columns.size, count)):
        place = score_columns[columns[rank]]
        chosen[rank] = scores[place] if place >= 0 else worst
    return count, worst
