with final as (

    select
        {{ contract_columns("runs") }}
    from {{ source("scorer", "training_runs") }} as runs
    where as_of <= {{ as_of() }}

)

select * from final
