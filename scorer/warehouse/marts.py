"""Reads the marts of the build."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from scorer.config import MIN_READY_OFFERS, Settings
from scorer.errors import ConfigurationError, StrategyError
from scorer.features import DECISIONING, FeatureSchema
from scorer.files import NOT_JSON
from scorer.warehouse.database import Connection

_DATA = """
select
    strategies.kpi_type,
    strategies.exploration_share,
    count(examples.display_id) as training_rows,
    count(*) filter (where examples.is_success) as successes,
    min(examples.event_ts) as data_window_start,
    max(examples.event_ts) as data_window_end,
    (
        select count(*) from offer_readiness as offers
        where offers.strategy_id = strategies.strategy_id
    ) as offers
from dim_ranking_strategies as strategies
left join training_examples as examples on strategies.strategy_id = examples.strategy_id
where strategies.strategy_id = ?
group by strategies.strategy_id, strategies.kpi_type, strategies.exploration_share
"""
VALUE_PER_SUCCESS = "value_per_success"
"""Column and characteristic of the catalogue with the value of one success of the offer."""

GUARDRAIL = "guardrail "
"""Start of the name of a column with the rewards of a guardrail."""

_EXAMPLE_COLUMNS = (
    "display_id",
    "event_ts",
    "profile_id",
    "offer_id",
    "reward",
    "is_success",
    "propensity",
    '"position"',
    "eligibility_set_id",
    *DECISIONING,
)


def strategy_ids(connection: Connection, settings: Settings) -> list[str]:
    """Return the strategies to work on, sorted.

    Raises
    ------
    ConfigurationError
        `settings.strategy` is unknown.
    """
    rows = connection.execute(
        "select strategy_id from main.dim_ranking_strategies order by strategy_id"
    ).fetchall()
    known = [name for (name,) in rows]
    if settings.strategy is None:
        return known
    if settings.strategy not in known:
        raise ConfigurationError(
            f"--strategy: {settings.strategy!r} is unknown; there are: {', '.join(known)}"
        )
    return [settings.strategy]


def the_strategy(connection: Connection, settings: Settings) -> str:
    """Return the only strategy to work on.

    Raises
    ------
    ConfigurationError
        `settings.strategy` is unknown, or is missing although there are several strategies.
    """
    known = strategy_ids(connection, replace(settings, strategy=None))
    if settings.strategy is None and len(known) > 1:
        raise ConfigurationError(f"--strategy is missing; name one of: {', '.join(known)}")
    return strategy_ids(connection, settings)[0]


@dataclass(frozen=True)
class StrategyData:
    """Training data of a strategy as of the cycle."""

    kpi_type: str
    exploration_share: float
    training_rows: int
    successes: int
    data_window_start: datetime | None
    data_window_end: datetime | None
    offers: int
    ready_offer_ids: tuple[str, ...]

    def missing(self) -> str | None:
        """Return what is missing to train a model, or None."""
        if not self.training_rows:
            return "no display of the look-back has a final outcome yet"
        if not self.successes:
            return "no success events in the window"
        if len(self.ready_offer_ids) < MIN_READY_OFFERS:
            ready = len(self.ready_offer_ids)
            return f"{ready} of {self.offers} offers ready, {MIN_READY_OFFERS} needed"
        return None


def read_data(connection: Connection, strategy: str) -> StrategyData:
    """Return the training data of a strategy.

    Raises
    ------
    StrategyError
        The build does not know the strategy.
    """
    ready = read_ready_offers(connection, strategy)
    found = connection.sql(_DATA, params=[strategy]).to_arrow_table().to_pylist()
    if not found:
        raise StrategyError(f"strategy {strategy!r} is not in dim_ranking_strategies")
    return StrategyData(**found[0], ready_offer_ids=ready)


def read_ready_offers(connection: Connection, strategy: str) -> tuple[str, ...]:
    """Ready offers of a strategy, sorted."""
    rows = connection.execute(
        "select offer_id from offer_readiness where strategy_id = ? and is_ready order by 1",
        [strategy],
    ).fetchall()
    return tuple(offer_id for (offer_id,) in rows)


def read_progress(connection: Connection, strategy: str) -> dict[str, float]:
    """Ratio of displays and successes to the readiness thresholds; an offer is ready at 1 or
    more."""
    rows = connection.execute(
        "select offer_id, least(displays / greatest(min_displays, 1),"
        " successes / greatest(min_successes, 1)) from offer_readiness where strategy_id = ?",
        [strategy],
    ).fetchall()
    return {offer: float(progress) for offer, progress in rows}


def read_schema(connection: Connection, strategy: str) -> FeatureSchema:
    """Declared feature schema of a strategy, without categories."""
    rows = connection.sql(
        "select feature_order, feature_name, feature_kind, value_type"
        " from strategy_features where strategy_id = ?",
        params=[strategy],
    ).to_arrow_table()
    return FeatureSchema.declare(rows.to_pylist())


def load_examples(connection: Connection, strategy: str, schema: FeatureSchema) -> pa.Table:
    """Rows of ``training_examples`` of a strategy with the columns of the schema, as Arrow."""
    columns = ", ".join((*_EXAMPLE_COLUMNS, *schema.select_list))
    return connection.sql(
        f"select {columns} from training_examples where strategy_id = ?", params=[strategy]
    ).to_arrow_table()


def with_guardrails(connection: Connection, strategy: str, examples: pa.Table) -> pa.Table:
    """Add a column for each guardrail of a strategy, named as the strategy names it.

    It holds what the display did for the KPI of the guardrail, NULL where that is not known, and is
    negative where less is better. Displays are matched by id.
    """
    for guardrail in _guardrails(connection, strategy):
        name = guardrail.removeprefix("-").strip()
        sign = -1.0 if guardrail.startswith("-") else 1.0
        known = connection.sql(
            "select display_id, reward from training_examples"
            " where strategy_id = ? and reward is not null",
            params=[name],
        ).to_arrow_table()
        places = pc.index_in(examples["display_id"], known["display_id"].combine_chunks())
        rewards = pc.multiply(pc.cast(known["reward"], pa.float64()), sign)
        examples = examples.append_column(GUARDRAIL + guardrail, rewards.take(places))
    return examples


def _guardrails(connection: Connection, strategy: str) -> list[str]:
    rows = connection.execute(
        "select unnest(guardrails) from dim_ranking_strategies where strategy_id = ?", [strategy]
    ).fetchall()
    return list(dict.fromkeys(name for (name,) in rows))


def read_characteristics(connection: Connection, strategy: str) -> dict[str, Mapping[str, Any]]:
    """Characteristics of every offer of a strategy, with ``value_per_success`` if it is known.

    An offer has {} if it has neither a JSON object of them nor a value.
    """
    rows = connection.execute(
        "select readiness.offer_id, offers.characteristics, offers.value_per_success"
        " from offer_readiness as readiness"
        " left join dim_offers as offers on readiness.offer_id = offers.offer_id"
        " where readiness.strategy_id = ?",
        [strategy],
    ).fetchall()
    return {
        offer: parse_characteristics(text) | ({} if value is None else {VALUE_PER_SUCCESS: value})
        for offer, text, value in rows
    }


def read_display_sets(connection: Connection, strategy: str) -> dict[str, frozenset[str]]:
    """Offers that could have been shown at past displays, by eligibility set."""
    sets: dict[str, set[str]] = {}
    for key, offer in connection.execute(
        "select eligibility_set_id, offer_id from display_eligibility_sets"
        " where strategy_id = ? and is_eligible",
        [strategy],
    ).fetchall():
        sets.setdefault(key, set()).add(offer)
    return _frozen(sets)


@dataclass(frozen=True)
class RankingSettings:
    """Ranking settings of a strategy; shares of profiles are in [0, 1]."""

    exploration_share: float
    exploration: str
    control_share: float
    top_k: int


def read_ranking_settings(connection: Connection, strategy: str) -> RankingSettings:
    """Return the ranking settings of a strategy.

    Raises StrategyError if the build does not know the strategy.
    """
    names = ", ".join(field.name for field in fields(RankingSettings))
    found = connection.execute(
        f"select {names} from dim_ranking_strategies where strategy_id = ?", [strategy]
    ).fetchone()
    if found is None:
        raise StrategyError(f"strategy {strategy!r} is not in dim_ranking_strategies")
    share, exploration, control, top_k = found
    return RankingSettings(float(share), exploration, float(control), int(top_k))


def read_catalogue(connection: Connection) -> list[tuple[Any, ...]]:
    """Id, name, priority, is approved fallback, and placements (None: all) of offers, by id."""
    return connection.execute(
        "select offer_id, offer_name, priority, is_fallback and status = 'approved', placement_ids"
        " from dim_offers order by offer_id"
    ).fetchall()


def read_eligibility_sets(
    connection: Connection, strategy: str
) -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]]:
    """Offers of each eligibility set, and offers for unknown profiles at each placement."""
    sets: dict[str, set[str]] = {}
    defaults: dict[str, set[str]] = {}
    for set_id, placement_id, is_default, offer_id in connection.execute(
        "select eligibility_set_id, placement_id, is_default, offer_id"
        " from eligibility_sets where strategy_id = ?",
        [strategy],
    ).fetchall():
        sets.setdefault(set_id, set()).add(offer_id)
        of_placement = defaults.setdefault(placement_id, set())
        if is_default:
            of_placement.add(offer_id)
    return _frozen(sets), _frozen(defaults)


def read_offer_rules(
    connection: Connection, strategy: str
) -> list[tuple[tuple[str, str], tuple[Any, Any], tuple[list[str], list[str]]]]:
    """Placement and offer, start and end, included and excluded segments; sorted."""
    rows = connection.execute(
        "select placement_id, offer_id, start_date, end_date, include_segments, exclude_segments"
        " from offer_rules where strategy_id = ? order by 1, 2",
        [strategy],
    ).fetchall()
    return [(row[:2], row[2:4], row[4:]) for row in rows]


def read_capping_rules(connection: Connection) -> list[tuple[Any, ...]]:
    """Number, offer, event, type, limit, period, periods and placement of each capping rule."""
    return connection.execute(
        "select distinct rule_number, offer_id, capping_event, capping_type, capping_limit, period,"
        " period_count, placement_id from capping_counts order by 1"
    ).fetchall()


def read_context_paths(connection: Connection) -> dict[str, str]:
    """XDM paths of the context features that are read from events, with dots."""
    sql = "select distinct feature_name, path from strategy_features where path is not null"
    return dict(connection.execute(f"{sql} order by 1").fetchall())


def read_event_kinds(connection: Connection) -> dict[str, str]:
    """Kind of each XDM event type: display, interact, dismiss or decision."""
    return dict(
        connection.execute(
            "select event_type, event_kind from xdm_event_types order by 1"
        ).fetchall()
    )


def count_candidates(connection: Connection, strategy: str) -> int:
    """Number of rows to rank for a strategy."""
    found = connection.execute(
        "select count(*) from ranking_candidates where strategy_id = ?", [strategy]
    ).fetchall()
    return int(found[0][0])


def parse_characteristics(text: str | None) -> dict[str, Any]:
    """Characteristics of one offer from the JSON of the catalogue; {} unless it is an object."""
    try:
        found = json.loads(text or "{}")
    except NOT_JSON:
        return {}
    return found if isinstance(found, dict) else {}


def _frozen(groups: dict[str, set[str]]) -> dict[str, frozenset[str]]:
    return {key: frozenset(group) for key, group in groups.items()}
