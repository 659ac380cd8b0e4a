"""A home folder with a build file as from dbt, small enough to train in a second or two.

Strategy `s` ranks at placement `web`. offer_1 succeeds where f1 = f2 and offer_2 at (0, 1); both
are shown equally often. offer_3 and offer_4 are not ready, offer_4 has reached a cap for p9,
offer_5 has ended, offer_6 is the fallback, which p8 gets, and offer_7 is for segment gold.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from scorer.config import Settings
from scorer.cycle.one_strategy import rank_strategy, train_strategy
from scorer.cycle.run import STEPS
from scorer.progress import Silent
from scorer.warehouse.build_state import CycleState, save_state, set_current_cycle
from scorer.warehouse.database import Connection, connect_build
from tests.support.scorer_tables import create_scorer_tables
from tests.support.training_inputs import START, worked_example

FIRST, SECOND = datetime(2026, 11, 8), datetime(2026, 11, 15)
MARTS = """
create or replace table dim_ranking_strategies as
select 's' as strategy_id, 'binary' as kpi_type, {share}::double as exploration_share,
    30 as lookback_days,
    'uniform' as exploration, 0::double as control_share, null::varchar[] as guardrails, 2 as top_k;
create or replace table strategy_features as
select * from (values
    ('s', 1, 'placement_id', 'decisioning', 'category', null),
    ('s', 2, 'f1', 'segment', 'boolean', null),
    ('s', 3, 'f2', 'context', 'number', 'device.f2')
) as t(strategy_id, feature_order, feature_name, feature_kind, value_type, path);
create or replace table offer_readiness as
select 's' as strategy_id, 'offer_' || i as offer_id, i * 10 as displays, 2 as successes,
    250 as min_displays, 25 as min_successes, i < 3 as is_ready
from range(1, 8) as t(i);
create or replace table dim_offers as
select 'offer_' || i as offer_id, 'Offer ' || i as offer_name, 'approved' as status,
    0 as priority, null::timestamp as start_date,
    case when i = 5 then timestamp '2026-11-01' end as end_date, i = 6 as is_fallback,
    null::varchar[] as placement_ids, '{{}}' as characteristics,
    null::double as value_per_success
from range(1, 8) as t(i);
create or replace table eligibility_sets as
select 'all' as eligibility_set_id, 's' as strategy_id, 'web' as placement_id,
    true as is_default, 'offer_' || i as offer_id
from range(1, 5) as t(i);
create or replace table display_eligibility_sets as
select 'two' as eligibility_set_id, 's' as strategy_id, 'web' as placement_id,
    'offer_' || i as offer_id, true as is_eligible
from range(1, 3) as t(i);
create or replace table ranking_candidates as
select 's' as strategy_id, 'p' || i as profile_id, 'web' as placement_id, 'a' as activity_id,
    'c' as scope_id, case when i % 2 = 1 then ['f1'] else []::varchar[] end as segments,
    map {{'f2': (i // 2 % 2)::varchar}} as context,
    case when i = 8 then 'none' else 'all' end as eligibility_set_id,
    case when i = 8 then ['nobody'] else []::varchar[] end as rule_segments,
    case when i = 9 then ['offer_4'] end as excluded_offer_ids
from range(40) as t(i);
create or replace table offer_rules as
select 's' as strategy_id, 'web' as placement_id, 'offer_' || i as offer_id,
    null::timestamp as start_date, null::timestamp as end_date,
    case when i = 7 then ['gold'] else []::varchar[] end as include_segments,
    ['nobody'] as exclude_segments
from (values (1), (2), (3), (4), (7)) as t(i);
create or replace table capping_counts as
select 1::bigint as rule_number, 'offer_4' as offer_id, 'impression' as capping_event,
    'profile' as capping_type, 3::bigint as capping_limit, 'lifetime' as period,
    1 as period_count, null::varchar as placement_id, 'p9' as profile_id,
    null::date as event_date, 3::bigint as events;
create or replace table eligibility_exclusions as
select 'offer_3' as offer_id, 'p1' as profile_id, null::varchar as placement_id where false;
create or replace table xdm_event_types as
select * from (values
    ('decisioning.propositionDisplay', 'display'),
    ('decisioning.propositionInteract', 'interact'),
    ('decisioning.propositionDismiss', 'dismiss'),
    ('decisioning.propositionFetch', 'decision')
) as t(event_type, event_kind);
create or replace table ineligible_offers as
select * from (values
    ('offer_4', null, 'web', 'p9', null, 8, 'it has reached a limit of the capping rules'),
    ('offer_5', null, null, null, null, 4, 'it ended on 2026-11-01'),
    ('offer_6', null, null, null, null, 1, 'it is a fallback offer'),
    ('offer_7', 's', 'web', null, 'all', 10, 'it is only for segment gold'),
    ('offer_7', 's', 'web', null, 'none', 10, 'it is only for segment silver'),
    ('offer_7', 'other', null, null, null, 1, 'the strategy does not list it')
) as t(
    offer_id, strategy_id, placement_id, profile_id, eligibility_set_id, reason_order, reason
);
"""


def make_home(home: Path, seed: int = 0, **options: Any) -> Settings:
    """Run two cycles on displays of the worked example and return the settings of the second.

    Options: `rates` of the worked example, `share` of exploration, and `lacks_propensity` to leave
    every tenth display without a propensity.
    """
    home.mkdir(parents=True)
    rates = options.pop("rates", (0.05, 0.5))
    table = _displays(worked_example(seed, 1200, rates), options.pop("lacks_propensity", False))
    for as_of, rows in ((FIRST, 1600), (SECOND, 2400)):
        settings = Settings(home=home, as_of=as_of)
        with connect_build(settings.build_path) as connection:
            fill(connection, table.slice(0, rows), **options)
            train_strategy(connection, settings, "s", Silent())
            rank_strategy(connection, settings, "s", Silent())
    state = CycleState(settings.as_of.isoformat(), "", list(STEPS))
    save_state(settings.cycles_dir, state)
    set_current_cycle(settings.cycles_dir, state.as_of)
    return settings


def fill(connection: Connection, examples: pa.Table, share: float = 0.0) -> None:
    """Write the tables that the scorer reads and create those that it writes."""
    connection.execute(MARTS.format(share=share))
    create_scorer_tables(connection)
    connection.register("examples", examples)
    connection.execute(
        "create or replace table training_examples as select 's' as strategy_id,"
        " * exclude (f1, f2), if(f1, ['f1'], []) as segments, map {'f2': f2} as context,"
        " 'web' as placement_id, 'a' as activity_id, 'c' as scope_id, 1 as position,"
        " 'two' as eligibility_set_id, reward > 0 as is_success from examples"
    )
    connection.unregister("examples")


def _displays(table: pa.Table, lacks_propensity: bool) -> pa.Table:
    n = table.num_rows
    propensity = np.full(n, 0.5)
    if lacks_propensity:
        propensity[::10] = np.nan
    times = [START + timedelta(minutes=5 * i) for i in range(n)]
    kept = {name: table[name] for name in ("display_id", "offer_id", "reward")}
    return pa.table(
        {
            **kept,
            "event_ts": pa.array(times),
            "f1": table["segment:f1"],
            "f2": table["context:f2"],
            "profile_id": [f"d{i // 3}" for i in range(n)],
            "propensity": pa.array(propensity, from_pandas=True),
        }
    )
