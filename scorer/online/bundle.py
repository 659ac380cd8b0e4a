"""The serving bundle: the data for online decisions, in a folder next to the publication.

``published/nextoffer-<as_of>.serving/`` belongs to ``published/nextoffer-<as_of>.duckdb``:
``bundle.json`` with the rules of every strategy, ``models/`` as in the registry, and a folder of
arrays per strategy with the known profiles. It is complete before the link to the publication
moves, and nothing writes to it afterwards.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, fields, replace
from datetime import datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

from scorer.config import Settings
from scorer.errors import InputError, NextofferError
from scorer.files import NOT_JSON, STAMP, sync
from scorer.online.profile_arrays import write_profiles
from scorer.online.profiles import Profiles
from scorer.ranking.caps import CapRule, Caps
from scorer.ranking.context import (
    Deployed,
    Offer,
    OfferRule,
    StrategyContext,
    find_deployed,
    load_context,
)
from scorer.registry.model_registry import ModelRegistry
from scorer.warehouse.database import connect_build
from scorer.warehouse.marts import (
    RankingSettings,
    read_capping_rules,
    read_context_paths,
    read_event_kinds,
    strategy_ids,
)
from scorer.warehouse.publications import publications

FORMAT = 1
_MANIFEST = "bundle.json"
_SUFFIX = ".serving"
_EXTRA = ("httptools", "msgspec", "prometheus_client")


@dataclass(frozen=True)
class Served:
    """A strategy of a bundle: context, caps, and the names that the profile arrays refer to."""

    context: StrategyContext
    caps: Caps
    placements: tuple[str, ...]
    scopes: tuple[tuple[str, str], ...]
    groups: tuple[frozenset[str], ...]
    usual: dict[str, tuple[str, str]]
    profiles: Profiles


@dataclass(frozen=True)
class Bundle:
    """One publication, ready to decide.

    ``event_kinds`` maps XDM event types to kinds, ``context_paths`` context features to their paths
    in events.
    """

    as_of: datetime
    strategies: dict[str, Served]
    event_kinds: dict[str, str]
    context_paths: dict[str, str]

    @property
    def cap_rules(self) -> tuple[CapRule, ...]:
        """The capping rules, which are the same for all strategies."""
        return next((served.caps.rules for served in self.strategies.values()), ())


def is_installed() -> bool:
    """True if the extra `serve` is installed; only then cycles write bundles."""
    return all(find_spec(name) is not None for name in _EXTRA)


def bundle_path(published_path: Path) -> Path:
    """Return the folder of the bundle of the current publication, or of a published file.

    Raises
    ------
    InputError
        Nothing is published yet, or the publication has no bundle.
    """
    try:
        published = published_path.resolve(strict=True)
    except OSError:
        raise InputError(
            f"nothing is published in {published_path.parent}: run `nextoffer run` first"
        ) from None
    folder = published.with_suffix(_SUFFIX)
    if not (folder / _MANIFEST).is_file():
        raise InputError(
            f"{folder} does not exist: the cycle ran without the extra `serve`, or was run by an"
            " older version; run `nextoffer publish`"
        )
    return folder


def write_bundle(settings: Settings) -> Path:
    """Write the bundle of the publication that is about to be written; replace an earlier one."""
    folder = settings.published_dir / f"nextoffer-{settings.as_of.strftime(STAMP)}{_SUFFIX}"
    temporary = folder.with_name(f".{os.getpid()}.tmp.{folder.name}")
    _remove_leftovers(settings)
    temporary.mkdir(parents=True)
    try:
        _fill(settings, temporary)
        for path in (*temporary.rglob("*"), temporary):
            sync(path)
        old = folder.with_name(f".old.tmp.{folder.name}")
        if folder.exists():
            os.replace(folder, old)
        os.replace(temporary, folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    sync(folder.parent)
    _remove_leftovers(settings, keep=folder)
    return folder


def read_bundle(folder: Path) -> Bundle:
    """Open a bundle; models are loaded and checked, arrays are mapped.

    Raises
    ------
    InputError
        It is missing, damaged or of another version.
    """
    try:
        manifest = json.loads((folder / _MANIFEST).read_bytes())
        if manifest["format"] != FORMAT:
            raise InputError(f"{folder} has format {manifest['format']}, not {FORMAT}")
        kinds, paths = manifest["event_kinds"], manifest["context_paths"]
        as_of = datetime.fromisoformat(manifest["as_of"])
        registry = ModelRegistry(folder / "models")
        strategies = {
            described["strategy_id"]: _served(described, as_of, registry, folder)
            for described in manifest["strategies"]
        }
    except NextofferError:
        raise
    except (OSError, KeyError, TypeError, IndexError, *NOT_JSON) as error:
        raise InputError(
            f"{folder} is not a readable serving bundle ({error!r}): run `nextoffer publish`"
        ) from None
    return Bundle(as_of, strategies, kinds, paths)


def _fill(settings: Settings, folder: Path) -> None:
    described, registry = [], ModelRegistry(settings.models_dir)
    with connect_build(settings.build_path, read_only=True) as connection:
        kinds, paths = read_event_kinds(connection), read_context_paths(connection)
        caps = [row for row in read_capping_rules(connection) if row[4] is not None]
        for strategy in strategy_ids(connection, replace(settings, strategy=None)):
            deployed = find_deployed(connection, settings, strategy)
            context = load_context(connection, strategy, settings.as_of, deployed)
            place = folder / quote(f"strategy={strategy}", safe="= ")
            names = write_profiles(connection, context, caps, place)
            if deployed is not None:
                registry.copy(strategy, deployed.version, folder / "models")
            described.append({**_described(context, caps), **names, "folder": place.name})
    manifest = {
        "format": FORMAT,
        "as_of": settings.as_of.isoformat(),
        "nextoffer_version": version("nextoffer"),
        "event_kinds": kinds,
        "context_paths": paths,
        "strategies": described,
    }
    (folder / _MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


def _described(context: StrategyContext, caps: list[tuple[Any, ...]]) -> dict[str, Any]:
    """JSON-ready form of everything that does not depend on profiles."""
    return {
        "strategy_id": context.strategy_id,
        "model_version": context.deployed.version if context.deployed else None,
        "ready_offer_ids": sorted(context.ready_offer_ids),
        "progress": dict(context.progress),
        "settings": {f.name: getattr(context, f.name) for f in fields(RankingSettings)},
        "offers": [
            [o.offer_id, o.name, o.priority, o.is_fallback, o.placement_ids] for o in context.offers
        ],
        "rules": [
            [
                rule.placement_id,
                rule.offer_id,
                *(m and m.isoformat() for m in (rule.start_date, rule.end_date)),
                sorted(rule.include_segments),
                sorted(rule.exclude_segments),
            ]
            for rule in context.rules
        ],
        "caps": caps,
    }


def _served(
    described: dict[str, Any], as_of: datetime, registry: ModelRegistry, folder: Path
) -> Served:
    strategy, model = described["strategy_id"], described["model_version"]
    context = StrategyContext(
        strategy_id=strategy,
        as_of=as_of,
        offers=tuple(
            Offer(offer, name, priority, is_fallback, None if at is None else tuple(at))
            for offer, name, priority, is_fallback, at in described["offers"]
        ),
        eligibility={},
        deployed=Deployed(registry.load(strategy, model), model) if model else None,
        ready_offer_ids=frozenset(described["ready_offer_ids"]),
        progress=described["progress"],
        rules=tuple(_rule(row) for row in described["rules"]),
        **described["settings"],
    )
    return Served(
        context=context,
        caps=Caps([CapRule(*row) for row in described["caps"]], map(tuple, described["totals"])),
        placements=tuple(described["placements"]),
        scopes=tuple((activity, scope) for activity, scope in described["scopes"]),
        groups=tuple(map(frozenset, described["groups"])),
        usual={place: (activity, scope) for place, activity, scope in described["usual"]},
        profiles=Profiles.open(folder / described["folder"]),
    )


def _rule(row: list[Any]) -> OfferRule:
    start, end = (None if text is None else datetime.fromisoformat(text) for text in row[2:4])
    return OfferRule(row[0], row[1], start, end, frozenset(row[4]), frozenset(row[5]))


def _remove_leftovers(settings: Settings, keep: Path | None = None) -> None:
    """Delete bundles of interrupted cycles and of publications that are gone."""
    kept = {path.with_suffix(_SUFFIX) for _, path in publications(settings.published_dir)}
    for path in settings.published_dir.glob(f"*{_SUFFIX}"):
        if path != keep and path not in kept:
            shutil.rmtree(path, ignore_errors=True)
