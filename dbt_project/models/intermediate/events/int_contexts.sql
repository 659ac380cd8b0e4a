-- Displays share few distinct contexts. Each map is built once, and displays refer to it by its text.
with displayed as (

    select context_text
    from {{ ref("int_proposition_items") }}
    where event_kind = 'display'
    union
    select context_text from {{ ref("int_flat_displays") }}

),

final as (

    select
        context_text,
        {{ map_of_text("context_text") }} as context
    from displayed
    where context_text is not null

)

select * from final
