"""Interaction base: a hierarchical crossed regression of the reward on user, offer and pairs."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from threadpoolctl import threadpool_limits

from scorer.arrays import Codes, Mask, Matrix, Vector
from scorer.features import FeatureSchema
from scorer.models.calibration import Calibration
from scorer.models.crossed import Convergence, CrossedData, CrossedWeights, fit_crossed
from scorer.models.design import Design, DesignArrays
from scorer.models.likelihoods import mean_and_slope
from scorer.models.objectives import Objective
from scorer.models.pieces import in_pieces
from scorer.models.protocol import Effect
from scorer.models.screening import screen_pairs
from scorer.models.stored import Description, Files, Stored

WEIGHTS_FILE = "weights.npy"

# Users at a time, so that their columns stay in cache.
_PIECE = 8_192

# Newton steps without pairs, the same from the start of another fit, and with pairs.
_STEPS, _FURTHER_STEPS, _STEPS_WITH_PAIRS = 6, 4, 7


@dataclass(frozen=True)
class InteractionBase:
    """Margin of offer a = design row x weights[a], float32 (n_offers, width), then calibrated.

    ``kind`` names the candidate, since other fits than the hierarchical one have this form, too.
    """

    schema: FeatureSchema
    offer_ids: tuple[str, ...]
    design: Design
    weights: Matrix
    calibration: Calibration
    kind: str = "interaction_base"
    form = "interaction_base"
    short_lists = success_values = None
    rounds = 0

    @property
    def margin_model(self) -> InteractionBase:
        """The model itself."""
        return self

    def score(self, users: Matrix) -> Vector:
        """Calibrated expected reward, float64 (n_users, n_offers)."""
        return self.calibration.apply(self.margins(users))

    def shown(self, users: Matrix, offers: Codes) -> Vector:
        """Calibrated expected reward of the offers shown, float64 (n,)."""
        return self.calibration.apply(self.shown_margins(users, offers))

    def score_one(self, user: Matrix) -> tuple[Vector, bool]:
        """Scores of one user, personalised."""
        from scorer.models.linear_kernels import base_scores

        scores = np.empty(len(self.offer_ids), dtype=np.float64)
        base_scores(self.for_kernels, self.calibration.numbers, user, scores)
        return scores, True

    def margins(self, users: Matrix) -> Matrix:
        """Uncalibrated margins, float32 (n_users, n_offers)."""
        from scorer.models.linear_kernels import margins_of_many

        margins = np.empty((len(users), len(self.offer_ids)), dtype=np.float32)
        for start in range(0, len(users), _PIECE):
            rows = slice(start, start + _PIECE)
            columns = self.for_kernels[1]
            margins_of_many(self.design.transposed(users[rows]), columns, margins[rows])
        return margins

    @cached_property
    def for_kernels(self) -> tuple[DesignArrays, Vector]:
        """The design, and the weights by column, float64 (width, n_offers)."""
        return self.design.arrays, np.ascontiguousarray(self.weights.T, dtype=np.float64)

    def shown_margins(self, users: Matrix, offers: Codes) -> Matrix:
        """Uncalibrated margins of the offers shown, float32 (n,)."""
        return in_pieces(self._shown_margins, users, offers)

    def _shown_margins(self, users: Matrix, offers: Codes) -> Matrix:
        return np.einsum("ij,ij->i", self.design.matrix(users), self.weights[offers])

    def effects(self, users: Matrix, offers: Codes) -> Iterator[Effect]:
        """Design row x weights, summed by feature or pair of features."""
        weights = self.weights.astype(np.float64)
        own = weights - weights.mean(axis=0)
        matrix = self.design.matrix(users).astype(np.float64)
        yield (), own[offers, 0], np.zeros(len(offers))
        for key, columns in self.design.columns_by_features.items():
            part = matrix[:, columns]
            yield (
                key,
                (part * weights[offers][:, columns]).sum(axis=1),
                (part * own[offers][:, columns]).sum(axis=1),
            )

    def gains(self) -> None:
        """None: there are no splits."""

    def personalises(self, users: Matrix) -> Mask:
        """True for everybody."""
        return np.ones(users.shape[0], dtype=np.bool_)

    def halved(self, added: float) -> InteractionBase:
        """The base with half the margins, plus a constant."""
        weights = self.weights / np.float32(2)
        weights[:, 0] += added
        return replace(self, weights=weights)

    def recalibrated(self, correction: Calibration, objective: Objective) -> InteractionBase:
        """The same margins with the corrected map to scores."""
        return replace(self, calibration=objective.in_units(correction))

    def description(self) -> tuple[Description, Files]:
        """Design and calibration; the weights are a file."""
        return {
            "form": self.form,
            "name": self.kind,
            "design": self.design.to_dict(),
            "calibration": self.calibration.to_dict(),
        }, {WEIGHTS_FILE: _array_bytes(self.weights)}

    @classmethod
    def from_description(cls, stored: Stored) -> InteractionBase:
        """Inverse of :meth:`description`."""
        design = Design.from_dict(stored.description["design"])
        calibration = Calibration(**stored.description["calibration"])
        weights = _array(stored.files[WEIGHTS_FILE])
        expected = (len(stored.offer_ids), design.width)
        if weights.shape != expected or weights.dtype != np.float32:
            raise ValueError(
                f"weights are {weights.dtype} of shape {weights.shape}, expected float32 of shape"
                f" {expected}"
            )
        name = stored.description.get("name", cls.form)
        return cls(stored.schema, stored.offer_ids, design, weights, calibration, name)


@dataclass(frozen=True)
class BaseData:
    """What a base is fitted on: one row per display of a ready offer.

    ``matrix`` is the design matrix without pairs, float32 (n, width); ``offers`` int64 (n,);
    ``outcomes`` float64 (n,) in the unit of the objective; ``kin`` float64 (n_offers, q).
    """

    design: Design
    matrix: Matrix
    offers: Codes
    outcomes: Vector
    kin: Vector
    link: str

    def take(self, rows: Codes | Mask) -> BaseData:
        """The chosen rows."""
        return replace(
            self,
            matrix=self.matrix[rows],
            offers=self.offers[rows],
            outcomes=self.outcomes[rows],
        )


@dataclass(frozen=True)
class FittedBase:
    """A fit: the design with its pairs, and the weights, with and without pairs."""

    design: Design
    additive: CrossedWeights
    crossed: CrossedWeights

    @property
    def weights(self) -> Matrix:
        """Weights of the offers, float32 (n_offers, width)."""
        return self.crossed.offers.astype(np.float32)

    @property
    def convergence(self) -> Convergence:
        """How the last fit ended."""
        return self.crossed.convergence


def fit_base(data: BaseData, start: FittedBase | None = None) -> FittedBase:
    """Fit without pairs, screen pairs on the residuals, then fit with the pairs found.

    ``start``, fitted on some of the same rows, saves steps.
    """
    with threadpool_limits(1, "blas"):
        first = None if start is None else start.additive
        plain = _crossed(data, data.design, data.matrix)
        additive = fit_crossed(plain, _STEPS if start is None else _FURTHER_STEPS, first)
        pairs = screen_pairs(data.design, data.matrix, data.offers, *_left(data, additive.offers))
        design = data.design.with_pairs(pairs)
        matrix = np.column_stack([data.matrix, *_products(data.matrix, pairs)])
        crossed = fit_crossed(_crossed(data, design, matrix), _STEPS_WITH_PAIRS, additive)
    return FittedBase(design, additive, crossed)


def logged_margins(design: Design, weights: Matrix, matrix: Matrix, offers: Codes) -> Matrix:
    """Margins of the offers shown, float32 (n,), from the design matrix without pairs."""
    margins = np.empty(len(offers), dtype=np.float32)
    for start in range(0, len(offers), 65_536):
        rows = slice(start, start + 65_536)
        full = np.column_stack([matrix[rows], *_products(matrix[rows], design.pairs)])
        margins[rows] = np.einsum("ij,ij->i", full, weights[offers[rows]])
    return margins


def _products(matrix: Matrix, pairs: tuple[tuple[int, int], ...]) -> list[Matrix]:
    return [matrix[:, 1 + i] * matrix[:, 1 + j] for i, j in pairs]


def _crossed(data: BaseData, design: Design, matrix: Matrix) -> CrossedData:
    return CrossedData(matrix, design.groups, data.offers, data.outcomes, data.kin, data.link)


def _left(data: BaseData, weights: Vector) -> tuple[Vector, Vector]:
    """Residuals of the fit and their variances, both float64 (n,)."""
    margins = logged_margins(data.design, weights.astype(np.float32), data.matrix, data.offers)
    mean, slope = mean_and_slope(margins, data.link)
    residuals = data.outcomes - mean
    dispersion = 1.0
    if data.link != "logit":
        dispersion = float((residuals**2 / np.maximum(slope, 1e-9)).mean())
    return residuals / dispersion, slope / dispersion


def _array(data: bytes) -> Matrix:
    try:
        return np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    except Exception as error:  # a malformed header can raise any exception of the parser
        raise ValueError(f"{WEIGHTS_FILE} cannot be read ({error})") from None


def _array_bytes(array: Matrix) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()
