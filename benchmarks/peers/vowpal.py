"""Vowpal Wabbit: logistic (or squared) loss, ``--coin``, offer x user interactions, one pass.

Categories and segments are tokens, numbers are normal scores with a token where missing. The model
is linear, so predictions of each offer with each single column give its weights.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from vowpalwabbit import Workspace

from benchmarks.feedback import FeedbackLog, Floats, Scores
from benchmarks.peers.linear import linear_scores

OPTIONS = "--coin --interactions ou --bit_precision 22 --quiet --no_stdin"
_PIECE = 100_000


def fit(log: FeedbackLog) -> Scores:
    loss = "logistic" if log.is_binary else "squared --min_prediction -1e6 --max_prediction 1e6"
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "log.vw"
        _write(log, data)
        workspace = Workspace(f"{OPTIONS} --loss_function {loss} --data {data}")
        intercepts, weights = _read_off(log, workspace)
        workspace.finish()
    return linear_scores(log, intercepts, weights)


def _write(log: FeedbackLog, path: Path) -> None:
    """Examples in VW's text format, joined by Arrow because Python's loop is slow."""
    label = np.where(log.rewards > 0, 1.0, -1.0) if log.is_binary else log.rewards
    with path.open("w") as file:
        for start in range(0, len(log), _PIECE):
            rows = slice(start, min(start + _PIECE, len(log)))
            columns = log.columns.matrix(log.users[rows])
            parts = [_text(label[rows]), " |o ", _text(log.offers[rows]), " |u"]
            parts += [_token(j, columns[:, j]) for j in range(columns.shape[1])]
            lines = pc.binary_join_element_wise(*parts, "")
            file.write("\n".join(lines.to_pylist()) + "\n")


def _text(values: np.ndarray) -> pa.Array:
    return pc.cast(pa.array(values), pa.string())


def _token(j: int, values: np.ndarray) -> pa.Array:
    """' c3' where the column is 1, nothing where it is 0, ' c3:0.25' for any other value."""
    rounded = _text(np.round(values.astype(np.float64), 4))
    valued = pc.binary_join_element_wise(f" c{j}:", rounded, "")
    token = pc.if_else(pa.array(values == 1), f" c{j}", valued)
    return pc.if_else(pa.array(values == 0), "", token)


def _read_off(log: FeedbackLog, workspace: Workspace) -> tuple[Floats, Floats]:
    n_offers, n_columns = len(log.offer_ids), log.columns.matrix(log.users[:1]).shape[1]
    margins = np.empty((1 + n_columns, n_offers))
    for j in range(-1, n_columns):
        token = f"c{j}" if j >= 0 else ""
        for offer in range(n_offers):
            margins[1 + j, offer] = workspace.predict(f"|o {offer} |u {token}")
    return margins[0], margins[1:] - margins[0]
