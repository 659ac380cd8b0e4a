{{ config(materialized="view") }}

with strategies as (

    select * from {{ ref("stg_ranking_strategies") }}

),

looked_back as (

    select min({{ add_days(as_of(), "-lookback_days") }}) as epoch_start from strategies

),

dates as (

    select start_date as epoch_start from {{ ref("int_offers") }}
    union
    select end_date as epoch_start from {{ ref("int_offers") }}

),

starts as (

    select epoch_start from looked_back
    union
    select dates.epoch_start
    from dates
    inner join looked_back on dates.epoch_start > looked_back.epoch_start
    where dates.epoch_start <= {{ as_of() }}

),

-- Between two dates of the catalogue the same offers are in season.
final as (

    select
        epoch_start,
        lead(epoch_start) over (order by epoch_start) as epoch_end
    from starts

)

select * from final
