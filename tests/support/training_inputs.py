"""Inputs of training for tests: feature schemas, examples and the worked example."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from scorer.features import FeatureSchema

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

    One of the two offers is shown at random; there are `displays` rows per offer on average.
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
