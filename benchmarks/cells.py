"""Run peers on one world and seed in a child process, each peer with a time cap."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import peers
from benchmarks.population import Floats
from benchmarks.worlds import WorldSpec, make, population


@dataclass(frozen=True)
class Cell:
    """A world and a seed; policies are measured on ``test_users`` fresh users."""

    spec: WorldSpec
    seed: int
    test_users: int


@dataclass(frozen=True)
class Outcome:
    """Result of a peer; values are expected rewards per display, NaN unless status is ok.

    ``best_single`` is the value of the truly best single offer, ``random`` and ``oracle`` those of
    a uniform choice and of the best offer for each user. Times are CPU seconds.
    """

    world: str
    seed: int
    peer: str
    status: str
    value: float
    best_single: float
    random: float
    oracle: float
    fit_seconds: float
    score_seconds: float

    @property
    def ratio(self) -> float:
        """Value divided by that of the truly best single offer."""
        return self.value / self.best_single

    @property
    def normalised(self) -> float:
        """0 for random, 1 for the oracle; NaN if offers do not differ."""
        span = self.oracle - self.random
        return (self.value - self.random) / span if span > 1e-9 else float("nan")


def run_cell(cell: Cell, names: list[str], cap: float) -> Iterator[Outcome]:
    """Fit and measure peers one after the other; stop a peer after ``cap`` seconds.

    After a time-out or a crash, the remaining peers run in a new process.
    """
    remaining = list(names)
    while remaining:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        child = context.Process(target=_child, args=(cell, remaining, theirs), daemon=True)
        child.start()
        theirs.close()
        try:
            while remaining:
                outcome = _next(ours, cell, remaining[0], cap)
                remaining.pop(0)
                yield outcome
                if outcome.status in ("timeout", "crashed"):
                    break
        finally:
            child.kill()
            child.join()


def policy_value(rates: Floats, scores: Floats) -> float:
    """Mean true rate of the offer ranked first; tied offers share the user."""
    first = scores >= scores.max(axis=1, keepdims=True)
    return float(((rates * first).sum(axis=1) / first.sum(axis=1)).mean())


def _next(connection: Connection, cell: Cell, peer: str, cap: float) -> Outcome:
    try:
        connection.recv()  # the time of the peer starts here
        if connection.poll(cap):
            return connection.recv()
        return _nothing(cell, peer, "timeout")
    except EOFError:
        return _nothing(cell, peer, "crashed")


def _nothing(cell: Cell, peer: str, status: str) -> Outcome:
    return Outcome(cell.spec.name, cell.seed, peer, status, *([float("nan")] * 6))


def _child(cell: Cell, names: list[str], connection: Connection) -> None:
    threadpool_limits(1)
    world, log = make(cell.spec, cell.seed)
    log.prepare()
    users = population(cell.seed, cell.test_users)
    rates, table = world.rates(users), users.table()
    yardsticks = rates.mean(axis=0).max(), rates.mean(), rates.max(axis=1).mean()
    for name in names:
        connection.send("start")
        started = time.process_time()
        try:
            scorer = peers.fit(name, log)
            fitted = time.process_time()
            scores = np.asarray(scorer(table), dtype=np.float64)
        except Exception as error:  # the failure of a peer is a result; the others go on
            outcome = _nothing(cell, name, f"failed: {type(error).__name__}: {error}")
        else:
            times = fitted - started, time.process_time() - fitted
            value = policy_value(rates, scores)
            reached = (value, *map(float, yardsticks), *times)
            outcome = Outcome(cell.spec.name, cell.seed, name, "ok", *reached)
        connection.send(outcome)
    connection.close()
