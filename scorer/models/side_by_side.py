"""Run independent fits in threads, which is enough since most of a fit holds no GIL.

A signal reaches only the main thread, so that every piece of work first asks whether one arrived.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from threadpoolctl import threadpool_limits

from scorer.forest.threads import available_cores
from scorer.interruption import stop_if_interrupted

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
            return list(pool.map(_unless_interrupted(work), items))
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def one_ahead(
    work: Callable[[Item], Result], items: Sequence[Item]
) -> Iterator[Callable[[], Result]]:
    """A function that returns the results of ``work`` in the order of ``items``, or raises.

    While the caller waits for a result or uses it, the next item is worked on. At the end of the
    block, no new work starts.
    """
    pool, waiting = ThreadPoolExecutor(2), iter(items)
    begun: deque[Future[Result]] = deque()

    def begin() -> None:
        begun.extend(pool.submit(_unless_interrupted(work), item) for item in islice(waiting, 1))

    def result() -> Result:
        begin()
        return begun.popleft().result()

    begin()
    try:
        yield result
    finally:
        pool.shutdown(cancel_futures=True)


def _unless_interrupted(work: Callable[[Item], Result]) -> Callable[[Item], Result]:
    def checked(item: Item) -> Result:
        stop_if_interrupted()
        return work(item)

    return checked


def threads_for(size: int, beside: int = 1) -> int:
    """Number of threads worth using for a matrix of this size while ``beside`` fits run at once.

    Results do not depend on it.
    """
    cores = available_cores()
    return max(1, min(cores // min(cores, beside), size // _VALUES_PER_THREAD))
