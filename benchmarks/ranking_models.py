"""Models to rank with: XGBoost trained on random displays of n offers, in three forms.

==========  ======================================================================================
one_hot     the offer is one categorical column, split one offer against the others (the product's)
native      the same column, split into groups of offers: the worst case for merging offers
dense       one 0/1 column per offer, for readers without categorical splits
==========  ======================================================================================

Users have 37 columns: 12 flags, 4 categories of 8 codes, 21 numbers; 2 % are missing. The value of
an offer depends on all of them. 100 trees of depth 6 by default.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xgboost as xgb

Floats = npt.NDArray[np.float32]

KINDS = ("one_hot", "native", "dense")
N_FLAGS, N_CATEGORIES, N_NUMBERS, N_CODES = 12, 4, 21, 8
N_USER_COLUMNS = N_FLAGS + N_CATEGORIES + N_NUMBERS


@dataclass(frozen=True)
class Size:
    """Size of a model and number of its training rows."""

    n_offers: int
    n_trees: int = 100
    depth: int = 6
    n_rows: int = 60_000


@dataclass(frozen=True)
class Ranker:
    """A booster with the offers it ranks: their columns come first, in every row."""

    kind: str
    booster: xgb.Booster
    offers: Floats
    feature_types: list[str]

    @property
    def offer_columns(self) -> tuple[int, ...]:
        return tuple(range(self.offers.shape[1]))

    def crossed(self, users: Floats) -> Floats:
        """Every user with every offer: (n_users x n_offers, all columns), offers innermost."""
        n_users, n_offers = len(users), len(self.offers)
        width = self.offers.shape[1]
        rows = np.empty((n_users, n_offers, width + users.shape[1]), dtype=np.float32)
        rows[:, :, :width] = self.offers
        rows[:, :, width:] = users[:, None, :]
        return rows.reshape(n_users * n_offers, -1)


@dataclass(frozen=True)
class Displays:
    """Random displays to train on: float32 users, offer codes, successes."""

    users: Floats
    offers: npt.NDArray[np.int64]
    successes: npt.NDArray[np.bool_]


def make_users(n: int, seed: int) -> Floats:
    """Users, float32 (n, 37)."""
    draw = np.random.default_rng(seed)
    users = draw.normal(size=(n, N_USER_COLUMNS)).astype(np.float32)
    users[:, :N_FLAGS] = users[:, :N_FLAGS] > 0
    last = N_FLAGS + N_CATEGORIES
    users[:, N_FLAGS:last] = draw.integers(0, N_CODES, (n, N_CATEGORIES))
    users[draw.random(users.shape) < 0.02] = np.nan
    return users


def make_displays(size: Size) -> Displays:
    """Each offer has its own linear taste; about one display in six succeeds."""
    draw = np.random.default_rng(0)
    users = make_users(size.n_rows, 1)
    offers = draw.integers(0, size.n_offers, size.n_rows)
    tastes = draw.normal(size=(size.n_offers, N_USER_COLUMNS)) * 0.3
    margin = (np.nan_to_num(users) * tastes[offers]).sum(axis=1) - 2
    return Displays(users, offers, draw.random(size.n_rows) < 1 / (1 + np.exp(-margin)))


def train_ranker(kind: str, size: Size, displays: Displays) -> Ranker:
    """Train XGBoost on the displays in one of KINDS."""
    codes = np.arange(size.n_offers, dtype=np.float32)[:, None]
    offers = np.eye(size.n_offers, dtype=np.float32) if kind == "dense" else codes
    categories = "q" if kind == "dense" else "c"
    feature_types = ["q"] * offers.shape[1] if kind == "dense" else ["c"]
    feature_types += ["q"] * N_FLAGS + [categories] * N_CATEGORIES + ["q"] * N_NUMBERS
    rows = np.column_stack([offers[displays.offers], displays.users])
    data = xgb.QuantileDMatrix(
        rows, label=displays.successes, feature_types=feature_types, enable_categorical=True
    )
    parameters = {
        "objective": "binary:logistic",
        "max_depth": size.depth,
        "eta": 0.1,
        "max_cat_to_onehot": 4 if kind == "native" else size.n_offers + 1,
    }
    booster = xgb.train(parameters, data, size.n_trees)
    booster.set_param({"nthread": 1})
    return Ranker(kind, booster, offers, feature_types)
