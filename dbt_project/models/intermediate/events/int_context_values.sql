-- Context values by number: numbers are faster to compare and count than text.
with entries as (

    select
        context_text,
        {{ unnest_entries("context") }} as entry
    from {{ ref("int_contexts") }}

),

named as (

    select
        context_text,
        entry.key as context_key,
        entry.value as context_value
    from entries
    where entry.value is not null

),

final as (

    select
        *,
        dense_rank() over (order by context_key) as key_number,
        dense_rank() over (order by context_key, context_value) as value_number
    from named

)

select * from final
