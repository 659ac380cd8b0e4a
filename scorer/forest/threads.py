"""Distributes users over threads; kernels run without the GIL, so plain threads are enough."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

# Starting a thread costs more than scoring fewer users.
_USERS_PER_THREAD = 1_024
_BLOCK = 64


def in_threads(work: Callable[[slice], None], n_users: int, threads: int | None) -> None:
    """Call ``work`` on slices that cover all users, one thread per slice.

    ``threads`` None: one per core.
    """
    wanted = min(threads or available_cores(), n_users // _USERS_PER_THREAD)
    if wanted <= 1:
        work(slice(0, n_users))
        return
    step = -(-n_users // (wanted * _BLOCK)) * _BLOCK
    parts = [slice(first, min(first + step, n_users)) for first in range(0, n_users, step)]
    with ThreadPoolExecutor(wanted) as pool:
        list(pool.map(work, parts))


def available_cores() -> int:
    """Return the number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
