-- One row per strategy: what its log can show, and how many weeks of personalisation prove a lift of 10 %.
with strategies as (

    select * from {{ ref("stg_ranking_strategies") }}

),

outcomes as (

    select * from {{ ref("int_display_outcomes") }}

),

measured as (

    select
        strategy_id,
        count(*) as displays,
        count(distinct profile_id) as profiles,
        count(*) filter (where is_success) as successes,
        count(*) filter (where reward is null and is_mature) as without_outcome,
        count(*) filter (where traffic_type = 'random') as random_displays,
        count(propensity) as known_propensities,
        count(*) filter (where propensity is null and traffic_type is null) as silent_displays,
        {{ exact_mean("case when is_mature then reward end") }} as mean_reward,
        {{ exact_variance("case when is_mature then reward end") }} as reward_variance,
        greatest(1, {{ days_between("min(event_ts)", as_of()) }}) as days
    from outcomes
    where is_in_lookback
    group by 1

),

powers as (

    select
        strategies.*,
        measured.* exclude (strategy_id),
        case
            when successes >= 20 and mean_reward > 0 and exploration_share > 0 and exploration_share < 1
                then {{ displays_for_lift("kpi_type", "mean_reward", "reward_variance", "reward_variance", "(1 - exploration_share) / exploration_share") }}
        end as random_displays_needed
    from strategies
    left join measured on strategies.strategy_id = measured.strategy_id

)

select
    strategy_id,
    kpi_name,
    kpi_type,
    lookback_days,
    exploration_share,
    coalesce(displays, 0) as displays,
    coalesce(profiles, 0) as profiles,
    coalesce(successes, 0) as successes,
    coalesce(without_outcome, 0) as without_outcome,
    coalesce(random_displays, 0) as random_displays,
    coalesce(known_propensities, 0) as known_propensities,
    coalesce(silent_displays, 0) as silent_displays,
    random_displays_needed / (displays / days * 7 * exploration_share) as weeks_for_lift
from powers
order by strategy_id
