{# A share as text, with a decimal below ten percent: 12 %, 0.4 %. #}
{% macro percent_text(share) -%}
    (case
        when {{ share }} = 0 or abs({{ share }}) >= 0.0995 then {{ number_text("100 * " ~ share, 0) }}
        else {{ number_text("100 * " ~ share, 1) }}
    end || ' %')
{%- endmacro %}

{# Reward of displays as text: the success rate for a binary KPI, else the mean amount. #}
{% macro earned_text(reward, kpi_type, kind) -%}
    case {{ kpi_type }}
        when 'binary' then {{ percent_text(reward) }} || ' of its {{ kind }} displays succeeded'
        else {{ number_text(reward, 2) }} || ' per {{ kind }} display'
    end
{%- endmacro %}

{# Short form of earned_text, for the figure to compare with. #}
{% macro compared_text(reward, kpi_type) -%}
    case {{ kpi_type }} when 'binary' then {{ percent_text(reward) }} else {{ number_text(reward, 2) }} end
{%- endmacro %}

{# The sentence of offer_performance_shift about an offer; expects its CTEs `rated` and `offers`. #}
{% macro shift_sentence() -%}
    {%- set days = "round(rated.recent_days)::bigint" -%}
    {%- set name = "coalesce(offers.offer_name, rated.offer_id)" -%}
    {%- set figures -%}
        {{ earned_text("rated.recent_reward", "rated.kpi_type", "random") }} || ' in the last ' || {{ days }} || ' days, '
            || {{ compared_text("rated.previous_reward", "rated.kpi_type") }} || ' before.'
    {%- endset -%}
    case
        when rated.severity <> 'ok' and (rated.is_shown_by_exploration or rated.severity = 'severe') then
            {{ name }} || case when rated.ratio < 1 then ' suddenly earns less: ' else ' suddenly earns more: ' end
            || {{ figures }}
        when rated.severity <> 'ok' then
            {{ name }} || case when rated.is_disappointing then ' earns less' else ' earns more' end
            || ' than the model expected: ' || {{ earned_text("rated.personalised_reward", "rated.kpi_type", "personalised") }}
            || ' in the last ' || {{ days }} || ' days, expected were '
            || {{ compared_text("rated.personalised_expected_reward", "rated.kpi_type") }}
            || case
                when rated.severity = 'notice' then '. Random traffic does not show it.'
                else '. Random traffic is too small to prove it.'
            end
        when rated.recent_displays = 0 then
            {{ name }} || ' was not shown at random in the last ' || {{ days }} || ' days: there is nothing to compare.'
        when rated.previous_displays = 0 then
            {{ name }} || ' is new in random traffic: there is nothing to compare with yet.'
        when not rated.is_testable then
            {{ name }} || ' has too few successes in random traffic to tell whether it changed: '
            || rated.recent_successes || ' in ' || {{ count_text("rated.recent_displays") }} || ' displays of the last '
            || {{ days }} || ' days.'
        else {{ name }} || ' performs as before: ' || {{ figures }}
    end
{%- endmacro %}

{# The sentence of offer_similarity about a pair of offers; expects its CTE `rated`, and `one` and `other` with their names. #}
{% macro similarity_sentence() -%}
    {%- set name = "coalesce(one.offer_name, one.offer_id)" -%}
    {%- set other_name = "coalesce(other.offer_name, other.offer_id)" -%}
    {%- set both = name ~ " || ' and ' || " ~ other_name -%}
    case
        when rated.verdict = 'different' then
            {{ both }} || ' appeal to different people; it shows most in ' || rated.most_different_feature || '.'
        when rated.verdict = 'unclear' then
            'There is too little random traffic to tell whether ' || {{ both }} || ' appeal to different people.'
        when rated.mean_p_value < 0.05 and rated.reward > rated.other_reward then
            'People respond alike to ' || {{ both }} || ', and ' || {{ name }} || ' does better with everybody.'
        when rated.mean_p_value < 0.05 then
            'People respond alike to ' || {{ both }} || ', and ' || {{ other_name }} || ' does better with everybody.'
        else
            'People respond alike to ' || {{ both }} || ': which one is shown makes no difference.'
    end
{%- endmacro %}

{# The sentence of traffic_composition_drift about a feature, or about all features. #}
{% macro drift_sentence() -%}
    case
        when not is_measured and comparison = 'latest_week' then
            'There are too few people in the latest week, or before it, to compare the traffic.'
        when not is_measured then 'There are too few people to compare those seen with those ranked.'
        else
            case comparison
                when 'latest_week' then 'The traffic of the latest week '
                else 'The people who are ranked, compared with those who were shown something, '
            end
            || case severity
                when 'severe' then case when comparison = 'latest_week' then 'is very different' else 'are very different' end
                when 'warning' then case when comparison = 'latest_week' then 'has changed' else 'differ' end
                when 'notice' then case when comparison = 'latest_week' then 'may have changed' else 'may differ' end
                else case when comparison = 'latest_week' then 'is as before' else 'are alike' end
            end
            || case when feature_name = 'all' then ' overall' else ' in ' || feature_name end
            || case when severity <> 'ok' and top_values is not null then ': ' || top_values else '' end || '.'
    end
{%- endmacro %}

{# The advice of traffic_composition_drift. #}
{% macro drift_advice() -%}
    case
        when severity = 'severe' and comparison = 'latest_week' and {{ is_trained_now() }} then
            'The model of this cycle has learned from these visitors. Check for a new campaign or a broken tag.'
        when severity = 'severe' and comparison = 'latest_week' then
            'Train again now, so that the model knows these visitors. Check for a new campaign or a broken tag.'
        when severity in ('warning', 'notice') and comparison = 'latest_week' then
            'Check for a new campaign or a broken tag. The next training accounts for the change.'
        when severity <> 'ok' then
            'Scores of these people rest on little data. Exploration learns about them once they visit.'
    end
{%- endmacro %}

{# True if the strategy of a row trained a model in this cycle. That model has seen the data of the finding. #}
{% macro is_trained_now() -%}
    strategy_id in (
        select runs.strategy_id
        from {{ source("scorer", "training_runs") }} as runs
        where runs.as_of = {{ as_of() }} and runs.model_version is not null
    )
{%- endmacro %}

{# What the traffic of two arms can show, in words; NULL for the baseline itself. Reads arm, weeks_needed and window_days. #}
{% macro power_sentence(baseline, displays, successes, needed, z) -%}
    {%- set lift = lift_to_show() -%}
    case
        when arm = {{ baseline }} then null
        when {{ displays }} is null then 'There is no ' || {{ baseline }} || ' traffic to compare with.'
        when {{ successes }} < {{ enough_successes() }}
            then upper(left({{ baseline }}, 1)) || substr({{ baseline }}, 2)
                || ' traffic has too few successes to say when a {{ lift }} lift would show.'
        when {{ needed }} is null then 'A {{ lift }} lift of ' || {{ baseline }} || ' traffic is not possible.'
        when abs({{ z }}) > 1.96 and weeks_needed > 0 and weeks_needed <= 520
            then 'The difference is proven. At this traffic a lift of only {{ lift }} needs ' || ceil(weeks_needed)::int
                || ' more ' || case when weeks_needed <= 1 then 'week' else 'weeks' end || ' to show.'
        when weeks_needed = 0 then 'At this traffic a {{ lift }} lift shows within ' || window_days || ' days.'
        when weeks_needed > 520 then 'At this traffic a {{ lift }} lift needs more than 10 years to show.'
        else 'At this traffic a {{ lift }} lift needs ' || ceil(weeks_needed)::int || ' more '
            || case when weeks_needed <= 1 then 'week' else 'weeks' end || ' to show.'
    end
{%- endmacro %}
