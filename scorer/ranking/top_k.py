"""The smallest keys of every row, without a full sort."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from scorer.arrays import Codes

# Each pass finds one column of every row; a full sort costs about as much as this many passes.
_MOST_PASSES = 12


def smallest_k(keys: npt.NDArray[Any], k: int) -> Codes:
    """Columns of the k smallest keys of every row, smallest first, ties in column order.

    ``keys`` has shape (n, m), must not contain NaN and is overwritten; the result has shape
    (n, min(k, m)). Keys of the largest value of the type (infinity for floats) come in any order.
    """
    n, m = keys.shape
    if k > _MOST_PASSES or m == 0:
        return np.argsort(keys, axis=1, kind="stable")[:, :k]
    largest = np.inf if keys.dtype.kind == "f" else np.iinfo(keys.dtype).max
    columns = np.empty((n, min(k, m)), dtype=np.int64)
    rows = np.arange(n)
    for place in range(columns.shape[1]):
        columns[:, place] = keys.argmin(axis=1)
        keys[rows, columns[:, place]] = largest
    return columns
