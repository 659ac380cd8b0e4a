with final as (

    select
        {{ contract_columns("offers") }}
    from {{ ref("int_offers") }} as offers

)

select * from final
