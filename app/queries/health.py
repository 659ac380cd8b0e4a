"""Queries of the page Health."""

from __future__ import annotations

import pandas as pd

from app.database import Publication

_FINDINGS = """
select assumption, subject, severity, severity_order, sentence, advice, retrain_recommended
from health_findings
where strategy_id = $strategy
order by severity_order, assumption, subject
"""
_DRIFTS = """
select
    comparison,
    feature_name,
    status,
    severity,
    psi,
    psi_beyond_chance,
    psi_low,
    base_displays,
    new_displays,
    sentence,
    advice
from traffic_composition_drift
where strategy_id = $strategy and comparison = $comparison and feature_name <> 'all'
order by psi_low desc nulls last, psi_beyond_chance desc nulls last, psi desc, feature_name
"""
_DISTRIBUTIONS = """
select feature_value, base_count, new_count, base_share, new_share
from traffic_composition
where strategy_id = $strategy and comparison = $comparison and feature_name = $feature
order by base_count + new_count desc, feature_value
"""
_SHIFTS = """
select
    shifts.offer_id,
    coalesce(offers.offer_name, shifts.offer_id) as offer_name,
    shifts.status,
    shifts.severity,
    shifts.recent_displays,
    shifts.recent_successes,
    shifts.recent_reward,
    shifts.previous_displays,
    shifts.previous_reward,
    shifts.relative_change,
    shifts.adjusted_p_value,
    shifts.sentence,
    shifts.advice
from offer_performance_shift as shifts
left join dim_offers as offers on shifts.offer_id = offers.offer_id
where shifts.strategy_id = $strategy
order by
    case shifts.severity when 'severe' then 1 when 'warning' then 2 when 'notice' then 3 else 4 end,
    shifts.adjusted_p_value nulls last,
    shifts.offer_id
limit $most
"""
_VERDICTS = """
select verdict, count(*) as pairs
from offer_similarity
where strategy_id = $strategy
group by verdict
order by verdict
"""
_SIMILAR = """
select
    coalesce(offers.offer_name, pairs.offer_id) as offer_name,
    coalesce(others.offer_name, pairs.other_offer_id) as other_offer_name,
    pairs.verdict,
    pairs.similarity,
    pairs.most_different_feature,
    pairs.sentence
from offer_similarity as pairs
left join dim_offers as offers on pairs.offer_id = offers.offer_id
left join dim_offers as others on pairs.other_offer_id = others.offer_id
where pairs.strategy_id = $strategy and pairs.verdict <> 'unclear'
order by
    case pairs.verdict when 'alike' then 1 else 2 end,
    pairs.similarity desc,
    pairs.offer_id,
    pairs.other_offer_id
limit $most
"""
_REJECTED = """
select
    input_name,
    reason,
    sum(coalesce(records, 1))::bigint as records,
    count(distinct source_file) as files,
    min(source_file) as first_file,
    any_value(left(raw_text, 200) order by source_file, line_number) as example
from rejected_events
group by input_name, reason
order by records desc, input_name, reason
limit $most
"""
_UNUSED = """
select input_name, finding, severity, sentence
from input_findings
where severity <> 'ok' and finding <> 'rejected'
order by severity desc, sentence
limit $most
"""
_QUALITY = """
select measure, event_date, records, records_in_order
from data_quality
where strategy_id = $strategy
order by measure, event_date
"""
_FRESHNESS = """
select
    (select as_of from publication) as as_of,
    (select max(display_date) from traffic_allocation where strategy_id = $strategy)
        as last_display,
    (select max(event_date) from data_quality
        where strategy_id = $strategy and measure = 'interaction_has_display')
        as last_interaction,
    (select max(event_date) from data_quality
        where strategy_id = $strategy and measure = 'conversion_has_display') as last_conversion,
    (select max(as_of) from training_runs where strategy_id = $strategy) as last_run,
    (select max(trained_as_of) from model_versions
        where strategy_id = $strategy and is_deployed) as trained_as_of,
    (select max(data_window_end) from model_versions
        where strategy_id = $strategy and is_deployed) as learned_up_to,
    (select max(valid_from) from ranked_offers where strategy_id = $strategy) as ranked_from,
    (select max(valid_to) from ranked_offers where strategy_id = $strategy) as ranked_to
"""


def findings(publication: Publication, strategy: str) -> pd.DataFrame:
    """Return one row per assumption and subject, the worst first."""
    return publication.frame(_FINDINGS, strategy=strategy)


def drifts(publication: Publication, strategy: str, comparison: str) -> pd.DataFrame:
    """Return one row per feature: how far its distribution moved, largest drift first."""
    return publication.frame(_DRIFTS, strategy=strategy, comparison=comparison)


def distributions(
    publication: Publication, strategy: str, comparison: str, feature: str
) -> pd.DataFrame:
    """Return one row per value of a feature with its share on either side."""
    return publication.frame(
        _DISTRIBUTIONS, strategy=strategy, comparison=comparison, feature=feature
    )


def shifts(publication: Publication, strategy: str, most: int = 40) -> pd.DataFrame:
    """Return one row per offer: what it earned in random traffic, now and before."""
    return publication.frame(_SHIFTS, strategy=strategy, most=most)


def verdicts(publication: Publication, strategy: str) -> pd.DataFrame:
    """Return how many pairs of offers are different, alike and unclear."""
    return publication.frame(_VERDICTS, strategy=strategy)


def similar(publication: Publication, strategy: str, most: int = 50) -> pd.DataFrame:
    """Return pairs of offers with a clear verdict, alike pairs first."""
    return publication.frame(_SIMILAR, strategy=strategy, most=most)


def rejected(publication: Publication, most: int = 50) -> pd.DataFrame:
    """Return one row per input and reason: rejected records of all strategies."""
    return publication.frame(_REJECTED, most=most)


def unused(publication: Publication, most: int = 50) -> pd.DataFrame:
    """Return one row per part of the inputs that has no effect or no match."""
    return publication.frame(_UNUSED, most=most)


def quality(publication: Publication, strategy: str) -> pd.DataFrame:
    """Return one row per measure and UTC day: records, and those in order."""
    return publication.frame(_QUALITY, strategy=strategy)


def freshness(publication: Publication, strategy: str) -> pd.Series:
    """Return the latest moment of each kind of data; NaT if there is none."""
    row: pd.Series = publication.frame(_FRESHNESS, strategy=strategy).iloc[0]
    return row
