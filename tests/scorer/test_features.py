"""Features: one schema, with a defined code for every value."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer.errors import ConfigurationError, InputError
from scorer.features import Feature, FeatureSchema, encode_offers, encode_users, encode_value
from tests.support.training_inputs import declared

PLACE = ("placement_id", "decisioning", "category")
COLOUR = ("colour", "context", "category")
PRICE = ("price", "context", "number")
VIP = ("vip", "segment", "boolean")


def encoded(schema: FeatureSchema, **columns: object) -> list[list[float]]:
    """Encode columns whose names have ':' written as '__'."""
    table = pa.table({name.replace("__", ":"): values for name, values in columns.items()})
    return encode_users(table, schema).tolist()


def fitted_colours() -> FeatureSchema:
    """Colours red and blue are frequent, green is rare."""
    values = ["red"] * 30 + ["blue"] * 20 + ["green"] * 3
    return declared(COLOUR).fit(pa.table({"context:colour": values}))


def test_known_categories_have_their_own_codes() -> None:
    """Frequent training values are coded by their alphabetical position."""
    assert encoded(fitted_colours(), context__colour=["blue", "red"]) == [[0], [1]]


def test_rare_and_unknown_categories_share_the_code_other() -> None:
    """A value with few training rows and one never seen both get the code after the known ones."""
    assert encoded(fitted_colours(), context__colour=["green", "mauve"]) == [[2], [2]]


def test_missing_categories_are_nan() -> None:
    """NULL, empty text and blanks are missing, not "other"."""
    values = pa.array([None, "", "  "], pa.string())
    assert np.isnan(encoded(fitted_colours(), context__colour=values)).all()


def test_an_absent_column_is_missing() -> None:
    """A request without a context column is encoded like one with NULL."""
    schema = declared(COLOUR, PRICE)
    assert np.isnan(encode_users(pa.table({"x": [1]}), schema)).all()


def test_at_most_64_categories_are_kept() -> None:
    """Beyond the 64 most frequent values everything is "other"."""
    values = [f"v{i:03}" for i in range(80) for _ in range(10 + i)]
    schema = declared(COLOUR).fit(pa.table({"context:colour": values}))
    assert schema.max_categories == 65
    assert schema.features[0].categories[0] == "v016"


def test_whole_numbers_are_one_category_in_every_spelling() -> None:
    """5, 5.0, '5' and '5.0' are the same category."""
    schema = declared(COLOUR).fit(pa.table({"context:colour": ["5"] * 10}))
    for values in ([5], [5.0], ["5"], ["5.0"], pa.array(["5"]).dictionary_encode()):
        assert encoded(schema, context__colour=values) == [[0]]


def test_text_numbers_are_parsed_and_what_is_no_number_is_missing() -> None:
    """Text becomes a number where it is one; infinities and overflow are missing."""
    values = ["1", "+2.5", " 7 ", "-.5", "1e3", "true", "false"]
    wrong = ["abc", "", "inf", "nan", "1e300", "1,5", "0x1", "1_000", None]
    got = encoded(declared(PRICE), context__price=values + wrong)
    assert got[: len(values)] == [[1], [2.5], [7], [-0.5], [1000], [1], [0]]
    assert np.isnan(got[len(values) :]).all()


@given(st.lists(st.one_of(st.none(), st.floats(), st.integers(-(2**62), 2**62).map(float))))
def test_numbers_are_never_infinite(values: list[float | None]) -> None:
    """Whatever the numbers are, the matrix holds finite float32 values or NaN."""
    matrix = encode_users(
        pa.table({"context:price": pa.array(values, pa.float64())}), declared(PRICE)
    )
    assert matrix.dtype == np.float32
    assert not np.isinf(matrix).any()


@given(st.lists(st.one_of(st.none(), st.text())))
def test_any_text_has_a_place(values: list[str | None]) -> None:
    """Every text is a category code or missing, and a number or missing; nothing raises."""
    table = pa.table(
        {
            "context:colour": pa.array(values, pa.string()),
            "context:price": pa.array(values, pa.string()),
        }
    )
    colour = encode_users(table, fitted_colours())[:, 0]
    assert set(colour[~np.isnan(colour)]) <= {0, 1, 2}
    assert not np.isinf(encode_users(table, declared(PRICE))).any()


def test_a_segment_is_never_missing() -> None:
    """NULL and an absent column mean that a profile is not a member."""
    schema = declared(VIP)
    assert encoded(schema, segment__vip=[True, False, None]) == [[1], [0], [0]]
    assert encoded(schema, x=[1]) == [[0]]


def test_a_batch_a_table_and_a_slice_are_encoded_alike() -> None:
    """Chunked and unchunked columns give the same matrix."""
    schema = fitted_colours()
    table = pa.table({"context:colour": ["x", "red", None, "blue"]})
    whole = encode_users(table, schema)
    chunked = pa.concat_tables([table.slice(0, 1), table.slice(1)])
    np.testing.assert_array_equal(encode_users(chunked, schema), whole)
    np.testing.assert_array_equal(encode_users(table.to_batches()[0].slice(2), schema), whole[2:])


def test_the_schema_survives_its_manifest_form() -> None:
    """from_dict(to_dict) is the same schema, categories included."""
    schema = fitted_colours()
    assert FeatureSchema.from_dict(schema.to_dict()) == schema


def test_sql_columns_and_request_columns_are_encoded_alike() -> None:
    """The select list over a mart gives the same columns as requests."""
    schema = declared(PLACE, ("it's", "segment", "boolean"), COLOUR, PRICE)
    table = duckdb.sql(
        "select placement_id, " + ", ".join(schema.select_list) + " from (select"
        " 'web' as placement_id, ['a', 'it''s'] as segments,"
        " map {'colour': 'red', 'price': '2.5'} as context)"
    ).to_arrow_table()
    assert table.column_names == list(schema.names)
    schema = schema.fit(pa.table({"context:colour": ["red"] * 10, "placement_id": ["web"] * 10}))
    assert encode_users(table, schema).tolist() == [[0, 1, 0, 2.5]]


def test_the_feature_order_is_the_declared_one() -> None:
    """Columns follow feature_order, not the order of the rows."""
    rows = [
        {
            "feature_order": 2,
            "feature_name": "b",
            "feature_kind": "context",
            "value_type": "number",
        },
        {
            "feature_order": 1,
            "feature_name": "a",
            "feature_kind": "context",
            "value_type": "number",
        },
    ]
    assert FeatureSchema.declare(rows).names == ("context:a", "context:b")


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ([("x", "weather", "number")], "kind must be one of"),
        ([("x", "context", "date")], "type one of"),
        ([COLOUR, COLOUR], "named twice"),
        ([("session_id", "decisioning", "category")], "decisioning features are"),
        ([(f"s{i}", "segment", "boolean") for i in range(51)], "at most 50"),
    ],
)
def test_a_wrong_declaration_is_refused(features: list[tuple[str, str, str]], message: str) -> None:
    """Wrong kinds and types, repeated features and a 51st segment are configuration errors."""
    with pytest.raises(ConfigurationError, match=message):
        declared(*features)


def test_a_column_of_an_unusable_type_is_an_input_error() -> None:
    """A list where a category is expected is named, with its type."""
    with pytest.raises(InputError, match="column context:colour has type list"):
        encode_users(pa.table({"context:colour": [["red"]]}), fitted_colours())


def test_unknown_offers_have_code_minus_one() -> None:
    """Offers are coded by position; others and NULL are -1."""
    codes = encode_offers(pa.array(["b", "z", None, "a"]), ("a", "b"))
    assert codes.tolist() == [1, -1, -1, 0]


TEXTS = st.text() | st.sampled_from(["5", "5.0", " 5 ", "-3.0", "a.0", "true", "1e3", "+.5", " x"])
VALUES = TEXTS | st.booleans() | st.integers() | st.floats() | st.none()


@given(VALUES, st.sampled_from(["category", "number"]))
def test_one_value_is_encoded_like_a_column(value: Any, value_type: str) -> None:
    """A value at request time gets the code that it has in a table, whatever its type."""
    feature = Feature("f", "context", value_type, ("-3", "5", "true", "x"))
    given_as = str(value) if isinstance(value, int) and abs(value) >= 2**63 else value
    table = pa.table({"context:f": pa.array([given_as])})
    (expected,) = encode_users(table, FeatureSchema((feature,)))[:, 0]
    np.testing.assert_array_equal(np.float32(encode_value(value, feature)), expected)
