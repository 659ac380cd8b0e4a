"""Cross-fitted doubly robust value of peers: each row is evaluated with models that were not
trained on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks import peers
from benchmarks.feedback import Floats
from benchmarks.flat_displays import Dataset
from scorer.ope import LoggedFeedback, PairedDifference, PolicyEstimate, TargetPolicy, compare
from scorer.ope import evaluate as estimate_value

FOLDS = 5


@dataclass(frozen=True)
class Measured:
    """The estimate of a peer and its paired difference from the best single offer.

    ``ratio`` is relative to the value of the best single offer; if that is negative, it is 1 +
    difference / absolute value. ``true_ratio`` uses the known truth instead. NaN if unknown.
    """

    estimate: PolicyEstimate
    against_single: PairedDifference
    value: float
    ratio: float
    true_ratio: float
    failure: str = ""


def measure(dataset: Dataset, names: list[str], model: str, seed: int) -> dict[str, Measured]:
    """Measure peers by 5 folds over clusters; ``model`` names the reward model of the estimator.

    A peer that fails ranks at random, and its failure is reported.
    """
    shares, expected, failures = _choices(dataset, names, model, seed)
    log, rows = dataset.log, np.arange(len(dataset.log))
    feedback = LoggedFeedback(log.rewards, log.propensity, dataset.clusters)

    def policy(share: Floats) -> TargetPolicy:
        of_policy = (share * expected).sum(axis=1)
        return TargetPolicy(share[rows, log.offers], of_policy, expected[rows, log.offers])

    single = policy(shares[peers.BEST_SINGLE])
    base = estimate_value(feedback, single)
    true_base = _true_value(dataset, shares[peers.BEST_SINGLE])
    results = {}
    for name in names:
        own = policy(shares[name])
        found = estimate_value(feedback, own)
        value = np.nan if found.value is None else found.value
        results[name] = Measured(
            found,
            compare(feedback, own, single),
            value,
            _ratio(value, np.nan if base.value is None else base.value),
            _ratio(_true_value(dataset, shares[name]), true_base),
            failures.get(name, ""),
        )
    return results


def best_peer_ratio(results: dict[str, list[Measured]]) -> tuple[float, str]:
    """Ours divided by the best peer by mean value over the repeats, and the name of that peer."""
    values = {
        name: float(np.mean([m.value for m in found]))
        for name, found in results.items()
        if not any(m.failure for m in found)
    }
    best = max(peers.others(values), key=lambda name: values[name])
    return _ratio(values.get(peers.OURS, np.nan), values[best]), best


def _choices(
    dataset: Dataset, names: list[str], model: str, seed: int
) -> tuple[dict[str, Floats], Floats, dict[str, str]]:
    """Choices of the peers as shares (n, n_offers), expected rewards of the model, failures."""
    log, folds = dataset.log, dataset.folds(FOLDS, seed)
    shape = (len(log), len(log.offer_ids))
    shares = {name: np.full(shape, 1 / shape[1]) for name in names}
    expected, failures = np.zeros(shape), dict[str, str]()
    for fold in range(FOLDS):
        held_out, fitting = (
            np.flatnonzero(folds == fold),
            dataset.take(np.flatnonzero(folds != fold)),
        )
        users = log.examples.take(held_out)
        expected[held_out] = peers.fit(model, fitting)(users)
        for name in names:
            try:
                scores = np.asarray(peers.fit(name, fitting)(users), dtype=np.float64)
            except Exception as error:  # the failure of a peer is a result; the others go on
                failures[name] = f"failed: {type(error).__name__}: {error}"
                continue
            first = scores >= scores.max(axis=1, keepdims=True)
            shares[name][held_out] = first / first.sum(axis=1, keepdims=True)
    return shares, expected, failures


def _true_value(dataset: Dataset, share: Floats) -> float:
    if dataset.best_offer is None:
        return float("nan")
    return float(share[np.arange(share.shape[0]), dataset.best_offer].mean())


def _ratio(value: float, base: float) -> float:
    return value / base if base > 0 else 1 + (value - base) / abs(base)
