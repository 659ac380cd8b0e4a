"""Peers by name; the file of each is imported on first use."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from benchmarks.feedback import FeedbackLog, Scores

OURS = "ours"
OURS_UNGATED = "ours_ungated"
BEST_SINGLE = "best_single"
PEERS: dict[str, str] = {
    OURS: "nextoffer:ours",
    OURS_UNGATED: "nextoffer:ours_ungated",
    BEST_SINGLE: "best_single:fit",
    "xgb_native": "xgb_native:fit",
    "xgb_per_offer": "xgb_per_offer:fit",
    "lightgbm_categorical": "lightgbm_pooled:fit_categorical",
    "lightgbm_onehot": "lightgbm_pooled:fit_onehot",
    "vw": "vowpal:fit",
    "sklearn_lr": "sklearn_crosses:fit",
    "linucb": "linucb:fit",
}
DEFAULT = tuple(name for name in PEERS if name != OURS_UNGATED)
"""All except the ungated variant of ours, which needs a second training."""


def others(names: Iterable[str]) -> list[str]:
    """The names that are not a variant of ours."""
    return [name for name in names if name not in (OURS, OURS_UNGATED)]


def fit(name: str, log: FeedbackLog) -> Scores:
    """Fit a peer on a log; raises KeyError for an unknown name."""
    module, function = PEERS[name].split(":")
    peer = import_module(f"benchmarks.peers.{module}")
    return getattr(peer, function)(log)
