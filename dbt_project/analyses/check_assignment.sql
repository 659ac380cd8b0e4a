-- One row per feature, and one for the offers alone: tests whether displays without a stated assignment look uniform.
-- Pearson's chi-squared test of independence of offer and value; for the offers alone, of equal numbers.
with shown as (

    select
        displays.offer_id,
        displays.segments,
        contexts.context,
        row_number() over () as place
    from {{ ref("int_displays") }} as displays
    left join {{ ref("int_contexts") }} as contexts on displays.context_text = contexts.context_text
    where
        displays.propensity is null
        and displays.traffic_type is null
        and displays.position = 1
        and displays.event_ts <= {{ as_of() }}
    qualify count(*) over (partition by displays.offer_id) >= 30

),

entries as (

    select
        place,
        offer_id,
        unnest(map_entries(context)) as entry
    from shown

),

typed as (

    select
        place,
        offer_id,
        entry.key as feature,
        entry.value as value,
        count(distinct entry.value) over (partition by entry.key) as distinct_values,
        ntile(4) over (partition by entry.key order by try_cast(entry.value as double), entry.value) as quarter
    from entries
    where entry.value is not null

),

valued as (

    select
        'all offers' as feature,
        offer_id,
        'all' as value
    from shown
    union all
    select
        feature,
        offer_id,
        case when distinct_values > 20 then quarter::varchar else value end as value
    from typed
    union all
    select
        found.segment as feature,
        shown.offer_id,
        coalesce({{ in_list("shown.segments", "found.segment") }}, false)::varchar as value
    from shown
    cross join (select distinct unnest(segments) as segment from shown) as found

),

values_enough as (

    select *
    from valued
    qualify count(*) over (partition by feature, value) >= 30

),

totals as (

    select
        feature,
        count(*) as n,
        count(distinct offer_id) as offers,
        (offers - 1) * case when feature = 'all offers' then 1 else count(distinct value) - 1 end as degrees
    from values_enough
    group by 1

),

per_offer as (

    select feature, offer_id, count(*) as n from values_enough group by 1, 2

),

per_value as (

    select feature, value, count(*) as n from values_enough group by 1, 2

),

cells as (

    select feature, offer_id, value, count(*) as n from values_enough group by 1, 2, 3

),

statistics as (

    select
        totals.feature,
        totals.n,
        totals.degrees,
        sum(
            pow(
                coalesce(cells.n, 0)
                - case
                    when totals.feature = 'all offers' then totals.n / totals.offers
                    else per_offer.n * per_value.n / totals.n
                end,
                2
            ) / case
                when totals.feature = 'all offers' then totals.n / totals.offers
                else per_offer.n * per_value.n / totals.n
            end
        ) as statistic
    from totals
    inner join per_offer on totals.feature = per_offer.feature
    inner join per_value on totals.feature = per_value.feature
    left join cells
        on totals.feature = cells.feature and per_offer.offer_id = cells.offer_id and per_value.value = cells.value
    where totals.degrees > 0
    group by 1, 2, 3

),

tested as (

    {{ with_chi_squared_p("statistics", "statistic", "degrees") }}

)

select
    feature,
    n as displays,
    least(1.0, count(*) over () * p_value) as adjusted_p_value
from tested
order by adjusted_p_value, feature
