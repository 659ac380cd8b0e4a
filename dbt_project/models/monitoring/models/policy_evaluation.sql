with final as (

    select
        {{ contract_columns("evaluation") }}
    from {{ source("scorer", "policy_evaluation") }} as evaluation
    where as_of <= {{ as_of() }}

)

select * from final
