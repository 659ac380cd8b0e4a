with final as (

    select * from {{ source("scorer", "ranked_offers") }}

)

select * from final
