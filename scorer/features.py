"""Feature schema and encoder: Arrow columns in, float32 matrix out.

The schema is fitted on the training examples, stored in the model manifest and used unchanged for
training, the weekly batch and single requests. Nothing is refitted at prediction.

Columns of the Arrow tables are named by kind: ``placement_id``, ``activity_id``, ``scope_id`` for
decisioning objects, ``segment:<id>`` (boolean) and ``context:<name>`` (text or number).

Notes:
-----
Every value has a defined place:

==================  =============================================================
category, known     its code 0..m-1 (frequent values of the training examples)
category, unknown   code m, "other"; rare training values share it, so it is learnt
number              the number; text that is not a finite float32 number is missing
segment             1 for members, else 0; a missing value or column is "not a member"
missing otherwise   NaN (also empty text and a column that is absent)
==================  =============================================================
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scorer.arrays import Matrix
from scorer.config import MAX_SEGMENTS
from scorer.errors import ConfigurationError, InputError
from scorer.sql import literal, quote

MAX_CATEGORIES = 64
MIN_CATEGORY_ROWS = 10
DECISIONING = ("placement_id", "activity_id", "scope_id")

_KINDS = ("decisioning", "segment", "context")
_VALUE_TYPES = ("boolean", "category", "number")
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_IS_NUMBER = re.compile(_NUMBER.replace("$", r"\Z"), re.ASCII).match
_FLOAT32_MAX = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Feature:
    """One user feature.

    ``kind`` is decisioning, segment or context; ``value_type`` is boolean, category or number;
    ``categories`` holds the known values in code order (categories only).
    """

    name: str
    kind: str
    value_type: str
    categories: tuple[str, ...] = ()

    @property
    def column(self) -> str:
        """Name of the Arrow column that carries this feature."""
        return self.name if self.kind == "decisioning" else f"{self.kind}:{self.name}"

    @cached_property
    def codes(self) -> dict[str, int]:
        """Code of each category."""
        return {category: code for code, category in enumerate(self.categories)}

    @property
    def sql(self) -> str:
        """Select expression over the mart's columns, aliased to :attr:`column`."""
        alias = quote(self.column)
        if self.kind == "decisioning":
            return alias
        if self.kind == "segment":
            return f"coalesce(list_contains(segments, {literal(self.name)}), false) as {alias}"
        return f"context[{literal(self.name)}] as {alias}"


@dataclass(frozen=True)
class FeatureSchema:
    """Ordered user features of one strategy; column j of every matrix is ``features[j]``."""

    features: tuple[Feature, ...]

    @classmethod
    def declare(cls, rows: Iterable[Mapping[str, Any]]) -> FeatureSchema:
        """Schema without categories from ``strategy_features`` rows.

        Each row has ``feature_order``, ``feature_name``, ``feature_kind`` and ``value_type``.
        Raises ConfigurationError for an unknown kind or type, a repeated feature or more than
        50 segments.
        """
        ordered = sorted(rows, key=lambda row: int(row["feature_order"]))
        features = tuple(
            Feature(str(row["feature_name"]), str(row["feature_kind"]), str(row["value_type"]))
            for row in ordered
        )
        _check(features)
        return cls(features)

    def fit(self, examples: pa.Table) -> FeatureSchema:
        """Return the schema with the categories learnt from the training examples.

        A value with at least 10 rows becomes a category; the 64 most frequent are kept (ties by
        value), and all others share the code "other".
        """
        return FeatureSchema(
            tuple(
                Feature(f.name, f.kind, f.value_type, _categories(_column(examples, f)))
                if f.value_type == "category"
                else f
                for f in self.features
            )
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in matrix order."""
        return tuple(f.column for f in self.features)

    @property
    def feature_types(self) -> list[str]:
        """XGBoost feature types in matrix order: 'c' (category code) or 'q' (quantity)."""
        return ["c" if f.value_type == "category" else "q" for f in self.features]

    @property
    def max_categories(self) -> int:
        """Largest number of codes of any feature, "other" included."""
        return max((len(f.categories) + 1 for f in self.features), default=1)

    @property
    def select_list(self) -> tuple[str, ...]:
        """SQL expressions that extract segments and context from a mart, without DECISIONING."""
        return tuple(f.sql for f in self.features if f.kind != "decisioning")

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form for the model manifest."""
        return {
            "features": [
                {
                    "name": f.name,
                    "kind": f.kind,
                    "value_type": f.value_type,
                    "categories": list(f.categories),
                }
                for f in self.features
            ]
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FeatureSchema:
        """Inverse of :meth:`to_dict`; raises ConfigurationError if the form is wrong."""
        try:
            features = tuple(
                Feature(f["name"], f["kind"], f["value_type"], tuple(f["categories"]))
                for f in data["features"]
            )
        except (KeyError, TypeError) as error:
            raise ConfigurationError(f"feature schema cannot be read: {error!r} is wrong") from None
        _check(features)
        return cls(features)


def encode_users(table: pa.Table | pa.RecordBatch, schema: FeatureSchema) -> Matrix:
    """Encode users (and their context) for training, batch ranking or requests.

    Returns a C-ordered float32 array of shape (n_rows, n_features). The table in the docstring of
    the module gives the codes of unknown and missing values; absent columns are missing.
    """
    matrix = np.empty((table.num_rows, len(schema.features)), dtype=np.float32)
    for j, feature in enumerate(schema.features):
        matrix[:, j] = _encode(_column(table, feature), feature)
    return matrix


def encode_value(value: str | float | bool | None, feature: Feature) -> float:
    """Code of one value of a user at request time, equal to that of :func:`encode_users`.

    Common values are encoded without Arrow; the others take some 20 microseconds.
    """
    if feature.value_type == "category" and isinstance(value, str):
        text = value.strip()
        if text.endswith(".0"):
            return _encode_by_arrow(value, feature)
        return feature.codes.get(text, len(feature.categories)) if text else math.nan
    if feature.value_type != "category" and isinstance(value, (int, float)):
        return float(value) if abs(value) <= _FLOAT32_MAX else math.nan
    if feature.value_type != "category" and isinstance(value, str):
        return _number_of(value)
    return _encode_by_arrow(value, feature)


def _number_of(text: str) -> float:
    """Result of :func:`_parse` for one text."""
    text = text.strip()
    if text.lower() in ("true", "false"):
        return float(text.lower() == "true")
    number = float(text) if _IS_NUMBER(text) else math.nan
    return number if abs(number) <= _FLOAT32_MAX else math.nan


def _encode_by_arrow(value: str | float | bool | None, feature: Feature) -> float:
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        value = str(value)
    return float(_encode(pa.array([value]), feature)[0])


def _encode(column: pa.Array, feature: Feature) -> Matrix:
    try:
        if feature.value_type == "category":
            return _category_codes(column, feature.categories)
        values = _numbers(column)
    except pa.ArrowException:
        raise InputError(
            f"column {feature.column} has type {column.type}; a {feature.value_type} is expected"
        ) from None
    return np.nan_to_num(values, nan=0.0) if feature.kind == "segment" else values


def encode_offers(offer_ids: pa.Array | pa.ChunkedArray, known: tuple[str, ...]) -> np.ndarray:
    """Codes of offers, int64 (n_rows,): position in ``known``, -1 for any other offer."""
    codes = pc.index_in(pc.cast(offer_ids, pa.string()), pa.array(known, pa.string()))
    return _to_numpy(pc.fill_null(codes, -1)).astype(np.int64)


def _check(features: tuple[Feature, ...]) -> None:
    for f in features:
        if f.kind not in _KINDS or f.value_type not in _VALUE_TYPES:
            raise ConfigurationError(
                f"feature {f.name!r}: kind must be one of {', '.join(_KINDS)} and type one of "
                f"{', '.join(_VALUE_TYPES)}, got {f.kind!r} and {f.value_type!r}"
            )
        if f.kind == "decisioning" and f.name not in DECISIONING:
            raise ConfigurationError(
                f"feature {f.name!r}: decisioning features are {', '.join(DECISIONING)}"
            )
    columns = [f.column for f in features]
    repeated = sorted({c for c in columns if columns.count(c) > 1})
    if repeated:
        raise ConfigurationError(f"feature {repeated[0]!r} is named twice; name it once")
    segments = sum(f.kind == "segment" for f in features)
    if segments > MAX_SEGMENTS:
        raise ConfigurationError(
            f"{segments} segments for one strategy; at most {MAX_SEGMENTS} are allowed"
        )


def _column(table: pa.Table | pa.RecordBatch, feature: Feature) -> pa.Array:
    index = table.schema.get_field_index(feature.column)
    if index < 0:
        return pa.nulls(table.num_rows)
    column = table.column(index)
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _dictionary(column: pa.Array) -> pa.DictionaryArray:
    """Distinct values as canonical text: '5' and '5.0' are one category, '' is missing."""
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    text = pc.utf8_trim_whitespace(pc.cast(encoded.dictionary, pa.string()))
    text = pc.replace_substring_regex(text, r"^(-?\d+)\.0$", r"\1")
    text = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
    return pa.DictionaryArray.from_arrays(encoded.indices, text)


def _categories(column: pa.Array) -> tuple[str, ...]:
    if pa.types.is_null(column.type):
        return ()
    counts = pc.value_counts(_dictionary(column).cast(pa.string())).to_pylist()
    frequent = [
        (-c["counts"], c["values"])
        for c in counts
        if c["values"] is not None and c["counts"] >= MIN_CATEGORY_ROWS
    ]
    return tuple(sorted(value for _, value in sorted(frequent)[:MAX_CATEGORIES]))


def _category_codes(column: pa.Array, categories: tuple[str, ...]) -> Matrix:
    if pa.types.is_null(column.type):
        return np.full(len(column), np.nan, dtype=np.float32)
    encoded = _dictionary(column)
    known = pc.fill_null(
        pc.index_in(encoded.dictionary, pa.array(categories, pa.string())), len(categories)
    )
    missing = pc.is_null(encoded.dictionary)
    codes = pc.if_else(missing, pa.scalar(None, pa.float32()), pc.cast(known, pa.float32()))
    return _to_numpy(pc.take(codes, encoded.indices))


def _numbers(column: pa.Array) -> Matrix:
    if pa.types.is_null(column.type):
        return np.full(len(column), np.nan, dtype=np.float32)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = _parse(column)
    values = _to_numpy(pc.cast(column, pa.float64(), safe=False))
    values = np.where(np.abs(values) <= _FLOAT32_MAX, values, np.nan)
    return values.astype(np.float32)


def _parse(column: pa.Array) -> pa.Array:
    """Text to double: true and false become 1 and 0, other text that is not a number null."""
    text = pc.utf8_trim_whitespace(column)
    lower = pc.utf8_lower(text)
    text = pc.if_else(pc.equal(lower, "true"), "1", text)
    text = pc.if_else(pc.equal(lower, "false"), "0", text)
    is_number = pc.match_substring_regex(text, _NUMBER)
    text = pc.if_else(is_number, pc.utf8_ltrim(text, "+"), pa.scalar(None, pa.string()))
    return pc.cast(text, pa.float64())


def _to_numpy(values: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Numpy view or copy; nulls of a float array become NaN."""
    return values.to_numpy(zero_copy_only=False)
