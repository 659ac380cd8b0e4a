"""The commands `models`: list trained models, change which one is deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from scorer.cli.options import json_option, settings_options
from scorer.cli.output import print_rows
from scorer.config import Settings
from scorer.errors import ConfigurationError
from scorer.warehouse.lock import hold_lock

if TYPE_CHECKING:
    from scorer.registry.model_registry import ModelRegistry


@click.group()
def models() -> None:
    """List trained models, choose the one that ranks."""


@models.command("list")
@settings_options("strategy")
@json_option
def list_models(settings: Settings, as_json: bool) -> None:
    """List the models of each strategy, newest first."""
    print_rows(model_rows(settings), as_json, "no model is trained yet")


@models.command()
@settings_options("newest_cycle")
@click.argument("strategy")
@click.argument("model_version")
def promote(settings: Settings, strategy: str, model_version: str) -> None:
    """Deploy MODEL_VERSION for STRATEGY; `rank` and `publish` then use it."""
    click.echo(promote_model(settings, strategy, model_version))


@models.command()
@settings_options("newest_cycle")
@click.argument("strategy")
def rollback(settings: Settings, strategy: str) -> None:
    """Deploy the previous model of STRATEGY; `rank` and `publish` then use it."""
    click.echo(rollback_model(settings, strategy))


def model_rows(settings: Settings) -> list[dict[str, Any]]:
    """Return one row per strategy and model, newest first; `state` marks damaged ones."""
    registry = _registry(settings)
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
    """Deploy a version from `settings.as_of` on; return a sentence about it."""
    with hold_lock(settings.lock_path):
        registry = _registry(settings)
        registry.promote(strategy, version, settings.as_of)
        holds = _period(registry, settings, strategy)
    return f"{strategy}: {version} is deployed {holds}"


def rollback_model(settings: Settings, strategy: str) -> str:
    """Deploy the previously deployed model; return a sentence about it."""
    with hold_lock(settings.lock_path):
        registry = _registry(settings)
        version = registry.rollback(strategy, settings.as_of)
        holds = _period(registry, settings, strategy)
    return f"{strategy}: back to {version} {holds}"


def _registry(settings: Settings) -> ModelRegistry:
    from scorer.registry.model_registry import ModelRegistry

    return ModelRegistry(settings.models_dir)


def _period(registry: ModelRegistry, settings: Settings, strategy: str) -> str:
    """Return the period of a deployment made at `settings.as_of`, up to the next one."""
    start = settings.as_of.isoformat()
    later = [d for d in registry.history(strategy) if d.as_of > settings.as_of]
    if not later:
        return f"from {start} on"
    return (
        f"from {start} only until {later[0].as_of.isoformat()}: model {later[0].model_version} was"
        f" deployed then; to override all later deployments, use --as-of"
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
