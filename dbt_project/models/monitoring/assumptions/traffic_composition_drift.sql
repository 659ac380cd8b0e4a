with counts as (

    select * from {{ ref("int_traffic_counts") }}

),

shares as (

    select
        *,
        sum(base_count) over (partition by strategy_id, comparison, feature_name) as base_displays,
        sum(new_count) over (partition by strategy_id, comparison, feature_name) as new_displays,
        base_count / nullif(sum(base_count) over (partition by strategy_id, comparison, feature_name), 0) as base_share,
        new_count / nullif(sum(new_count) over (partition by strategy_id, comparison, feature_name), 0) as new_share
    from counts

),

-- A share below 1 % counts as 1 % in the logarithm, because a new or vanished value would make the index infinite.
parted as (

    select
        *,
        (new_share - base_share) * ln(greatest(new_share, 0.01) / greatest(base_share, 0.01)) as part
    from shares

),

parts as (

    select
        *,
        row_number() over (partition by strategy_id, comparison, feature_name order by part desc, feature_value) as place
    from parted

),

features as (

    select
        strategy_id,
        comparison,
        feature_name,
        max(base_displays)::bigint as base_displays,
        max(new_displays)::bigint as new_displays,
        max(base_size) as base_size,
        max(new_size) as new_size,
        1 / nullif(max(base_size), 0) + 1 / nullif(max(new_size), 0) as sampling,
        count(*) as feature_values,
        coalesce({{ exact_sum("part") }}, 0) as psi,
        string_agg(
            feature_value || ' (' || {{ percent_text("base_share") }} || ' to ' || {{ percent_text("new_share") }} || ')',
            ', ' order by place
        ) filter (where place <= 3 and part > 0) as top_values
    from parts
    group by 1, 2, 3

),

-- Sampling alone gives an index of about (values - 1) (1 / n + 1 / m), with the variance of a chi-squared variable.
corrected as (

    select
        *,
        (feature_values - 1) * sampling as expected_psi,
        greatest(0, psi - (feature_values - 1) * sampling) as excess,
        sqrt(
            2 * (feature_values - 1) * pow(sampling, 2)
            + 4 * greatest(0, psi - (feature_values - 1) * sampling) * sampling
        ) as psi_error
    from features

),

-- Total: the mean over the features that vary. Features of one person are correlated, so its error is the mean error.
totals as (

    select
        strategy_id,
        comparison,
        'all' as feature_name,
        max(base_displays) as base_displays,
        max(new_displays) as new_displays,
        max(base_size) as base_size,
        max(new_size) as new_size,
        max(sampling) as sampling,
        sum(feature_values)::bigint as feature_values,
        {{ exact_mean("psi") }} as psi,
        string_agg(feature_name, ', ' order by excess desc, feature_name) filter (where excess > 0.1) as top_values,
        {{ exact_mean("expected_psi") }} as expected_psi,
        {{ exact_mean("excess") }} as excess,
        {{ exact_mean("psi_error") }} as psi_error
    from corrected
    where feature_values > 1
    group by 1, 2

),

unioned as (

    select * from corrected
    union all
    select * from totals

),

rated as (

    select
        *,
        least(base_size, new_size) >= 100 as is_measured,
        case
            when least(base_size, new_size) < 100 then 'ok'
            when excess - 1.64 * psi_error > 0.25 then 'severe'
            when excess - 1.64 * psi_error > 0.1 then 'warning'
            when excess > 0.1 and excess - 1.64 * psi_error > 0 then 'notice'
            else 'ok'
        end as severity
    from unioned

),

final as (

    select
        strategy_id,
        comparison,
        feature_name,
        case when is_measured then 'ok' else 'insufficient' end as status,
        severity,
        base_displays,
        new_displays,
        base_size as base_effective_size,
        new_size as new_effective_size,
        feature_values,
        psi,
        expected_psi,
        excess as psi_beyond_chance,
        greatest(0, excess - 1.64 * psi_error) as psi_low,
        top_values,
        severity = 'severe' and comparison = 'latest_week' and not {{ is_trained_now() }} as retrain_recommended,
        {{ drift_sentence() }} as sentence,
        {{ drift_advice() }} as advice
    from rated

)

select * from final
