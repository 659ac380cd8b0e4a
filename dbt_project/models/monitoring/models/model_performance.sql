with final as (

    select
        {{ contract_columns("measures") }}
    from {{ ref("int_model_measures") }} as measures
    where week = 0

)

select * from final
