-- Items of displayed propositions = displays of events + items without an id, if no token leaves any out. A proposition
-- without items has borrowed some or is rejected.
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
            select count(*)
            from {{ ref("int_proposition_items") }}
            where
                event_kind = 'display'
                and position is null
                and event_ts <= {{ as_of() }}
        ) as bare_in,
        (
            select count(*)
            from (
                select distinct
                    event_id,
                    proposition_id
                from {{ ref("int_borrowed_items") }}
                where event_ts <= {{ as_of() }}
            )
        ) as borrowed_out,
        (
            select count(*)
            from {{ ref("int_rejected_events") }}
            where starts_with(reason, 'display without items')
        ) as rejected_out

)

select *
from counted
where
    items_in <> items_out
    or bare_in <> borrowed_out + rejected_out
