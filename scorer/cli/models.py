"""Lists models and changes which one is deployed."""

from __future__ import annotations

from typing import Any

from scorer.config import Settings
from scorer.errors import ConfigurationError
from scorer.registry.model_registry import ModelRegistry
from scorer.warehouse.lock import hold_lock


def model_rows(settings: Settings) -> list[dict[str, Any]]:
    """Return one row per strategy and model, newest first; damaged ones say so."""
    registry = ModelRegistry(settings.models_dir)
    known = registry.strategies()
    if settings.strategy is not None and settings.strategy not in known:
        raise ConfigurationError(
            f"--strategy: {settings.strategy!r} has no model; there are: {', '.join(known) or '-'}"
        )
    rows = []
    for strategy in [settings.strategy] if settings.strategy else known:
        history = registry.history(strategy)
        deployed = history[-1].model_version if history else None
        for manifest in reversed(registry.versions(strategy)):
            rows.append(_row(strategy, manifest, deployed))
    return rows


def promote_model(settings: Settings, strategy: str, version: str) -> str:
    """Deploy a version from the moment of `settings` on; return what was done."""
    with hold_lock(settings.lock_path):
        registry = ModelRegistry(settings.models_dir)
        registry.promote(strategy, version, settings.as_of, reason="promoted by hand")
        holds = _how_long(registry, settings, strategy)
    return f"{strategy}: {version} is deployed {holds}"


def rollback_model(settings: Settings, strategy: str) -> str:
    """Deploy the model that was deployed before; return what was done."""
    with hold_lock(settings.lock_path):
        registry = ModelRegistry(settings.models_dir)
        version = registry.rollback(strategy, settings.as_of, reason="rolled back by hand")
        holds = _how_long(registry, settings, strategy)
    return f"{strategy}: back to {version} {holds}"


def _how_long(registry: ModelRegistry, settings: Settings, strategy: str) -> str:
    """Say from when to when a deployment as of `settings` holds; later ones rule after it."""
    start = settings.as_of.isoformat()
    later = [d for d in registry.history(strategy) if d.as_of > settings.as_of]
    if not later:
        return f"from {start} on"
    return (
        f"from {start} only until {later[0].as_of.isoformat()}: model {later[0].model_version} was"
        f" deployed then; to overrule all that was deployed later, give --as-of"
        f" {later[-1].as_of.isoformat()}"
    )


def _row(strategy: str, manifest: dict[str, Any], deployed: str | None) -> dict[str, Any]:
    version = manifest["model_version"]
    return {
        "strategy_id": strategy,
        "model_version": version,
        "state": "damaged" if "error" in manifest else "deployed" if version == deployed else "",
        "trained_as_of": manifest.get("trained_as_of"),
        "training_rows": manifest.get("training_rows"),
        "offers": manifest.get("offers_personalised"),
        "note": manifest.get("error", ""),
    }
