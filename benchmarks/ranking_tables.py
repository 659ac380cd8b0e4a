"""Tables that ranking reads, for any number of people, and a model trained on a sample of them.

Ten segments, two categories and two numbers, three placements, and four eligibility sets per
placement that each lack some offers. Every twentieth row excludes two offers, and every twentieth
offer is not ready. DuckDB builds them from a hash of the number of the person.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from scorer.features import FeatureSchema
from scorer.models.objectives import choose_objective
from scorer.models.protocol import RewardModel
from scorer.training.candidates import CANDIDATES
from scorer.training.examples import Offers, encode_examples
from scorer.training.kin import kin_matrix, known_values
from scorer.training.workbench import EVERYTHING, Workbench
from scorer.warehouse.database import Connection
from scorer.warehouse.marts import read_schema

STRATEGY = "bench"
AS_OF = datetime(2026, 11, 22)
SEGMENTS = 10
PLACEMENTS = 3
SETS = 4
SAMPLE_ROWS = 60_000
ROUNDS = 50
_TABLES = """
create or replace table dim_ranking_strategies as
select 'bench' as strategy_id, 'binary' as kpi_type, 0.1::double as exploration_share,
    'uniform' as exploration,
    0::double as control_share, null::varchar[] as guardrails, 3 as top_k;
create or replace table strategy_features as
select 'bench' as strategy_id, row_number() over () as feature_order, *
from (
    select 'placement_id' as feature_name, 'decisioning' as feature_kind,
        'category' as value_type
    union all select 'segment_' || i, 'segment', 'boolean' from range({segments}) as t(i)
    union all from (values
        ('page', 'context', 'category'), ('country', 'context', 'category'),
        ('age', 'context', 'number'), ('spend', 'context', 'number')
    )
);
create or replace table dim_offers as
select 'offer_' || lpad(i::varchar, 4, '0') as offer_id, 'Offer ' || i as offer_name,
    'approved' as status, i % 3 as priority, null::timestamp as start_date,
    null::timestamp as end_date, false as is_fallback, null::varchar[] as placement_ids,
    '{{}}' as characteristics,
    null::double as value_per_success
from range({offers}) as t(i);
create or replace table offer_readiness as
select 'bench' as strategy_id, offer_id, row_number() over (order by offer_id) % 20 > 0 as is_ready,
    300 as displays, 30 as successes, 250 as min_displays, 25 as min_successes
from dim_offers;
create or replace table eligibility_sets as
select 'set_' || s || '_' || p as eligibility_set_id, 'bench' as strategy_id,
    'placement_' || p as placement_id, s = 0 as is_default, offer_id
from dim_offers, range({sets}) as t(s), range({placements}) as u(p)
where hash(offer_id, s, p) % 10 >= s;
create or replace table offer_rules as
select distinct strategy_id, placement_id, offer_id, null::timestamp as start_date,
    null::timestamp as end_date, []::varchar[] as include_segments,
    []::varchar[] as exclude_segments
from eligibility_sets;
create or replace table ranking_candidates as
with people as (
    select i, 'profile_' || lpad(i::varchar, 9, '0') as profile_id,
        list_filter(
            list_transform(range({segments}), lambda s: 'segment_' || s),
            lambda s: hash(i, s) % 4 = 0
        ) as segments,
        map {{
            'page': 'page_' || hash(i, 'page') % 12, 'country': 'country_' || hash(i, 'c') % 30,
            'age': (18 + hash(i, 'age') % 60)::varchar,
            'spend': ((hash(i, 'spend') % 100000) / 100)::varchar
        }} as context
    from range({profiles}) as t(i)
)
select 'bench' as strategy_id, profile_id, 'placement_' || p as placement_id,
    'activity' as activity_id, 'scope_' || p as scope_id, segments, context,
    'set_' || hash(i, 'set') % {sets} || '_' || p as eligibility_set_id,
    case when hash(i, p, 'x') % 20 = 0 then [
        'offer_' || lpad((hash(i, p) % {offers})::varchar, 4, '0'),
        'offer_' || lpad((hash(i, p, 'y') % {offers})::varchar, 4, '0')
    ] end as excluded_offer_ids
from people, range({placements}) as u(p);
create schema if not exists scorer;
create or replace table scorer.ranked_offers (
    strategy_id varchar, cycle_date date, profile_id varchar, activity_id varchar,
    scope_id varchar, placement_id varchar, "rank" integer, offer_id varchar,
    offer_name varchar, score double, traffic_type varchar, is_exploration boolean,
    policy varchar, arm varchar, propensity double, eligible_count integer, model_version varchar,
    valid_from timestamp, valid_to timestamp
);
checkpoint;
"""


def fill_ranking_tables(connection: Connection, profiles: int, offers: int = 100) -> None:
    """Create every table that ranking reads, and an empty ``scorer.ranked_offers``."""
    connection.execute(
        _TABLES.format(
            profiles=profiles, offers=offers, segments=SEGMENTS, placements=PLACEMENTS, sets=SETS
        )
    )


def sample_model(connection: Connection, kind: str = "residual_trees") -> RewardModel:
    """A model of the kind, of all ready offers, from a sample of the people.

    ``ROUNDS`` trees; the chance of success follows segments, placements and two numbers.
    """
    schema = read_schema(connection, STRATEGY)
    ready = [
        offer
        for (offer,) in connection.execute(
            "select offer_id from offer_readiness where is_ready order by 1"
        ).fetchall()
    ]
    rows = connection.sql(
        "select profile_id, placement_id, "
        + ", ".join(schema.select_list)
        + f" from ranking_candidates limit {SAMPLE_ROWS}"
    ).to_arrow_table()
    bench = _workbench(rows, schema, tuple(ready))
    bench.rounds.update(residual_trees=[ROUNDS], pooled_trees=[ROUNDS])
    return CANDIDATES[kind](bench, EVERYTHING)


def _workbench(rows: pa.Table, schema: FeatureSchema, ready: tuple[str, ...]) -> Workbench:
    rng = np.random.default_rng(0)
    n = rows.num_rows
    offers = rng.integers(len(ready), size=n)
    margins = -2.5 + sum(_effects(rows, len(ready), rng))[np.arange(n), offers]
    rewards = (rng.random(n) < 1 / (1 + np.exp(-margins))).astype(np.float64)
    start = np.datetime64("2026-11-01", "us")
    examples = rows.append_column("offer_id", pa.array(ready).take(pa.array(offers)))
    for name, values in _outcome_columns(rewards, start, len(ready)).items():
        examples = examples.append_column(name, values)
    catalogue = Offers(ready, (), kin_matrix(ready, {}), known_values(ready, {}))
    encoded = encode_examples(examples, schema.fit(examples), catalogue, "binary", None)
    objective = choose_objective(encoded.rewards[encoded.trains], "binary")
    return Workbench(encoded, objective, encoded.rewards / objective.scale, 0)


def _effects(rows: pa.Table, n_offers: int, rng: np.random.Generator) -> list[Any]:
    """Margins of every row and offer by source, each float64 (n, n_offers)."""
    segments = np.column_stack(
        [rows[f"segment:segment_{s}"].to_numpy().astype(np.float64) for s in range(SEGMENTS)]
    )
    numbers = np.column_stack(
        [np.array(rows[f"context:{name}"].to_pylist(), dtype=float) for name in ("age", "spend")]
    )
    numbers = (numbers - numbers.mean(axis=0)) / numbers.std(axis=0)
    return [
        segments @ rng.normal(0, 0.5, (SEGMENTS, n_offers)),
        numbers @ rng.normal(0, 0.3, (2, n_offers)),
        (numbers[:, :1] > 0) * segments[:, :1] * rng.normal(0, 0.5, n_offers),
        rng.normal(0, 0.3, (1, n_offers)),
    ]


def _outcome_columns(rewards: Any, start: np.datetime64, n_offers: int) -> dict[str, pa.Array]:
    n = rewards.size
    return {
        "reward": pa.array(rewards),
        "is_success": pa.array(rewards > 0),
        "propensity": pa.array(np.full(n, 1 / n_offers)),
        "event_ts": pa.array(start + np.arange(n) * np.timedelta64(30, "s")),
        "display_id": pa.array([f"display_{i}" for i in range(n)]),
    }
