"""Cross-fitting: score every row with models that were not trained on its profile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import numpy as np

from scorer.arrays import Codes, Mask, Matrix, Vector
from scorer.models.protocol import RewardModel
from scorer.models.side_by_side import side_by_side
from scorer.training.candidates import candidates_of, fit_candidate
from scorer.training.examples import Examples
from scorer.training.means import offer_means
from scorer.training.workbench import Workbench

DEPLOYED = "deployed"
MANY_OFFERS, DECAY = 15, 10.0
# Users x offers that are scored at once by all models, 8 bytes for each of them.
_SCORES = 1_000_000


@dataclass(frozen=True)
class Scored:
    """Scores that models give to n displays; ``names`` are the models.

    Attributes
    ----------
    logged : float64 (n_models, n), expected reward of the offer shown.
    average : float64 (n_models, n), mean over the offers that could have been shown.
    choice : int64 (n_models, n), code of the eligible ready offer with the highest score, or -1.
    at_choice : float32 (n_models, n_models, n); ``[m, c]`` is the reward that model m expects of
        the choice of model c.
    by_rank : float32 (n_models, n), probability of the offer shown if offers are drawn by their
        rank in the scores of the model; see :func:`_draw_by_rank`.
    has_many : bool (n,), there are enough offers to draw by rank; elsewhere the best is drawn.
    """

    names: tuple[str, ...]
    logged: Vector
    average: Vector
    choice: Codes
    at_choice: Matrix
    by_rank: Matrix
    has_many: Mask

    @classmethod
    def empty(cls, names: tuple[str, ...], n: int) -> Scored:
        """Arrays for n displays, to be filled in."""
        m = len(names)
        return cls(
            names,
            np.zeros((m, n)),
            np.zeros((m, n)),
            np.full((m, n), -1, dtype=np.int64),
            np.zeros((m, m, n), dtype=np.float32),
            np.zeros((m, n), dtype=np.float32),
            np.zeros(n, dtype=np.bool_),
        )

    def at(self, rows: Codes) -> Scored:
        """The scores of the chosen rows."""
        return Scored(
            self.names,
            self.logged[:, rows],
            self.average[:, rows],
            self.choice[:, rows],
            self.at_choice[:, :, rows],
            self.by_rank[:, rows],
            self.has_many[rows],
        )

    def without(self, name: str) -> Scored:
        """The same scores without one model, if it is among them."""
        kept = [i for i, other in enumerate(self.names) if other != name]
        return Scored(
            tuple(self.names[i] for i in kept),
            self.logged[kept],
            self.average[kept],
            self.choice[kept],
            self.at_choice[np.ix_(kept, kept)],
            self.by_rank[kept],
            self.has_many,
        )


@dataclass(frozen=True)
class Incumbent:
    """The deployed model, the end of its data window (UTC) and its version."""

    model: RewardModel
    data_window_end: datetime
    version: str = ""


def cross_fit(
    bench: Workbench,
    incumbent: Incumbent | None = None,
    roles: Mapping[str, Sequence[str]] | None = None,
) -> Scored:
    """Fit every candidate without each judged fold, and score the rows of the fold with it.

    Rows that cannot evaluate get only the score of the offer shown. The deployed model, if any,
    comes last, named ``deployed``; it scores the rows after its data window, which are new to it.
    ``roles`` gives other names, and the candidate that each stands for in each fold.
    """
    if roles is None:
        roles = {name: [name] * bench.n_folds for name in candidates_of(bench)}
    examples = bench.examples
    users = dict.fromkeys(roles, examples.users)
    is_new = np.zeros(len(examples), dtype=np.bool_)
    if incumbent is not None:
        users[DEPLOYED] = examples.other_users[incumbent.model.schema]
        is_new = examples.times > np.datetime64(incumbent.data_window_end, "us")
    scored = Scored.empty(tuple(users), len(examples))

    def score_fold(fold: int) -> None:
        inside = bench.folds == fold
        models = [fit_candidate(bench, name[fold], frozenset({fold})) for name in roles.values()]
        if incumbent is not None:
            models.append(incumbent.model)
        means = offer_means(examples.take(~inside))
        sighted = list(zip(models, users.values(), strict=True))
        compared = inside & examples.evaluates
        score_rows(scored, sighted, means, examples, np.flatnonzero(compared & is_new))
        own = sighted[: len(roles)]
        score_rows(scored, own, means, examples, np.flatnonzero(compared & ~is_new))
        rest = np.flatnonzero(inside & ~examples.evaluates & examples.trains)
        for m, (model, encoded) in enumerate(own):
            scored.logged[m, rest] = model.shown(encoded[rest], examples.offers[rest])

    # A fold is scored while the next one is fitted: compiling trees holds the GIL, growing none.
    work: list[Callable[[], object]] = []
    for place, fold in enumerate(bench.judged):
        needed = dict.fromkeys(name[fold] for name in roles.values())
        work += [partial(fit_candidate, bench, name, frozenset({fold})) for name in needed]
        if place > 0:
            work.append(partial(score_fold, bench.judged[place - 1]))
    work.append(partial(score_fold, bench.judged[-1]))
    side_by_side(_call, work)
    return scored


def _call(step: Callable[[], object]) -> object:
    return step()


def score_rows(
    scored: Scored,
    models: list[tuple[RewardModel, Matrix]],
    means: Vector,
    examples: Examples,
    rows: Codes,
) -> None:
    """Fill in the given rows of the first models of ``scored``, in place.

    Each model comes with all users as its schema encodes them. ``means``, float64 (n_offers,), are
    the scores of offers that a model does not know.
    """
    n_offers = len(examples.catalogue.all)
    for part in _parts(rows, n_offers):
        piece = examples.take(part)
        eligible = piece.eligible
        own = np.arange(len(piece))
        matrices = [_all_scores(model, users[part], piece, means) for model, users in models]
        for m, matrix in enumerate(matrices):
            scored.logged[m, part] = matrix[own, piece.offers]
            scored.average[m, part] = np.where(eligible, matrix, 0).sum(1) / eligible.sum(1)
        for c, (model, _) in enumerate(models):
            may = _may_choose(piece, model)
            ranked = np.where(may, matrices[c], -np.inf)
            choice = ranked.argmax(axis=1)
            scored.choice[c, part] = np.where(may.any(axis=1), choice, -1)
            for m, matrix in enumerate(matrices):
                scored.at_choice[m, c, part] = matrix[own, choice]
            scored.by_rank[c, part] = _draw_by_rank(ranked, may, choice, piece.offers)
            scored.has_many[part] = may.sum(axis=1) >= MANY_OFFERS


def _draw_by_rank(ranked: Vector, may: Mask, choice: Codes, offers: Codes) -> Vector:
    """Probability of the offers shown, int64 (n,), in a draw by rank, float64 (n,).

    The offer of rank r, from 0, among k allowed ones has a probability proportional to
    exp(-10 r / k); with fewer than 15 offers, the best one is drawn. ``ranked`` are scores,
    float64 (n, n_offers), -inf where not allowed.
    """
    own = ranked[np.arange(len(offers)), offers][:, None]
    ranks = (ranked > own).sum(axis=1) + ((ranked == own).sum(axis=1) - 1) / 2
    sizes = np.maximum(may.sum(axis=1), 1)
    decay = np.exp(-DECAY / sizes)
    drawn = decay**ranks * (1 - decay) / (1 - np.exp(-DECAY))
    drawn = np.where(sizes >= MANY_OFFERS, drawn, choice == offers)
    return np.where(may[np.arange(len(offers)), offers], drawn, 0.0)


def _parts(rows: Codes, n_offers: int) -> Iterator[Codes]:
    step = max(1, _SCORES // max(1, n_offers))
    for start in range(0, len(rows), step):
        yield rows[start : start + step]


def _all_scores(model: RewardModel, users: Matrix, examples: Examples, means: Vector) -> Vector:
    """Scores of all offers, float64 (n, n_offers): of the model, else the mean of the offer."""
    scores = np.tile(means, (len(examples), 1))
    places = {offer: place for place, offer in enumerate(examples.catalogue.all)}
    known = [j for j, offer in enumerate(model.offer_ids) if offer in places]
    scores[:, [places[model.offer_ids[j]] for j in known]] = model.score(users)[:, known]
    return scores


def _may_choose(examples: Examples, model: RewardModel) -> Mask:
    """Allowed ready offers that the model knows, bool (n, n_offers)."""
    ready = set(model.offer_ids) & set(examples.catalogue.ready)
    return examples.allowed & np.array([offer in ready for offer in examples.catalogue.all])
