"""Checks whether ours is at least as good as its peers: one verdict per world, from all seeds.

* A world with personal preferences: the mean over seeds of ours / best peer is at least 1
  within noise: mean + 1.64 standard errors of that mean >= 1. The best peer is the one
  with the highest mean value in this world.
* A null world: ours / best single is at least 0.995 in every seed, where best single is the peer
  of that name, fitted on the same rows. (The truly best offer is unknown to every peer.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.cells import Outcome
from benchmarks.peers import BEST_SINGLE, OURS, others

NOISE_ERRORS = 1.64
NULL_RATIO = 0.995


@dataclass(frozen=True)
class Verdict:
    """Ratio of ours to ``peer``, one per seed, and whether it meets the requirement."""

    world: str
    peer: str
    ratios: np.ndarray
    requirement: str
    is_met: bool


def verdict(outcomes: list[Outcome], is_null: bool) -> Verdict | None:
    """Verdict on one world; None unless ours was run beside at least one peer.

    Missing values, as after a time-out of ours, do not meet a requirement.
    """
    seeds = len({o.seed for o in outcomes})
    values = values_by_peer(outcomes)
    complete = [peer for peer in others(values) if values[peer].size == seeds]
    if not any(o.peer == OURS for o in outcomes) or not complete:
        return None
    best = max(complete, key=lambda peer: values[peer].mean())
    peer = BEST_SINGLE if is_null else best
    ours = values.get(OURS, np.array([]))
    ratios = ours / values[peer] if ours.size == seeds else np.full(seeds, np.nan)
    if is_null:
        wanted, is_met = f">= {NULL_RATIO} x best single, each seed", ratios.min() >= NULL_RATIO
    else:
        reached = ratios.mean() + NOISE_ERRORS * standard_error(ratios)
        wanted, is_met = ">= 1.0 x best peer within noise", reached >= 1.0
    return Verdict(outcomes[0].world, peer, ratios, wanted, bool(is_met))


def values_by_peer(outcomes: list[Outcome]) -> dict[str, np.ndarray]:
    """Values in seed order of every peer that finished."""
    found: dict[str, list[tuple[int, float]]] = {}
    for o in outcomes:
        if o.status == "ok":
            found.setdefault(o.peer, []).append((o.seed, o.value))
    return {peer: np.array([v for _, v in sorted(pairs)]) for peer, pairs in found.items()}


def standard_error(values: np.ndarray) -> float:
    """Standard error of a mean; 0 for one value, whose noise is unknown."""
    return float(values.std(ddof=1) / np.sqrt(values.size)) if values.size > 1 else 0.0
