{% snapshot offers_snapshot %}

{{ config(
    unique_key="offer_id",
    strategy="check",
    check_cols=["offer_name", "status", "priority", "start_date", "end_date", "is_fallback", "placement_ids", "characteristics"],
    updated_at="seen_at",
    hard_deletes="ignore",
) }}

-- A back-fill must not rewrite history: the catalogue is taken only when as_of is not before the last look at it.
{%- set looked = query_rows("select max(greatest(dbt_valid_from, dbt_updated_at))::varchar as last_look from " ~ this) if execute and adapter.get_relation(this.database, this.schema, this.identifier) else [] -%}
{%- set last_look = looked[0]["last_look"] if looked and looked[0]["last_look"] else "0001-01-01" %}

select
    offer_id,
    offer_name,
    status,
    priority,
    start_date,
    end_date,
    is_fallback,
    placement_ids,
    characteristics,
    {{ as_of() }} as seen_at
from {{ ref("stg_offers") }}
where
    reject_reason is null
    and {{ as_of() }} >= timestamp '{{ last_look }}'

{% endsnapshot %}
