"""Names for the arrays that the scorer passes around; shapes are given where they are used."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int64]
"""Positions in a tuple of offers, folds or people; -1 for none."""

Mask = npt.NDArray[np.bool_]
"""True for the selected rows, offers or pairs of both."""

Vector = npt.NDArray[np.float64]
"""Numbers of one or more dimensions: scores, rewards, weights."""

Matrix = npt.NDArray[np.float32]
"""Encoded users and margins, in the precision of the models."""
