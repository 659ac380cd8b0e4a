"""Queries of the page Interactions."""

from __future__ import annotations

import pandas as pd

from app.database import Publication

# The interaction of two features: the residuals of a two-way additive fit of the relative rates, by
# alternating projections, shrunk towards 0 in small cells, minus the spread expected by chance (a
# relative rate has variance of about 1 / successes). The interaction is at most the spread of the
# pair minus the spread of either feature, so only the pairs with the largest such bound are fitted.
_PAIRS = """
with spreads as (
    select
        offer_id,
        feature_name,
        other_feature_name,
        sum(displays * pow(lift, 2)) / sum(displays) as spread
    from offer_feature_interactions
    where strategy_id = $strategy and ($offer is null or offer_id = $offer)
    group by all
),
candidates as (
    select
        pairs.offer_id,
        pairs.feature_name,
        pairs.other_feature_name
    from spreads as pairs
    left join spreads as one
        on pairs.offer_id = one.offer_id
        and pairs.feature_name = one.feature_name
        and one.other_feature_name is null
    left join spreads as other
        on pairs.offer_id = other.offer_id
        and pairs.other_feature_name = other.feature_name
        and other.other_feature_name is null
    where pairs.other_feature_name is not null
    qualify row_number() over (
        partition by pairs.offer_id
        order by
            pairs.spread - greatest(coalesce(one.spread, 0), coalesce(other.spread, 0)) desc,
            pairs.feature_name,
            pairs.other_feature_name
    ) <= $candidates
),
cells as (
    select
        counted.offer_id,
        counted.feature_name,
        counted.feature_value,
        counted.other_feature_name,
        counted.other_feature_value,
        counted.displays,
        counted.successes,
        counted.rate * sum(counted.displays) over pair
            / nullif(sum(counted.rate * counted.displays) over pair, 0) as r0
    from offer_feature_interactions as counted
    inner join candidates
        on counted.offer_id = candidates.offer_id
        and counted.feature_name = candidates.feature_name
        and counted.other_feature_name = candidates.other_feature_name
    where counted.strategy_id = $strategy
    window pair as (
        partition by counted.offer_id, counted.feature_name, counted.other_feature_name
    )
),
first_half as (
    select *, r0 - sum(r0 * displays) over (partition by offer_id, feature_name, other_feature_name,
        feature_value) / sum(displays) over (partition by offer_id, feature_name,
        other_feature_name, feature_value) as r1
    from cells
),
first_round as (
    select *, r1 - sum(r1 * displays) over (partition by offer_id, feature_name, other_feature_name,
        other_feature_value) / sum(displays) over (partition by offer_id, feature_name,
        other_feature_name, other_feature_value) as r2
    from first_half
),
second_half as (
    select *, r2 - sum(r2 * displays) over (partition by offer_id, feature_name, other_feature_name,
        feature_value) / sum(displays) over (partition by offer_id, feature_name,
        other_feature_name, feature_value) as r3
    from first_round
),
fitted as (
    select *, r3 - sum(r3 * displays) over (partition by offer_id, feature_name, other_feature_name,
        other_feature_value) / sum(displays) over (partition by offer_id, feature_name,
        other_feature_name, other_feature_value) as residual
    from second_half
),
pairs as (
    select
        offer_id,
        feature_name,
        other_feature_name,
        sum(displays)::bigint as displays,
        sum(displays * pow(residual * displays / (displays + 100), 2)) / sum(displays) as spread,
        sum(pow(displays / (displays + 100), 2)) / nullif(sum(successes), 0)
            * (count(distinct feature_value) - 1) * (count(distinct other_feature_value) - 1)
            / count(*) as by_chance
    from fitted
    group by all
    having count(distinct feature_value) > 1 and count(distinct other_feature_value) > 1
)
select
    pairs.offer_id,
    coalesce(offers.offer_name, pairs.offer_id) as offer_name,
    pairs.feature_name,
    pairs.other_feature_name,
    pairs.displays,
    sqrt(greatest(0, pairs.spread - pairs.by_chance)) as strength
from pairs
left join dim_offers as offers on pairs.offer_id = offers.offer_id
where pairs.spread is not null and pairs.by_chance is not null
order by strength desc, pairs.offer_id, pairs.feature_name, pairs.other_feature_name
limit $most
"""
_CANDIDATES, _CANDIDATES_OF_ONE = 15, 500
_PERSONAL = """
with spreads as (
    select
        offer_id,
        feature_name,
        sum(displays) as displays,
        sum(rate * displays) / sum(displays) as rate,
        sum(displays * pow(lift, 2)) / sum(displays)
            - sum(pow(displays / (displays + 100), 2)) / nullif(sum(successes), 0)
            * (count(*) - 1) / count(*) as spread
    from offer_feature_interactions
    where strategy_id = $strategy and other_feature_name is null
    group by all
)
select
    spreads.offer_id,
    coalesce(any_value(offers.offer_name), spreads.offer_id) as offer_name,
    max(spreads.displays)::bigint as displays,
    max_by(spreads.rate, spreads.displays) as rate,
    arg_max(spreads.feature_name, coalesce(spreads.spread, 0)) as feature_name,
    sqrt(greatest(0, max(coalesce(spreads.spread, 0)))) as strength
from spreads
left join dim_offers as offers on spreads.offer_id = offers.offer_id
group by spreads.offer_id
order by strength desc, spreads.offer_id
limit $most
"""
_FEATURES = """
select
    interactions.feature_name,
    any_value(features.feature_kind) as feature_kind
from offer_feature_interactions as interactions
left join strategy_features as features
    on interactions.strategy_id = features.strategy_id
    and interactions.feature_name = features.feature_name
where interactions.strategy_id = $strategy and interactions.other_feature_name is null
group by interactions.feature_name
order by interactions.feature_name
"""
_BY_VALUE = """
select
    cells.offer_id,
    coalesce(offers.offer_name, cells.offer_id) as offer_name,
    cells.feature_value,
    cells.displays,
    cells.successes,
    cells.rate,
    cells.shrunken_rate,
    cells.lift
from offer_feature_interactions as cells
left join dim_offers as offers on cells.offer_id = offers.offer_id
where
    cells.strategy_id = $strategy
    and cells.feature_name = $feature
    and cells.other_feature_name is null
    and cells.offer_id in (
        select offer_id
        from offer_feature_interactions
        where strategy_id = $strategy and feature_name = $feature and other_feature_name is null
        group by offer_id
        order by sum(displays) desc, offer_id
        limit $most
    )
order by offer_name, cells.offer_id, cells.feature_value
"""
_OF_PAIR = """
select
    feature_value,
    coalesce(other_feature_value, '') as other_feature_value,
    feature_name,
    other_feature_name,
    displays,
    successes,
    rate,
    shrunken_rate,
    lift
from offer_feature_interactions
where
    strategy_id = $strategy
    and offer_id = $offer
    and (
        (feature_name = $feature and other_feature_name = $other)
        or (feature_name in ($feature, $other) and other_feature_name is null)
    )
order by all
"""
_WEIGHTS = """
select
    importance.feature_name,
    importance.feature_kind,
    importance.importance,
    importance.share
from feature_importance as importance
where
    importance.strategy_id = $strategy
    and importance.model_version = $version
    and importance.measure = 'interaction'
    and importance.offer_id is not distinct from $offer
order by importance.importance_rank, importance.feature_name
limit $most
"""


# The interaction of two values of each of two features, on the log scale: how many times the ratio
# of the rates differs between the values of the other feature. A log of a rate has a variance of
# about k / successes, with k = 1 for successes and 2 for amounts.
_STRONGEST = """
with cells as (
    select
        offer_id, feature_name, other_feature_name, feature_value, other_feature_value,
        displays, successes, rate
    from offer_feature_interactions
    where strategy_id = $strategy and other_feature_name is not null and successes >= 5 and rate > 0
),
contrasts as (
    select
        one.offer_id, one.feature_name, one.other_feature_name,
        one.feature_value, other.feature_value as second_value,
        one.other_feature_value, other.other_feature_value as second_other_value,
        one.rate as rate_11, up.rate as rate_12, down.rate as rate_21, other.rate as rate_22,
        one.displays as displays_11, up.displays as displays_12,
        down.displays as displays_21, other.displays as displays_22,
        ln(one.rate) + ln(other.rate) - ln(up.rate) - ln(down.rate) as contrast,
        sqrt($k * (1 / one.successes + 1 / other.successes + 1 / up.successes + 1 / down.successes))
            as error
    from cells as one
    inner join cells as other
        on one.offer_id = other.offer_id and one.feature_name = other.feature_name
        and one.other_feature_name = other.other_feature_name
        and one.feature_value < other.feature_value
        and one.other_feature_value < other.other_feature_value
    inner join cells as up
        on one.offer_id = up.offer_id and one.feature_name = up.feature_name
        and one.other_feature_name = up.other_feature_name
        and one.feature_value = up.feature_value
        and other.other_feature_value = up.other_feature_value
    inner join cells as down
        on one.offer_id = down.offer_id and one.feature_name = down.feature_name
        and one.other_feature_name = down.other_feature_name
        and other.feature_value = down.feature_value
        and one.other_feature_value = down.other_feature_value
)
select
    contrasts.*,
    coalesce(offers.offer_name, contrasts.offer_id) as offer_name,
    count(*) over () as tests
from contrasts
left join dim_offers as offers on contrasts.offer_id = offers.offer_id
order by abs(contrast) / error desc, contrasts.offer_id, feature_name, other_feature_name
limit 1
"""


def strongest(publication: Publication, strategy: str, is_amount: bool) -> pd.DataFrame:
    """Return the interaction that is furthest beyond chance, and how many were compared."""
    return publication.frame(_STRONGEST, strategy=strategy, k=2.0 if is_amount else 1.0)


def pairs(
    publication: Publication, strategy: str, offer: str | None, most: int = 12
) -> pd.DataFrame:
    """Return the pairs of features with the strongest interaction, strongest first.

    `strength` is the typical relative change of the rate of the offer that only the pair explains,
    beyond chance.
    """
    return publication.frame(
        _PAIRS,
        strategy=strategy,
        offer=offer,
        candidates=_CANDIDATES if offer is None else _CANDIDATES_OF_ONE,
        most=most,
    )


def personal_offers(publication: Publication, strategy: str, most: int = 200) -> pd.DataFrame:
    """Return one row per offer: by how much, and by which feature, its rate varies most."""
    return publication.frame(_PERSONAL, strategy=strategy, most=most)


def features(publication: Publication, strategy: str) -> list[str]:
    """Return the features with more than one value."""
    found: list[str] = publication.frame(_FEATURES, strategy=strategy)["feature_name"].tolist()
    return found


def by_value(publication: Publication, strategy: str, feature: str, most: int = 30) -> pd.DataFrame:
    """Return one row per offer and value of a feature, for the offers with the most displays."""
    return publication.frame(_BY_VALUE, strategy=strategy, feature=feature, most=most)


def of_pair(
    publication: Publication, strategy: str, offer: str, names: tuple[str, str]
) -> pd.DataFrame:
    """Return the cells of two features of an offer, and of each feature alone.

    Rows of a single feature have an empty `other_feature_name`.
    """
    feature, other = sorted(names)
    return publication.frame(_OF_PAIR, strategy=strategy, offer=offer, feature=feature, other=other)


def weights(
    publication: Publication, strategy: str, version: str, offer: str | None, most: int = 12
) -> pd.DataFrame:
    """Return the features and pairs that a model uses, by their share of its effects."""
    return publication.frame(_WEIGHTS, strategy=strategy, version=version, offer=offer, most=most)
