"""Run independent fits in threads, which is enough since most of a fit holds no GIL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import threadpool_limits

from scorer.forest.threads import available_cores

Item = TypeVar("Item")
Result = TypeVar("Result")

# For smaller matrices, threads mostly wait for each other.
_VALUES_PER_THREAD = 1_000_000


def side_by_side(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Results of ``work`` in the order of ``items``, as many at a time as there are cores.

    Meanwhile BLAS uses one thread: with more, it would sum in another order. After an exception,
    including Ctrl-C, no new work starts.
    """
    with threadpool_limits(1, "blas"):
        pool = ThreadPoolExecutor(min(available_cores(), max(1, len(items))))
        try:
            return list(pool.map(work, items))
        finally:
            pool.shutdown(cancel_futures=True)


def threads_for(size: int, beside: int = 1) -> int:
    """Number of threads worth using for a matrix of this size while ``beside`` fits run at once.

    Results do not depend on it.
    """
    cores = available_cores()
    return max(1, min(cores // min(cores, beside), size // _VALUES_PER_THREAD))
