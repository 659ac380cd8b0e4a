{# What a log may state as the traffic type of a display besides the three of XDM: the arm itself. #}
{% macro told_arms() %}
    {{ return(["personalised", "control", "fallback"]) }}
{% endmacro %}

{# A traffic type or arm in the spelling of XDM and of arms; other text in lower case. #}
{% macro spelled_traffic_type(text) -%}
    case {{ plain_name_sql(text) }}
        when 'noncontextual' then 'noncontextual'
        when 'personalized' then 'personalised'
        when 'exploration' then 'random'
        when 'explore' then 'random'
        else lower({{ text }})
    end
{%- endmacro %}

{# The traffic type of an arm that a log states; every other text as it is. #}
{% macro traffic_type_of_arm(text) -%}
    case
        when lower({{ text }}) = 'personalised' then 'contextual'
        when lower({{ text }}) in ('control', 'fallback') then 'noncontextual'
        else lower({{ text }})
    end
{%- endmacro %}

{# The arm of a display: as logged, else by its traffic type. Offers that neither a model nor chance ordered are those of the
   control arm where the strategy has one, except fallback offers. #}
{% macro arm_of(told_arm, traffic_type, control_share, is_fallback) -%}
    case
        when {{ told_arm }} is not null then {{ told_arm }}
        when {{ traffic_type }} = 'random' then 'random'
        when {{ traffic_type }} = 'contextual' then 'personalised'
        when {{ traffic_type }} = 'noncontextual' and {{ control_share }} > 0 and not coalesce({{ is_fallback }}, false)
            then 'control'
        when {{ traffic_type }} = 'noncontextual' then 'fallback'
        else 'unknown'
    end
{%- endmacro %}

{# How much a display of informed exploration counts, so that all displays together count like uniform ones: 1 / eligible
   offers, divided by the chance that exploration drew the offer. What the model and the business add to the propensity
   of the mixture is subtracted: the largest part that leaves a chance. Uniform draws get a fifth of all (see
   scorer/ranking/informed.py), so no weight is above 5. Before the first model all traffic is uniform. #}
{% macro weight_as_uniform(propensity, eligible_count, exploration_share, control_share) -%}
    {%- set least = "0.2 * " ~ exploration_share ~ " / " ~ eligible_count ~ " - 1e-9" -%}
    case
        when abs({{ propensity }} * {{ eligible_count }} - 1) < 1e-9 then 1.0
        else least(5.0, {{ exploration_share }} / {{ eligible_count }} / ({{ propensity }} - case
            when {{ propensity }} - (1 - {{ exploration_share }}) >= {{ least }} then 1 - {{ exploration_share }}
            when {{ propensity }} - (1 - {{ exploration_share }} - {{ control_share }}) >= {{ least }}
                then 1 - {{ exploration_share }} - {{ control_share }}
            when {{ propensity }} - {{ control_share }} >= {{ least }} then {{ control_share }}
            else 0
        end))
    end
{%- endmacro %}
