"""Convergence of the interaction base with rare successes: 108 fits.

``python -m benchmarks.newton_sweep``. A segment clicks at another rate than everybody else, on
every second offer. A fit diverged if it did not converge, if it predicts worse than the mean, or
if a weight is larger than any log odds in the world.
"""

from __future__ import annotations

import argparse
import sys
from itertools import product

import numpy as np

from benchmarks.report import Table, show
from scorer.models.crossed import CrossedData, fit_crossed
from scorer.models.likelihoods import losses, margin_of_mean

OFFERS = (2, 10, 50)
RATES = ((0.005, 0.1), (0.01, 0.015), (0.001, 0.05), (0.02, 0.5))
SHARES = (0.01, 0.05, 0.2)
DISPLAYS = (5_000, 20_000, 200_000)
LARGEST = 12.0


def planted(offers: int, rates: tuple[float, float], share: float, displays: int) -> CrossedData:
    """A log with a segment of this share that clicks at the second of the rates."""
    rng = np.random.default_rng([offers, displays])
    shares = np.array([share, 0.3, 0.5])
    segments = rng.random((displays, 3)) < shares
    design = np.column_stack([np.ones(displays), segments - shares]).astype(np.float32)
    shown = rng.integers(0, offers, displays)
    chance = np.where(segments[:, 0] & (shown % 2 == 0), rates[1], rates[0])
    clicks = (rng.random(displays) < chance).astype(np.float64)
    return CrossedData(design, np.arange(4), shown, clicks, np.ones((offers, 1)), "logit")


def diverges(data: CrossedData) -> bool:
    """True if the fit of a log went wrong."""
    fit = fit_crossed(data)
    margins = np.einsum("ij,ij->i", data.design, fit.offers[data.offers])
    mean = np.full(len(margins), margin_of_mean(data.outcomes, data.link))
    loss, null = (losses(m, data.outcomes, data.link).sum() for m in (margins, mean))
    is_large = bool(np.abs(fit.offers).max() > LARGEST)
    return not fit.convergence.has_converged or bool(loss > null + 0.1) or is_large


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 if a fit diverges, else 0."""
    parser = argparse.ArgumentParser("python -m benchmarks.newton_sweep", description=__doc__)
    parser.parse_args(arguments)
    rows, total = [], 0
    for offers in OFFERS:
        cases = list(product(RATES, SHARES, DISPLAYS))
        wrong = sum(diverges(planted(offers, *case)) for case in cases)
        total += wrong
        rows.append([str(offers), str(len(cases)), str(wrong)])
    show(Table("Fits of the interaction base", ["offers", "fits", "diverged"], rows))
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
