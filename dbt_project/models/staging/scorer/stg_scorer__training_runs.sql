with final as (

    select * from {{ source("scorer", "training_runs") }}

)

select * from final
