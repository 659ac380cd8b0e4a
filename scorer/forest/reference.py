"""The kernels in plain numpy, all users at once: slow, exact and easy to check.

Used where numba cannot be imported; tests compare it with XGBoost and with the kernels.
"""

from __future__ import annotations

import numpy as np

from scorer.arrays import Mask
from scorer.forest.conditions import Conditions
from scorer.forest.eligibility import Choice
from scorer.forest.parsing import Floats, Integers
from scorer.forest.programs import Program
from scorer.forest.reduction import INVALID_CODE
from scorer.forest.walks import BOTH, LEAF, N_BITS, NUMERIC, Walk


def score_blocks(program: Program, users: Floats, base_margin: Floats, margins: Floats) -> None:
    """Write margins (n_users, n_offers) as the kernel of this name does."""
    sums = np.full((program.n_offers, len(users)), program.base, dtype=np.float32)
    if len(base_margin):
        sums[:] = base_margin.T
    masks = np.empty((program.n_masks, len(users)), dtype=np.bool_)
    _fill_conditions(program.conditions, users, masks)
    for group in range(len(program.groups) - 1):
        rows = _rows(program, group, masks)
        first, end = program.groups[group, 2], program.groups[group + 1, 2]
        members = program.members[first:end].reshape(program.n_offers, -1)
        for tree in range(members.shape[1]):
            sums += rows[members[:, tree]]
    margins[:] = sums.T


def top_k_blocks(
    program: Program,
    users: Floats,
    base_margin: Floats,
    choice: Choice,
    columns: Integers,
    margins: Floats,
) -> None:
    """Write the best k offers and their margins, by a full stable sort."""
    order = choice.order
    eligible = choice.masks[choice.codes]
    eligible[choice.excluded_rows, choice.excluded_columns] = False
    every = np.empty((len(users), program.n_offers), dtype=np.float32)
    score_blocks(program, users, base_margin, every)
    keys = np.fmax(every[:, order], np.finfo(np.float32).min)
    keys[~eligible[:, order]] = -np.inf
    first = order[np.argsort(-keys, axis=1, kind="stable")[:, : columns.shape[1]]]
    fits = np.take_along_axis(eligible, first, axis=1)
    width = first.shape[1]
    columns[:, :width] = np.where(fits, first, -1)
    margins[:, :width] = np.where(fits, np.take_along_axis(every, first, axis=1), np.nan)


def walk_one(walk: Walk, user: Floats, base_margin: Floats, margins: Floats) -> None:
    """Write one user's margins by walking every tree, as the kernel of this name does."""
    margins[:] = walk.base
    margins[: base_margin.size] = base_margin
    for root in walk.roots:
        weights = np.zeros_like(margins)
        waiting = [int(root)]
        while waiting:
            node = walk.nodes[waiting.pop()]
            if node["kind"] == BOTH:
                waiting += [int(node["left"]), int(node["right"])]
            elif node["kind"] == LEAF:
                words = walk.words[node["column"] :][: margins.size // N_BITS]
                bits = np.unpackbits(words.astype("<u8").view(np.uint8), bitorder="little")
                weights[bits.astype(np.bool_)] = node["value"]
            else:
                side = "right" if _turns_right(walk, user, node) else "left"
                waiting.append(int(node[side]))
        margins += weights


def _turns_right(walk: Walk, user: Floats, node: np.void) -> bool:
    value = user[node["column"]]
    if np.isnan(value):
        return not node["missing_left"]
    if node["kind"] == NUMERIC:
        return not value < node["value"]
    if 0 <= value < node["n_listed"]:
        return bool(walk.is_listed[node["listed"] + int(value)])
    return False


def _fill_conditions(conditions: Conditions, users: Floats, masks: Mask) -> None:
    masks[0] = True
    n_numeric = conditions.column.size
    for i in range(n_numeric):
        values = users[:, conditions.column[i]]
        masks[1 + i] = values < conditions.threshold[i]
        if i >= conditions.missing_right:
            masks[1 + i] |= np.isnan(values)
    for i in range(conditions.part_column.size):
        table = conditions.part_table[conditions.table_start[i] : conditions.table_start[i + 1]]
        part = _parts(users[:, conditions.part_column[i]], table)
        first, end = conditions.part_mask[i : i + 2]
        masks[first:end] = part == np.arange(end - first)[:, None]
    first = conditions.part_mask[-1]
    for i, left in enumerate(conditions.set_left):
        parts = conditions.set_masks[conditions.set_start[i] : conditions.set_start[i + 1]]
        masks[first + i] = masks[parts].any(axis=0) == bool(left)


def _parts(values: Floats, table: np.ndarray) -> np.ndarray:
    """Return the part of each value: 0 missing, 1 listed nowhere, else the part of its code."""
    usable = (values >= 0) & (values < min(INVALID_CODE, table.size))
    codes = np.where(usable, values, 0).astype(np.int64)
    listed = table[codes] if table.size else 1
    return np.where(np.isnan(values), 0, np.where(usable, listed, 1))


def _rows(program: Program, group: int, masks: Mask) -> Floats:
    """Return one row per class of the trees in the group, float32 (n_rows, n_users)."""
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
