with pairs as (

    select
        *,
        row_number() over (
            partition by strategy_id, verdict
            order by least(displays, other_displays) desc, offer_id, other_offer_id
        ) as place
    from {{ ref("offer_similarity") }}

),

counts as (

    select
        strategies.strategy_id,
        count(pairs.offer_id) as pairs,
        count(*) filter (where pairs.verdict = 'different') as different_pairs,
        count(*) filter (where pairs.verdict = 'alike') as alike_pairs
    from {{ ref("stg_ranking_strategies") }} as strategies
    left join pairs on strategies.strategy_id = pairs.strategy_id
    group by 1

),

evaluated as (

    select
        *,
        row_number() over (
            partition by strategy_id
            order by as_of desc, case policy when 'deployed' then 1 when 'new' then 2 else 3 end, coalesce(model_version, '')
        ) as place
    from {{ ref("policy_evaluation") }}
    where policy in ('deployed', 'new', 'previous') and estimator = 'dr'

),

judged as (

    select
        counts.*,
        evaluated.lift_over_best_single,
        evaluated.lift_over_best_single_high,
        case
            when evaluated.lift_over_best_single_low > 0 then 'earns more'
            when evaluated.lift_over_best_single is not null and counts.alike_pairs = counts.pairs and counts.pairs > 0
                then 'alike'
            when evaluated.lift_over_best_single_high < 0.05 and evaluated.model_kind <> 'best_single' then 'earns no more'
            when evaluated.lift_over_best_single is not null then 'not proved'
            when counts.different_pairs > 0 then 'differ'
            when counts.alike_pairs = counts.pairs and counts.pairs > 0 then 'alike'
            when counts.alike_pairs > 0 then 'none seen'
            else 'too little data'
        end as verdict
    from counts
    left join evaluated on counts.strategy_id = evaluated.strategy_id and evaluated.place = 1

),

strategies as (

    select
        strategy_id,
        'offers_differ' as assumption,
        'all offers' as subject,
        case
            when verdict in ('alike', 'earns no more') then 'warning'
            when verdict in ('not proved', 'none seen') then 'notice'
            else 'ok'
        end as severity,
        case verdict
            when 'earns more' then
                'Personalisation earns ' || {{ percent_text("lift_over_best_single") }}
                || ' more than showing everybody the best single offer.'
            when 'earns no more' then
                'Personalisation earns at most ' || {{ percent_text("greatest(lift_over_best_single_high, 0)") }}
                || ' more than showing everybody the best single offer.'
            when 'not proved' then
                'It is not proved yet that personalisation earns more than showing everybody the best single offer.'
            when 'differ' then different_pairs || ' of ' || pairs || ' pairs of offers appeal to different people.'
            when 'alike' then
                'People respond alike to all offers: personalisation adds little or nothing beyond the best single offer.'
            when 'none seen' then
                'No two offers are known to appeal to different people; people respond alike to '
                || alike_pairs || ' of ' || pairs || ' pairs.'
            else 'There is too little random traffic to tell whether the offers appeal to different people.'
        end as sentence,
        case
            when verdict in ('alike', 'earns no more', 'none seen') then
                'Add offers for different groups of people, or segments that distinguish people.'
            when verdict in ('not proved', 'too little data') then 'Wait, explore with more of the traffic, or offer fewer alternatives.'
        end as advice,
        false as retrain_recommended
    from judged

),

alike as (

    select
        strategy_id,
        'offers_differ' as assumption,
        offer_id || ', ' || other_offer_id as subject,
        severity,
        sentence,
        'Keep one of the two, or change what one of them offers.' as advice,
        false as retrain_recommended
    from pairs
    where verdict = 'alike' and place <= 5

),

final as (

    select * from strategies
    union all
    select * from alike

)

select * from final
