-- Items of displayed propositions = displays from XDM + items without an id.
with propositions as (

    select unnest(propositions) as proposition
    from {{ ref("int_events") }}
    where event_kind = 'display'

),

counted as (

    select
        (select coalesce(sum(len(proposition.items)), 0) from propositions) as items_in,
        (select count(*) from {{ ref("int_displays") }} where source = 'xdm') as displays_out,
        (
            select count(*)
            from {{ ref("int_proposition_items") }}
            where event_kind = 'display' and offer_id is null
        ) as nameless_out

)

select *
from counted
where items_in <> displays_out + nameless_out
