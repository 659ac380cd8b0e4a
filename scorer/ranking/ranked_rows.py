"""Turns decisions into ranked rows: ranks, scores, propensities, and fallback offers.

The weekly batch and single requests both use it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from scorer.arrays import Codes, Vector
from scorer.ranking.arms import ARMS, FALLBACK, Placed, code_of
from scorer.ranking.context import StrategyContext
from scorer.ranking.eligibility import eligible_counts
from scorer.ranking.offer_choice import Chosen, Decisions, choose


@dataclass(frozen=True)
class RankedRows:
    """Ranked rows of decisions, ordered by decision and rank; every array has shape (n_rows,).

    ``row`` is the decision, ``rank`` starts at 1, ``policy`` indexes ``policies()`` and
    ``traffic_types()``. ``score`` is NaN before the first model. Offers are text.
    """

    row: Codes
    rank: Codes
    offer_ids: pa.Array
    offer_names: pa.Array
    score: Vector
    policy: Codes
    propensity: Vector
    eligible_count: Codes


def rank_decisions(context: StrategyContext, decisions: Decisions) -> RankedRows:
    """Rank the eligible offers of every decision, or fallback offers if there are none.

    At most ``context.top_k`` rows per decision; none if no fallback offer fits either.
    """
    counts = eligible_counts(decisions.eligible)
    chosen = choose(context, decisions)
    row, place = np.nonzero(np.arange(chosen.columns.shape[1]) < counts[:, None])
    column, count = chosen.columns[row, place], counts[row]
    propensity = _propensities(context, decisions, chosen, (row, place), count)
    ranked = _Rows(
        row, place, column, chosen.scores[row, place], chosen.policy[row], propensity, count
    )
    return _with_fallbacks(context, decisions, ranked, np.flatnonzero(counts == 0))


def _propensities(
    context: StrategyContext,
    decisions: Decisions,
    chosen: Chosen,
    at: tuple[Codes, Codes],
    count: Codes,
) -> Vector:
    """Probability that the arms, weighted by their shares, place the chosen offers at their ranks.

    ``at`` are the rows and places, ``count`` their eligible offers, int64 (n_rows,).
    """
    column, mixture = chosen.columns[at], context.policy
    placed = Placed(at[1], column, count, lambda: decisions.eligible.mask()[at[0]])
    propensity = mixture.rest * (column == chosen.intended[at])
    for arm, share in zip(ARMS.values(), mixture.shares, strict=True):
        if share and arm.chances:
            propensity += arm.chances(context, placed, share)
        elif share:
            order = arm.order(context, decisions.eligible.mask(), decisions.draws.keys)
            propensity += share * (column == order[at])
    return propensity


@dataclass(frozen=True)
class _Rows:
    """Like RankedRows, with columns in place of offers: candidates first, then fallback offers."""

    row: Codes
    place: Codes
    column: Codes
    score: Vector
    policy: Codes
    propensity: Vector
    eligible_count: Codes


def _with_fallbacks(
    context: StrategyContext, decisions: Decisions, ranked: _Rows, empty: Codes
) -> RankedRows:
    """Add fallback rows to decisions without eligible offers, and look up the offers."""
    offers = list(context.candidates)
    parts = [ranked]
    places = np.array(decisions.placement_ids.take(pa.array(empty)).to_pylist(), dtype=np.str_)
    for placement_id in np.unique(places).tolist():
        chosen = context.fallbacks(placement_id)[: context.top_k]
        parts.append(_fallback_rows(empty[places == placement_id], len(offers), len(chosen)))
        offers += chosen
    row, place, column, score, policy, propensity, count = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in _Rows.__dataclass_fields__
    )
    order = np.lexsort((place, row)) if len(parts) > 1 else slice(None)
    column = pa.array(column[order])
    ids = pa.array([o.offer_id for o in offers], pa.string())
    names = pa.array([o.name for o in offers], pa.string())
    return RankedRows(
        row[order],
        place[order] + 1,
        ids.take(column),
        names.take(column),
        score[order],
        policy[order],
        propensity[order],
        count[order],
    )


def _fallback_rows(rows: Codes, first_column: int, n_offers: int) -> _Rows:
    size = rows.size * n_offers
    place = np.tile(np.arange(n_offers, dtype=np.int64), rows.size)
    return _Rows(
        np.repeat(rows, n_offers),
        place,
        first_column + place,
        np.full(size, np.nan),
        np.full(size, code_of(FALLBACK)),
        np.ones(size),
        np.zeros(size, dtype=np.int64),
    )
