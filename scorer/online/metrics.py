"""Counts of all workers of a server in Prometheus format, without ids of people.

A worker counts in plain numbers and writes them to a file of its own from time to time. Whichever
worker is asked adds up the files of all. Counts of workers that have ended stay; one that is killed
loses those of its last quarter of a second.
"""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from scorer.online.messages import Decision

_LIMITS = (0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
_SUFFIX = ".counts"


class Counts(msgspec.Struct):
    """Numbers of one worker, or of all.

    ``requests`` are by path and status, ``propositions`` by strategy, policy and profile (known or
    unknown). ``times`` are requests of a path by the first of ``_LIMITS`` seconds that they did not
    exceed, the slower ones last; ``seconds`` is their sum.
    """

    requests: dict[tuple[str, int], int] = {}
    propositions: dict[tuple[str, str, str], int] = {}
    times: dict[str, list[int]] = {}
    seconds: dict[str, float] = {}
    events: int = 0

    def add(self, other: Counts) -> None:
        """Add the numbers of another worker."""
        self.events += other.events
        _add(self.requests, other.requests)
        _add(self.propositions, other.propositions)
        _add(self.seconds, other.seconds)
        for path, times in other.times.items():
            pairs = zip(self.times.get(path, [0] * len(times)), times, strict=True)
            self.times[path] = [a + b for a, b in pairs]


def _add(own: dict[Any, Any], more: Mapping[Any, Any]) -> None:
    for key, number in more.items():
        own[key] = own.get(key, 0) + number


@dataclass(frozen=True)
class Publication:
    """The publication that is served: its ``as_of``, seconds since then, and whether a newer one
    was refused."""

    as_of: datetime
    age: float
    is_newer_refused: bool


class Metrics:
    """The metrics of a worker, which shares them with others in a folder; None: it is alone."""

    def __init__(self, folder: Path | None = None) -> None:
        name = f"{os.getpid()}-{time.time_ns()}{_SUFFIX}"
        self._file = None if folder is None else folder / name
        self._counts, self._is_saved = Counts(), True

    def request(self, path: str, status: int, seconds: float) -> None:
        """Count a request."""
        counts, key = self._counts, (path, status)
        counts.requests[key] = counts.requests.get(key, 0) + 1
        times = counts.times.get(path)
        if times is None:
            times = counts.times[path] = [0] * (len(_LIMITS) + 1)
        times[bisect_left(_LIMITS, seconds)] += 1
        counts.seconds[path] = counts.seconds.get(path, 0.0) + seconds
        self._is_saved = False

    def decided(self, decisions: Iterable[Decision]) -> None:
        """Count the propositions of decisions."""
        found = self._counts.propositions
        for decision in decisions:
            for proposition in decision.propositions:
                key = (decision.strategy_id, proposition.policy, decision.profile)
                found[key] = found.get(key, 0) + 1

    def received(self, events: int) -> None:
        """Count events that were stored."""
        self._counts.events += events

    def save(self) -> None:
        """Show the counts to the other workers; does not wait for the disk."""
        if self._file is not None and not self._is_saved:
            temporary = self._file.with_suffix(".tmp")
            temporary.write_bytes(msgspec.msgpack.encode(self._counts))
            os.replace(temporary, self._file)
            self._is_saved = True

    def exposition(self, publication: Publication) -> tuple[bytes, bytes]:
        """The metrics of all workers, and the content type."""
        registry = CollectorRegistry()
        registry.register(_Families(self._of_all(), publication))
        return generate_latest(registry), CONTENT_TYPE_LATEST.encode()

    def _of_all(self) -> Counts:
        if self._file is None:
            return self._counts
        self.save()
        found = Counts()
        for file in sorted(self._file.parent.glob(f"*{_SUFFIX}")):
            found.add(msgspec.msgpack.decode(file.read_bytes(), type=Counts))
        return found


@dataclass(frozen=True, eq=False)
class _Families(Collector):
    """Counts in the form of the library."""

    counts: Counts
    publication: Publication

    def collect(self) -> Iterator[Metric]:
        counts, publication = self.counts, self.publication
        as_of = publication.as_of.replace(tzinfo=UTC).timestamp()
        requests = CounterMetricFamily(
            "nextoffer_requests", "HTTP requests.", labels=("path", "status")
        )
        for (path, status), number in counts.requests.items():
            requests.add_metric((path, str(status)), number)
        yield requests
        seconds = HistogramMetricFamily(
            "nextoffer_request_seconds", "Time to answer.", labels=("path",)
        )
        for path, times in counts.times.items():
            limits = [*map(str, _LIMITS), "+Inf"]
            totals = [sum(times[: place + 1]) for place in range(len(times))]
            buckets = list(zip(limits, totals, strict=True))
            seconds.add_metric((path,), buckets, counts.seconds[path])
        yield seconds
        propositions = CounterMetricFamily(
            "nextoffer_propositions",
            "Propositions decided.",
            labels=("strategy_id", "policy", "profile"),
        )
        for key, number in counts.propositions.items():
            propositions.add_metric(key, number)
        yield propositions
        yield CounterMetricFamily("nextoffer_events", "Events stored.", counts.events)
        for name, text, value in (
            ("as_of", "as_of served, Unix time.", as_of),
            ("age_seconds", "Time since as_of.", publication.age),
            ("refused", "1 if a newer publication cannot be used.", publication.is_newer_refused),
        ):
            yield GaugeMetricFamily(f"nextoffer_publication_{name}", text, value)
