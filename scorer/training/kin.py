"""Kin of offers: groups of offers that share a value of a characteristic in the catalogue.

Each text or boolean that at least two offers share is a kin, and so is each third of a number. An
offer with few displays borrows from its kin.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from scorer.arrays import Vector
from scorer.warehouse.marts import VALUE_PER_SUCCESS

MAX_KIN = 24
_BANDS = 3


def kin_matrix(
    offer_ids: Sequence[str], characteristics: Mapping[str, Mapping[str, Any]]
) -> Vector:
    """Kin of each offer, float64 (n_offers, q) of 0 and 1; column 0 holds all offers.

    The largest kin are kept, at most MAX_KIN; of equal ones only the first is kept.
    """
    columns: dict[bytes, Vector] = {}
    for name in sorted({n for values in characteristics.values() for n in values}):
        if name == VALUE_PER_SUCCESS:
            continue
        values = [characteristics.get(offer, {}).get(name) for offer in offer_ids]
        for column in _kins(values):
            if 2 <= column.sum() < len(offer_ids):
                columns.setdefault(column.tobytes(), column)
    largest = sorted(columns.values(), key=lambda column: -column.sum())[:MAX_KIN]
    return np.column_stack([np.ones(len(offer_ids)), *largest])


def known_values(
    offer_ids: Sequence[str], characteristics: Mapping[str, Mapping[str, Any]]
) -> Vector:
    """Value of one success of each offer from its characteristics, else NaN, (n_offers,)."""
    told = [characteristics.get(offer, {}).get(VALUE_PER_SUCCESS) for offer in offer_ids]
    return np.array([v if _is_number(v) else np.nan for v in told], dtype=np.float64)


def _kins(values: list[Any]) -> list[Vector]:
    numbers = np.array([v if _is_number(v) else np.nan for v in values], dtype=np.float64)
    present = numbers[~np.isnan(numbers)]
    if np.unique(present).size > _BANDS:
        edges = np.quantile(present, np.arange(1, _BANDS) / _BANDS)
        bands = np.searchsorted(edges, numbers, side="right")
        return [(bands == b).astype(np.float64) * ~np.isnan(numbers) for b in range(_BANDS)]
    plain = [v if isinstance(v, str | bool | int | float) else None for v in values]
    distinct = sorted({str(v) for v in plain if v is not None})
    return [np.array([v is not None and str(v) == d for v in plain], float) for d in distinct]


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and abs(value) <= sys.float_info.max
