-- Every rejected line of a file of lines is found again, once, in the present version of its file.
with staged as (

    select
        source_file,
        file_version,
        count(*) as lines_in
    from {{ ref("stg_xdm__events") }}
    where
        reject_reason is not null
        and line_number is null
    group by 1, 2

),

numbered as (

    select
        source_file,
        file_version,
        count(*) as lines_out
    from {{ ref("int_rejected_lines") }}
    group by 1, 2

)

select *
from staged
left join numbered
    on staged.source_file = numbered.source_file and staged.file_version = numbered.file_version
where staged.lines_in <> coalesce(numbered.lines_out, 0)
