"""Model registry: the model versions of each strategy, and which one is deployed when.

``models/<strategy_id>/<model_version>/`` holds a model, ``models/<strategy_id>/deployments.json``
the list of deployments. The list and a point in time give the deployed model, so that a back-fill
uses the model that was deployed then.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from scorer.errors import ConfigurationError, InputError
from scorer.files import NOT_JSON, replace_file
from scorer.models.protocol import RewardModel
from scorer.registry import model_files
from scorer.registry.trained_model import TrainedModel

DEPLOYMENTS_FILE = "deployments.json"
DEPLOY, PROMOTE, ROLLBACK = "deploy", "promote", "rollback"
_VERSION = re.compile(r"[\w-]{1,64}")


@dataclass(frozen=True)
class Deployment:
    """``model_version`` ranks from ``as_of`` (UTC) on; action: deploy, promote or rollback."""

    as_of: datetime
    model_version: str
    action: str
    reason: str = ""

    def __str__(self) -> str:
        """The deployment as text, for the reason of a run."""
        how = {PROMOTE: "promoted", ROLLBACK: "rolled back to"}.get(self.action, self.action)
        why = f": {self.reason}" if self.reason else ""
        return f"model {self.model_version} {how} by hand{why}"


class ModelRegistry:
    """The models of all strategies, below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, strategy_id: str, trained: TrainedModel, as_of: datetime) -> str:
        """Write the model unless it is stored already; returns its version."""
        manifest, files = model_files.manifest_and_files(trained, strategy_id, as_of)
        version = str(manifest["model_version"])
        model_files.write_model(self._strategy(strategy_id) / version, manifest, files)
        return version

    def load(self, strategy_id: str, model_version: str) -> RewardModel:
        """Load a model; raises InputError if it is missing, damaged or in another format."""
        return model_files.read_model(self._known(strategy_id, model_version))

    def manifest(self, strategy_id: str, model_version: str) -> dict[str, Any]:
        """Manifest of a model; raises InputError like :meth:`load`."""
        return model_files.read_manifest(self._known(strategy_id, model_version))

    def copy(self, strategy_id: str, model_version: str, folder: Path) -> None:
        """Copy a model into the registry of another folder; raises InputError like :meth:`load`."""
        target = ModelRegistry(folder)._strategy(strategy_id) / model_version
        shutil.copytree(self._known(strategy_id, model_version), target)

    def strategies(self) -> list[str]:
        """Strategies with a folder, sorted."""
        if not self.folder.is_dir():
            return []
        return sorted(unquote(f.name) for f in self.folder.iterdir() if f.is_dir())

    def versions(self, strategy_id: str) -> list[dict[str, Any]]:
        """Manifests in order of training; version and ``error`` for a damaged model."""
        manifests = []
        for version in self._versions(strategy_id):
            try:
                manifests.append(self.manifest(strategy_id, version))
            except InputError as error:
                manifests.append({"model_version": version, "error": str(error)})
        return sorted(manifests, key=lambda m: (m.get("trained_as_of", ""), m["model_version"]))

    def deploy(
        self, strategy_id: str, model_version: str, as_of: datetime, reason: str = ""
    ) -> None:
        """Record the deployment of a cycle; repeating it changes nothing."""
        self._record(strategy_id, Deployment(as_of, model_version, DEPLOY, reason))

    def promote(
        self, strategy_id: str, model_version: str, as_of: datetime, reason: str = ""
    ) -> None:
        """Record the deployment of a version by a person.

        Raises ConfigurationError if the version is unknown (the message names the known ones) or
        was trained after `as_of`, and InputError if the model does not load.
        """
        known = self._versions(strategy_id)
        if model_version not in known:
            raise ConfigurationError(
                f"strategy {strategy_id!r} has no model {model_version!r}; known versions: "
                f"{', '.join(known) or 'none'}"
            )
        self.load(strategy_id, model_version)
        trained = self._trained_as_of(strategy_id, model_version)
        if trained > as_of.isoformat():
            raise ConfigurationError(
                f"model {model_version} was trained as of {trained}, after {as_of.isoformat()}:"
                f" promote an earlier model, or this one from {trained} on"
            )
        self._record(strategy_id, Deployment(as_of, model_version, PROMOTE, reason))

    def rollback(self, strategy_id: str, as_of: datetime, reason: str = "") -> str:
        """Deploy the version that was deployed before the current one; returns it.

        Calling it again goes back further. Raises ConfigurationError if there is no earlier one.
        """
        if strategy_id not in self.strategies():
            raise ConfigurationError(
                f"strategy {strategy_id!r} has no model; there are:"
                f" {', '.join(self.strategies()) or 'none'}"
            )
        stack = self._stack(strategy_id, as_of)
        if len(stack) < 2:
            current = stack[0] if stack else "none"
            raise ConfigurationError(
                f"strategy {strategy_id!r} has no earlier deployed model to go back to "
                f"(deployed: {current})"
            )
        self.load(strategy_id, stack[-2])
        self._record(strategy_id, Deployment(as_of, stack[-2], ROLLBACK, reason))
        return stack[-2]

    def deployed_as_of(self, strategy_id: str, as_of: datetime) -> str | None:
        """Version that is deployed at a point in time; None before the first deployment."""
        past = [d for d in self.history(strategy_id) if d.as_of <= as_of]
        return past[-1].model_version if past else None

    def incumbent(self, strategy_id: str, as_of: datetime) -> str | None:
        """Version that a model trained in this cycle is compared with; None if there is none.

        The version deployed before the cycle, or by a person at its as_of, but not one that an
        earlier run of the same cycle deployed.
        """
        past = [d for d in self.history(strategy_id) if d.as_of <= as_of]
        past = [d for d in past if d.as_of < as_of or d.action != DEPLOY]
        return past[-1].model_version if past else None

    def by_hand(self, strategy_id: str, as_of: datetime) -> Deployment | None:
        """The deployment by a person at exactly this moment; None if there is none."""
        now = [d for d in self.history(strategy_id) if d.as_of == as_of]
        return now[-1] if now and now[-1].action != DEPLOY else None

    def withdraw(self, strategy_id: str, as_of: datetime) -> None:
        """Remove the deployment of a cycle, so that the earlier one applies again."""
        history = self.history(strategy_id)
        kept = [d for d in history if (d.as_of, d.action) != (as_of, DEPLOY)]
        if len(kept) < len(history):
            self._write(strategy_id, kept)

    def history(self, strategy_id: str) -> list[Deployment]:
        """Deployments by as_of; at the same as_of, cycles come before people."""
        path = self._strategy(strategy_id) / DEPLOYMENTS_FILE
        if not path.exists():
            return []
        try:
            entries = [
                _deployment(**{"reason": "", **entry}) for entry in json.loads(path.read_bytes())
            ]
        except (OSError, TypeError, *NOT_JSON):
            raise InputError(
                f"{path} is not a readable list of deployments; restore it or remove it"
            ) from None
        return sorted(entries, key=_in_force)

    def _trained_as_of(self, strategy_id: str, model_version: str) -> str:
        """When a model was first trained; a back-fill can be earlier than the manifest."""
        cycles = [
            d.as_of.isoformat()
            for d in self.history(strategy_id)
            if (d.model_version, d.action) == (model_version, DEPLOY)
        ]
        return min([self.manifest(strategy_id, model_version).get("trained_as_of", ""), *cycles])

    def _stack(self, strategy_id: str, as_of: datetime) -> list[str]:
        """Versions that a rollback can return to, the deployed one last."""
        stack: list[str] = []
        for deployment in self.history(strategy_id):
            if deployment.as_of > as_of:
                break
            if deployment.action == ROLLBACK and len(stack) > 1:
                stack.pop()
            if not stack or stack[-1] != deployment.model_version:
                stack.append(deployment.model_version)
        return stack

    def _record(self, strategy_id: str, deployment: Deployment) -> None:
        """Add the entry; a cycle that runs again replaces its earlier deployment."""
        history = self.history(strategy_id)
        if deployment.action == DEPLOY:
            same = [
                d for d in history if (d.as_of, d.action) == (deployment.as_of, deployment.action)
            ]
            if any(d.model_version == deployment.model_version for d in same):
                return
            history = [d for d in history if d not in same]
        self._write(strategy_id, sorted([*history, deployment], key=_in_force))

    def _write(self, strategy_id: str, history: list[Deployment]) -> None:
        entries = [{**asdict(d), "as_of": d.as_of.isoformat()} for d in history]
        path = self._strategy(strategy_id) / DEPLOYMENTS_FILE
        replace_file(path, model_files.to_json(entries))

    def _versions(self, strategy_id: str) -> list[str]:
        folder = self._strategy(strategy_id)
        if not folder.is_dir():
            return []
        return sorted(f.name for f in folder.iterdir() if f.is_dir() and f.name[0] != ".")

    def _known(self, strategy_id: str, model_version: str) -> Path:
        if model_version not in self._versions(strategy_id):
            known = ", ".join(self._versions(strategy_id)) or "none"
            raise InputError(
                f"model {model_version!r} of strategy {strategy_id!r} is missing in "
                f"{self.folder}; known versions: {known}"
            )
        return self._strategy(strategy_id) / model_version

    def _strategy(self, strategy_id: str) -> Path:
        """Folder of a strategy, named by its quoted id."""
        name = quote(strategy_id, safe=" ")
        if name.startswith("."):
            name = "%2E" + name[1:]
        return self.folder / (name or "%00")


def _deployment(as_of: str, model_version: str, action: str, reason: str) -> Deployment:
    """Check an entry of the list; raises TypeError or ValueError."""
    moment = datetime.fromisoformat(as_of)
    known = action in (DEPLOY, PROMOTE, ROLLBACK) and _VERSION.fullmatch(model_version)
    if moment.tzinfo is not None or not known or not isinstance(reason, str):
        raise ValueError("not a deployment")
    return Deployment(moment, model_version, action, reason)


def _in_force(deployment: Deployment) -> tuple[datetime, bool]:
    """Sort key: at the same as_of, a deployment by a person overrules one by a cycle."""
    return deployment.as_of, deployment.action != DEPLOY
