-- Accepted rows of flat displays = displays + copies that were collapsed.
with counted as (

    select
        (select count(distinct display_id) from {{ ref("stg_flat__displays") }} where reject_reason is null) as ids_in,
        (select count(*) from {{ ref("int_displays") }} where source = 'flat') as displays_out

)

select *
from counted
where ids_in <> displays_out
