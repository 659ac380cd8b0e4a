"""The arms of `arm_performance`, by the models' own SQL on given displays."""

from __future__ import annotations

from typing import Any

import duckdb
import pyarrow as pa

ArmRow = dict[str, Any]


class Arms:
    """Runs the two models on given rewards."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, compiled: dict[str, str]) -> None:
        """Keep an in-memory database called `build`, and the compiled SQL by unique id."""
        self._connection, self._compiled = connection, compiled

    def run(self, kpi_type: str, displays: pa.Table, baseline: str = "random") -> list[ArmRow]:
        """Return the rows of personalised traffic of all placements in 30 days, by strategy.

        `displays` has strategy_id, profile_id, traffic_type and reward.
        """
        given = self._connection.register("given", displays)
        for name, sql in {
            "stg_ranking_strategies": f"select distinct strategy_id, '{kpi_type}' as kpi_type,"
            " null::varchar[] as guardrails, 'uniform' as exploration, 0.1 as exploration_share,"
            " 0.0 as control_share from given",
            "int_display_choice_groups": "select 's' as strategy_id, 0 as display_id,"
            " 'g' as choice_group_id, 'o' as offer_id",
            "int_choice_group_offers": "select 'g' as choice_group_id, 'o' as offer_id,"
            " 2 as eligible_count",
            "int_display_outcomes": "select strategy_id, row_number() over () as display_id,"
            " profile_id, traffic_type, reward,"
            " case traffic_type when 'contextual' then 'personalised' when 'noncontextual' then"
            " 'control' else traffic_type end as arm,"
            " 'web' as placement_id, true as is_mature, timestamp '2026-01-24' as event_ts,"
            " reward > 0 as is_success, null::double as propensity from given",
            "int_arm_outcomes": self._compiled["model.nextoffer.int_arm_outcomes"],
        }.items():
            given.execute(f"create or replace table build.main.{name} as {sql}")
        found = given.execute(
            f"select * from ({self._compiled['model.nextoffer.int_arm_comparisons']})"
            " where placement_id = 'all' and window_days = 30 and traffic_type = 'contextual'"
            f" and baseline = '{baseline}' order by strategy_id"
        )
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
