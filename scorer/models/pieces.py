"""Margins of one offer per user, computed for blocks of users to limit memory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scorer.arrays import Codes, Matrix

_ROWS = 65_536


def in_pieces(
    margins_of: Callable[[Matrix, Codes], Matrix], users: Matrix, offers: Codes
) -> Matrix:
    """``margins_of(users, offers)``, float32 (n,), computed for 65,536 users at a time."""
    pieces = [slice(start, start + _ROWS) for start in range(0, len(offers), _ROWS)]
    margins = [margins_of(users[piece], offers[piece]) for piece in pieces]
    return np.concatenate(margins) if margins else np.zeros(0, dtype=np.float32)
