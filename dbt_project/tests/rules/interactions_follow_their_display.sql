-- An interaction is never attributed to a display that came after it.
select *
from {{ ref("int_attributed_interactions") }}
where display_ts > event_ts
