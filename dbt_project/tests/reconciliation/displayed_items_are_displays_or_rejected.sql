-- Items of displayed propositions = displays of events + items without an id, where no token leaves any out; and a
-- proposition without items has either borrowed some or is rejected.
with propositions as (

    select
        event_id,
        unnest(propositions) as proposition
    from {{ ref("int_events") }}
    where
        event_kind = 'display'
        and tokens is null

),

counted as (

    select
        (select coalesce(sum(len(proposition.items)), 0) from propositions) as items_in,
        (
            select count(*)
            from {{ ref("int_proposition_items") }}
            where
                event_kind = 'display'
                and position is not null
                and event_id in (select event_id from propositions)
        ) as items_out,
        (
            select count(*) - count(offer_id) + (select count(*) from {{ ref("int_displays") }} where source = 'xdm')
            from {{ ref("int_proposition_items") }}
            where event_kind = 'display'
        ) as named_and_nameless,
        (
            select count(*) + (select count(*) from {{ ref("int_borrowed_items") }})
            from {{ ref("int_proposition_items") }}
            where event_kind = 'display'
        ) as named_nameless_and_borrowed

)

select *
from counted
where
    items_in <> items_out
    or named_and_nameless <> named_nameless_and_borrowed
