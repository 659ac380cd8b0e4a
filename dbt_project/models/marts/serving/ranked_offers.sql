{{ config(materialized="view", tags=["monitoring"]) }}

with final as (

    select
        {{ contract_columns("ranked") }}
    from {{ source("scorer", "ranked_offers") }} as ranked

)

select * from final
