-- An interaction is never attributed to a display that came later than a late display may.
select *
from {{ ref("int_attributed_interactions") }}
where display_ts > {{ latest_display_ts("event_ts") }}
