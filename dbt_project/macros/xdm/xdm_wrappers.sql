{# Removes wrappers from a JSON list of propositions. A code-based proposition of `decisionProvider: AJO` is a wrapper: its
   items are content, and the offers are the decision items of another proposition. That proposition follows the wrapper
   with the same correlationID or scope, or is in its `characteristics.subPropositions` (JSON, plain or base64), or its
   items are in the content of the wrapper items. A wrapper without decision items stays, without its items. The parts of
   a wrapper get its id and keep their own as `partId`, because clicks name either. #}
{% macro xdm_unwrapped(text) -%}
    to_json(flatten(list_transform(
        json_extract({{ text }}, '$[*]'),
        lambda proposition: case
            when not {{ xdm_is_wrapper("proposition") }}
                then [
                    coalesce(
                        {{ xdm_part("proposition", "json_extract_string(" ~ xdm_related("proposition", text, true) ~ "[1], '$.id')") }},
                        proposition
                    )
                ]
            when len({{ xdm_sub_propositions("proposition") }}) > 0
                then list_transform(
                    {{ xdm_sub_propositions("proposition") }},
                    lambda part: json_merge_patch(
                        json_merge_patch(proposition, '{"items": null}'::json),
                        coalesce({{ xdm_part("part", "json_extract_string(proposition, '$.id')") }}, part)
                    )
                )
            when len({{ xdm_nested_items("proposition") }}) > 0
                then [json_merge_patch(proposition, json_object('items', {{ xdm_nested_items("proposition") }}))]
            when len({{ xdm_related("proposition", text, false) }}) > 0 then []
            else [json_merge_patch(proposition, '{"items": null}'::json)]
        end
    )))::varchar
{%- endmacro %}

{# Whether propositions may include a wrapper, without parsing them. #}
{% macro xdm_may_have_wrapper(text) -%}
    (contains({{ text }}, 'decisionProvider"') and regexp_matches({{ text }}, '"(?i:ajo)"'))
{%- endmacro %}

{% macro xdm_is_wrapper(proposition) -%}
    coalesce(lower(json_extract_string({{ proposition }}, '$.scopeDetails.decisionProvider')) = 'ajo', false)
{%- endmacro %}

{# The other propositions of a decision that are wrappers, or that are none, as a JSON list. #}
{% macro xdm_related(proposition, text, are_wrappers) -%}
    list_filter(
        json_extract({{ text }}, '$[*]'),
        lambda other: {{ "" if are_wrappers else "not " }}{{ xdm_is_wrapper("other") }}
        and {{ xdm_correlation("other") }} = {{ xdm_correlation(proposition) }}
    )
{%- endmacro %}

{# A proposition as a part of the wrapper with an id; NULL if there is no such wrapper. #}
{% macro xdm_part(proposition, wrapper_id) -%}
    case
        when {{ wrapper_id }} <> ''
            then json_merge_patch(
                {{ proposition }},
                json_object('id', {{ wrapper_id }}, 'partId', json_extract_string({{ proposition }}, '$.id'))
            )
    end
{%- endmacro %}

{# Key that the propositions of one decision share. #}
{% macro xdm_correlation(proposition) -%}
    coalesce(
        json_extract_string({{ proposition }}, '$.scopeDetails.correlationID'),
        json_extract_string({{ proposition }}, '$.scopeDetails.correlationId'),
        json_extract_string({{ proposition }}, '$.scope')
    )
{%- endmacro %}

{# The propositions in the characteristics of a wrapper, as a JSON list. They may be base64 of a list, or of an object that
   contains the list. #}
{% macro xdm_sub_propositions(proposition) -%}
    {%- set carried = "json_extract_string(" ~ proposition ~ ", '$.scopeDetails.characteristics.subPropositions')" -%}
    {#- The URL-safe alphabet, with or without the padding. #}
    {%- set base64 = "replace(replace(rtrim(" ~ carried ~ ", '='), '-', '+'), '_', '/')" -%}
    {%- set padded = base64 ~ " || repeat('=', (4 - length(" ~ base64 ~ ") % 4) % 4)" -%}
    {%- set document = "case when json_valid(" ~ carried ~ ") then " ~ carried ~ " else try(decode(from_base64(" ~ padded ~ "))) end" -%}
    list_filter(
        list_concat(
            try(case
                when starts_with({{ document }}, '[') then json_extract({{ document }}, '$[*]')
                else [{{ document }}::json]
            end),
            list_concat(
                try(json_extract({{ document }}, '$.propositions[*]')),
                try(json_extract({{ document }}, '$.decisioning.propositions[*]'))
            )
        ),
        lambda part: json_array_length(part, '$.items') > 0
    )
{%- endmacro %}

{# The decision items in the content of the items of a wrapper, as a JSON list. The content is JSON, or JSON as text. #}
{% macro xdm_nested_items(proposition) -%}
    list_filter(
        flatten(list_transform(
            json_extract({{ proposition }}, '$.items[*].data'),
            lambda data: flatten(list_transform(
                [
                    data,
                    case
                        when json_valid(json_extract_string(data, '$.content')) then json_extract_string(data, '$.content')::json
                    end
                ],
                lambda holder: flatten([
                    json_extract(holder, '$[*]'),
                    json_extract(holder, '$.items[*]'),
                    json_extract(holder, '$.offers[*]'),
                    json_extract(holder, '$.decisionItems[*]'),
                    json_extract(holder, '$.propositions[*].items[*]')
                ])
            ))
        )),
        lambda item: coalesce(json_extract_string(item, '$.id'), '') <> ''
    )
{%- endmacro %}
