"""Converts models of every kind to their stored form and back."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import scorer.models
from scorer.features import FeatureSchema
from scorer.models.protocol import RewardModel
from scorer.models.stored import Description, Files, Stored


def describe_model(model: RewardModel) -> tuple[Description, Files]:
    """Description and files of a model, without its schema and offers."""
    if kind_of(model.form) is not type(model):
        raise TypeError(f"the class of form {model.form!r} is not {type(model).__name__}")
    return model.description()


def restore_model(
    description: Mapping[str, Any],
    files: Mapping[str, bytes],
    schema: FeatureSchema,
    offer_ids: tuple[str, ...],
) -> RewardModel:
    """Inverse of :func:`describe_model`; KeyError, TypeError or ValueError when it is wrong."""
    return Stored(description, files, schema, offer_ids, kind_of).restored()


def kind_of(form: str) -> type[RewardModel]:
    """The class of a form, which its module in this package is named after."""
    if form not in {module.name for module in iter_modules(scorer.models.__path__)}:
        raise ValueError(f"form {form!r} is unknown to this version")
    for value in vars(import_module(f"scorer.models.{form}")).values():
        if isinstance(value, type) and getattr(value, "form", None) == form:
            return value
    raise ValueError(f"scorer.models.{form} has no class of form {form!r}")
