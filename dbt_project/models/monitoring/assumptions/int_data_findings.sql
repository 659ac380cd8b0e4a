{%- set recent = "event_ts > " ~ add_days(as_of(), "-7") %}

with strategies as (

    select * from {{ ref("stg_ranking_strategies") }}

),

displays as (

    select
        strategy_id,
        max(event_ts) as last_display,
        count(*) filter (where {{ recent }}) as recent,
        count(*) filter (where {{ recent }} and traffic_type = 'random') as recent_random,
        count(*) filter (where {{ recent }} and traffic_type is null and propensity is not null) as recent_known,
        count(*) filter (where {{ recent }} and not is_mature) as recent_open
    from {{ ref("int_strategy_displays") }}
    group by 1

),

examples as (

    select
        strategy_id,
        count(*) as examples,
        count(*) filter (where propensity is null) as without_propensity
    from {{ ref("training_examples") }}
    group by 1

),

rejected as (

    select
        (select coalesce(sum(coalesce(records, 1)), 0) from {{ ref("rejected_events") }}) as rejected,
        (select count(*) from {{ ref("int_events") }}) + (select count(*) from {{ ref("int_displays") }} where source = 'flat') as accepted

),

unused as (

    select
        count(*) > 0 as is_unused,
        {{ first_texts("sentence", ["likely_subject is null", "sentence"]) }} as unused_sentences
    from {{ ref("input_findings") }}
    where severity = 'warning'

),

measured as (

    select
        strategies.strategy_id,
        displays.* exclude (strategy_id),
        displays.last_display is null as is_without_displays,
        coalesce(displays.recent = 0, false) as is_silent,
        displays.recent_open / nullif(displays.recent, 0) as open_share,
        examples.without_propensity / nullif(examples.examples, 0) as unknown_share,
        rejected.rejected / nullif(rejected.rejected + rejected.accepted, 0) as rejected_share,
        unused.*
    from strategies
    cross join rejected
    cross join unused
    left join displays on strategies.strategy_id = displays.strategy_id
    left join examples on strategies.strategy_id = examples.strategy_id

),

unioned as (

    select
        strategy_id,
        'displays_arrive' as assumption,
        case when is_without_displays then 'severe' when is_silent then 'warning' else 'ok' end as severity,
        case
            when is_without_displays then 'The look-back contains no displays of this strategy.'
            when is_silent then 'No display of this strategy arrived since ' || last_display::date || '.'
            else 'Displays arrive; the latest is from ' || last_display::date || '.'
        end as sentence,
        'Check that the log of displays reaches the raw folder.' as advice
    from measured
    union all
    select
        strategy_id,
        'exploration_runs' as assumption,
        case when recent > 0 and recent_random = 0 and recent_known = 0 then 'warning' else 'ok' end as severity,
        case
            when recent > 0 and recent_random = 0 and recent_known > 0 then
                {{ count_text("recent_known") }} || ' displays of the last 7 days have a logged propensity but no traffic type.'
            when recent > 0 and recent_random = 0 then 'Nothing was shown at random in the last 7 days.'
            else {{ count_text("coalesce(recent_random, 0)") }} || ' displays of the last 7 days were random.'
        end as sentence,
        'Check that random traffic is served and logged: without it, changes in offers and new offers go unnoticed.' as advice
    from measured
    union all
    select
        strategy_id,
        'records_are_readable' as assumption,
        case
            when rejected_share >= 0.25 then 'severe' when rejected_share >= 0.05 then 'warning'
            when rejected_share >= 0.01 then 'notice' else 'ok'
        end as severity,
        coalesce({{ percent_text("rejected_share") }}, '0 %') || ' of all records were rejected.' as sentence,
        'See rejected_events for the reasons.' as advice
    from measured
    union all
    select
        strategy_id,
        'inputs_are_used' as assumption,
        case when is_unused then 'warning' else 'ok' end as severity,
        coalesce('Parts of the inputs have no effect or no match: ' || unused_sentences || '.', 'All inputs are used.') as sentence,
        'See input_findings, and correct names and ids.' as advice
    from measured
    union all
    select
        strategy_id,
        'propensities_are_known' as assumption,
        case when unknown_share >= 0.5 then 'warning' when unknown_share >= 0.1 then 'notice' else 'ok' end as severity,
        coalesce({{ percent_text("unknown_share") }}, '0 %') || ' of the displays have no known propensity.' as sentence,
        'The model learns from them, but they cannot show which policy is better. Log the propensity or the traffic type.' as advice
    from measured
    union all
    select
        strategy_id,
        'outcomes_are_final' as assumption,
        case when open_share >= 0.8 then 'notice' else 'ok' end as severity,
        {{ count_text("coalesce(recent_open, 0)") }} || ' displays (' || coalesce({{ percent_text("open_share") }}, '0 %')
        || ') of the last 7 days do not have their final outcome yet.' as sentence,
        'A shorter attribution window shows changes sooner.' as advice
    from measured

),

final as (

    select
        strategy_id,
        assumption,
        'all displays' as subject,
        severity,
        sentence,
        case when severity <> 'ok' then advice end as advice,
        false as retrain_recommended
    from unioned

)

select * from final
