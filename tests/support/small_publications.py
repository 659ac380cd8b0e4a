"""Small published files that hold exactly what a test says, in the columns of the contracts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

from tests.support.paths import PROJECT

Rows = dict[str, list[dict[str, Any]]]
TODAY = datetime.now(UTC).replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
VERSION = "abcdef012345"
HOSTILE = (
    "a'; drop table ranked_offers; --",
    '<script>alert("x")</script>',
    "😀 :smile: **bold** [link](http://x) $a$",
)


@dataclass(frozen=True)
class Names:
    """Ids of a publication: any of them may be hostile."""

    strategy: str = "web"
    placement: str = "hero"
    profile: str = "p1"
    offers: tuple[str, str] = ("loan", "card")
    features: tuple[str, str] = ("age", "gold")

    @staticmethod
    def hostile(text: str) -> Names:
        """Return names that all hold a text, and stay apart."""
        return Names(
            f"s {text}",
            f"l {text}",
            f"p {text}",
            (f"o1 {text}", f"o2 {text}"),
            (f"f1 {text}", f"f2 {text}"),
        )


@cache
def contracts() -> dict[str, dict[str, str]]:
    """Return the columns of every mart with their types, from the yml."""
    found = {}
    for file in (PROJECT / "models").rglob("*.yml"):
        if not file.with_suffix(".sql").exists():
            continue
        for model in yaml.safe_load(file.read_text())["models"]:
            columns = model["columns"]
            found[model["name"]] = {column["name"]: column["data_type"] for column in columns}
    return found


def publish(home: Path, rows: Rows, as_of: datetime = TODAY) -> None:
    """Publish all marts, empty but for the rows, as of a moment."""
    folder = home / "published"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"nextoffer-{as_of:%Y%m%dT%H%M%S}.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("begin")
        for table, columns in contracts().items():
            defined = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            connection.execute(f"create table {table} ({defined})")
        connection.execute("create table publication as select ?::timestamp as as_of", [as_of])
        for table, records in rows.items():
            for record in records:
                names = ", ".join(f'"{name}"' for name in record)
                marks = ", ".join("?" for _ in record)
                connection.execute(
                    f"insert into {table} ({names}) values ({marks})", list(record.values())
                )
        connection.execute("commit")
    link = home / "published.duckdb"
    link.unlink(missing_ok=True)
    link.symlink_to(file)


def strategies(names: Names) -> Rows:
    """Return a strategy that never ran."""
    return {
        "dim_ranking_strategies": [
            {
                "strategy_id": names.strategy,
                "kpi_name": "clicks",
                "kpi_type": "binary",
                "success_event_types": ["click"],
                "window_hours": 24,
                "lookback_days": 30,
                "min_displays": 250,
                "min_successes": 25,
                "exploration_share": 0.1,
                "top_k": 2,
                "is_default": False,
            }
        ]
    }


def cold_start(names: Names, as_of: datetime = TODAY) -> Rows:
    """Return a strategy that collects data: everything is random, nothing was trained."""
    return {
        **strategies(names),
        "training_runs": [
            {
                "strategy_id": names.strategy,
                "cycle_date": as_of.date(),
                "as_of": as_of,
                "status": "collecting",
                "reason": "1 of 2 offers ready, 2 needed",
            }
        ],
        "ranked_offers": _ranked(names, as_of, None),
        "ranking_candidates": _candidates(names),
        "strategy_features": _features(names),
    }


def full(names: Names, as_of: datetime = TODAY) -> Rows:
    """Return a strategy with a model, its evaluation, interactions and everything watched."""
    return {
        **cold_start(names, as_of),
        "training_runs": [
            {
                "strategy_id": names.strategy,
                "cycle_date": as_of.date(),
                "as_of": as_of,
                "status": "succeeded",
                "model_version": VERSION,
                "deployed_model_version": VERSION,
            }
        ],
        "ranked_offers": _ranked(names, as_of, VERSION),
        "dim_offers": [
            {"offer_id": offer, "offer_name": f"Name of {offer}"} for offer in names.offers
        ],
        "policy_evaluation": evaluations(names, as_of),
        "offer_feature_interactions": either_or(names),
        "feature_importance": [
            {
                "strategy_id": names.strategy,
                "model_version": VERSION,
                "feature_name": name,
                "feature_kind": kind,
                "offer_id": offer,
                "measure": "interaction",
                "importance": share,
                "share": share,
                "importance_rank": rank,
            }
            for offer in (None, *names.offers)
            for rank, (name, kind, share) in enumerate(
                [
                    (" x ".join(names.features[::-1]), "pair", 0.8),
                    (names.features[0], "segment", 0.2),
                ]
            )
        ],
        **_watched(names, as_of),
    }


def evaluations(names: Names, as_of: datetime = TODAY, **changes: Any) -> list[dict[str, Any]]:
    """Return an evaluation of four policies by two estimators; `changes` are of every row."""
    return [
        {
            "strategy_id": names.strategy,
            "cycle_date": as_of.date(),
            "as_of": as_of,
            "policy": policy,
            "model_version": VERSION if policy in ("deployed", "new") else None,
            "estimator": estimator,
            "status": "ok",
            "policy_value": value,
            "value_low": value - 0.01,
            "value_high": value + 0.01,
            "displays": 5000,
            "matching_responses": 300,
            "effective_sample_size": 1234.0,
            "share_below_floor": 0.0,
            "lift_over_random": value / 0.05 - 1,
            "lift_over_random_low": value / 0.05 - 1.1,
            "lift_over_random_high": value / 0.05 - 0.9,
            "data_window_start": as_of - timedelta(days=30),
            "data_window_end": as_of,
            **changes,
        }
        for policy, value in (
            ("random", 0.05),
            ("best_single", 0.06),
            ("deployed", 0.09),
            ("new", 0.1),
        )
        for estimator in ("dr", "dm")
    ]


def either_or(names: Names) -> list[dict[str, Any]]:
    """Return the worked example: the first offer is liked where both features are the same."""
    first, second = names.features
    cells = []
    for offer in names.offers:
        liked = {True: 0.2, False: 0.02} if offer == names.offers[0] else {True: 0.11, False: 0.11}
        pairs = [(a, b) for a in ("false", "true") for b in ("false", "true")]
        told = [(first, a, second, b, liked[a == b]) for a, b in pairs]
        told += [(name, a, None, None, 0.11) for name in names.features for a in ("false", "true")]
        for name, value, other, other_value, rate in told:
            displays = 1000 if other else 2000
            cells.append(
                {
                    "strategy_id": names.strategy,
                    "offer_id": offer,
                    "feature_name": name,
                    "feature_value": value,
                    "other_feature_name": other,
                    "other_feature_value": other_value,
                    "displays": displays,
                    "successes": round(displays * rate),
                    "rate": rate,
                    "shrunken_rate": rate,
                    "lift": rate / 0.11 - 1,
                }
            )
    return cells


def _features(names: Names) -> list[dict[str, Any]]:
    return [
        {
            "strategy_id": names.strategy,
            "feature_order": order,
            "feature_name": name,
            "feature_kind": "segment",
            "value_type": "boolean",
        }
        for order, name in enumerate(names.features)
    ]


def _candidates(names: Names) -> list[dict[str, Any]]:
    return [
        {
            "strategy_id": names.strategy,
            "profile_id": names.profile,
            "placement_id": names.placement,
            "activity_id": "default",
            "scope_id": "default",
            "segments": [names.features[0]],
            "context": {},
            "eligibility_set_id": "e",
        }
    ]


def _ranked(names: Names, as_of: datetime, version: str | None) -> list[dict[str, Any]]:
    return [
        {
            "strategy_id": names.strategy,
            "cycle_date": as_of.date(),
            "profile_id": names.profile,
            "placement_id": names.placement,
            "rank": rank,
            "offer_id": offer,
            "offer_name": f"Name of {offer}",
            "score": None if version is None else 0.1 / rank,
            "traffic_type": "random" if version is None else "contextual",
            "is_exploration": version is None,
            "policy": "uniform" if version is None else "model",
            "propensity": 0.5 if version is None else 0.95,
            "eligible_count": 2,
            "model_version": version,
            "valid_from": as_of,
            "valid_to": as_of + timedelta(days=7),
        }
        for rank, offer in enumerate(names.offers, start=1)
    ]


def _watched(names: Names, as_of: datetime) -> Rows:
    key = {"strategy_id": names.strategy}
    drift = {**key, "comparison": "latest_week", "feature_name": names.features[0]}
    return {
        "health_findings": [
            {
                **key,
                "assumption": assumption,
                "subject": "all",
                "severity": severity,
                "severity_order": order,
                "sentence": f"{assumption} was measured.",
                "advice": None if severity == "ok" else "Look into it.",
                "retrain_recommended": False,
            }
            for assumption, severity, order in (
                ("offers_differ", "ok", 4),
                ("stable_traffic", "severe", 1),
                ("stable_performance", "warning", 2),
                ("displays_arrive", "ok", 4),
            )
        ],
        "traffic_composition_drift": [
            {
                **drift,
                "status": "ok",
                "severity": "severe",
                "psi": 0.4,
                "psi_beyond_chance": 0.39,
                "psi_low": 0.3,
                "sentence": f"The traffic is very different in {names.features[0]}.",
            }
        ],
        "traffic_composition": [
            {**drift, "feature_value": value, "base_count": base, "new_count": new}
            | {"base_share": base / 100, "new_share": new / 100}
            for value, base, new in (("true", 80, 20), ("false", 20, 80))
        ],
        "offer_performance_shift": [
            {
                **key,
                "offer_id": names.offers[0],
                "status": "ok",
                "severity": "warning",
                "recent_displays": 200,
                "recent_successes": 4,
                "recent_reward": 0.02,
                "previous_displays": 900,
                "previous_reward": 0.08,
                "relative_change": -0.75,
                "adjusted_p_value": 0.001,
                "sentence": f"{names.offers[0]} suddenly earns less.",
            }
        ],
        "offer_similarity": [
            {
                **key,
                "offer_id": names.offers[1],
                "other_offer_id": names.offers[0],
                "verdict": "alike",
                "similarity": 0.9,
                "most_different_feature": names.features[1],
                "sentence": "They appeal to the same people.",
            }
        ],
        "rejected_events": [
            {
                "rejection_id": place,
                "input_name": "experience_events",
                "source_file": "events.ndjson",
                "reason": "no event id",
                "raw_text": names.profile,
            }
            for place in range(3)
        ],
        "data_quality": [
            {**key, "measure": measure, "event_date": (as_of - timedelta(days=age)).date()}
            | {"records": 100, "records_in_order": 90}
            for measure in ("outcome_is_final", "interaction_has_display")
            for age in (1, 2)
        ],
        "traffic_allocation": [
            {**key, "display_date": (as_of - timedelta(days=1)).date(), "traffic_type": "random"}
            | {"displays": 100, "share": 1.0}
        ],
        "model_versions": [
            {**key, "model_version": VERSION, "trained_as_of": as_of, "is_deployed": True}
            | {"data_window_end": as_of - timedelta(days=1)}
        ],
    }
