with final as (

    select * from {{ source("scorer", "policy_evaluation") }}

)

select * from final
