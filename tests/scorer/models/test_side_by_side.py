"""Work in threads: the order of results, errors in their place, an end on a signal."""

from __future__ import annotations

import os
import signal
import time

import pytest

from scorer.interruption import Interrupted, interruptible, stop_if_interrupted
from scorer.models.side_by_side import one_ahead


def test_results_come_in_order_and_at_most_one_item_ahead() -> None:
    """While a result is used, one further item is worked on, however fast it ends."""
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        time.sleep(0.02 if item == 0 else 0.0)
        return 10 * item

    with one_ahead(work, range(5)) as result:
        for place in range(5):
            assert result() == 10 * place
            time.sleep(0.02)
            assert max(begun) <= place + 1
    assert sorted(begun) == list(range(5))


def test_an_error_is_raised_in_the_place_of_its_result() -> None:
    """The items before and after the one that failed have their results."""

    def work(item: int) -> float:
        return 1 / item

    with one_ahead(work, [1, 0, 2]) as result:
        assert result() == 1
        with pytest.raises(ZeroDivisionError):
            result()
        assert result() == 0.5


def test_a_block_that_ends_early_begins_nothing_more() -> None:
    """An error in the block, such as a full disk, leaves the items that follow alone."""
    begun: list[int] = []

    def record() -> None:
        with one_ahead(begun.append, range(9)) as result:
            result()
            raise OSError("disk full")

    with pytest.raises(OSError, match="full"):
        record()
    assert len(begun) <= 2


def test_a_signal_ends_the_work_of_both_threads() -> None:
    """Work that asks now and then whether a signal arrived stops, and the block ends at once."""

    def work(item: int) -> None:
        if item == 1:
            os.kill(os.getpid(), signal.SIGTERM)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            stop_if_interrupted()
            time.sleep(0.005)

    started = time.monotonic()
    with pytest.raises(Interrupted), interruptible(), one_ahead(work, range(4)) as result:
        result()
    assert time.monotonic() - started < 10
