{# Words for an offer's status, by the status they mean. #}
{% macro status_words() %}
    {{ return({
        "approved": ["approved", "live", "active", "enabled", "published", "running", "on"],
        "draft": ["draft", "pending", "in review", "review", "scheduled", "planned", "new", "unpublished"],
        "archived": [
            "archived", "inactive", "disabled", "paused", "stopped", "ended", "expired", "deleted", "retired", "off", "rejected",
        ],
    }) }}
{% endmacro %}

{# The status that a text means: approved if empty, NULL if unknown. #}
{% macro offer_status(text) -%}
    case
        when {{ text }} is null then 'approved'
        {%- for status, words in status_words().items() %}
        when {{ is_one_of("replace(lower(trim(" ~ text ~ ")), '_', ' ')", words) }} then '{{ status }}'
        {%- endfor %}
    end
{%- endmacro %}
