{{ config(materialized="view") }}

-- depends_on: {{ ref('stg_raw_files') }}
with final as (

    {{ read_documents("experience_events", raw_files_of_kind("experience_events", ["lines", "json", "parquet", "table"])) }}

)

select * from final
