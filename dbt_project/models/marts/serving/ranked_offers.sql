{{ config(materialized="view", tags=["monitoring"]) }}

with final as (

    select
        strategy_id,
        cycle_date,
        profile_id,
        activity_id,
        scope_id,
        placement_id,
        "rank",
        offer_id,
        offer_name,
        score,
        traffic_type,
        is_exploration,
        policy,
        propensity,
        eligible_count,
        model_version,
        valid_from,
        valid_to
    from {{ ref("stg_scorer__ranked_offers") }}

)

select * from final
