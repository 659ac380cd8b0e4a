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

{# Every file of the raw folder, three levels deep, as `source_file`, except files of other tools and notes about the data. #}
{% macro raw_folder_files() -%}
    {%- set root = glob_literal(raw_path()) -%}
    select distinct {{ source_file("file") }} as source_file
    from (
        {%- for below in ["/*", "/*/*", "/*/*/*"] %}
        select file from glob({{ quoted(root ~ below) }})
        {{- " union all" if not loop.last }}
        {%- endfor %}
    )
    where
        not regexp_matches(lower({{ source_file("file") }}), '(^|/){{ other_tools() }}')
        and not regexp_matches(lower({{ source_file("file") }}), '(^|/)(readme[^/]*|license|nextoffer\.toml|[^/]*\.md)$')
{%- endmacro %}

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

{# An id normalised for comparison: without case, separators and other signs, leading zeros and a trailing `.0`. #}
{% macro comparable_id(id) -%}
    ltrim(regexp_replace(lower({{ plain_id(id) }}), '[^\pL\pN]', '', 'g'), '0')
{%- endmacro %}

{# Findings that stop a run. #}
{% macro stopping_findings() %}
    {{ return([
        "excluded segment that nobody has", "exclusion in an unknown placement", "cap in an unknown placement",
        "cap on an unknown event type", "rule on a misspelled offer", "catalogue without an offer",
    ]) }}
{% endmacro %}

{# An id with a comma or a semicolon as the list that was probably meant; NULL for others. #}
{% macro likely_list(id) -%}
    case when regexp_matches({{ id }}, '[,;]') then regexp_replace({{ id }}, '\s*[,;]\s*', '|', 'g') end
{%- endmacro %}

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

{# Sentence of a finding about the inputs; expects the columns of `found` in input_findings. #}
{% macro input_sentence() -%}
    {%- set hint = "coalesce('; did you mean ' || likely_subject || '?', '')" -%}
    {%- set count_of = count_text("occurrences") ~ " || case when occurrences = 1 then " -%}
    case finding
        when 'unused column' then input_name || ': column ' || subject || ' is not used' || {{ hint }} || ' (' || example || ')'
        when 'unread file' then subject || ' is not read' || coalesce('; ' || example, {{ hint }})
        when 'text in a code page' then
            subject || ' is not UTF-8 and was read as ' || example || '; if its letters are wrong, state code_page'
        when 'unknown offer' then
            input_name || ' names offer ' || subject || ', which is unknown; the row has no effect'
        when 'unknown feature' then
            input_name || ' names ' || {{ count_of }}' context feature' else ' context features' end
            || ' that nothing has: ' || subject
        when 'unknown type of display' then
            'experience_events: events of type ' || subject || ' carry propositions, but count as neither displays nor clicks;'
            || ' if they are displays, add the type to the seed xdm_event_types'
        when 'rejected' then
            input_name || ': ' || {{ count_of }}' row' else ' rows' end || ' rejected, ' || subject || ' (' || example || ')'
        when 'displayed offer not in the catalogue' then
            {{ count_of }}' displayed offer is' else ' displayed offers are' end
            || ' not in the catalogue and not ranked: ' || subject || {{ hint }}
        when 'offer never displayed' then
            {{ count_of }}' offer' else ' offers' end || ' of the catalogue had no display: ' || subject
        when 'excluded segment that nobody has' then
            input_name || ' excludes a segment without members: ' || subject || {{ hint }}
        when 'exclusion in an unknown placement' then
            input_name || ' excludes an offer in an unknown placement: ' || subject || {{ hint }}
        when 'excluded profile never seen' then
            input_name || ' excludes ' || {{ count_of }}' profile' else ' profiles' end
            || ' that had no display, for example ' || subject || {{ hint }}
        when 'cap in an unknown placement' then
            input_name || ' limits an offer in an unknown placement: ' || subject || {{ hint }}
        when 'rule on a misspelled offer' then
            input_name || ' names an unknown offer: ' || subject || {{ hint }}
        when 'catalogue without an offer' then 'offers lists no offer (' || subject || ')'
        when 'cap on an unknown event type' then
            input_name || ' counts an unknown event type: ' || subject || {{ hint }}
        when 'placement without displays' then
            input_name || ' names ' || {{ count_of }}' placement' else ' placements' end || ' without displays: ' || subject || {{ hint }}
        when 'segment that nobody has' then
            input_name || ' names ' || {{ count_of }}' segment' else ' segments' end || ' without members: ' || subject
            || {{ hint }}
        when 'offer without a value' then
            'value_per_success is missing for ' || {{ count_of }}' offer' else ' offers' end
            || ' of strategies that maximise net_value, which no model ranks: ' || subject
        when 'profile never seen' then
            {{ count_of }}' profile' else ' profiles' end || ' of segment_memberships had no display, for example ' || subject
    end
{%- endmacro %}
