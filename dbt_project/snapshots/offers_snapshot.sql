{% snapshot offers_snapshot %}

{%- set versioned = [
    "offer_name", "status", "priority", "start_date", "end_date", "is_fallback", "placement_ids", "characteristics",
] + offer_amounts() %}

{{ config(
    unique_key="offer_id",
    strategy="check",
    check_cols=versioned,
    updated_at="seen_at",
    hard_deletes="ignore",
    pre_hook=["{{ forget_later_versions(this) }}", "{{ reopen_versions(this) }}"],
) }}

-- A back-fill must not rewrite history, so the catalogue is read only if as_of is not before the last snapshot.
{%- set is_first = not (execute and adapter.get_relation(this.database, this.schema, this.identifier)) -%}
{#- A snapshot of an earlier version of the project lacks the columns that were added since. -#}
{%- set stored = [] if is_first else adapter.get_columns_in_relation(this) | map(attribute="name") | list -%}
{%- set looked = [] if is_first else query_rows("select max(greatest(dbt_valid_from, dbt_updated_at))::varchar as last_look from " ~ this ~ " where greatest(dbt_valid_from, dbt_updated_at) <= " ~ known_until()) -%}
{%- set last_look = looked[0]["last_look"] if looked and looked[0]["last_look"] else "0001-01-01" %}

with listed as (

    select *
    from {{ ref("stg_offers") }}
    where reject_reason is null

),

{%- if not is_first %}

-- dbt would close the versions of removed offers at the current time, so a version of as_of closes them here.
-- A catalogue without a usable offer leaves the earlier offers unchanged.
gone as (

    select seen.*
    from {{ this }} as seen
    anti join listed on seen.offer_id = listed.offer_id
    where
        seen.dbt_valid_to is null
        and exists (select 1 from listed)

),
{%- endif %}

offers as (

    select
        offer_id,
        {{ versioned | join(",\n        ") }}
    from listed
    {%- if not is_first %}
    union all
    select
        offer_id
        {%- for column in versioned %},
        {{ "'archived' as status" if column == "status" else column if column in stored else "null as " ~ column }}
        {%- endfor %}
    from gone
    {%- endif %}

),

final as (

    select
        *,
        {{ as_of() }} as seen_at
    from offers
    where {{ as_of() }} >= timestamp '{{ last_look }}'

)

select * from final

{% endsnapshot %}
