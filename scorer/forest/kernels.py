"""Compiled kernels: a program run over blocks of 64 users.

Importing this module imports numba (half a second), so it is imported on first use. Each kernel is
compiled once per machine and kept in numba's cache; no forest makes it compile again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba.extending import register_jitable

from scorer.forest.lanes import (
    N_LANES,
    add,
    blend,
    less,
    less_or_nan,
    load,
    spread,
    store,
)
from scorer.forest.walks import BOTH, NUMERIC

_EVERYBODY = np.uint64(0xFFFFFFFFFFFFFFFF)
_ONE = np.uint64(1)
_LOWEST = np.finfo(np.float32).min


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile at the first call, without the GIL; cached on disk where a folder is writable."""
    try:
        return numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:
        return numba.njit(nogil=True, error_model="numpy")(function)


@kernel
def score_blocks(program: Any, users: Any, base_margin: Any, margins: Any) -> None:
    """Margins of users (n, n_user_columns) into margins (n, n_offers).

    ``base_margin`` has shape (n, n_offers), or (0, n_offers) to start from the base of the program.
    """
    work = workspace(program, users.shape[1])
    for first in range(0, users.shape[0], N_LANES):
        n = min(N_LANES, users.shape[0] - first)
        score_block(program, users, base_margin, first, work)
        for lane in range(n):
            for offer in range(program.n_offers):
                margins[first + lane, offer] = work[0][offer * N_LANES + lane]


@register_jitable
def workspace(program: Any, n_columns: int) -> Any:
    """Margins, user columns, rows (each of 64 lanes) and masks of one block."""
    return (
        np.empty(program.n_offers * N_LANES, dtype=np.float32),
        np.zeros(n_columns * N_LANES, dtype=np.float32),
        np.empty(program.n_rows * N_LANES, dtype=np.float32),
        np.empty(program.n_masks, dtype=np.uint64),
    )


@register_jitable
def score_block(program: Any, users: Any, base_margin: Any, first: int, work: Any) -> None:
    """Margins of the users from ``first`` on into ``work[0]``, offer by offer."""
    margins, columns, rows, masks = work
    n = min(N_LANES, users.shape[0] - first)
    for lane in range(n):
        for column in range(users.shape[1]):
            columns[column * N_LANES + lane] = users[first + lane, column]
    fill_conditions(program.conditions, columns, masks)
    start_margins(program, base_margin, first, n, margins)
    for group in range(len(program.groups) - 1):
        fill_paths(program, group, masks)
        fill_rows(program, group, masks, rows)
        add_rows(program, group, rows, margins)


@register_jitable
def start_margins(program: Any, base_margin: Any, first: int, n: int, margins: Any) -> None:
    """Set the start of each sum."""
    if base_margin.shape[0] == 0:
        for i in range(margins.size):
            margins[i] = program.base
    else:
        for lane in range(n):
            for offer in range(program.n_offers):
                margins[offer * N_LANES + lane] = base_margin[first + lane, offer]


@register_jitable
def fill_conditions(conditions: Any, columns: Any, masks: Any) -> None:
    """Write the masks that do not depend on the tree."""
    masks[0] = _EVERYBODY
    for i in range(conditions.missing_right):
        values = load(columns, conditions.column[i] * N_LANES)
        masks[1 + i] = less(values, spread(conditions.threshold[i]))
    for i in range(conditions.missing_right, conditions.column.size):
        values = load(columns, conditions.column[i] * N_LANES)
        masks[1 + i] = less_or_nan(values, spread(conditions.threshold[i]))
    for i in range(conditions.part_column.size):
        fill_parts(conditions, i, columns, masks)
    first_set = conditions.part_mask[conditions.part_column.size]
    for i in range(conditions.set_left.size):
        inside = np.uint64(0)
        for k in range(conditions.set_start[i], conditions.set_start[i + 1]):
            inside |= masks[conditions.set_masks[k]]
        masks[first_set + i] = inside if conditions.set_left[i] else ~inside


@register_jitable
def fill_parts(conditions: Any, i: int, columns: Any, masks: Any) -> None:
    """Split the users by the codes of one categorical column: each gets a bit in one part."""
    first, start = conditions.part_mask[i], conditions.table_start[i]
    size = conditions.table_start[i + 1] - start
    for part in range(first, conditions.part_mask[i + 1]):
        masks[part] = 0
    for lane in range(N_LANES):
        value = columns[conditions.part_column[i] * N_LANES + lane]
        part = 1
        if value != value:
            part = 0
        elif value >= 0 and value < size:
            part = conditions.part_table[start + int(value)]
        masks[first + part] |= _ONE << np.uint64(lane)


@register_jitable
def fill_paths(program: Any, group: int, masks: Any) -> None:
    """Write the masks of the users who reach a node."""
    first = program.groups[group, 0]
    for i in range(first, program.groups[group + 1, 0]):
        inverted = np.uint64(0) - np.uint64(program.paths[i, 2])
        mask = masks[program.paths[i, 0]] & (masks[program.paths[i, 1]] ^ inverted)
        masks[program.conditions.n_masks + i - first] = mask


@register_jitable
def fill_rows(program: Any, group: int, masks: Any, rows: Any) -> None:
    """Write the weights of each class of offers."""
    first = program.groups[group, 1]
    for i in range(first, program.groups[group + 1, 1]):
        copied = program.classes[i, 0]
        weights = spread(program.start[i]) if copied < 0 else load(rows, copied * N_LANES)
        for k in range(program.classes[i, 1], program.classes[i + 1, 1]):
            mask = masks[program.blend_mask[k]]
            weights = blend(mask, spread(program.blend_weight[k]), weights)
        store(rows, (i - first) * N_LANES, weights)


@register_jitable
def add_rows(program: Any, group: int, rows: Any, margins: Any) -> None:
    """Add the group's trees to every offer's margins, in the order of the trees."""
    n_trees = program.groups[group + 1, 3] - program.groups[group, 3]
    member = program.groups[group, 2]
    for offer in range(program.n_offers):
        total = load(margins, offer * N_LANES)
        for _ in range(n_trees):
            total = add(total, load(rows, program.members[member] * N_LANES))
            member += 1
        store(margins, offer * N_LANES, total)


@kernel
def top_k_blocks(
    program: Any, users: Any, base_margin: Any, choice: Any, columns: Any, margins: Any
) -> None:
    """Best offers of users into columns int32 and margins float32, both (n, k).

    ``choice`` is a :class:`scorer.forest.eligibility.Choice`.
    """
    n_users, k = columns.shape[0], columns.shape[1]
    work = workspace(program, users.shape[1])
    allowed = np.empty(program.n_offers, dtype=np.uint64)
    best = np.empty(k * N_LANES, dtype=np.float32)
    places = np.empty(k * N_LANES, dtype=np.float32)
    for first in range(0, n_users, N_LANES):
        n = min(N_LANES, n_users - first)
        score_block(program, users, base_margin, first, work)
        fill_allowed(choice, first, n, allowed)
        keep_best(work[0], choice.order, allowed, best, places)
        for lane in range(n):
            for j in range(k):
                place = int(places[j * N_LANES + lane])
                columns[first + lane, j] = place
                margins[first + lane, j] = np.nan
                if place >= 0:
                    margins[first + lane, j] = work[0][place * N_LANES + lane]


@register_jitable
def fill_allowed(choice: Any, first: int, n: int, allowed: Any) -> None:
    """Write which of the users from ``first`` on may get each offer: one mask per offer."""
    for offer in range(allowed.size):
        allowed[offer] = 0
    for lane in range(n):
        code = choice.codes[first + lane]
        for offer in range(allowed.size):
            allowed[offer] |= np.uint64(choice.masks[code, offer]) << np.uint64(lane)
    for i in range(choice.excluded_start[first], choice.excluded_start[first + n]):
        lane = choice.excluded_rows[i] - first
        allowed[choice.excluded_columns[i]] &= ~(_ONE << np.uint64(lane))


@register_jitable
def keep_best(margins: Any, order: Any, allowed: Any, best: Any, places: Any) -> None:
    """Sort each offer into the best k of every lane, in tie-breaking order: ties keep their places.

    Where the new offer rises above a held one, all that follow move down one place, equal or not.
    Offers travel as float32, which holds any number below 2^24.
    """
    for i in range(best.size):
        best[i], places[i] = -np.inf, -1.0
    last = best.size - N_LANES
    nothing, lowest = spread(np.float32(-np.inf)), spread(_LOWEST)
    for i in range(order.size):
        offer = order[i]
        if allowed[offer] == 0:
            continue
        margin = load(margins, offer * N_LANES)
        margin = blend(less(lowest, margin), margin, lowest)
        better = less(load(best, last), margin) & allowed[offer]
        if better == 0:
            continue
        margin, place = blend(better, margin, nothing), spread(np.float32(offer))
        rises = np.uint64(0)
        for j in range(0, best.size, N_LANES):
            held, held_place = load(best, j), load(places, j)
            rises |= less(held, margin)
            store(best, j, blend(rises, margin, held))
            store(places, j, blend(rises, place, held_place))
            margin = blend(rises, held, margin)
            place = blend(rises, held_place, place)


@kernel
def walk_one(walk: Any, user: Any, base_margin: Any, margins: Any) -> None:
    """Margins of one user (n_user_columns,) into margins (n_words * 64,).

    ``base_margin`` has as many elements as offers, or none to start from the base of the program.
    """
    for i in range(margins.size):
        margins[i] = walk.base
    for i in range(base_margin.size):
        margins[i] = base_margin[i]
    weights = np.empty(margins.size, dtype=np.float32)
    waiting = np.empty(walk.nodes.size + 1, dtype=np.int32)
    for tree in range(walk.roots.size):
        fill_leaves(walk, user, walk.roots[tree], waiting, weights)
        for i in range(0, margins.size, N_LANES):
            store(margins, i, add(load(margins, i), load(weights, i)))


@register_jitable
def fill_leaves(walk: Any, user: Any, root: int, waiting: Any, weights: Any) -> None:
    """Weights of one tree for every offer: a leaf's weight where its bits are set."""
    n_waiting, number = 0, root
    while True:
        node = walk.nodes[number]
        if node.kind >= NUMERIC:
            number = node.right if turns_right(walk, user, node) else node.left
            continue
        if node.kind == BOTH:
            waiting[n_waiting] = node.right
            n_waiting += 1
            number = node.left
            continue
        weight = spread(node.value)
        for i in range(weights.size // N_LANES):
            mask = walk.words[node.column + i]
            if mask != 0:
                store(weights, i * N_LANES, blend(mask, weight, load(weights, i * N_LANES)))
        if n_waiting == 0:
            return
        n_waiting -= 1
        number = waiting[n_waiting]


@register_jitable
def turns_right(walk: Any, user: Any, node: Any) -> bool:
    """Whether the user goes right at a split on a user column."""
    value = user[node.column]
    if value != value:
        return node.missing_left == 0
    if node.kind == NUMERIC:
        return not value < node.value
    if value >= 0 and value < node.n_listed:
        return walk.is_listed[node.listed + int(value)] != 0
    return False
