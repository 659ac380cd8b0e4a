"""Inputs of ranking for tests: candidates, a strategy context and a model with given scores."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from scorer.arrays import Matrix
from scorer.ranking.context import Deployed, Offer, StrategyContext
from tests.support.training_inputs import declared

AS_OF = datetime(2026, 11, 22)


class TableModel:
    """A reward model that looks up scores in a table; the only feature of a user is the row."""

    form = kind = "table"
    margin_model = short_lists = success_values = None
    schema = declared(("user", "context", "number"))

    def __init__(self, scores: dict[str, list[float]]) -> None:
        self.offer_ids = tuple(scores)
        self._table = np.array(list(scores.values())).T

    def score(self, users: Matrix) -> np.ndarray:
        """Scores of all offers for each user, (n_users, n_offers)."""
        return self._table[users[:, 0].astype(int)]

    def score_one(self, user: Matrix) -> tuple[np.ndarray, bool]:
        """Scores of all offers for one user."""
        return self.score(user[None])[0], True

    def shown(self, users: Matrix, offers: np.ndarray) -> np.ndarray:
        """Score of the offer shown to each user, (n_users,)."""
        return self.score(users)[np.arange(len(offers)), offers]

    def personalises(self, users: Matrix) -> np.ndarray:
        """True for everybody."""
        return np.ones(len(users), dtype=np.bool_)


def context(
    scores: dict[str, list[float]] | None = None, offers: Any = "abc", **changes: Any
) -> StrategyContext:
    """Strategy 's': set 'all' holds every offer but fallbacks; scored offers are ready."""
    catalogue = tuple(o if isinstance(o, Offer) else Offer(o) for o in offers)
    everything = frozenset(o.offer_id for o in catalogue if not o.is_fallback)
    settings: dict[str, Any] = {
        "strategy_id": "s",
        "as_of": AS_OF,
        "offers": catalogue,
        "eligibility": {"all": everything, "none": frozenset()},
        "default_sets": {"web": everything},
        "deployed": Deployed(TableModel(scores), "v1") if scores else None,
        "ready_offer_ids": frozenset(scores or ()),
        "exploration_share": 0.0,
    }
    return StrategyContext(**(settings | changes))


def candidates(profile_ids: list[str], **columns: Any) -> pa.RecordBatch:
    """Candidates at placement web, all with set 'all' and user row 0 unless given."""
    n = len(profile_ids)
    values: dict[str, Any] = {
        "profile_id": profile_ids,
        "placement_id": ["web"] * n,
        "activity_id": ["act"] * n,
        "scope_id": ["scope"] * n,
        "eligibility_set_id": ["all"] * n,
        "excluded_offer_ids": pa.array([None] * n, pa.list_(pa.string())),
        "context:user": np.zeros(n),
    }
    values |= columns
    return pa.RecordBatch.from_pydict(values)
