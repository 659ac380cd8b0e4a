"""One model as files: XGBoost's UBJSON and a manifest that explains and protects it.

The version is a content hash of what makes two models equivalent: booster bytes, feature schema,
offers, calibration and parameters. Nothing is ever pickled.
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

from scorer.calibration import Calibration
from scorer.errors import InputError, NextofferError
from scorer.features import FeatureSchema
from scorer.model import OfferModel
from scorer.training import TrainedModel

BOOSTER_FILE = "model.ubj"
MANIFEST_FILE = "manifest.json"
FORMAT = "nextoffer-model"
FORMAT_VERSION = 1
_VERSION_DIGITS = 12
_CONTENT = ("schema", "offer_ids", "calibration", "parameters", "kpi_type")


def describe(trained: TrainedModel, strategy_id: str, as_of: datetime) -> dict[str, Any]:
    """Manifest of a trained model; holds no wall-clock time, so training again gives the same."""
    model = trained.model
    booster = booster_bytes(model)
    content: dict[str, Any] = {
        "schema": model.schema.to_dict(),
        "offer_ids": list(model.offer_ids),
        "calibration": model.calibration.to_dict(),
        "parameters": trained.parameters,
        "kpi_type": trained.kpi_type,
    }
    checksum = hashlib.sha256(booster).hexdigest()
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "strategy_id": strategy_id,
        "model_version": content_version(checksum, content),
        "trained_as_of": as_of.isoformat(),
        "data_window_start": trained.data_window_start.isoformat(),
        "data_window_end": trained.data_window_end.isoformat(),
        "training_rows": trained.training_rows,
        "successes": trained.successes,
        "offers_included": trained.offers_included,
        "offers_personalised": len(model.offer_ids),
        "metrics": trained.metrics,
        **content,
        "checksums": {BOOSTER_FILE: f"sha256:{checksum}"},
        "packages": {
            "numpy": np.__version__,
            "pyarrow": pa.__version__,
            "python": platform.python_version(),
            "xgboost": xgb.__version__,
        },
    }


def booster_bytes(model: OfferModel) -> bytes:
    """The booster in XGBoost's own UBJSON."""
    return bytes(model.booster.save_raw("ubj"))


def content_version(booster_checksum: str, content: dict[str, Any]) -> str:
    """First 12 hex digits of the sha256 of everything that makes the model's scores."""
    known = {name: content[name] for name in _CONTENT}
    text = json.dumps([booster_checksum, known], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_VERSION_DIGITS]


def write_model(folder: Path, manifest: dict[str, Any], booster: bytes) -> None:
    """Write a model folder so that it is there completely or not at all.

    A folder that holds the same model is left alone; a damaged one is replaced.
    """
    if folder.exists() and is_intact(folder):
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    try:
        temporary.chmod(0o755)
        write_synced(temporary / BOOSTER_FILE, booster)
        write_synced(temporary / MANIFEST_FILE, to_json(manifest))
        if folder.exists():
            shutil.rmtree(folder)
        os.rename(temporary, folder)
        sync_folder(folder.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def read_model(folder: Path) -> OfferModel:
    """Load and check a model; raises InputError when a file is missing, damaged or foreign."""
    manifest = read_manifest(folder)
    path = folder / BOOSTER_FILE
    data = _read(path)
    checksum = hashlib.sha256(data).hexdigest()
    try:
        expected = manifest["checksums"][BOOSTER_FILE]
        if expected != f"sha256:{checksum}":
            raise InputError(f"{path} is damaged: its checksum is not the manifest's")
        if content_version(checksum, manifest) != manifest["model_version"]:
            raise InputError(f"{folder / MANIFEST_FILE} was changed: it does not fit its version")
        booster = xgb.Booster()
        booster.load_model(bytearray(data))
        return OfferModel(
            booster,
            FeatureSchema.from_dict(manifest["schema"]),
            tuple(manifest["offer_ids"]),
            Calibration(**manifest["calibration"]),
        )
    except NextofferError as error:
        raise InputError(f"{error}; {_REMEDY}") from None
    except (KeyError, TypeError, ValueError, xgb.core.XGBoostError) as error:
        reason = " ".join(str(error).split())[:80]
        raise InputError(f"{folder} is no usable model ({reason}); {_REMEDY}") from None


def read_manifest(folder: Path) -> dict[str, Any]:
    """Manifest of a model folder; raises InputError when it is missing, damaged or foreign."""
    path = folder / MANIFEST_FILE
    try:
        manifest = json.loads(_read(path))
    except ValueError:
        raise InputError(f"{path} is damaged: it is no JSON; {_REMEDY}") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise InputError(f"{path} is no manifest of a nextoffer model; {_REMEDY}")
    if manifest.get("format_version") != FORMAT_VERSION:
        raise InputError(
            f"{path} has format {manifest.get('format_version')!r}, this version of nextoffer "
            f"reads {FORMAT_VERSION}; {_REMEDY}"
        )
    if manifest.get("model_version") != folder.name:
        raise InputError(f"{path} describes model {manifest.get('model_version')!r}; {_REMEDY}")
    return manifest


def is_intact(folder: Path) -> bool:
    """Whether the folder holds a model that loads."""
    try:
        read_model(folder)
    except InputError:
        return False
    return True


def to_json(data: Any) -> bytes:
    """Readable JSON with sorted keys: the same content gives the same bytes."""
    return (json.dumps(data, indent=2, sort_keys=True) + "\n").encode()


def write_synced(path: Path, data: bytes) -> None:
    """Write a file and wait until it is on disk."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the folder's entries are on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); {_REMEDY}") from None


_REMEDY = "train again or promote another version"
