"""Users of the planted worlds: segments, categories and numbers, some of them missing.

Features are correlated through three latent traits. Every feature also has a standardised form
(mean about 0, deviation about 1) in which the truths are written: see :class:`Users`.

==========================  ================================================================
segment:s00 .. s03          fair coins, independent of everything (for pure interactions)
segment:s04 .. s11          memberships of 8 to 45 %, correlated
placement_id, activity_id,  categories of 3, 2, 4 and 8 values
context:device, :language
context:age, :engagement    normal; uniform in 0..1
context:recency, :spend     exponential; log-normal (heavy tail)
context:visits              a count
==========================  ================================================================
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.stats import norm

from scorer.features import FeatureSchema

Floats = npt.NDArray[np.float64]

FAIR_SEGMENTS = 4
SEGMENT_SHARES = np.array([0.5] * FAIR_SEGMENTS + [0.08, 0.12, 0.18, 0.22, 0.28, 0.34, 0.4, 0.45])
CATEGORIES = {
    "placement_id": np.array([0.5, 0.3, 0.2]),
    "activity_id": np.array([0.6, 0.4]),
    "context:device": np.array([0.5, 0.35, 0.1, 0.05]),
    "context:language": np.array([0.4, 0.2, 0.12, 0.1, 0.08, 0.05, 0.03, 0.02]),
}
NUMBERS = (
    "context:age",
    "context:recency",
    "context:spend",
    "context:visits",
    "context:engagement",
)
MISSING_SHARES = np.array([0.05, 0.0, 0.15, 0.0, 0.1])
_TRAITS = 3
# The traits affect features in the same way in every world, so worlds differ only in their truth.
_LOADINGS = np.random.default_rng(7).normal(0.0, 0.35, (_TRAITS, len(SEGMENT_SHARES)))
_NUMBER_LOADINGS = np.random.default_rng(8).normal(0.0, 0.4, (_TRAITS, len(NUMBERS)))


@dataclass(frozen=True)
class Users:
    """Users in standardised form.

    ``segments`` bool (n, 12), ``categories`` int64 codes (n, 4), ``numbers`` float64 normal
    scores (n, 5) with NaN if missing.
    """

    segments: npt.NDArray[np.bool_]
    categories: npt.NDArray[np.int64]
    numbers: Floats

    def __len__(self) -> int:
        return self.segments.shape[0]

    def take(self, rows: npt.NDArray[np.int64]) -> Users:
        return Users(self.segments[rows], self.categories[rows], self.numbers[rows])

    def design(self) -> Floats:
        """Centred columns, (n, n_columns): segments, categories one-hot, numbers, missing."""
        parts = [(self.segments - SEGMENT_SHARES) / np.sqrt(SEGMENT_SHARES * (1 - SEGMENT_SHARES))]
        for j, shares in enumerate(CATEGORIES.values()):
            hot = self.categories[:, j, None] == np.arange(shares.size)
            parts.append((hot - shares) / np.sqrt(shares * (1 - shares)))
        sometimes = MISSING_SHARES > 0
        missing = np.isnan(self.numbers)[:, sometimes] - MISSING_SHARES[sometimes]
        parts += [np.nan_to_num(self.numbers), 2.0 * missing]
        return np.hstack(parts)

    def steps(self, thresholds: Floats) -> Floats:
        """Number j at least threshold t, centred, (n, 5 * n_thresholds); missing counts as 0."""
        above = self.numbers[:, :, None] >= thresholds
        centred = np.where(np.isnan(self.numbers)[:, :, None], 0.0, above - norm.sf(thresholds))
        return 2.0 * centred.reshape(len(self), -1)

    def pairs(self) -> Floats:
        """+1 where two fair segments agree and -1 where they differ, (n, 6): pure XNOR."""
        signs = np.where(self.segments[:, :FAIR_SEGMENTS], 1.0, -1.0)
        first, second = np.triu_indices(FAIR_SEGMENTS, k=1)
        return signs[:, first] * signs[:, second]

    def table(self) -> pa.Table:
        """Columns as in the marts: raw units, nulls where missing."""
        columns: dict[str, pa.Array] = {"scope_id": pa.array(["web"] * len(self))}
        for j, (name, shares) in enumerate(CATEGORIES.items()):
            values = pa.array([f"{name.split(':')[-1][:5]}_{k}" for k in range(shares.size)])
            columns[name] = values.take(pa.array(self.categories[:, j]))
        for j in range(SEGMENT_SHARES.size):
            columns[f"segment:s{j:02}"] = pa.array(self.segments[:, j])
        for name, values in zip(NUMBERS, _raw(self.numbers), strict=True):
            columns[name] = pa.array(values, mask=np.isnan(values))
        return pa.table(columns)


def draw_users(rng: np.random.Generator, n: int) -> Users:
    """Independent users."""
    traits = rng.normal(size=(n, _TRAITS))
    loadings = np.where(np.arange(SEGMENT_SHARES.size) < FAIR_SEGMENTS, 0.0, _LOADINGS)
    spread = np.sqrt(1.0 + (loadings**2).sum(axis=0))
    pull = (traits @ loadings + rng.normal(size=(n, SEGMENT_SHARES.size))) / spread
    numbers = traits @ _NUMBER_LOADINGS + rng.normal(size=(n, len(NUMBERS)))
    numbers /= np.sqrt(1.0 + (_NUMBER_LOADINGS**2).sum(axis=0))
    numbers[rng.random(numbers.shape) < MISSING_SHARES] = np.nan
    codes = [rng.choice(s.size, n, p=s) for s in CATEGORIES.values()]
    return Users(pull > norm.isf(SEGMENT_SHARES), np.stack(codes, axis=1), numbers)


def declared_schema() -> FeatureSchema:
    """Schema of :meth:`Users.table`, categories not fitted."""
    kinds = [(n, "decisioning", "category") for n in ("placement_id", "activity_id", "scope_id")]
    kinds += [(f"s{j:02}", "segment", "boolean") for j in range(SEGMENT_SHARES.size)]
    kinds += [(n, "context", "category") for n in ("device", "language")]
    kinds += [(n.removeprefix("context:"), "context", "number") for n in NUMBERS]
    return FeatureSchema.declare(
        {"feature_order": i, "feature_name": n, "feature_kind": k, "value_type": v}
        for i, (n, k, v) in enumerate(kinds)
    )


def _raw(scores: Floats) -> list[Floats]:
    """Numbers in their original units from normal scores; every map is increasing."""
    age, recency, spend, visits, engagement = scores.T
    return [
        np.round(42.0 + 12.0 * age),
        -10.0 * np.log(np.clip(norm.sf(recency), 1e-12, 1.0)),
        np.exp(3.0 + spend),
        np.floor(np.exp(1.2 + 0.8 * visits)),
        norm.cdf(engagement),
    ]
