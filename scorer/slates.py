"""From encoded users and their eligible offers to slates: ranks, scores, propensities.

The one place where an order is decided, used by the weekly batch and by single requests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scorer import exploration
from scorer.features import encode_users
from scorer.strategy import StrategyContext

Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Vector = npt.NDArray[np.float64]

MODEL, UNIFORM, FALLBACK, BEST_SINGLE = 0, 1, 2, 3
POLICIES = ("model", "uniform", "fallback", "best_single")
# The personalised arm keeps its traffic type where the best single offer serves it: arms are
# compared by who was drawn for them.
TRAFFIC_TYPES = ("contextual", "random", "noncontextual", "contextual")

# Sorts after every score and before what is not eligible.
_UNREADY = float(np.finfo(np.float64).max)


@dataclass(frozen=True)
class Decisions:
    """Decisions to make: who, where, with which offers.

    ``users`` holds the feature columns; ``profile_ids`` and ``placement_ids`` have length n and
    ``eligible`` has shape (n, n_candidates), columns as in ``context.candidates``.
    """

    users: pa.Table | pa.RecordBatch
    profile_ids: Sequence[str]
    placement_ids: Sequence[str]
    eligible: Mask


@dataclass(frozen=True)
class Slates:
    """Ranked rows of decisions, ordered by decision and rank; every array has shape (n_rows,).

    ``row`` is the decision, ``rank`` starts at 1, ``policy`` indexes POLICIES and TRAFFIC_TYPES.
    ``score`` is NaN where no model scored. Offers are text.
    """

    row: Codes
    rank: Codes
    offer_ids: pa.Array
    offer_names: pa.Array
    score: Vector
    policy: Codes
    propensity: Vector
    eligible_count: Codes


def make_slates(context: StrategyContext, decisions: Decisions) -> Slates:
    """Rank the eligible offers of every decision, fallback offers where there is none.

    At most ``context.top_k`` rows a decision; none when not even a fallback offer fits.
    """
    counts = decisions.eligible.sum(axis=1)
    scores, personal = offer_scores(context, decisions)
    explores = _explores(context, decisions)
    intended = _model_order(context, scores, decisions.eligible)
    chosen = intended.copy()
    drawn = _random_order(context, decisions, explores)
    chosen[explores] = drawn[:, : context.top_k]
    if not context.scored_offer_ids:
        intended = chosen
    row, place = np.nonzero(np.arange(chosen.shape[1]) < counts[:, None])
    column = chosen[row, place]
    propensity = context.policy.propensity(column, intended[row, place], counts[row])
    return _with_fallbacks(
        context,
        decisions,
        _Ranked(
            row,
            place,
            column,
            scores[row, column],
            np.where(explores, UNIFORM, personal)[row],
            propensity,
            counts[row],
        ),
    )


def offer_scores(context: StrategyContext, decisions: Decisions) -> tuple[Vector, Codes]:
    """Score of every candidate and the policy of every decision that does not explore.

    Scores have shape (n, n_candidates), NaN before the first model. An offer that is not ready
    gets the worst score of the row's eligible ready offers (of all ready offers when none of them
    is eligible). The policy is MODEL or BEST_SINGLE, shape (n,).
    """
    scores = np.full(decisions.eligible.shape, np.nan)
    if context.deployed is None or not context.scored_offer_ids or scores.size == 0:
        return scores, np.full(len(scores), MODEL)
    model = context.deployed.model
    users = encode_users(decisions.users, model.schema)
    predicted = model.score(users)
    columns = context.score_columns
    ready = columns >= 0
    scores[:, ready] = predicted[:, columns[ready]]
    scored = [j for j, o in enumerate(model.offer_ids) if o in context.scored_offer_ids]
    among = np.where(decisions.eligible & ready, scores, np.inf).min(axis=1)
    worst = np.where(np.isfinite(among), among, predicted[:, scored].min(axis=1))
    scores[:, ~ready] = worst[:, None]
    return scores, np.where(model.personalises(users), MODEL, BEST_SINGLE)


@dataclass(frozen=True)
class _Ranked:
    """Like Slates, with columns of candidates (beyond them: of the fallback offers)."""

    row: Codes
    place: Codes
    column: Codes
    score: Vector
    policy: Codes
    propensity: Vector
    eligible_count: Codes


def _explores(context: StrategyContext, decisions: Decisions) -> Mask:
    share = context.policy.share
    if share in (0.0, 1.0):
        return np.full(len(decisions.profile_ids), share == 1.0)
    buckets = exploration.buckets(context.strategy_id, context.cycle_date, decisions.profile_ids)
    return context.policy.explores(buckets)


def _model_order(context: StrategyContext, scores: Vector, eligible: Mask) -> Codes:
    """The model's first top_k columns: ready by score, then not ready; ties in column order."""
    if not context.scored_offer_ids:
        return np.zeros((scores.shape[0], min(context.top_k, scores.shape[1])), dtype=np.int64)
    keys = np.negative(scores)
    keys[:, context.score_columns < 0] = _UNREADY
    keys[~eligible] = np.inf
    return np.argsort(keys, axis=1, kind="stable")[:, : context.top_k]


def _random_order(context: StrategyContext, decisions: Decisions, explores: Mask) -> Codes:
    rows = np.flatnonzero(explores).tolist()
    draws = exploration.draw_keys(
        context.strategy_id,
        context.cycle_date,
        [decisions.profile_ids[i] for i in rows],
        [decisions.placement_ids[i] for i in rows],
    )
    offers = exploration.offer_keys([o.offer_id for o in context.candidates])
    return exploration.random_order(draws, offers, decisions.eligible[rows])


def _with_fallbacks(context: StrategyContext, decisions: Decisions, ranked: _Ranked) -> Slates:
    """Add the fallback rows of decisions without any eligible offer, and name the offers."""
    offers = list(context.candidates)
    parts = [ranked]
    empty = np.flatnonzero(~decisions.eligible.any(axis=1))
    places = np.array([decisions.placement_ids[i] for i in empty.tolist()], dtype=np.str_)
    for placement_id in np.unique(places).tolist():
        chosen = context.fallbacks(placement_id)[: context.top_k]
        parts.append(_fallback_rows(empty[places == placement_id], len(offers), len(chosen)))
        offers += chosen
    row, place, column, score, policy, propensity, count = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in _Ranked.__dataclass_fields__
    )
    order = np.lexsort((place, row)) if len(parts) > 1 else slice(None)
    column = pa.array(column[order])
    ids = pa.array([o.offer_id for o in offers], pa.string())
    names = pa.array([o.name for o in offers], pa.string())
    return Slates(
        row[order],
        place[order] + 1,
        ids.take(column),
        names.take(column),
        score[order],
        policy[order],
        propensity[order],
        count[order],
    )


def _fallback_rows(rows: Codes, first_column: int, n_offers: int) -> _Ranked:
    size = rows.size * n_offers
    place = np.tile(np.arange(n_offers, dtype=np.int64), rows.size)
    return _Ranked(
        np.repeat(rows, n_offers),
        place,
        first_column + place,
        np.full(size, np.nan),
        np.full(size, FALLBACK),
        np.ones(size),
        np.zeros(size, dtype=np.int64),
    )
