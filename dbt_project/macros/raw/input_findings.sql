{# Common file names -> the input that they probably mean. #}
{% macro input_synonyms() %}
    {{ return({
        "displays": ["impressions", "exposures", "views", "log", "logs", "interactions", "clicks", "decisions", "data"],
        "experience_events": ["events", "xdm", "experience"],
        "offers": ["catalogue", "catalog", "items", "products", "actions", "creatives", "campaigns", "propositions"],
        "segment_memberships": ["segments", "audiences", "memberships", "profiles", "customers", "users"],
        "eligibility_rules": ["rules", "eligibility", "exclusions"],
        "capping_rules": ["caps", "capping", "frequency_caps", "limits"],
        "ranking_strategies": ["strategies", "strategy", "kpis"],
        "context_features": ["features", "context"],
    }) }}
{% endmacro %}

{# The records of the inputs that may have rejected ones, each with the reason if it is rejected. #}
{% macro input_records() -%}
    {% for input_name, model in [
        ("displays", "stg_flat__displays"), ("offers", "stg_offers"), ("segment_memberships", "stg_segment_memberships"),
    ] %}
    select
        '{{ input_name }}' as input_name,
        source_file,
        line_number,
        reject_reason,
        raw_text,
        1 as records
    from {{ ref(model) }}
    union all
    {% endfor %}
    select
        'experience_events' as input_name,
        source_file,
        null as line_number,
        null as reject_reason,
        null as raw_text,
        1 as records
    from {{ ref("stg_xdm__events") }}
    where reject_reason is null
    union all
    select
        'experience_events' as input_name,
        source_file,
        line_number,
        reason as reject_reason,
        raw_text,
        1 as records
    from {{ ref("int_rejected_events") }}
    union all
    select
        input_name,
        source_file,
        line_number,
        reason as reject_reason,
        raw_text,
        records
    from {{ ref("stg_rejected_lines") }}
    where records is not null
{%- endmacro %}

{# The findings about files that the CLI decoded from a code page. #}
{% macro decoded_files() -%}
    select
        'text in a code page' as finding,
        listed.input_name,
        listed.source_file as subject,
        null as likely_subject,
        listed.code_page as example,
        1 as occurrences
    from (
        values
        {%- for decoded in var("decoded_files", []) %}
        ({{ quoted(decoded[0]) }}, {{ quoted(decoded[1]) }}, {{ quoted(decoded[2]) }}),
        {%- endfor %}
        (null, null, null)
    ) as listed(input_name, source_file, code_page)
    where listed.input_name is not null
{%- endmacro %}

{# An id normalised for comparison: without case, accents, separators and other signs, leading zeros and a trailing `.0`,
   letters and digits that look like others as those. #}
{% macro comparable_id(id) -%}
    ltrim(regexp_replace({{ without_look_alikes(plain_id(id)) }}, '[^\pL\pN]', '', 'g'), '0')
{%- endmacro %}

{# An id normalised for comparison as `comparable_id`, with its signs but for spaces, invisible ones and a point at the end. #}
{% macro spelling_of(id) -%}
    regexp_replace({{ without_look_alikes(id) }}, '[\pZ\pC]|\.$', '', 'g')
{%- endmacro %}

{# True for an id that is a pattern or a word for all offers. #}
{% macro means_all(id) -%}
    (
        regexp_matches({{ id }}, '[*]|^%|[^0-9]%$')
        or {{ comparable_id(id) }} in ('', 'all', 'any', 'every', 'each', 'everything', 'alloffers')
    )
{%- endmacro %}

{# The segments that have members, with the input that has them. #}
{% macro held_segments() -%}
    select
        'segment_memberships' as input_name,
        segment_id
    from {{ ref("stg_segment_memberships") }}
    where reject_reason is null
    union
    select
        'displays' as input_name,
        feature_name as segment_id
    from {{ ref("stg_flat__features") }}
    where feature_kind = 'segment'
{%- endmacro %}

{# Findings that stop a run. #}
{% macro stopping_findings() %}
    {{ return([
        "excluded segment that nobody has", "exclusion in an unknown placement", "cap in an unknown placement",
        "cap on an unknown event type", "rule on a misspelled offer", "rule on all offers", "excluded segment in another spelling",
        "catalogue without an offer", "hidden restriction",
    ]) }}
{% endmacro %}

{# An id with a comma or a semicolon as the list that was probably meant; NULL for others. #}
{% macro likely_list(id) -%}
    case when regexp_matches({{ id }}, '[,;]') then regexp_replace({{ id }}, '\s*[,;]\s*', '|', 'g') end
{%- endmacro %}

{# Inputs that restrict who gets an offer. #}
{% macro restricting_inputs() %}
    {{ return(["offers", "segment_memberships", "eligibility_rules", "capping_rules", "strategy_offers"]) }}
{% endmacro %}

{# The columns of an input that restrict who gets an offer, by input. #}
{% macro restricting_columns() %}
    {{ return({
        "offers": ["status", "start_date", "end_date", "is_fallback", "placement_ids"],
        "segment_memberships": ["profile_id", "segment_id", "qualified_at", "exited_at"],
    }) }}
{% endmacro %}

{# Event types that a cap may name before any such event occurred: the terms of capping rules and the commerce types of XDM. #}
{% macro counted_event_types() -%}
    {{ quoted_list(
        ["decision", "impression", "click"]
        + ["commerce.checkouts", "commerce.order", "commerce.productListAdds", "commerce.productListOpens"]
        + ["commerce.productListRemovals", "commerce.productListReopens", "commerce.productListViews"]
        + ["commerce.productViews", "commerce.purchases", "commerce.saveForLaters"]
    ) }}
{%- endmacro %}
