{# The XDM events of a line that is an envelope: of the streaming API (`body.xdmEntity`, or several in `messages`), of the
   Edge Network (`xdm`, `event.xdm`, `events[].xdm`), or `body` alone. NULL for a plain event, which is recognised
   without parsing. #}
{% macro xdm_enveloped_events(line) -%}
    case
        when
            contains({{ line }}, '"xdmEntity"')
            or contains({{ line }}, '"xdm"')
            or starts_with({{ line }}, '{"body"')
            or starts_with({{ line }}, '{"header"')
            then nullif(
                case
                    when json_valid({{ line }})
                        then list_filter(
                            flatten([
                                {%- for path in [
                                    "xdm", "xdmEntity", "event.xdm", "event.xdmEntity", "body.xdm", "body.xdmEntity",
                                    "events[*].xdm", "events[*].xdmEntity", "messages[*].body.xdmEntity",
                                    "body.messages[*].body.xdmEntity",
                                ] %}
                                {{ json_list(line, path) }},
                                {%- endfor %}
                                case
                                    when json_extract({{ line }}, '$.body.timestamp') is not null
                                        then [json_extract({{ line }}, '$.body')]
                                    else []
                                end
                            ]),
                            lambda event: json_type(event) = 'OBJECT'
                        )::varchar[]
                end,
                []
            )
    end
{%- endmacro %}

{# The JSON values at a path, as a list. #}
{% macro json_list(text, path) -%}
    {%- if "*" in path -%}
        json_extract({{ text }}, '$.{{ path }}')
    {%- else -%}
        list_filter([json_extract({{ text }}, '$.{{ path }}')], lambda value: value is not null)
    {%- endif -%}
{%- endmacro %}
