"""Design matrix: its columns, missing and unknown values, and its round trip."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer.arrays import Matrix
from scorer.features import FeatureSchema, encode_users
from scorer.models.design import MAX_COLUMNS, MIN_COLUMN_ROWS, Column, Design
from scorer.models.linear_kernels import fill_row
from tests.support.training_inputs import declared

SCHEMA = declared(
    ("flag", "segment", "boolean"), ("city", "context", "category"), ("age", "context", "number")
)
ROWS = 400


def people(seed: int = 0) -> pa.Table:
    """400 people; a tenth without an age, a few from rare cities."""
    rng = np.random.default_rng(seed)
    ages = rng.gamma(2, 20, ROWS)
    return pa.table(
        {
            "segment:flag": rng.random(ROWS) < 0.3,
            "context:city": rng.choice(["a", "b", "c", None], ROWS, p=[0.5, 0.3, 0.1, 0.1]),
            "context:age": pa.array(
                np.where(rng.random(ROWS) < 0.1, np.nan, ages), from_pandas=True
            ),
        }
    )


def fitted(table: pa.Table, schema: FeatureSchema = SCHEMA) -> tuple[Design, Matrix, FeatureSchema]:
    """Design of the people in the table, their encoded features and the fitted schema."""
    schema = schema.fit(table)
    users = encode_users(table, schema)
    return Design.fit(users, schema), users, schema


DESIGN, USERS, FITTED = fitted(people())


def row(design: Design = DESIGN, schema: FeatureSchema = FITTED, **values: object) -> np.ndarray:
    """Design row of one person without the constant; values that are not given are missing."""
    table = pa.table({k.replace("_", ":", 1): [v] for k, v in values.items()} | {"n": [0]})
    return design.matrix(encode_users(table, schema))[0, 1:]


def of(feature: int) -> list[int]:
    """Positions of the columns of a feature."""
    return [k for k, c in enumerate(DESIGN.columns) if c.feature == feature]


def test_every_column_is_centred_and_moderate() -> None:
    """Float32, the constant first, means near 0, nothing beyond a few deviations."""
    matrix = DESIGN.matrix(USERS)
    assert matrix.dtype == np.float32
    assert matrix.shape == (ROWS, DESIGN.width)
    assert (matrix[:, 0] == 1).all()
    np.testing.assert_allclose(matrix[:, 1:].mean(axis=0), 0, atol=1e-2)
    assert np.abs(matrix).max() < 5


def test_each_kind_of_feature_has_its_columns() -> None:
    """A boolean has one column, a category one per frequent code, a number a score and steps."""
    kinds = [[DESIGN.columns[k].kind for k in of(j)] for j in range(3)]
    assert kinds[0] == ["step"]
    assert kinds[1] == ["code"] * 3
    assert sorted(set(kinds[2])) == ["missing", "score", "step"]
    assert kinds[2].count("step") == 7


def test_a_missing_number_lies_at_the_centre_except_in_its_own_column() -> None:
    """Every column of a missing number is 0, except the one for missing values."""
    missing = row(context_age=None)[of(2)]
    known = row(context_age=30.0)[of(2)]
    told = [DESIGN.columns[k].kind == "missing" for k in of(2)]
    assert (missing[~np.array(told)] == 0).all()
    assert missing[told][0] > 0 > known[told][0]


def test_unknown_and_missing_categories_are_none_of_the_known_ones() -> None:
    """Missing and unknown categories are below the centre in the column of every code."""
    unknown, missing = row(context_city="never seen")[of(1)], row(context_city=None)[of(1)]
    np.testing.assert_array_equal(unknown, missing)
    assert (unknown < 0).all()


def test_a_number_far_outside_is_like_the_largest() -> None:
    """Normal scores stay bounded for heavy tails, at either end and in any unit."""
    np.testing.assert_array_equal(row(context_age=1e30), row(context_age=1e4))
    np.testing.assert_array_equal(row(context_age=-1e30), row(context_age=-5.0))


def test_the_columns_of_a_number_rise_with_it() -> None:
    """Score and steps increase with the value."""
    rising = [k for k in of(2) if DESIGN.columns[k].kind != "missing"]
    rows = np.stack([row(context_age=float(age))[rising] for age in np.linspace(0, 300, 40)])
    assert (np.diff(rows, axis=0) >= 0).all()
    assert (rows[-1] > rows[0]).all()


def test_a_number_of_few_values_has_steps_between_them() -> None:
    """A number that is 0 or 1 has one step, like a boolean."""
    table = pa.table({"context:n": np.tile([0.0, 1.0], 100)})
    design, users, _ = fitted(table, declared(("n", "context", "number")))
    assert [c.kind for c in design.columns] == ["step"]
    np.testing.assert_allclose(design.matrix(users)[:2, 1], [-0.5, 0.5])


@pytest.mark.parametrize("value_type", ["boolean", "category", "number"])
@pytest.mark.parametrize("is_void", [True, False])
def test_constant_and_empty_features_have_no_column(value_type: str, is_void: bool) -> None:
    """Features that are constant or always missing have no column."""
    values = pa.nulls(200, pa.string()) if is_void else pa.array(["1"] * 200)
    design, users, _ = fitted(
        pa.table({"context:x": values}), declared(("x", "context", value_type))
    )
    assert design.width == 1
    assert design.matrix(users).shape == (200, 1)


def test_a_column_needs_thirty_rows_that_differ() -> None:
    """A segment with few members has no column."""
    member = np.zeros(400, dtype=bool)
    member[: MIN_COLUMN_ROWS - 5] = True
    schema = declared(("s", "segment", "boolean"))
    assert fitted(pa.table({"segment:s": member}), schema)[0].width == 1
    member[: MIN_COLUMN_ROWS + 5] = True
    assert fitted(pa.table({"segment:s": member}), schema)[0].width == 2


def test_no_feature_and_no_row_give_the_constant_alone() -> None:
    """Without features or rows, the design has only the constant."""
    design = Design.fit(np.empty((10, 0), np.float32), declared())
    assert design.matrix(np.empty((3, 0), np.float32)).tolist() == [[1.0]] * 3
    assert design.groups.tolist() == [0]
    assert DESIGN.matrix(USERS[:0]).shape == (0, DESIGN.width)


def test_very_many_columns_are_cut_to_the_widest() -> None:
    """Fifty numbers, which could have 450 columns, are limited to the maximum."""
    rng = np.random.default_rng(0)
    names = [f"n{i}" for i in range(50)]
    table = pa.table({f"context:{n}": rng.normal(size=300) for n in names})
    design, _, _ = fitted(table, declared(*((n, "context", "number") for n in names)))
    assert len(design.columns) == MAX_COLUMNS
    assert {c.feature for c in design.columns} == set(range(50))


def test_a_pair_is_the_product_of_its_columns() -> None:
    """Pairs are products of centred columns at the end of the matrix."""
    i, j = of(0)[0], of(1)[0]
    matrix = DESIGN.with_pairs([(i, j)]).matrix(USERS)
    np.testing.assert_array_equal(matrix[:, :-1], DESIGN.matrix(USERS))
    np.testing.assert_array_equal(matrix[:, -1], matrix[:, 1 + i] * matrix[:, 1 + j])


def test_columns_of_a_feature_and_pairs_of_two_features_share_a_group() -> None:
    """The constant, the score of a number, its steps and each pair of features are groups."""
    pairs = [(of(0)[0], of(1)[0]), (of(0)[0], of(1)[1]), (of(0)[0], of(2)[1])]
    groups = DESIGN.with_pairs(pairs).groups
    assert groups[0] == 0
    assert np.count_nonzero(groups == 0) == 1
    assert len({groups[1 + k] for k in of(1)}) == 1
    assert len({groups[1 + k] for k in of(2)}) == 2
    assert groups[-3] == groups[-2] != groups[-1]
    assert sorted(set(groups.tolist())) == list(range(groups.max() + 1))


@given(
    st.integers(0, 10_000),
    st.lists(st.tuples(st.integers(0, 3), st.integers(4, 11)), max_size=5, unique=True),
)
def test_a_design_survives_json(seed: int, pairs: list[tuple[int, int]]) -> None:
    """A design restored from JSON gives the same columns bit for bit."""
    design, users, _ = fitted(people(seed))
    last = len(design.columns) - 1
    design = design.with_pairs([(i, min(j, last)) for i, j in pairs])
    again = Design.from_dict(json.loads(json.dumps(design.to_dict())))
    assert again == design
    assert again.matrix(users).tobytes() == design.matrix(users).tobytes()


@given(st.lists(st.floats(width=32), min_size=3, max_size=3))
def test_any_encoded_user_has_a_finite_row(values: list[float]) -> None:
    """NaN, unknown codes and the largest numbers give finite columns."""
    users = np.array([values], dtype=np.float32)
    assert np.isfinite(DESIGN.with_pairs([(0, 5)]).matrix(users)).all()


NUMBERS = st.floats(width=32) | st.sampled_from([0.0, 1.0, 2.0, 2.5, float("nan")])


@given(
    st.lists(st.lists(NUMBERS, min_size=3, max_size=3), min_size=1, max_size=20),
    st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=32, max_size=32),
    st.floats(-2, 2, width=32),
)
def test_the_row_of_one_user_is_bit_equal(
    users: list[list[float]], grid: list[float], at: float
) -> None:
    """The kernel of one user gives the row of the matrix, also at ties and with missing values."""
    columns = (
        Column(0, "score", centre=0.25, grid=tuple(sorted(grid))),
        Column(0, "step", at=at, centre=0.5),
        Column(1, "code", at=2.0, centre=0.125),
        Column(1, "missing", centre=0.1),
        Column(2, "score", grid=tuple(float(i // 4) for i in range(32))),
    )
    design = Design(columns, ((0, 2), (1, 4)))
    matrix = np.array(users, dtype=np.float32)
    expected = design.matrix(matrix)
    row = np.empty(design.width, dtype=np.float32)
    for i, user in enumerate(matrix):
        fill_row(design.arrays, user, row)
        np.testing.assert_array_equal(row.view(np.uint32), expected[i].view(np.uint32))
