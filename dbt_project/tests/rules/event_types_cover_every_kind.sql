-- The reverse of accepted_values on the seed: every kind that models use has an event type.
with wanted as (

    select unnest(['display', 'interact', 'dismiss', 'decision']) as event_kind

)

select wanted.event_kind
from wanted
left join {{ ref("xdm_event_types") }} as event_types on wanted.event_kind = event_types.event_kind
where event_types.event_kind is null
