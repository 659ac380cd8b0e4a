{# XDM field paths are written in the modern spelling with dots, such as web.webPageDetails.siteSection. These macros
   turn them into JSON paths of either spelling. #}

{# One step of a path: `name` or `name[0]`. #}
{% macro json_step(name) %}
    {%- set parts = name.split("[", 1) -%}
    {{ return('."' ~ parts[0] ~ '"' ~ ("[" ~ parts[1] if parts | length > 1 else "")) }}
{% endmacro %}

{% macro modern_path(path) %}
    {%- set steps = [] -%}
    {%- for name in path.split(".") -%}{%- do steps.append(json_step(name)) -%}{%- endfor -%}
    {{ return("$" ~ steps | join) }}
{% endmacro %}

{# `_id` is `@id`, `_dc.language` is `dc:language`, everything else takes the prefix `xdm:`. #}
{% macro namespaced_path(path) %}
    {%- set steps, vocabulary = [], namespace(prefix="xdm:") -%}
    {%- for name in path.split(".") -%}
        {%- if name in ("_id", "_type") -%}
            {%- do steps.append(json_step("@" ~ name[1:])) -%}
        {%- elif name.startswith("_") -%}
            {%- set vocabulary.prefix = name[1:] ~ ":" -%}
        {%- else -%}
            {%- do steps.append(json_step(vocabulary.prefix ~ name)) -%}
            {%- set vocabulary.prefix = "xdm:" -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return("$" ~ steps | join) }}
{% endmacro %}

{# The envelope: column -> path in each spelling. #}
{% macro xdm_envelope() %}
    {%- set decisioning = 'https://ns.adobe.com/experience/decisioning/' -%}
    {{ return([
        ("event_id", "$._id", '$."@id"'),
        ("timestamp_text", "$.timestamp", '$."xdm:timestamp"'),
        ("event_type", "$.eventType", '$."xdm:eventType"'),
        ("identity_map", "$.identityMap", '$."xdm:identityMap"'),
        ("displayed", "$._experience.decisioning.propositionEventType.display",
            '$."' ~ decisioning ~ 'propositionEventType"."xdm:display"'),
        ("interacted", "$._experience.decisioning.propositionEventType.interact",
            '$."' ~ decisioning ~ 'propositionEventType"."xdm:interact"'),
        ("dismissed", "$._experience.decisioning.propositionEventType.dismiss",
            '$."' ~ decisioning ~ 'propositionEventType"."xdm:dismiss"'),
        ("tokens", "$._experience.decisioning.propositionAction.tokens",
            '$."' ~ decisioning ~ 'propositionAction"."xdm:tokens"'),
        ("action_id", "$._experience.decisioning.propositionAction.id",
            '$."' ~ decisioning ~ 'propositionAction"."xdm:id"'),
        ("request_id", "$._experience.decisioning.exdRequestID", '$."' ~ decisioning ~ 'exdRequestID"'),
        ("propositions", "$._experience.decisioning.propositions", '$."' ~ decisioning ~ 'propositions"'),
        ("proposition", "$._experience.decisioning.proposition", '$."' ~ decisioning ~ 'proposition"'),
    ]) }}
{% endmacro %}

{# The text of a field of the envelope, from the list that xdm_fields makes. #}
{% macro xdm_field(name) -%}
    fields[{{ (xdm_envelope() | map(attribute=0) | list).index(name) + 1 }}]
{%- endmacro %}

{# The list of texts at the envelope's paths and then at `paths`, in one spelling: modern or namespaced. Parses each
   event once, whatever the number of paths. #}
{% macro xdm_fields(line, paths, spelling) -%}
    {%- set places = [] -%}
    {%- for name, modern, namespaced in xdm_envelope() -%}
        {%- do places.append(modern if spelling == "modern" else namespaced) -%}
    {%- endfor -%}
    {%- for path in paths -%}
        {%- do places.append(modern_path(path) if spelling == "modern" else namespaced_path(path)) -%}
    {%- endfor -%}
    json_extract_string({{ line }}, {{ quoted_list(places) }})
{%- endmacro %}

{# False if a line clearly uses the namespaced spelling, which saves a parse. #}
{% macro xdm_may_be_modern(line) -%}
    (contains({{ line }}, '"timestamp"') or not contains({{ line }}, '"xdm:timestamp"'))
{%- endmacro %}

{# Fields of an event in the spelling that the event uses. An event without a modern timestamp is read again. It counts
   as namespaced if it then has a timestamp, or if it has no modern id. #}
{% macro xdm_own_fields(modern, namespaced) -%}
    case
        when {{ namespaced }}[2] is not null then {{ namespaced }}
        when {{ modern }}[2] is null and {{ modern }}[1] is null then {{ namespaced }}
        else {{ modern }}
    end
{%- endmacro %}
