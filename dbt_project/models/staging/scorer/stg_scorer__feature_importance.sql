with final as (

    select * from {{ source("scorer", "feature_importance") }}

)

select * from final
