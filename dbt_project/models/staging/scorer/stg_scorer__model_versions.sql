with final as (

    select * from {{ source("scorer", "model_versions") }}

)

select * from final
