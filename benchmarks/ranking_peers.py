"""Other ways to score every user with every offer, each on one thread.

A peer turns a ranker into a function from rows of the cross product to one number per row.
``UnreadableError`` states why a peer cannot read a model, or the missing package.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import xgboost as xgb

from benchmarks.ranking_models import Displays, Floats, Ranker

Scorer = Callable[[Floats], np.ndarray]


class UnreadableError(Exception):
    """A peer that cannot read this model."""


def predict_dmatrix(ranker: Ranker, displays: Displays) -> Scorer:
    def score(rows: Floats) -> np.ndarray:
        data = xgb.DMatrix(
            rows, feature_types=ranker.feature_types, enable_categorical=True, nthread=1
        )
        return ranker.booster.predict(data, output_margin=True)

    return score


def inplace_predict(ranker: Ranker, displays: Displays) -> Scorer:
    return lambda rows: ranker.booster.inplace_predict(rows, predict_type="margin")


def treelite_gtil(ranker: Ranker, displays: Displays) -> Scorer:
    import treelite

    model = _treelite(ranker)
    return lambda rows: treelite.gtil.predict(model, rows, nthread=1, pred_margin=True).ravel()


def tl2cgen_compiled(ranker: Ranker, displays: Displays) -> Scorer:
    import tl2cgen

    folder = Path(tempfile.mkdtemp())
    library = folder / "model.so"
    tl2cgen.export_lib(
        _treelite(ranker), toolchain="gcc", libpath=str(library), params={"parallel_comp": 4}
    )
    predictor = tl2cgen.Predictor(str(library), nthread=1)
    return lambda rows: predictor.predict(
        tl2cgen.DMatrix(rows, dtype="float32"), pred_margin=True
    ).ravel()


def onnx_runtime(ranker: Ranker, displays: Displays) -> Scorer:
    import onnxmltools
    import onnxruntime
    from onnxmltools.convert.common.data_types import FloatTensorType

    if "c" in ranker.feature_types:
        raise UnreadableError("no categorical splits")
    width = len(ranker.feature_types)
    model = onnxmltools.convert_xgboost(
        ranker.booster, initial_types=[("rows", FloatTensorType([None, width]))]
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return lambda rows: session.run(["probabilities"], {"rows": rows})[0][:, 1]


def lightgbm_own(ranker: Ranker, displays: Displays) -> Scorer:
    """A separate model of the same size, trained on the same rows."""
    import lightgbm

    categories = [i for i, kind in enumerate(ranker.feature_types) if kind == "c"]
    rows = np.column_stack([ranker.offers[displays.offers], displays.users])
    parameters = {"objective": "binary", "num_leaves": 63, "max_depth": 6, "verbose": -1}
    data = lightgbm.Dataset(rows, displays.successes, categorical_feature=categories)
    model = lightgbm.train(parameters, data, 100)
    return lambda rows: model.predict(rows, raw_score=True, num_threads=1)


def _treelite(ranker: Ranker) -> object:
    import treelite

    try:
        raw = ranker.booster.save_raw("json")
        return treelite.frontend.from_xgboost_json(bytes(raw).decode())
    except treelite.TreeliteError as error:
        raise UnreadableError(str(error).splitlines()[0][:40]) from error


PEERS: dict[str, Callable[[Ranker, Displays], Scorer]] = {
    "predict(DMatrix)": predict_dmatrix,
    "inplace_predict": inplace_predict,
    "treelite": treelite_gtil,
    "tl2cgen": tl2cgen_compiled,
    "onnxruntime": onnx_runtime,
    "lightgbm": lightgbm_own,
}

# Peers that return the margins of XGBoost up to rounding; ONNX returns probabilities in the same
# order.
SAME_MODEL = ("predict(DMatrix)", "inplace_predict", "treelite", "tl2cgen")
