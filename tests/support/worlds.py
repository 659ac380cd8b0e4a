"""Small worlds for tests: training examples, features and models."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from scorer.arrays import Matrix
from scorer.features import FeatureSchema
from scorer.ranking.context import Deployed, Offer, StrategyContext

AS_OF = datetime(2026, 11, 22)
START = datetime(2026, 10, 23)


def declared(*features: tuple[str, str, str]) -> FeatureSchema:
    """Schema of (name, kind, value type) triples."""
    return FeatureSchema.declare(
        {"feature_order": i, "feature_name": n, "feature_kind": k, "value_type": v}
        for i, (n, k, v) in enumerate(features)
    )


def examples(columns: dict[str, Any], offer_ids: list[str], rewards: Any) -> pa.Table:
    """Training examples with one display a minute in the given order."""
    n = len(offer_ids)
    return pa.table(
        {
            "display_id": [f"d{i:06}" for i in range(n)],
            "event_ts": pa.array([START + timedelta(minutes=i) for i in range(n)]),
            "offer_id": offer_ids,
            "reward": pa.array(np.asarray(rewards, dtype=np.float64)),
            **columns,
        }
    )


def worked_example(seed: int, displays: int, rates: tuple[float, float] = (0.1, 0.6)) -> pa.Table:
    """Examples where offer_1 succeeds when f1 = f2 and offer_2 at (0, 1): a pure interaction.

    Both offers are shown equally often, at random, to as many people as there are displays.
    """
    rng = np.random.default_rng(seed)
    f1, f2, offer = rng.integers(0, 2, (3, displays * 2))
    good = np.where(offer == 0, f1 == f2, (f1 == 0) & (f2 == 1))
    rewards = rng.random(displays * 2) < np.where(good, rates[1], rates[0])
    columns = {
        "segment:f1": f1.astype(bool),
        "context:f2": f2.astype(str),
        "propensity": np.full(displays * 2, 0.5),
    }
    return examples(columns, [f"offer_{o + 1}" for o in offer], rewards)


WORKED_SCHEMA = declared(("f1", "segment", "boolean"), ("f2", "context", "number"))


class TableModel:
    """A reward model whose scores are a table; the only feature of a user is the row."""

    form = kind = "table"
    margin_model = short_lists = success_values = None
    schema = declared(("user", "context", "number"))

    def __init__(self, scores: dict[str, list[float]]) -> None:
        self.offer_ids = tuple(scores)
        self._table = np.array(list(scores.values())).T

    def score(self, users: Matrix) -> np.ndarray:
        """Scores of the rows of the users."""
        return self._table[users[:, 0].astype(int)]

    def shown(self, users: Matrix, offers: np.ndarray) -> np.ndarray:
        """Scores of the offers shown."""
        return self.score(users)[np.arange(len(offers)), offers]

    def personalises(self, users: Matrix) -> np.ndarray:
        """True for everybody, whatever the table holds."""
        return np.ones(len(users), dtype=np.bool_)


def context(
    scores: dict[str, list[float]] | None = None, offers: Any = "abc", **changes: Any
) -> StrategyContext:
    """Context of strategy 's' whose set 'all' holds every offer; all scored offers are ready."""
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
