"""Counters of all workers of a server in Prometheus format, without ids of people."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    values,
)
from prometheus_client.multiprocess import MultiProcessCollector

from scorer.online.messages import Decision

_BUCKETS = (0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)


class Metrics:
    """The metrics of a worker; with PROMETHEUS_MULTIPROC_DIR set, workers share them in files."""

    def __init__(self, shared: bool = False) -> None:
        if shared:
            # Ask for the process id once: a worker does not fork, and each count would ask again.
            process_id = os.getpid()
            values.ValueClass = values.MultiProcessValue(lambda: process_id)
        self._registry = CollectorRegistry()
        self._shared = shared
        registry = self._registry
        self._requests = Counter(
            "nextoffer_requests", "HTTP requests.", ("path", "status"), registry=registry
        )
        self._seconds = Histogram(
            "nextoffer_request_seconds",
            "Time to answer.",
            ("path",),
            buckets=_BUCKETS,
            registry=registry,
        )
        self._propositions = Counter(
            "nextoffer_propositions",
            "Propositions decided.",
            ("strategy_id", "policy", "profile"),
            registry=registry,
        )
        self._events = Counter("nextoffer_events", "Events stored.", registry=registry)
        self._as_of = self._gauge("nextoffer_publication_as_of", "as_of served, Unix time.")
        self._age = self._gauge("nextoffer_publication_age_seconds", "Time since as_of.")
        self._refused = self._gauge(
            "nextoffer_publication_refused", "1 if a newer publication cannot be used."
        )
        self._known: dict[tuple[str, int], Counter] = {}
        self._timed: dict[str, Histogram] = {}
        self._decided: dict[tuple[str, str, str], Counter] = {}

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(name, text, registry=self._registry, multiprocess_mode="mostrecent")

    def request(self, path: str, status: int, seconds: float) -> None:
        """Count a request."""
        found = self._known.get((path, status))
        if found is None:
            found = self._known[path, status] = self._requests.labels(path, status)
            self._timed[path] = self._seconds.labels(path)
        found.inc()
        self._timed[path].observe(seconds)

    def decided(self, decisions: Iterable[Decision]) -> None:
        """Count the propositions of decisions."""
        for decision in decisions:
            for proposition in decision.propositions:
                key = (decision.strategy_id, proposition.policy, decision.profile)
                found = self._decided.get(key)
                if found is None:
                    found = self._decided[key] = self._propositions.labels(*key)
                found.inc()

    def received(self, events: int) -> None:
        """Count events that were stored."""
        self._events.inc(events)

    def publication(self, as_of: datetime, age: float, is_refused: bool) -> None:
        """Report the publication served."""
        self._as_of.set(as_of.replace(tzinfo=UTC).timestamp())
        self._age.set(age)
        self._refused.set(is_refused)

    def exposition(self) -> tuple[bytes, bytes]:
        """The metrics of all workers, and the content type."""
        registry = self._registry
        if self._shared:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)
        return generate_latest(registry), CONTENT_TYPE_LATEST.encode()
