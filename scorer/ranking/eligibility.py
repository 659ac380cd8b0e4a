"""Eligible candidates of each decision: few sets, a code per decision, single exclusions.

The kernels work on this form. Only the few decisions that need a full mask of offers get one.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scorer.arrays import Codes, Mask
from scorer.forest import Eligible
from scorer.ranking.context import StrategyContext


def eligible_by_set(context: StrategyContext, batch: pa.RecordBatch) -> Eligible:
    """Eligible offers of a batch, from ``eligibility_set_id`` and ``excluded_offer_ids``.

    An unknown set is empty; unknown excluded offers are ignored.
    """
    sets = batch.column("eligibility_set_id").dictionary_encode()
    none = np.zeros(len(context.candidates), dtype=np.bool_)
    masks = [context.masks.get(key, none) for key in sets.dictionary.to_pylist()]
    codes = pc.fill_null(sets.indices, len(masks)).to_numpy(zero_copy_only=False)
    every = np.stack([*masks, none])
    excluded = batch.column("excluded_offer_ids")
    if pa.types.is_null(excluded.type):
        return Eligible(every, codes.astype(np.int64))
    return Eligible(every, codes.astype(np.int64), *listed_columns(context, excluded))


def listed_columns(context: StrategyContext, lists: pa.ListArray) -> tuple[Codes, Codes]:
    """Row and column of every listed offer that is a candidate, by ascending row."""
    known = pa.array([o.offer_id for o in context.candidates], pa.string())
    columns = pc.index_in(pc.cast(pc.list_flatten(lists), pa.string()), known)
    columns = pc.fill_null(columns, -1).to_numpy(zero_copy_only=False)
    rows = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
    return rows[columns >= 0], columns[columns >= 0]


def eligible_counts(eligible: Eligible, among: Mask | None = None) -> Codes:
    """Number of eligible offers of every decision, int64 (n,); only those in ``among`` if given."""
    masks = eligible.masks if among is None else eligible.masks & among
    counts = masks.sum(axis=1)[eligible.codes]
    rows, columns = _distinct(eligible)
    inside = masks[eligible.codes[rows], columns]
    return counts - np.bincount(rows[inside], minlength=counts.size)


def take_rows(eligible: Eligible, chosen: Mask) -> Eligible:
    """Eligible offers of the chosen decisions; ``chosen`` is bool (n,)."""
    kept = chosen[eligible.excluded_rows]
    places = np.cumsum(chosen) - 1
    return Eligible(
        eligible.masks,
        eligible.codes[chosen],
        places[eligible.excluded_rows[kept]],
        eligible.excluded_columns[kept],
    )


def take_columns(eligible: Eligible, places: Codes, n_columns: int) -> Eligible:
    """Move column j to ``places[j]`` of ``n_columns``; -1 removes it."""
    kept = places >= 0
    masks = np.zeros((len(eligible.masks), n_columns), dtype=np.bool_)
    masks[:, places[kept]] = eligible.masks[:, kept]
    stays = kept[eligible.excluded_columns]
    return Eligible(
        masks,
        eligible.codes,
        eligible.excluded_rows[stays],
        places[eligible.excluded_columns[stays]],
    )


def _distinct(eligible: Eligible) -> tuple[Codes, Codes]:
    """Distinct rows and columns of the exclusions."""
    width = max(1, eligible.masks.shape[1])
    pairs = np.unique(eligible.excluded_rows * width + eligible.excluded_columns)
    return pairs // width, pairs % width
