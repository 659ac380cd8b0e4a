"""A reward model as a JSON-ready description and files; nothing is ever pickled.

Boosters are XGBoost's own UBJSON, weight matrices are numpy's own format.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import xgboost as xgb

from scorer.arrays import Matrix, Vector
from scorer.features import FeatureSchema
from scorer.models.best_single import BestSingle
from scorer.models.calibration import Calibration
from scorer.models.design import Design
from scorer.models.interaction_base import InteractionBase
from scorer.models.offer_trees import OfferTrees
from scorer.models.placement_gate import PlacementGate
from scorer.models.protocol import RewardModel
from scorer.models.success_value import SuccessValue

BOOSTER_FILE = "model.ubj"
WEIGHTS_FILE = "weights.npy"

Description = dict[str, Any]
Files = dict[str, bytes]


def describe_model(model: RewardModel) -> tuple[Description, Files]:
    """Description and files of a model, its schema and offers aside."""
    if isinstance(model, PlacementGate):
        inner, files = describe_model(model.model)
        return {
            "form": "placement_gate",
            "model": inner,
            "means": model.fallback.means.tolist(),
            "held_back_placements": list(model.held_back_placements),
        }, files
    if isinstance(model, BestSingle):
        return {"form": "best_single", "means": model.means.tolist()}, {}
    if isinstance(model, InteractionBase):
        return {
            "form": "interaction_base",
            "design": model.design.to_dict(),
            "calibration": model.calibration.to_dict(),
        }, {WEIGHTS_FILE: _array_bytes(model.weights)}
    if isinstance(model, SuccessValue):
        inner, files = describe_model(model.chances)
        return {"form": "success_value", "model": inner, "values": model.values.tolist()}, files
    if isinstance(model, OfferTrees):
        base, files = (None, {}) if model.base is None else describe_model(model.base)
        return {
            "form": "offer_trees",
            "base": base,
            "calibration": model.calibration.to_dict(),
        }, {**files, BOOSTER_FILE: bytes(model.booster.save_raw("ubj"))}
    raise TypeError(f"a model of type {type(model).__name__} cannot be saved")


def restore_model(
    description: Mapping[str, Any],
    files: Mapping[str, bytes],
    schema: FeatureSchema,
    offer_ids: tuple[str, ...],
) -> RewardModel:
    """Inverse of :func:`describe_model`; KeyError, TypeError or ValueError when it is wrong."""
    form = description["form"]
    if form == "placement_gate":
        inner = restore_model(description["model"], files, schema, offer_ids)
        fallback = BestSingle(schema, offer_ids, _numbers(description["means"], offer_ids))
        return PlacementGate(inner, fallback, tuple(description["held_back_placements"]))
    if form == "best_single":
        return BestSingle(schema, offer_ids, _numbers(description["means"], offer_ids))
    if form == "interaction_base":
        return _base(description, files, schema, offer_ids)
    if form == "success_value":
        chances = _base(description["model"], files, schema, offer_ids)
        return SuccessValue(chances, _numbers(description["values"], offer_ids))
    if form == "offer_trees":
        base = description["base"]
        return OfferTrees(
            _booster(files[BOOSTER_FILE]),
            schema,
            offer_ids,
            Calibration(**description["calibration"]),
            None if base is None else _base(base, files, schema, offer_ids),
        )
    raise ValueError(f"form {form!r} is not known to this version")


def _base(
    description: Mapping[str, Any],
    files: Mapping[str, bytes],
    schema: FeatureSchema,
    offer_ids: tuple[str, ...],
) -> InteractionBase:
    design = Design.from_dict(description["design"])
    weights = _array(files[WEIGHTS_FILE])
    if weights.shape != (len(offer_ids), design.width) or weights.dtype != np.float32:
        raise ValueError(f"weights have shape {weights.shape}, the design {design.width} columns")
    return InteractionBase(
        schema, offer_ids, design, weights, Calibration(**description["calibration"])
    )


def _numbers(values: Any, offer_ids: tuple[str, ...]) -> Vector:
    numbers = np.array(values, dtype=np.float64)
    if numbers.shape != (len(offer_ids),):
        raise ValueError(f"numbers of shape {numbers.shape} for {len(offer_ids)} offers")
    return numbers


def _booster(data: bytes) -> xgb.Booster:
    booster = xgb.Booster()
    booster.load_model(bytearray(data))
    return booster


def _array(data: bytes) -> Matrix:
    try:
        return np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    except Exception as error:  # a wrong header raises whatever the parser it reaches raises
        raise ValueError(f"{WEIGHTS_FILE} cannot be read ({error})") from None


def _array_bytes(array: Matrix) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()
