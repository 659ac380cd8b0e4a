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
