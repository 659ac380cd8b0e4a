with final as (

    select
        {{ contract_columns("versions") }}
    from {{ source("scorer", "model_versions") }} as versions
    where trained_as_of <= {{ as_of() }}

)

select * from final
