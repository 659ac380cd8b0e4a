-- An interaction is never attributed to a display after latest_display_ts.
select *
from {{ ref("int_attributed_interactions") }}
where display_ts > {{ latest_display_ts("event_ts") }}
