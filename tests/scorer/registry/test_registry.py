"""Registry: versions by content, deployments in time, damage refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from scorer.errors import ConfigurationError, InputError
from scorer.features import encode_users
from scorer.registry.model_registry import Deployment, ModelRegistry
from scorer.registry.trained_model import TrainedModel
from tests.support.benches import as_trained, fitted
from tests.support.training_inputs import worked_example

T0 = datetime(2026, 11, 1)
WEEK = timedelta(days=7)


@pytest.fixture(scope="module")
def models() -> list[TrainedModel]:
    """Three different models."""
    return [as_trained(fitted("residual_trees", seed)) for seed in range(3)]


@pytest.fixture
def registry(tmp_path: Path) -> ModelRegistry:
    """An empty registry."""
    return ModelRegistry(tmp_path / "models")


def deployed_weekly(registry: ModelRegistry, models: list[TrainedModel]) -> list[str]:
    """Save and deploy each model a week after the other; return their versions."""
    versions = []
    for week, model in enumerate(models):
        version = registry.save("s", model, T0 + week * WEEK)
        registry.deploy("s", version, T0 + week * WEEK)
        versions.append(version)
    return versions


def test_a_loaded_model_scores_like_the_saved_one(
    registry: ModelRegistry, models: list[TrainedModel]
) -> None:
    """Schema, offers, trees and calibration come back exactly."""
    version = registry.save("s", models[0], T0)
    loaded = registry.load("s", version)
    users = encode_users(worked_example(9, 20), loaded.schema)
    assert loaded.offer_ids == models[0].model.offer_ids
    np.testing.assert_array_equal(loaded.score(users), models[0].model.score(users))


def test_the_same_model_has_the_same_version(
    registry: ModelRegistry, models: list[TrainedModel]
) -> None:
    """Saving again, or fitting again on the same data, adds nothing and changes no byte."""
    version = registry.save("s", models[0], T0)
    folder = registry.folder / "s" / version
    before = {f.name: f.read_bytes() for f in folder.iterdir()}
    again = fitted.__wrapped__("residual_trees", 0)
    assert again is not models[0].model
    assert registry.save("s", as_trained(again), T0) == version
    assert {f.name: f.read_bytes() for f in folder.iterdir()} == before
    assert [m["model_version"] for m in registry.versions("s")] == [version]


def test_the_version_is_a_content_hash(registry: ModelRegistry, models: list[TrainedModel]) -> None:
    """Versions are twelve hexadecimal digits that differ between models."""
    versions = {registry.save("s", model, T0) for model in models}
    assert len(versions) == 3
    assert all(len(v) == 12 and int(v, 16) >= 0 for v in versions)


def test_the_manifest_says_how_the_model_was_made(
    registry: ModelRegistry, models: list[TrainedModel]
) -> None:
    """It has schema, window, parameters, metrics, checksums and versions; no wall-clock time."""
    manifest = registry.manifest("s", registry.save("s", models[0], T0))
    assert manifest["trained_as_of"] == T0.isoformat()
    assert manifest["training_rows"] == 300
    assert manifest["offers_personalised"] == 2
    assert manifest["packages"]["xgboost"]
    assert sorted(manifest["checksums"]) == ["model.ubj", "weights.npy"]
    assert all(c.startswith("sha256:") for c in manifest["checksums"].values())
    assert manifest["model_kind"] == "residual_trees"
    assert manifest["schema"]["features"][0]["name"] == "f1"
    assert manifest["metrics"]["rows"] == 300


def test_no_half_written_folder_is_left(
    registry: ModelRegistry, models: list[TrainedModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash before the rename leaves no folder that looks like a version."""
    monkeypatch.setattr("os.rename", lambda *_: (_ for _ in ()).throw(OSError("crash")))
    with pytest.raises(OSError, match="crash"):
        registry.save("s", models[0], T0)
    assert registry.versions("s") == []
    assert list((registry.folder / "s").iterdir()) == []


def test_the_deployed_version_depends_on_the_time(
    registry: ModelRegistry, models: list[TrainedModel]
) -> None:
    """A back-fill sees what was deployed then; before the first there is none."""
    versions = deployed_weekly(registry, models)
    assert registry.deployed_as_of("s", T0 - WEEK) is None
    for week, version in enumerate(versions):
        assert registry.deployed_as_of("s", T0 + week * WEEK) == version
        assert registry.deployed_as_of("s", T0 + week * WEEK + WEEK / 2) == version
    assert registry.deployed_as_of("other", T0) is None


def test_a_cycle_done_again_does_not_repeat_its_entry(
    registry: ModelRegistry, models: list[TrainedModel]
) -> None:
    """The same deployment is one entry; a forced cycle with another model replaces it."""
    first, second = (registry.save("s", m, T0) for m in models[:2])
    registry.deploy("s", first, T0, "trained")
    registry.deploy("s", first, T0, "trained")
    assert registry.history("s") == [Deployment(T0, first, "deploy", "trained")]
    registry.deploy("s", second, T0, "trained")
    assert registry.history("s") == [Deployment(T0, second, "deploy", "trained")]


def test_promote_deploys_a_chosen_version(
    registry: ModelRegistry, models: list[TrainedModel]
) -> None:
    """A promotion is recorded with time and reason, and ranks from then on."""
    versions = deployed_weekly(registry, models)
    now = T0 + 3 * WEEK
    registry.promote("s", versions[0], now, "holiday season")
    assert registry.deployed_as_of("s", now) == versions[0]
    assert registry.history("s")[-1] == Deployment(now, versions[0], "promote", "holiday season")
    assert registry.deployed_as_of("s", now - WEEK) == versions[2]


def test_promoting_an_unknown_version_lists_the_known_ones(
    registry: ModelRegistry, models: list[TrainedModel]
) -> None:
    """The message names the known versions, and nothing is recorded."""
    version = registry.save("s", models[0], T0)
    with pytest.raises(ConfigurationError, match=f"no model 'nope'; known versions: {version}"):
        registry.promote("s", "nope", T0)
    with pytest.raises(ConfigurationError, match="known versions: none"):
        registry.promote("other", version, T0)
    assert registry.history("s") == []


def test_rollback_goes_back_one_deployment_at_a_time(
    registry: ModelRegistry, models: list[TrainedModel]
) -> None:
    """Two rollbacks go back two versions, not back and forth; a third one is refused."""
    versions = deployed_weekly(registry, models)
    now = T0 + 2 * WEEK
    assert registry.rollback("s", now, "bad week") == versions[1]
    assert registry.rollback("s", now) == versions[0]
    assert registry.deployed_as_of("s", now) == versions[0]
    with pytest.raises(ConfigurationError, match="no earlier deployed model"):
        registry.rollback("s", now)


def test_rollback_after_a_promotion_returns_to_what_it_replaced(
    registry: ModelRegistry, models: list[TrainedModel]
) -> None:
    """A rollback returns to the version deployed before, not to the one trained before."""
    versions = deployed_weekly(registry, models)
    registry.promote("s", versions[0], T0 + 3 * WEEK)
    assert registry.rollback("s", T0 + 3 * WEEK) == versions[2]


def test_a_cycle_never_overrules_a_person(
    registry: ModelRegistry, models: list[TrainedModel]
) -> None:
    """A promotion overrules a cycle with the same as_of, in either order of recording."""
    old, new = (registry.save("s", model, T0) for model in models[:2])
    registry.promote("s", old, T0)
    registry.deploy("s", new, T0)
    assert registry.deployed_as_of("s", T0) == old
    registry.deploy("s", new, T0 + WEEK)
    assert registry.deployed_as_of("s", T0 + WEEK) == new


def test_rollback_without_any_deployment_is_refused(registry: ModelRegistry) -> None:
    """A rollback without an earlier deployment is refused."""
    with pytest.raises(ConfigurationError, match=r"has no model; there are: none"):
        registry.rollback("s", T0)


@pytest.mark.parametrize("strategy_id", ["a/b", "..", ".", "con\x00", "späte Angebote", "%2E"])
def test_any_strategy_id_is_one_folder_below_models(
    registry: ModelRegistry, models: list[TrainedModel], strategy_id: str
) -> None:
    """Slashes and dots in an id cannot leave the folder, and the id can be read back."""
    version = registry.save(strategy_id, models[0], T0)
    assert registry.strategies() == [strategy_id]
    assert len(list(registry.folder.parent.iterdir())) == 1
    assert registry.load(strategy_id, version).offer_ids == ("offer_1", "offer_2")


def edited(**changes: object) -> Callable[[Path], None]:
    """Damage that changes values of the manifest."""

    def edit(folder: Path) -> None:
        path = folder / "manifest.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return edit


def truncate(path: Path) -> None:
    """Truncate the file to its first hundred bytes."""
    path.write_bytes(path.read_bytes()[:100])


def one_bit(folder: Path) -> None:
    """Flip one bit of the booster."""
    data = bytearray((folder / "model.ubj").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "model.ubj").write_bytes(data)


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "truncated booster": (lambda f: truncate(f / "model.ubj"), "damaged"),
    "flipped bit": (one_bit, "damaged"),
    "truncated weights": (lambda f: truncate(f / "weights.npy"), "damaged"),
    "no weights": (lambda f: (f / "weights.npy").unlink(), "cannot be read"),
    "no booster": (lambda f: (f / "model.ubj").unlink(), "cannot be read"),
    "not the manifest": (lambda f: (f / "manifest.json").unlink(), "cannot be read"),
    "manifest is no JSON": (lambda f: (f / "manifest.json").write_text("{"), "not JSON"),
    "manifest is binary": (lambda f: (f / "manifest.json").write_bytes(b"\xff\x00"), "not JSON"),
    "foreign manifest": (lambda f: (f / "manifest.json").write_text("[]"), "not the manifest"),
    "other format": (edited(format="mlmodel"), "not the manifest"),
    "later format": (edited(format_version=99), "has format 99"),
    "other version": (edited(model_version="0123456789ab"), "describes model"),
    "changed offers": (edited(offer_ids=["offer_2", "offer_1"]), "was changed"),
    "changed schema": (edited(schema={"features": []}), "was changed"),
    "changed description": (edited(model={"form": "best_single"}), "was changed"),
    "no checksum": (edited(checksums={}), "was changed"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_or_foreign_model_is_refused(
    registry: ModelRegistry, models: list[TrainedModel], damage: str
) -> None:
    """The error is one line that names the file and what to do."""
    version = registry.save("s", models[0], T0)
    action, message = DAMAGES[damage]
    action(registry.folder / "s" / version)
    with pytest.raises(InputError, match=message) as caught:
        registry.load("s", version)
    assert "\n" not in str(caught.value)
    assert "train again or promote another version" in str(caught.value)
    with pytest.raises(InputError):
        registry.promote("s", version, T0)


def test_a_damaged_model_is_replaced_by_training_again(
    registry: ModelRegistry, models: list[TrainedModel]
) -> None:
    """Training again, as the message advises, replaces the damaged model."""
    version = registry.save("s", models[0], T0)
    one_bit(registry.folder / "s" / version)
    registry.save("s", models[0], T0)
    assert registry.load("s", version).offer_ids == ("offer_1", "offer_2")


def test_listing_survives_a_damaged_model(
    registry: ModelRegistry, models: list[TrainedModel]
) -> None:
    """Intact versions are listed, and the damaged one with its error."""
    good, bad = (registry.save("s", m, T0) for m in models[:2])
    (registry.folder / "s" / bad / "manifest.json").write_text("{")
    listed = {m["model_version"]: m for m in registry.versions("s")}
    assert "not JSON" in listed[bad]["error"]
    assert "error" not in listed[good]


def test_a_missing_model_is_named(registry: ModelRegistry) -> None:
    """A deployment whose folder was removed is an input error, not a traceback."""
    with pytest.raises(InputError, match="model 'abc' of strategy 's' is missing"):
        registry.load("s", "abc")


def test_a_damaged_deployment_list_is_named(
    registry: ModelRegistry, models: list[TrainedModel]
) -> None:
    """A damaged list of deployments is an error, not an empty list."""
    registry.save("s", models[0], T0)
    (registry.folder / "s" / "deployments.json").write_text('[{"as_of": 3}]')
    with pytest.raises(InputError, match="list of deployments"):
        registry.deployed_as_of("s", T0)


@pytest.mark.parametrize(
    "entry",
    [
        {"as_of": "2026-11-01T00:00:00+05:00"},
        {"as_of": 7},
        {"model_version": "../../x"},
        {"model_version": None},
        {"action": "delete"},
        {"reason": ["why"]},
        {"more": 1},
    ],
)
def test_a_deployment_that_no_command_writes_is_refused(
    tmp_path: Path, entry: dict[str, object]
) -> None:
    """A time with an offset, another action, a path as version: one message names the file."""
    good = {"as_of": "2026-11-01T00:00:00", "model_version": "0123456789ab", "action": "deploy"}
    (tmp_path / "s").mkdir()
    file = tmp_path / "s" / "deployments.json"
    file.write_text(json.dumps([good]))
    registry = ModelRegistry(tmp_path)
    assert registry.history("s")[0].reason == ""
    file.write_text(json.dumps([good | entry]))
    with pytest.raises(InputError, match=r"deployments\.json is not a readable list"):
        registry.history("s")
