-- Accepted staged events = events + copies that were collapsed: every event id once, none lost, none invented.
with counted as (

    select
        (select count(distinct event_id) from {{ ref("stg_xdm__events") }} where reject_reason is null) as ids_in,
        (select count(*) from {{ ref("int_events") }}) as events_out,
        (select count(distinct event_id) from {{ ref("int_events") }}) as ids_out

)

select *
from counted
where ids_in <> events_out or ids_in <> ids_out
