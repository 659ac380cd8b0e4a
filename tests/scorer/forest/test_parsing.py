"""Boosters are read exactly or refused by name; imports stay cheap and caching is optional."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numba
import numpy as np
import pytest
import xgboost as xgb

from scorer.errors import InputError
from scorer.forest.kernels import kernel
from scorer.forest.parsing import parse
from tests.support.forests import OBJECTIVES


def fitted(**parameters: Any) -> xgb.Booster:
    """Train a small booster with these parameters."""
    draw = np.random.default_rng(0)
    rows, outcomes = draw.normal(size=(100, 3)), draw.integers(0, 3, 100)
    if "num_class" not in parameters:
        outcomes = outcomes > 1
    return xgb.train({"nthread": 1, **parameters}, xgb.DMatrix(rows, label=outcomes), 3)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("base_score", [None, 0.3])
def test_sums_start_where_xgboost_starts(objective: str, base_score: float | None) -> None:
    """The base margin is the margin left when every leaf is taken away."""
    booster = fitted(objective=objective, base_score=base_score, eta=0.0)
    start = booster.inplace_predict(np.zeros((1, 3)), predict_type="margin")
    assert parse(booster).base == start[0]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"booster": "gblinear"}, "gblinear"),
        ({"booster": "dart"}, "dart"),
        ({"objective": "multi:softprob", "num_class": 3}, "multi:softprob"),
        ({"objective": "rank:pairwise"}, "rank:pairwise"),
        ({"objective": "count:poisson"}, "count:poisson"),
    ],
)
def test_other_boosters_are_refused_by_name(parameters: dict[str, Any], message: str) -> None:
    """The message names whatever is not supported."""
    with pytest.raises(InputError, match=message):
        parse(fitted(**parameters))


def test_several_outputs_are_refused() -> None:
    """Multi-target trees are refused."""
    draw = np.random.default_rng(0)
    data = xgb.DMatrix(draw.normal(size=(50, 2)), label=draw.normal(size=(50, 2)))
    with pytest.raises(InputError, match="2 outputs"):
        parse(xgb.train({"nthread": 1}, data, 1))


def test_importing_the_forest_does_not_import_numba() -> None:
    """The command line does not import numba unless it scores."""
    code = "import scorer.forest, sys; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_kernels_compile_where_no_cache_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A read-only installation compiles again instead of failing."""
    compile_now = numba.njit

    def refusing(*functions: Any, **options: Any) -> Any:
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return compile_now(*functions, **options)

    monkeypatch.setattr(numba, "njit", refusing)
    assert kernel(lambda a: a + 1)(2) == 3
