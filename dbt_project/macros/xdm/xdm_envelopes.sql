{# Whether a line may be an envelope, that is, an object that holds XDM events. Recognised without parsing: by the fields of
   the Edge Network and of the streaming API, or by the first field of the line, which no plain event has. #}
{% macro xdm_may_be_envelope(line) -%}
    (
        contains({{ line }}, '"xdmEntity"')
        or contains({{ line }}, '"xdm"')
        or regexp_matches({{ line }}, '^\s*\{\s*"({{ xdm_outer_fields() | join("|") }})"')
    )
{%- endmacro %}

{# Fields in which envelopes hold events or other envelopes: an object, a list, or JSON as text. #}
{% macro xdm_holding_fields() %}
    {{ return([
        "xdm", "xdmEntity", "event", "events", "body", "message", "messages", "payload", "value", "data", "detail", "record", "records",
        "Records", "requests", "hits", "_source",
    ]) }}
{% endmacro %}

{# Fields with which the line of an envelope may begin. #}
{% macro xdm_outer_fields() %}
    {{ return(xdm_holding_fields() + [
        "header", "headers", "xdmMeta", "query", "meta", "metadata", "id", "type", "source", "specversion", "version", "key", "topic",
        "partition", "offset", "_index", "schema",
    ]) }}
{% endmacro %}

{# What an envelope holds, as a JSON list. #}
{% macro xdm_held(envelope) -%}
    flatten(list_transform(
        list_filter(
            json_extract({{ envelope }}, [
                {%- for field in xdm_holding_fields() %}'$."{{ field }}"'{{ ", " if not loop.last }}{% endfor -%}
            ]),
            lambda held: held is not null
        ),
        lambda held: case
            when starts_with(held::varchar, '[') then json_extract(held, '$[*]')
            when starts_with(held::varchar, '"{') and json_valid(held ->> '$') then [(held ->> '$')::json]
            when starts_with(held::varchar, '{') then [held]
            else []
        end
    ))
{%- endmacro %}

{# Whether a JSON object is an event, and not an envelope. #}
{% macro xdm_is_event(object) -%}
    coalesce(
        {%- for path in ["timestamp", "xdm:timestamp", "identityMap", "xdm:identityMap", "eventType", "xdm:eventType"] %}
        json_extract_string({{ object }}, '$."{{ path }}"'){{ "," if not loop.last }}
        {%- endfor %}
    ) is not null
{%- endmacro %}

{# The XDM events of a line that is an envelope, or an envelope in envelopes, of up to four levels. NULL for a plain event. #}
{% macro xdm_enveloped_events(line) -%}
    {%- set parts = "case when json_valid(" ~ line ~ ") then " ~ xdm_held(line) ~ " end" -%}
    case
        when {{ xdm_may_be_envelope(line) }}
            then nullif(
                list_filter(
                    {{ xdm_opened(xdm_opened(xdm_opened(parts))) }},
                    lambda part: {{ xdm_is_event("part") }}
                )::varchar[],
                []
            )
    end
{%- endmacro %}

{# A list of events and envelopes in which each envelope is replaced by what it holds. #}
{% macro xdm_opened(parts) -%}
    flatten(list_transform(
        {{ parts }},
        lambda part: case when {{ xdm_is_event("part") }} then [part] else {{ xdm_held("part") }} end
    ))
{%- endmacro %}
