"""Limits of one thread of this machine: copying memory and multiplying float32 matrices."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits


def cpu_seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """Minimum CPU seconds of the process over some repeats."""
    best = np.inf
    for _ in range(repeats):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def copied_bytes_per_second(size: int = 1 << 28) -> float:
    """Bytes of a large array copied per CPU second (each is read once and written once)."""
    source = np.ones(size, dtype=np.uint8)
    target = np.zeros(size, dtype=np.uint8)
    return size / cpu_seconds(lambda: np.copyto(target, source))


def gemm_additions_per_second(side: int = 1500) -> float:
    """Float32 additions of a square matrix product per CPU second of one thread."""
    left = np.random.default_rng(0).random((side, side), dtype=np.float32)
    with threadpool_limits(1, "blas"):
        return side**3 / cpu_seconds(lambda: left @ left)
