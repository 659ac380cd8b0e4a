"""Chooses the offers of each decision, with their order and scores.

Most decisions are personalised: one kernel finds their best offers without scoring all of them. A
decision needs all scores if it explores (any offer may be drawn), if the best single offer ranks
it, or if no offer that the model knows is eligible.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from scorer.arrays import Codes, Mask, Matrix, Vector
from scorer.features import encode_users
from scorer.forest import Eligible
from scorer.models.protocol import ShortLists
from scorer.ranking.arms import ARMS, BEST_SINGLE, MODEL, code_of
from scorer.ranking.context import StrategyContext
from scorer.ranking.eligibility import eligible_counts, take_columns, take_rows
from scorer.ranking.exploration import Draws
from scorer.ranking.top_k import smallest_k

# Sort keys of the order of the model: scores, then offers without a score, then offers that are
# not ready, then (infinity) offers that are not eligible.
_UNREADY = float(np.finfo(np.float64).max)
_UNSCORED = float(np.nextafter(_UNREADY, 0.0))


@dataclass(frozen=True)
class Decisions:
    """Decisions to make: users, placements, eligible offers and draws.

    ``users`` holds the feature columns, ``placement_ids`` is text (n,); ``eligible`` has the
    columns of ``context.candidates``.
    """

    users: pa.Table | pa.RecordBatch
    placement_ids: pa.Array
    eligible: Eligible
    draws: Draws

    def __len__(self) -> int:
        return int(self.eligible.codes.size)


@dataclass(frozen=True)
class Chosen:
    """The first k offers of every decision; entries beyond the eligible count are undefined.

    ``columns`` and ``intended`` (the choice of the model) are columns of candidates,
    int64 (n, k); ``scores`` float64 (n, k), NaN before the first model; ``policy`` (n,) indexes
    ``policies()``.
    """

    columns: Codes
    intended: Codes
    scores: Vector
    policy: Codes

    def put(self, rows: Mask, part: Chosen) -> None:
        """Write the choices of a part into the given rows."""
        self.columns[rows], self.intended[rows] = part.columns, part.intended
        self.scores[rows], self.policy[rows] = part.scores, part.policy


def choose(context: StrategyContext, decisions: Decisions) -> Chosen:
    """Choose at most ``context.top_k`` offers for every decision."""
    eligible, draws = decisions.eligible, decisions.draws
    if context.deployed is None or not context.scored_offer_ids:
        return _at_random(context, eligible, draws)
    model = context.deployed.model
    users = encode_users(decisions.users, model.schema)
    personal = model.personalises(users)
    ranker = model.short_lists
    quick = np.zeros(len(decisions), dtype=np.bool_)
    if ranker is not None:
        ready = eligible_counts(eligible, context.score_columns >= 0) > 0
        quick = personal & draws.is_personalised & ready
    if ranker is not None and quick.all():
        return _from_short_lists(context, ranker, users, eligible)
    chosen = _places(len(decisions), min(context.top_k, len(context.candidates)))
    if ranker is not None and quick.any():
        part = _from_short_lists(context, ranker, users[quick], take_rows(eligible, quick))
        chosen.put(quick, part)
    rest = ~quick
    own = Draws(draws.arm[rest], draws.keys[rest])
    part = _from_scores(context, users[rest], take_rows(eligible, rest).mask(), own)
    chosen.put(rest, part)
    by_model = np.where(personal, code_of(MODEL), code_of(BEST_SINGLE))
    chosen.policy[:] = np.where(draws.is_personalised, by_model, draws.arm)
    return chosen


def offer_scores(context: StrategyContext, users: Matrix, eligible: Mask) -> Vector:
    """Score of every candidate, float64 (n, n_candidates), NaN before the first model.

    ``users`` are encoded by the schema of the model, ``eligible`` is (n, n_candidates). An offer
    that is not ready gets the worst score of the eligible ready offers of its row, or of all ready
    offers if none of them is eligible.
    """
    scores = np.full(eligible.shape, np.nan)
    if context.deployed is None or not context.scored_offer_ids or scores.size == 0:
        return scores
    model = context.deployed.model
    predicted = model.score(users)
    columns = context.score_columns
    ready = columns >= 0
    scores[:, ready] = predicted[:, columns[ready]]
    if ready.all():
        return scores
    scored = [j for j, o in enumerate(model.offer_ids) if o in context.scored_offer_ids]
    among = np.where(eligible & ready, scores, np.inf).min(axis=1)
    worst = np.where(np.isfinite(among), among, predicted[:, scored].min(axis=1))
    scores[:, ~ready] = worst[:, None]
    return scores


def _places(n: int, k: int) -> Chosen:
    zeros = np.zeros((n, k), dtype=np.int64)
    return Chosen(zeros, zeros.copy(), np.full((n, k), np.nan), np.full(n, code_of(MODEL)))


def _at_random(context: StrategyContext, eligible: Eligible, draws: Draws) -> Chosen:
    """Before the first model, arms order all profiles; their order is the intended one."""
    columns = _places(len(draws.arm), min(context.top_k, len(context.candidates))).columns
    _order_by_arms(context, eligible.mask(), draws, columns)
    return Chosen(columns, columns, np.full(columns.shape, np.nan), draws.arm)


def _from_scores(context: StrategyContext, users: Matrix, eligible: Mask, draws: Draws) -> Chosen:
    """Choose by the scores of all offers, except for profiles of an arm."""
    scores = offer_scores(context, users, eligible)
    intended = _model_order(context, scores, eligible)
    columns = intended.copy()
    _order_by_arms(context, eligible, draws, columns)
    served = np.take_along_axis(scores, columns, axis=1)
    return Chosen(columns, intended, served, np.full(len(users), code_of(MODEL)))


def _model_order(context: StrategyContext, scores: Vector, eligible: Mask) -> Codes:
    """First top_k columns of the model: ready by score, then not ready; ties in column order."""
    keys = np.negative(scores)
    np.nan_to_num(keys, copy=False, nan=_UNSCORED, posinf=_UNSCORED)
    keys[:, context.score_columns < 0] = _UNREADY
    keys[~eligible] = np.inf
    return smallest_k(keys, context.top_k)


def _order_by_arms(context: StrategyContext, eligible: Mask, draws: Draws, columns: Codes) -> None:
    """Write the order of each arm into its rows."""
    for place, arm in enumerate(ARMS.values()):
        rows = draws.arm == place
        if rows.any():
            columns[rows] = arm.order(context, eligible[rows], draws.keys[rows])


def _from_short_lists(
    context: StrategyContext, ranker: ShortLists, users: Matrix, eligible: Eligible
) -> Chosen:
    """Choose without all scores; every row is personalised and has a ready eligible offer."""
    places, k = context.score_columns, min(context.top_k, len(context.candidates))
    ready = np.flatnonzero(places >= 0)
    candidate = np.full(len(ranker.offer_ids), -1, dtype=np.int64)
    candidate[places[ready]] = ready
    known = take_columns(eligible, places, candidate.size)
    found, scores = ranker.top_k(users, k, known, -candidate)
    columns = np.where(found >= 0, candidate[found], -1)
    short = np.flatnonzero(columns[:, -1] < 0) if ready.size < places.size else ready[:0]
    if short.size:
        is_short = columns[:, -1] < 0
        unready = take_rows(eligible, is_short).mask() & (places < 0)
        columns[short], scores[short] = _filled(columns[short], scores[short], unready)
    return Chosen(columns, columns, scores, np.full(len(users), code_of(MODEL)))


def _filled(columns: Codes, scores: Vector, unready: Mask) -> tuple[Codes, Vector]:
    """Short lists followed by unready offers, in column order, with the worst score."""
    k = columns.shape[1]
    later = smallest_k(np.where(unready, 0.0, np.inf), k)
    is_later = np.arange(later.shape[1]) < unready.sum(axis=1)[:, None]
    kept = np.concatenate([columns >= 0, is_later], axis=1)
    order = np.argsort(~kept, axis=1, kind="stable")[:, :k]
    filled = np.take_along_axis(np.concatenate([columns, later], axis=1), order, axis=1)
    worst = np.fmin.reduce(scores, axis=1, keepdims=True)
    return filled, np.where(columns >= 0, scores, worst)
