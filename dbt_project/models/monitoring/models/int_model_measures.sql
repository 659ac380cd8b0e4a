{%- set enough = 20 %}
{%- set least_probability = "1e-7" %}

with score_groups as (

    select
        *,
        least(greatest(score, {{ least_probability }}), 1 - {{ least_probability }}) as probability
    from {{ ref("int_score_groups") }}

),

totals as (

    select
        strategy_id,
        model_version,
        kpi_type,
        week,
        sum(displays)::bigint as displays,
        sum(successes)::bigint as successes,
        sum(positives)::bigint as positives,
        {{ exact_sum("reward") }} as reward,
        {{ exact_sum("score * displays") }} as score,
        -{{ exact_sum("positives * ln(probability) + (displays - positives) * ln(1 - probability)") }} as log_loss,
        -- Twice the mid-rank of tied displays: twice the displays below plus the tied displays.
        {{ exact_sum("positives * (2 * displays_below + displays)") }} as ranks_of_positives,
        {{ exact_sum("reward * (2 * displays_below + displays)") }} as ranks_of_reward
    from score_groups
    group by 1, 2, 3, 4

),

offers as (

    select
        strategy_id,
        model_version,
        coalesce(week, 0) as week,
        offer_id,
        count(*) as displays,
        count(*) filter (where reward > 0) as positives
    from {{ ref("int_scored_displays") }}
    where kpi_type = 'binary'
    group by grouping sets ((strategy_id, model_version, week, offer_id), (strategy_id, model_version, offer_id))

),

-- Each display is predicted by the other displays of its offer and 20 more displays with the mean of all.
guesses as (

    select
        offers.*,
        greatest(
            (offers.positives - 1 + 20.0 * totals.positives / totals.displays) / (offers.displays + 19),
            {{ least_probability }}
        ) as of_success,
        greatest(
            (offers.positives + 20.0 * totals.positives / totals.displays) / (offers.displays + 19),
            {{ least_probability }}
        ) as of_failure
    from offers
    inner join totals
        on offers.strategy_id = totals.strategy_id
        and offers.model_version = totals.model_version
        and offers.week = totals.week

),

baselines as (

    select
        strategy_id,
        model_version,
        week,
        -{{ exact_sum(
            "positives * ln(least(of_success, 1 - " ~ least_probability ~ "))"
            ~ " + (displays - positives) * ln(greatest(1 - of_failure, " ~ least_probability ~ "))"
        ) }} as log_loss
    from guesses
    group by 1, 2, 3

),

judged as (

    select
        *,
        successes >= {{ enough }} and (kpi_type <> 'binary' or displays - positives >= {{ enough }}) as is_enough
    from totals

),

final as (

    select
        judged.strategy_id,
        judged.model_version,
        judged.week,
        judged.displays,
        judged.successes,
        case when judged.is_enough then 'ok' else 'insufficient' end as status,
        judged.score / judged.displays as mean_score,
        judged.reward / judged.displays as mean_reward,
        case when judged.is_enough then judged.reward / nullif(judged.score, 0) end as calibration_ratio,
        case when judged.is_enough and judged.kpi_type = 'binary' then judged.log_loss / judged.displays end as log_loss,
        case when judged.is_enough then baselines.log_loss / judged.displays end as baseline_log_loss,
        case
            when not judged.is_enough then null
            -- 2 AUC - 1 from the rank sum of Mann and Whitney; 1 - 2 x the area under the Lorenz curve by trapezoids.
            when judged.kpi_type = 'binary'
                then (judged.ranks_of_positives - pow(judged.positives, 2))
                / (judged.positives::double * (judged.displays - judged.positives)) - 1
            when judged.reward > 0 then judged.ranks_of_reward / (judged.displays * judged.reward) - 1
        end as gini
    from judged
    left join baselines
        on judged.strategy_id = baselines.strategy_id
        and judged.model_version = baselines.model_version
        and judged.week = baselines.week

)

select * from final
