with final as (

    select * from {{ source("scorer", "scored_displays") }}

)

select * from final
