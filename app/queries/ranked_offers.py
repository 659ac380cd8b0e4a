"""Queries of the page Ranked offers."""

from __future__ import annotations

import pandas as pd

from app.database import Publication

_OF_PROFILE = """
select *
from ranked_offers
where
    strategy_id = $strategy
    and profile_id = $profile
    and ($placement is null or placement_id = $placement)
order by placement_id, rank
"""
_EXAMPLES = """
select distinct profile_id
from (select profile_id from ranked_offers where strategy_id = $strategy limit 2000)
order by profile_id
limit $most
"""
_PERSON = """
with person as (
    select * from ranking_candidates
    where strategy_id = $strategy and profile_id = $profile and placement_id = $placement
),
told as (
    select
        features.feature_order,
        features.feature_name,
        features.feature_kind,
        features.value_type,
        case
            when features.feature_kind = 'segment'
                then list_contains(person.segments, features.feature_name)::varchar
            when features.feature_name = 'placement_id' then person.placement_id
            when features.feature_name = 'activity_id' then person.activity_id
            when features.feature_name = 'scope_id' then person.scope_id
            else person.context[features.feature_name]
        end as told_value
    from person
    cross join strategy_features as features
    where features.strategy_id = $strategy
),
known as (
    select
        told.feature_order,
        told.feature_name,
        told.feature_kind,
        told.told_value,
        case
            when told.value_type = 'number' then coalesce(quarters.feature_value, '(missing)')
            else coalesce(told.told_value, '(missing)')
        end as feature_value
    from told
    left join feature_quarters as quarters
        on quarters.strategy_id = $strategy
        and told.value_type = 'number'
        and told.feature_name = quarters.feature_name
        and try_cast(told.told_value as double) > coalesce(quarters.above, '-inf'::double)
        and try_cast(told.told_value as double) <= coalesce(quarters.up_to, 'inf'::double)
)
select feature_name, feature_kind, told_value, feature_value
from known
order by feature_order
"""
_REASONS = """
with known as (
    select unnest($names::varchar[]) as feature_name, unnest($values::varchar[]) as feature_value
),
weights as (
    select feature_name, share
    from feature_importance
    where
        strategy_id = $strategy
        and model_version = $version
        and measure = 'interaction'
        and offer_id = $offer
),
cells as (
    select
        one.feature_name as name,
        one.feature_name as reversed_name,
        one.feature_value as value,
        counted.displays,
        counted.shrunken_rate,
        counted.lift
    from offer_feature_interactions as counted
    inner join known as one
        on counted.feature_name = one.feature_name and counted.feature_value = one.feature_value
    where
        counted.strategy_id = $strategy
        and counted.offer_id = $offer
        and counted.other_feature_name is null
    union all
    select
        one.feature_name || ' x ' || other.feature_name,
        other.feature_name || ' x ' || one.feature_name,
        one.feature_value || ', ' || other.feature_value,
        counted.displays,
        counted.shrunken_rate,
        counted.lift
    from offer_feature_interactions as counted
    inner join known as one
        on counted.feature_name = one.feature_name and counted.feature_value = one.feature_value
    inner join known as other
        on counted.other_feature_name = other.feature_name
        and counted.other_feature_value = other.feature_value
    where counted.strategy_id = $strategy and counted.offer_id = $offer
)
select
    cells.name,
    cells.value,
    cells.displays,
    cells.shrunken_rate,
    cells.lift,
    weights.share
from cells
left join weights on weights.feature_name in (cells.name, cells.reversed_name)
where
    cells.lift is not null
    and (
        weights.share is not null
        or (not exists (select 1 from weights) and cells.name = cells.reversed_name)
    )
order by coalesce(weights.share, 1) * abs(cells.lift) desc, cells.name
limit $most
"""
_SEGMENTS = """
select feature_name
from strategy_features
where strategy_id = $strategy and feature_kind = 'segment'
order by feature_name
"""
_OF_SEGMENT = """
with members as (
    select
        profile_id,
        placement_id,
        list_contains(segments, $segment) as is_member
    from ranking_candidates
    where strategy_id = $strategy and ($placement is null or placement_id = $placement)
),
counted as (
    select
        ranked.placement_id,
        ranked.offer_id,
        any_value(ranked.offer_name) as offer_name,
        count(*) filter (where members.is_member) as members,
        count(*) filter (where not members.is_member) as others,
        avg(ranked.score) filter (where members.is_member) as score
    from ranked_offers as ranked
    inner join members
        on ranked.profile_id = members.profile_id and ranked.placement_id = members.placement_id
    where ranked.strategy_id = $strategy and ranked.rank = 1
    group by ranked.placement_id, ranked.offer_id
)
select
    placement_id,
    offer_id,
    offer_name,
    members,
    others,
    score,
    members / nullif(sum(members) over (partition by placement_id), 0) as member_share,
    others / nullif(sum(others) over (partition by placement_id), 0) as other_share
from counted
order by placement_id, members desc, offer_id
"""
_ROWS_OF_SEGMENT = """
select *
from ranked_offers
where
    strategy_id = $strategy
    and ($placement is null or placement_id = $placement)
    and (profile_id, placement_id) in (
        select (profile_id, placement_id)
        from ranking_candidates
        where strategy_id = $strategy and list_contains(segments, $segment)
    )
order by profile_id, placement_id, rank
limit $most
"""


def of_profile(
    publication: Publication, strategy: str, profile: str, placement: str | None
) -> pd.DataFrame:
    """Return one row per placement and rank of a profile."""
    return publication.frame(_OF_PROFILE, strategy=strategy, profile=profile, placement=placement)


def examples(publication: Publication, strategy: str, most: int = 5) -> list[str]:
    """Return a few ranked profiles."""
    frame = publication.frame(_EXAMPLES, strategy=strategy, most=most)
    found: list[str] = frame["profile_id"].tolist()
    return found


def person(publication: Publication, strategy: str, profile: str, placement: str) -> pd.DataFrame:
    """Return one row per feature: its value when a profile was ranked at a placement."""
    return publication.frame(_PERSON, strategy=strategy, profile=profile, placement=placement)


def reasons(
    publication: Publication, ranked: pd.Series, person: pd.DataFrame, most: int = 10
) -> pd.DataFrame:
    """Return how people with the features of a person responded to a ranked offer.

    Rows are the features and pairs that the model uses for the offer, with the value of the person
    and the rate of the offer for that value, ordered by share in the model times size of the lift;
    all features, by size of the lift, if the model uses none. `ranked` is a row of `of_profile`,
    and `person` the result of `person` for it.
    """
    version = ranked["model_version"]
    return publication.frame(
        _REASONS,
        strategy=ranked["strategy_id"],
        names=person["feature_name"].tolist(),
        values=person["feature_value"].tolist(),
        offer=ranked["offer_id"],
        version=None if pd.isna(version) else version,
        most=most,
    )


def segments(publication: Publication, strategy: str) -> list[str]:
    """Return the segments of a strategy."""
    found: list[str] = publication.frame(_SEGMENTS, strategy=strategy)["feature_name"].tolist()
    return found


def of_segment(
    publication: Publication, strategy: str, segment: str, placement: str | None
) -> pd.DataFrame:
    """Return one row per placement and offer: how many members and how many others get it first."""
    return publication.frame(_OF_SEGMENT, strategy=strategy, segment=segment, placement=placement)


def rows_of_segment(
    publication: Publication, strategy: str, segment: str, placement: str | None, most: int
) -> pd.DataFrame:
    """Return ranked offers of the members of a segment, at most `most` rows."""
    return publication.frame(
        _ROWS_OF_SEGMENT, strategy=strategy, segment=segment, placement=placement, most=most
    )
