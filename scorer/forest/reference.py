"""The program run by plain numpy, all users at once: slow, exact and easy to check.

Used where numba is not to be had, and by tests against XGBoost and against the kernels.
"""

from __future__ import annotations

import numpy as np

from scorer.forest.conditions import Conditions
from scorer.forest.parsing import Floats, Mask
from scorer.forest.programs import Program
from scorer.forest.reduction import INVALID_CODE


def score(program: Program, users: Floats, base_margin: Floats | None = None) -> Floats:
    """Margins, float32 (n_users, n_offers); see :class:`scorer.forest.FactorisedForest`."""
    margins = np.full((program.n_offers, len(users)), program.base, dtype=np.float32)
    if base_margin is not None:
        margins[:] = base_margin.T
    masks = np.empty((program.n_masks, len(users)), dtype=np.bool_)
    _fill_conditions(program.conditions, users, masks)
    for group in range(len(program.groups) - 1):
        rows = _rows(program, group, masks)
        first, end = program.groups[group, 2], program.groups[group + 1, 2]
        members = program.members[first:end].reshape(program.n_offers, -1)
        for tree in range(members.shape[1]):
            margins += rows[members[:, tree]]
    return np.ascontiguousarray(margins.T)


def _fill_conditions(conditions: Conditions, users: Floats, masks: Mask) -> None:
    masks[0] = True
    n_numeric = conditions.column.size
    for i in range(n_numeric):
        values = users[:, conditions.column[i]]
        masks[1 + i] = values < conditions.threshold[i]
        if i >= conditions.missing_right:
            masks[1 + i] |= np.isnan(values)
    for i, column in enumerate(conditions.part_column):
        table = conditions.part_table[conditions.table_start[i] : conditions.table_start[i + 1]]
        part = _parts(users[:, column], table)
        for j in range(2 + max(0, table.max(initial=1) - 1)):
            masks[conditions.part_mask[i] + j] = part == j
    first = conditions.n_masks - conditions.set_left.size
    for i, left in enumerate(conditions.set_left):
        parts = conditions.set_masks[conditions.set_start[i] : conditions.set_start[i + 1]]
        masks[first + i] = masks[parts].any(axis=0) == bool(left)


def _parts(values: Floats, table: np.ndarray) -> np.ndarray:
    """Part of each value: 0 missing, 1 listed nowhere, else its code's."""
    usable = (values >= 0) & (values < min(INVALID_CODE, table.size))
    codes = np.where(usable, values, 0).astype(np.int64)
    listed = table[codes] if table.size else 1
    return np.where(np.isnan(values), 0, np.where(usable, listed, 1))


def _rows(program: Program, group: int, masks: Mask) -> Floats:
    """One row per class of the group's trees, float32 (n_rows, n_users)."""
    (path, first, _, _), (path_end, end, _, _) = program.groups[group : group + 2].tolist()
    for i, (a, b, inverted) in enumerate(program.paths[path:path_end].tolist()):
        masks[program.conditions.n_masks + i] = masks[a] & (masks[b] ^ bool(inverted))
    rows = np.empty((end - first, masks.shape[1]), dtype=np.float32)
    for i in range(first, end):
        copied, blend = program.classes[i].tolist()
        rows[i - first] = rows[copied] if copied >= 0 else program.start[i]
        for k in range(blend, program.classes[i + 1, 1]):
            rows[i - first, masks[program.blend_mask[k]]] = program.blend_weight[k]
    return rows
