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

{# Weights of random displays of informed exploration, 1 on average, which undo that it shows some offers more often. All other
   displays count 1. `displays` has their propensities. #}
{% macro informed_weights(displays) -%}
    select
        displays.strategy_id,
        displays.display_id,
        {{ weight_as_uniform(
            "displays.propensity", "group_offers.eligible_count", "strategies.exploration_share", "strategies.control_share"
        ) }} as weight
    from {{ displays }} as displays
    inner join {{ ref("stg_ranking_strategies") }} as strategies
        on displays.strategy_id = strategies.strategy_id
    inner join {{ ref("int_display_choice_groups") }} as display_groups
        on displays.strategy_id = display_groups.strategy_id
        and displays.display_id = display_groups.display_id
    inner join {{ ref("int_choice_group_offers") }} as group_offers
        on display_groups.choice_group_id = group_offers.choice_group_id
        and display_groups.offer_id = group_offers.offer_id
    where
        strategies.exploration = 'informed'
        and displays.traffic_type = 'random'
        and displays.propensity is not null
{%- endmacro %}

{# Effective number of displays from the sums of their weights and squared weights (Kish). #}
{% macro effective_displays(weight, squared_weight) -%}
    ({{ weight }} * {{ weight }} / nullif({{ squared_weight }}, 0))
{%- endmacro %}

{# Sample variance from sums of weights, squared weights, weighted rewards and weighted squares of rewards. #}
{% macro weighted_variance(weight, squared_weight, reward, squared_reward) -%}
    greatest(
        0,
        ({{ squared_reward }} - {{ reward }} * {{ reward }} / nullif({{ weight }}, 0))
        / nullif({{ weight }} - {{ squared_weight }} / nullif({{ weight }}, 0), 0)
    )
{%- endmacro %}
