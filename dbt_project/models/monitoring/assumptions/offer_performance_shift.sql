with periods as (

    select * from {{ ref("int_offer_periods") }}

),

surprises as (

    select * from {{ ref("int_offer_surprises") }}

),

offers as (

    select
        offer_id,
        offer_name
    from {{ ref("int_offers") }}

),

measured as (

    select
        *,
        expected_successes >= 5 and reward_variance > 0 and mean_reward > 0 and recent_reward >= 0 and previous_reward >= 0
            as is_testable,
        reward_variance / nullif(mean_reward, 0) as dispersion
    from periods

),

compared as (

    select
        *,
        case
            when is_testable
                then {{ root_difference_z("recent_reward", "recent_displays", "previous_reward", "previous_displays", "dispersion") }}
        end as z
    from measured

),

tested as (

    select
        *,
        case when z is not null then {{ two_sided_p("z") }} end as p_value
    from compared

),

stepped as (

    select
        *,
        {{ false_discovery_step("p_value", "strategy_id") }} as step
    from tested

),

-- The model chooses personalised displays, so they only support a change in random traffic.
judged as (

    select
        stepped.*,
        {{ false_discovery_rate("stepped.step", "stepped.p_value", "stepped.strategy_id") }} as adjusted_p_value,
        stepped.recent_reward / nullif(stepped.previous_reward, 0) as ratio,
        surprises.displays as personalised_displays,
        surprises.reward as personalised_reward,
        surprises.expected_reward as personalised_expected_reward,
        surprises.p_value as personalised_p_value,
        coalesce(surprises.p_value < 0.0001 and surprises.ratio <= 0.5, false) as is_disappointing,
        coalesce(surprises.p_value < 0.0001 and surprises.ratio >= 2, false) as is_surprising
    from stepped
    left join surprises
        on stepped.strategy_id = surprises.strategy_id and stepped.offer_id = surprises.offer_id

),

rated as (

    select
        *,
        case
            when adjusted_p_value < 0.001 and (ratio <= 0.5 or ratio >= 2) then 'severe'
            when p_value < 0.05 and (ratio <= 0.5 and is_disappointing or ratio >= 2 and is_surprising) then 'severe'
            when adjusted_p_value < 0.05 then 'warning'
            when is_disappointing and ratio <= 0.67 or is_surprising and ratio >= 1.5 then 'warning'
            when is_disappointing or is_surprising then 'notice'
            else 'ok'
        end as severity,
        coalesce(adjusted_p_value < 0.05, false) as is_shown_by_exploration,
        {{ is_trained_now() }} as is_trained_now
    from judged

),

final as (

    select
        rated.strategy_id,
        rated.offer_id,
        case when rated.is_testable then 'ok' else 'insufficient' end as status,
        rated.severity,
        rated.recent_displays,
        rated.recent_successes,
        rated.recent_reward,
        rated.previous_displays,
        rated.previous_successes,
        rated.previous_reward,
        rated.ratio - 1 as relative_change,
        rated.p_value,
        rated.adjusted_p_value,
        rated.personalised_displays,
        rated.personalised_reward,
        rated.personalised_expected_reward,
        rated.personalised_p_value,
        rated.severity = 'severe' and not rated.is_trained_now as retrain_recommended,
        {{ shift_sentence() }} as sentence,
        case
            when rated.severity = 'severe' and rated.is_trained_now then 'The model of this cycle accounts for it. Check what changed: the terms, the page or the link.'
            when rated.severity = 'severe' then 'Train again now, and check what changed: the terms, the page or the link.'
            when rated.severity <> 'ok' then 'Check what changed: the terms, the page or the link. The next training accounts for it.'
        end as advice
    from rated
    inner join offers on rated.offer_id = offers.offer_id

)

select * from final
