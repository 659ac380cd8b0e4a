{# The columns that are read from an input whose files may have other columns too. #}
{% macro input_columns(input_name) %}
    {{ return({
        "displays": display_columns(),
        "offers": [
            "offer_id", "offer_name", "status", "priority", "start_date", "end_date", "is_fallback", "placement_ids",
            "characteristics", "cost_per_display", "cost_per_success", "value_per_success",
        ],
        "segment_memberships": [
            "profile_id", "segment_id", "qualified_at", "exited_at", "segmentMembership", "identityMap", "_id",
        ],
    }[input_name]) }}
{% endmacro %}

{# Names that other tools use for these columns. #}
{% macro column_synonyms() %}
    {{ return({
        "event_ts": ["timestamp", "ts", "time", "datetime", "date", "event_time", "created_at"],
        "profile_id": ["user_id", "customer_id", "visitor_id", "person_id", "user", "client_id", "uid", "customer"],
        "offer_id": ["item_id", "action", "action_id", "arm", "product_id", "creative_id", "offer"],
        "request_id": ["session_id", "impression_id", "decision_id"],
        "placement_id": ["placement", "slot", "slot_id", "location", "channel", "page"],
        "position": ["rank"],
        "propensity": ["prop", "probability", "pscore", "propensity_score", "action_prob", "p"],
        "traffic_type": ["traffic", "policy", "arm_type"],
        "clicked": ["click", "clicks", "is_click", "is_clicked", "converted", "conversion", "label"],
        "value": ["reward", "revenue", "amount", "price", "order_value", "purchase_value"],
        "outcome_until": ["final_at", "matures_at", "mature_at"],
        "is_final": ["final", "is_mature", "mature"],
        "offer_name": ["name", "title"],
        "status": ["state", "lifecycle", "active", "is_active", "enabled", "is_enabled", "offer_status"],
        "start_date": ["starts_at", "valid_from", "start"],
        "end_date": ["ends_at", "valid_to", "valid_until", "end", "expiry", "expires_at", "expiration_date"],
        "is_fallback": ["fallback"],
        "placement_ids": ["placements"],
        "cost_per_display": ["cost", "unit_cost", "contact_cost"],
        "value_per_success": ["margin", "success_value", "conversion_value"],
        "segment_id": ["segment", "audience", "audience_id", "segment_name"],
        "qualified_at": ["entered_at", "since"],
        "exited_at": ["left_at", "until"],
    }) }}
{% endmacro %}

{# Words in the name of an unused column which show that it restricts offers or members as the given column does. #}
{% macro telling_words() %}
    {{ return({
        "offers": {
            "status": ["status", "active", "live", "enabled", "disabled", "approved", "archived", "deleted"],
            "end_date": ["expires", "expired", "expiry", "until"],
            "placement_ids": ["placement", "placements"],
        },
        "segment_memberships": {"exited_at": ["status", "active", "exited", "expired", "removed", "deleted", "until"]},
    }) }}
{% endmacro %}

{# The columns of one file, {name: what it is used as, or none}. #}
{% macro column_uses(input_name, path) %}
    {%- set kind = raw_file_kind(path) -%}
    {%- if kind == "csv" -%}
        {%- set names = csv_dialect(path, is_counted=false)["names"] -%}
    {%- elif kind in ("parquet", "table") -%}
        {%- set names = read_file(input_name, path, kind)["types"] | list -%}
    {%- else -%}
        {%- set names = record_keys(input_name, path) -%}
    {%- endif -%}
    {{- require_few_columns(path, names) -}}
    {%- set uses = {} -%}
    {%- for name in names -%}{%- do uses.update({name: none}) -%}{%- endfor -%}
    {%- for column, name in matched_columns(path, names, input_columns(input_name)).items() -%}
        {%- do uses.update({name: column}) -%}
    {%- endfor -%}
    {%- for prefix in ["seg", "ctx"] if input_name == "displays" -%}
        {%- for rest, name in prefixed_columns(path, prefix, names).items() -%}
            {%- do uses.update({name: prefix ~ "_" ~ rest}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(uses) }}
{% endmacro %}

{# The seg_ or ctx_ column that an unused column of displays probably is, such as ctxDevice, segment_gold or Ctx.city. #}
{% macro likely_feature(columns_found) -%}
    {%- set name = columns_found ~ ".column_name" -%}
    {%- set rest -%}
        coalesce(
            nullif(regexp_extract({{ name }}, '^(?i:ctx|context|seg|segment)[^\pL\pN]+(.+)$', 1), ''),
            nullif(regexp_extract({{ name }}, '^(?:ctx|context|seg|segment)([A-Z].*)$', 1), '')
        )
    {%- endset -%}
    case
        when {{ columns_found }}.input_name = 'displays' and {{ columns_found }}.used_as is null
            then case when {{ name }} ilike 's%' then 'seg_' else 'ctx_' end || {{ rest }}
    end
{%- endmacro %}

{# Edit distance of two texts. #}
{% macro edit_distance(left, right) -%}{{ return(adapter.dispatch("edit_distance", "nextoffer")(left, right)) }}{%- endmacro %}

{% macro duckdb__edit_distance(left, right) -%}
    damerau_levenshtein({{ left }}, {{ right }})
{%- endmacro %}
