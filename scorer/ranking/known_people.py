"""Completes requests of known people from the candidates of the cycle."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from scorer.features import DECISIONING
from scorer.ranking.context import StrategyContext
from scorer.sql import literal, quote
from scorer.warehouse.database import Connection

RULE_SEGMENTS = "rule_segments"
_ROWS = """
with asked as (
    select *, {profile} as known_profile, coalesce({placement}, 'default') as known_placement
    from requests
),
candidates as (
    select * from main.ranking_candidates where strategy_id = {strategy}
),
usual as (
    select placement_id, first(activity_id order by n desc, activity_id, scope_id) as activity_id,
        first(scope_id order by n desc, activity_id, scope_id) as scope_id
    from (
        select placement_id, activity_id, scope_id, count(*) as n from candidates group by all
    )
    group by 1
),
-- At a placement that the strategy does not have, people are as at its first one.
anywhere as (
    select * from candidates where profile_id in (select known_profile from asked)
    qualify row_number() over (partition by profile_id order by placement_id) = 1
),
reached as (
    select offer_id, placement_id from main.capping_counts
    where capping_type = 'total'
    group by rule_number, offer_id, placement_id, capping_limit having sum(events) >= capping_limit
)
select {columns}
from asked
left join candidates as here
    on asked.known_profile = here.profile_id and asked.known_placement = here.placement_id
left join anywhere on asked.known_profile = anywhere.profile_id
left join usual on asked.known_placement = usual.placement_id
order by asked.request_number
"""
_WITHHELD = """list_concat(
    coalesce(here.excluded_offer_ids, []),
    (
        select coalesce(list(offer_id), []) from reached
        where reached.placement_id is null or reached.placement_id = asked.known_placement
    )
)"""


def with_known_features(
    connection: Connection, requests: pa.Table, context: StrategyContext
) -> pa.Table:
    """Add the segments, context, activity and scope that the requests do not give.

    A given value stays; a missing column or value is filled from the candidate. If segments of
    eligibility rules are given, ``rule_segments`` has all of those that
    the person is in, and ``excluded_offer_ids`` the offers that caps and exclusions withhold.
    """
    if "profile_id" not in requests.column_names or "request_number" in requests.column_names:
        return requests
    given = set(requests.column_names)
    features = context.deployed.model.schema.features if context.deployed else ()
    columns = {name: f"asked.{quote(name)}" for name in requests.column_names}
    for feature in features:
        if feature.kind == "segment":
            segments = "coalesce(here.segments, anywhere.segments)"
            known = f"list_contains({segments}, {literal(feature.name)})"
            columns[feature.column] = _first(f"seg_{feature.name}", "boolean", known, given)
        elif feature.kind == "context":
            known = f"coalesce(here.context, anywhere.context)[{literal(feature.name)}]"
            columns[feature.column] = _first(f"ctx_{feature.name}", "varchar", known, given)
        columns.pop(f"{'seg' if feature.kind == 'segment' else 'ctx'}_{feature.name}", None)
    for name in DECISIONING[1:]:
        known = f"coalesce(here.{name}, usual.{name}, 'default')"
        columns[name] = _first(name, "varchar", known, given)
    named = sorted(frozenset().union(*(rule.segments for rule in context.rules)))
    if any(f"seg_{segment}" in given for segment in named):
        flags = [_flag(segment, given) for segment in named]
        columns[RULE_SEGMENTS] = f"list_filter([{', '.join(flags)}], lambda s: s is not null)"
        columns["excluded_offer_ids"] = _WITHHELD
    sql = _ROWS.format(
        profile=_text("profile_id"),
        placement=_text("placement_id") if "placement_id" in given else "null",
        strategy=literal(context.strategy_id),
        columns=", ".join(f"{sql} as {quote(name)}" for name, sql in columns.items()),
    )
    connection.register(
        "requests", requests.append_column("request_number", pa.array(np.arange(len(requests))))
    )
    try:
        return connection.sql(sql).to_arrow_table()
    finally:
        connection.unregister("requests")


def _text(name: str) -> str:
    """An id as requests are read: without spaces around it, NULL if empty."""
    return f"nullif(trim({quote(name)}::varchar), '')"


def _first(name: str, kind: str, known: str, given: set[str]) -> str:
    """The value of the request, else the known one."""
    if name not in given:
        return known
    value = f"try_cast(asked.{quote(name)} as {kind})"
    if kind == "varchar":
        value = f"nullif(trim({value}), '')"
    return f"coalesce({value}, {known})"


def _flag(segment: str, given: set[str]) -> str:
    """The segment if the person is in it, else NULL."""
    known = (
        f"list_contains(coalesce(here.rule_segments, anywhere.rule_segments), {literal(segment)})"
    )
    return (
        f"case when {_first(f'seg_{segment}', 'boolean', known, given)} then {literal(segment)} end"
    )
