"""Stores a model as files with a manifest that describes and protects them.

The version is a hash of what makes two models equivalent: the bytes of the files, the description
of the model, feature schema, offers and parameters. Nothing is pickled.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import xgboost as xgb

from scorer.errors import InputError, NextofferError
from scorer.features import FeatureSchema
from scorer.files import NOT_JSON, replace_file, sync
from scorer.interruption import stop_if_interrupted
from scorer.models.persistence import Files, describe_model, restore_model
from scorer.models.protocol import RewardModel
from scorer.registry.trained_model import TrainedModel

MANIFEST_FILE = "manifest.json"
FORMAT = "nextoffer-model"
FORMAT_VERSION = 2
_VERSION_DIGITS = 12
_OWN, _UNKNOWN = "manifest_checksum", "unknown"
_SHAPE: dict[str, Any] = {
    **dict.fromkeys(("strategy_id", "model_version", "model_kind", "kpi_type"), str),
    **dict.fromkeys(("trained_as_of", "data_window_start", "data_window_end"), str),
    **dict.fromkeys(("training_rows", "successes", "offers_included", "offers_personalised"), int),
    **dict.fromkeys(("metrics", "schema", "model", "parameters", "checksums"), dict),
    "offer_ids": list,
}
_CONTENT = ("schema", "offer_ids", "model", "parameters", "kpi_type")


def manifest_and_files(
    trained: TrainedModel, strategy_id: str, as_of: datetime
) -> tuple[dict[str, Any], Files]:
    """Manifest and files of a trained model; without clock times, so that they are reproducible."""
    model = trained.model
    description, files = describe_model(model)
    content: dict[str, Any] = {
        "schema": model.schema.to_dict(),
        "offer_ids": list(model.offer_ids),
        "model": description,
        "parameters": trained.parameters,
        "kpi_type": trained.kpi_type,
    }
    checksums = {name: _checksum(data) for name, data in sorted(files.items())}
    manifest = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "strategy_id": strategy_id,
        "model_version": content_version(checksums, content),
        "model_kind": model.kind,
        "trained_as_of": as_of.isoformat(),
        "data_window_start": trained.data_window_start.isoformat(),
        "data_window_end": trained.data_window_end.isoformat(),
        "training_rows": trained.training_rows,
        "successes": trained.successes,
        "offers_included": trained.offers_included,
        "offers_personalised": len(model.offer_ids),
        "metrics": trained.metrics,
        **content,
        "checksums": checksums,
        "packages": {
            "numpy": np.__version__,
            "pyarrow": pa.__version__,
            "python": platform.python_version(),
            "xgboost": xgb.__version__,
        },
    }
    return manifest | {_OWN: _manifest_checksum(manifest)}, files


def content_version(checksums: dict[str, str], content: dict[str, Any]) -> str:
    """First 12 hex digits of the sha256 of everything that makes the model's scores."""
    known = {name: content[name] for name in _CONTENT}
    text = json.dumps([checksums, known], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_VERSION_DIGITS]


def write_model(folder: Path, manifest: dict[str, Any], files: Files) -> None:
    """Write a model folder atomically.

    A folder with the same model is kept; a damaged one is replaced.
    """
    if folder.exists() and is_intact(folder):
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    try:
        temporary.chmod(0o755)
        for name, data in files.items():
            replace_file(temporary / name, data)
        replace_file(temporary / MANIFEST_FILE, to_json(manifest))
        stop_if_interrupted()
        if folder.exists():
            shutil.rmtree(folder)
        os.rename(temporary, folder)
        sync(folder.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def read_model(folder: Path) -> RewardModel:
    """Load and check a model; raises InputError when a file is missing, damaged or foreign."""
    manifest = read_manifest(folder)
    try:
        checksums = manifest["checksums"]
        files = {name: _read(folder / Path(name).name) for name in checksums}
        for name, data in files.items():
            if checksums[name] != _checksum(data):
                raise InputError(
                    f"{folder / name} is damaged: its checksum differs from the manifest"
                )
        if content_version(checksums, manifest) != manifest["model_version"]:
            raise InputError(
                f"{folder / MANIFEST_FILE} was changed: its content does not match its version"
            )
        schema, offer_ids = FeatureSchema.from_dict(manifest["schema"]), manifest["offer_ids"]
        return restore_model(manifest["model"], files, schema, tuple(offer_ids))
    except NextofferError as error:
        text = str(error)
        raise InputError(text if text.endswith(_REMEDY) else f"{text}; {_REMEDY}") from None
    except (
        AttributeError,
        KeyError,
        TypeError,
        ValueError,
        xgb.core.XGBoostError,
    ) as error:
        reason = " ".join(str(error).split())[:80]
        raise InputError(f"{folder} is not a usable model ({reason}); {_REMEDY}") from None


def read_manifest(folder: Path) -> dict[str, Any]:
    """Manifest of a model folder; raises InputError if missing, damaged or in another format."""
    path = folder / MANIFEST_FILE
    try:
        manifest = json.loads(_read(path))
    except NOT_JSON:
        raise InputError(f"{path} is damaged: it is not JSON; {_REMEDY}") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise InputError(f"{path} is not the manifest of a nextoffer model; {_REMEDY}")
    if manifest.get("format_version") != FORMAT_VERSION:
        raise InputError(
            f"{path} has format {manifest.get('format_version')!r}, this version of nextoffer "
            f"reads {FORMAT_VERSION}; {_REMEDY}"
        )
    if manifest.get("model_version") != folder.name:
        raise InputError(f"{path} describes model {manifest.get('model_version')!r}; {_REMEDY}")
    # Models of earlier versions have no checksum of the manifest.
    if not _has_shape(manifest) or manifest.get(_OWN, _UNKNOWN) not in (
        _UNKNOWN,
        _manifest_checksum(manifest),
    ):
        raise InputError(f"{path} was changed: its content does not match its checksum; {_REMEDY}")
    return manifest


def _has_shape(manifest: dict[str, Any]) -> bool:
    return all(isinstance(manifest.get(name), kind) for name, kind in _SHAPE.items())


def _manifest_checksum(manifest: dict[str, Any]) -> str:
    return _checksum(to_json({name: manifest[name] for name in manifest if name != _OWN}))


def is_intact(folder: Path) -> bool:
    """True if the folder holds a model that loads."""
    try:
        read_model(folder)
    except InputError:
        return False
    return True


def to_json(data: Any) -> bytes:
    """Indented JSON with sorted keys, so that equal content has equal bytes."""
    return (json.dumps(data, indent=2, sort_keys=True) + "\n").encode()


def _checksum(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); {_REMEDY}") from None


_REMEDY = "train again or promote another version"
