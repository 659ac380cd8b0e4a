"""Persistence: every kind of model loads bit for bit; damaged or foreign models are refused."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scorer.errors import InputError
from scorer.features import encode_users
from scorer.models.interaction_base import WEIGHTS_FILE
from scorer.models.persistence import describe_model, restore_model
from scorer.registry.model_registry import ModelRegistry
from tests.support.benches import KINDS, as_trained, fitted
from tests.support.ranking_inputs import TableModel
from tests.support.training_inputs import worked_example

T0 = datetime(2026, 11, 1)
ODD = np.array([[np.nan, np.nan], [5, -1e30], [0, 0.5]], dtype=np.float32)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[ModelRegistry, dict[str, str]]:
    """A registry with a model of every kind, and their versions."""
    registry = ModelRegistry(tmp_path_factory.mktemp("models"))
    return registry, {k: registry.save("s", as_trained(fitted(k)), T0) for k in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_a_loaded_model_scores_to_the_bit(
    saved: tuple[ModelRegistry, dict[str, str]], kind: str
) -> None:
    """Loaded models of every kind give the same scores and personalise the same users."""
    registry, versions = saved
    model, loaded = fitted(kind), registry.load("s", versions[kind])
    assert type(loaded) is type(model)
    assert (loaded.kind, loaded.offer_ids, loaded.schema) == (
        model.kind,
        model.offer_ids,
        model.schema,
    )
    for users in (encode_users(worked_example(9, 20), model.schema), ODD):
        assert loaded.score(users).tobytes() == model.score(users).tobytes()
        np.testing.assert_array_equal(loaded.personalises(users), model.personalises(users))


def test_kinds_have_versions_of_their_own(saved: tuple[ModelRegistry, dict[str, str]]) -> None:
    """Every kind has another version, and saving again gives the same one."""
    registry, versions = saved
    assert len(set(versions.values())) == len(KINDS)
    for kind in KINDS:
        assert registry.save("s", as_trained(fitted(kind)), T0) == versions[kind]


def test_descriptions_are_json_and_nothing_is_pickled() -> None:
    """A description survives JSON; weights are plain numpy."""
    for kind in KINDS:
        description, files = describe_model(fitted(kind))
        assert json.loads(json.dumps(description)) == description
        assert set(files) <= {"model.ubj", "weights.npy"}


def test_a_model_of_unknown_type_cannot_be_saved() -> None:
    """A model whose form is not a module could not be loaded again."""
    with pytest.raises(ValueError, match="form 'table' is unknown"):
        describe_model(TableModel({"a": [1.0]}))


@settings(max_examples=60)
@given(st.sampled_from(KINDS), st.data())
def test_any_damage_to_a_file_is_refused(
    saved: tuple[ModelRegistry, dict[str, str]], kind: str, data: st.DataObject
) -> None:
    """Truncated, changed or longer files raise an error of one line that says what to do."""
    registry, versions = saved
    folder = registry.folder / "s" / versions[kind]
    names = sorted(f.name for f in folder.iterdir() if f.name != "manifest.json")
    if not names:
        return
    path = folder / data.draw(st.sampled_from(names))
    good = path.read_bytes()
    place = data.draw(st.integers(0, len(good) - 1))
    flipped = good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :]
    path.write_bytes(data.draw(st.sampled_from([good[:place], flipped, good + b"\0"])))
    try:
        with pytest.raises(InputError, match="train again or promote another version") as caught:
            registry.load("s", versions[kind])
        assert "\n" not in str(caught.value)
    finally:
        path.write_bytes(good)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths to every value inside a JSON document."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, child in inside:
        found.append((*path, key))
        if isinstance(child, dict | list):
            found += places(child, (*path, key))
    return found


def changed(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The document with the value at the path replaced."""
    copy = json.loads(json.dumps(document))
    parent = copy
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = value
    return copy


OTHERS = st.sampled_from([None, 0, -1, 1.5, "x", [], {}, [None], True, 10**6])
PROTECTED = ("schema", "offer_ids", "model", "parameters", "kpi_type", "checksums", "model_version")


@settings(max_examples=150)
@given(st.sampled_from(KINDS), st.data(), OTHERS)
def test_any_change_of_what_makes_a_model_is_refused(
    saved: tuple[ModelRegistry, dict[str, str]], kind: str, data: st.DataObject, value: Any
) -> None:
    """Any change of the description, schema, offers or checksums is refused."""
    registry, versions = saved
    path = registry.folder / "s" / versions[kind] / "manifest.json"
    good = path.read_bytes()
    document = json.loads(good)
    chosen = data.draw(st.sampled_from([p for p in places(document) if p[0] in PROTECTED]))
    bad = changed(document, chosen, value)
    if json.dumps(bad, sort_keys=True) == json.dumps(document, sort_keys=True):
        return
    path.write_text(json.dumps(bad))
    try:
        with pytest.raises(InputError, match="train again or promote another version"):
            registry.load("s", versions[kind])
    finally:
        path.write_bytes(good)


REFUSALS = (AttributeError, KeyError, TypeError, ValueError, InputError)


@settings(max_examples=200)
@given(st.sampled_from(KINDS), st.data(), OTHERS)
def test_a_wrong_description_fails_with_a_plain_error(
    kind: str, data: st.DataObject, value: Any
) -> None:
    """A wrong description raises an error that the registry catches, or loads."""
    model = fitted(kind)
    description, files = describe_model(model)
    bad = changed(description, data.draw(st.sampled_from(places(description))), value)
    with suppress(*REFUSALS):
        restore_model(bad, files, model.schema, model.offer_ids)


@settings(max_examples=100)
@given(st.data())
def test_wrong_weights_fail_with_a_plain_error(data: st.DataObject) -> None:
    """Truncated, empty and foreign weights raise an error that the registry catches."""
    model = fitted("interaction_base")
    description, files = describe_model(model)
    good = files[WEIGHTS_FILE]
    place = data.draw(st.integers(0, 127))
    byte = bytes([data.draw(st.integers(0, 255))])
    flipped = good[:place] + byte + good[place + 1 :]
    bad = data.draw(st.sampled_from([good[:place], flipped, b"", b"PK\x03\x04" + good]))
    if bad == good:
        return
    try:
        loaded = restore_model(description, {WEIGHTS_FILE: bad}, model.schema, model.offer_ids)
    except REFUSALS:
        return
    assert loaded.score(ODD).shape == (3, 2)


@pytest.mark.parametrize("kind", ["best_single", "placement_gate", "success_value"])
def test_numbers_for_other_offers_are_refused(kind: str) -> None:
    """There must be exactly one mean or value per offer."""
    model = fitted(kind)
    description, files = describe_model(model)
    name = "values" if kind == "success_value" else "means"
    with pytest.raises(ValueError, match="2 offers"):
        restore_model({**description, name: [0.1]}, files, model.schema, model.offer_ids)


def test_files_of_another_model_are_refused(
    saved: tuple[ModelRegistry, dict[str, str]], tmp_path: Path
) -> None:
    """A file of another model under the right name is refused."""
    registry, versions = saved
    copy = ModelRegistry(tmp_path)
    shutil.copytree(registry.folder / "s", tmp_path / "s")
    other = copy.save("s", as_trained(fitted("interaction_base", 1)), T0)
    source = tmp_path / "s" / other / "weights.npy"
    shutil.copy(source, tmp_path / "s" / versions["residual_trees"] / "weights.npy")
    with pytest.raises(InputError, match="damaged"):
        copy.load("s", versions["residual_trees"])
