{# Says at the end of a run which file the engine could not read because of its line ends, and what to do. Its own message
   names neither. The check would read every file once more, so it is for after the failure. #}
{% macro explain_line_ends(results) %}
    {%- for result in results if execute and "state machine reached an invalid state" in (result.message or "") -%}
        {%- for path in modules.re.findall("file = (.+)", result.message) -%}
            {%- do log(
                "[input] " ~ path ~ ": ends its lines in two ways; save it with one of them, or build with `nextoffer run`, which reads it",
                info=true
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
{% endmacro %}
