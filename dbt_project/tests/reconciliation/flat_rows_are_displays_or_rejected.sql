-- Accepted rows of flat displays = displays + dropped copies. Of equal rows, as many displays remain as the file with
-- most of them contains, or one if they name a request.
with contents as (

    select
        content_id,
        source_file,
        case when max(request_id) is null then count(*) else 1 end as copies
    from {{ ref("stg_flat__displays") }}
    where reject_reason is null
    group by 1, 2

),

expected as (

    select
        content_id,
        max(copies) as displays
    from contents
    group by 1

),

counted as (

    select
        (select coalesce(sum(displays), 0) from expected) as displays_in,
        (select count(*) from {{ ref("int_displays") }} where source = 'flat') as displays_out

)

select *
from counted
where displays_in <> displays_out
