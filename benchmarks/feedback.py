"""The input of every peer: one log of displays, and the shared encodings.

A peer is a function ``fit(log: FeedbackLog) -> Scores``. ``Scores`` maps a table of users (the
log's feature columns) to expected rewards, shape (n_users, n_offers), in ``log.offer_ids`` order;
only their order within a user matters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.stats import norm

from scorer.arrays import Codes, Matrix
from scorer.features import FeatureSchema, encode_offers, encode_users

Floats = npt.NDArray[np.float64]
Scores = Callable[[pa.Table], npt.NDArray[np.floating]]

VALIDATION_SHARE = 0.2


@dataclass(frozen=True)
class FeedbackLog:
    """Displays of known offers.

    ``examples`` has the columns of ``training_examples``; ``declared`` names their features;
    ``characteristics`` are those of the catalogue, by offer.
    """

    examples: pa.Table
    declared: FeatureSchema
    offer_ids: tuple[str, ...]
    kpi_type: str = "binary"
    characteristics: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.examples.num_rows

    @property
    def is_binary(self) -> bool:
        return self.kpi_type == "binary"

    @cached_property
    def schema(self) -> FeatureSchema:
        """Schema with the categories of these rows."""
        return self.declared.fit(self.examples)

    @cached_property
    def users(self) -> Matrix:
        """Encoded users, float32 (n, n_features): codes, numbers, NaN where missing."""
        return encode_users(self.examples, self.schema)

    @cached_property
    def offers(self) -> Codes:
        """Offer codes, int64 (n,)."""
        return encode_offers(self.examples["offer_id"], self.offer_ids)

    @cached_property
    def rewards(self) -> Floats:
        return self.examples["reward"].to_numpy()

    @cached_property
    def propensity(self) -> Floats:
        return self.examples["propensity"].to_numpy()

    @cached_property
    def columns(self) -> LinearColumns:
        return LinearColumns.fit(self.users, self.schema)

    @cached_property
    def validates(self) -> npt.NDArray[np.bool_]:
        """A random fifth of the rows, the same for all peers, to choose settings on."""
        return np.random.default_rng(0).random(len(self)) < VALIDATION_SHARE

    def prepare(self) -> None:
        """Compute shared data in advance, so that it does not count towards the time of any
        peer."""
        for name in ("schema", "users", "offers", "rewards", "propensity", "columns", "validates"):
            getattr(self, name)

    def encode(self, table: pa.Table) -> Matrix:
        """Users of another table in the same encoding."""
        return encode_users(table, self.schema)


@dataclass(frozen=True)
class LinearColumns:
    """Columns for linear peers: one-hot categories, normal scores of numbers, missing flags.

    The normal score of a number comes from its rank among the training rows, which limits heavy
    tails.
    """

    schema: FeatureSchema
    grids: dict[int, Floats]

    @classmethod
    def fit(cls, users: Matrix, schema: FeatureSchema) -> LinearColumns:
        grids = {}
        for j, feature in enumerate(schema.features):
            if feature.value_type == "number":
                present = users[~np.isnan(users[:, j]), j]
                points = np.quantile(present, np.linspace(0, 1, 101)) if present.size else [0.0]
                grids[j] = np.asarray(points, dtype=np.float64)
        return cls(schema, grids)

    def matrix(self, users: Matrix) -> Matrix:
        """Float32 (n, n_columns), no constant."""
        parts: list[np.ndarray] = []
        for j, feature in enumerate(self.schema.features):
            values = users[:, j]
            if feature.value_type == "boolean":
                parts.append(values[:, None])
            elif feature.value_type == "category":
                parts.append(values[:, None] == np.arange(len(feature.categories) + 1))
            else:
                parts += [self._normal(j, values)[:, None], np.isnan(values)[:, None]]
        return np.hstack(parts).astype(np.float32)

    def _normal(self, j: int, values: Matrix) -> Floats:
        grid = self.grids[j]
        below = np.searchsorted(grid, values, side="left") + np.searchsorted(grid, values, "right")
        scores = norm.ppf(np.clip(below / (2 * grid.size), 0.01, 0.99))
        return np.where(np.isnan(values), 0.0, scores)
