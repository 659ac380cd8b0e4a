{# Counts pairs of cells: an offer with one value of each of two features. Cells are numbered and joined by number, because
   comparing four texts per pair would take most of the time. #}

{# True if a display is in the sample that pairs are counted on. Depends only on the display and the number of displays. #}
{% macro in_pair_sample(display_id, displays_of_strategy) -%}
    (
        {{ displays_of_strategy }} <= {{ var("paired_displays") }}
        or {{ hash_share(display_id) }} < {{ var("paired_displays") }} / {{ displays_of_strategy }}
    )
{%- endmacro %}

{# Number of displays of each strategy, the CTE `sizes` of the models that count pairs. #}
{% macro displays_by_strategy(relation) %}
    select
        strategy_id,
        count(*) as displays
    from {{ relation }}
    group by 1
{% endmacro %}

{# The number of a cell: an offer and a value of a feature. #}
{% macro cell_number() -%}
    row_number() over (order by strategy_id, feature_name, feature_value, offer_id)
{%- endmacro %}

{# The last CTEs of a model of pairs: counts, and rates shrunk towards the mean of the offer. The model defines `numbered`
   (cells and their numbers) and `chosen` (one row per display and cell number). `pairs` optionally names a CTE of the
   pairs of features to count. #}
{% macro count_pairs(pairs=none) %}
pair_counts as (

    select
        one.cell_number,
        other.cell_number as other_cell_number,
        count(*) as displays,
        count(*) filter (where one.is_success) as successes,
        {{ exact_sum("one.reward") }} as total_reward
    from chosen as one
    inner join chosen as other
        on one.strategy_id = other.strategy_id
        and one.display_id = other.display_id
        and one.cell_number < other.cell_number
    {%- if pairs %}
    inner join {{ pairs }} as wanted
        on one.strategy_id = wanted.strategy_id
        and one.feature_name = wanted.feature_name
        and other.feature_name = wanted.other_feature_name
    {%- endif %}
    group by 1, 2

),

offers as (

    select distinct
        strategy_id,
        offer_id,
        offer_mean
    from {{ ref("int_single_interactions") }}

),

final as (

    select
        one.strategy_id,
        one.offer_id,
        one.feature_name,
        one.feature_value,
        other.feature_name as other_feature_name,
        other.feature_value as other_feature_value,
        pair_counts.displays,
        pair_counts.successes,
        pair_counts.total_reward,
        offers.offer_mean,
        {{ shrunken_rate("pair_counts.total_reward", "pair_counts.displays", "offers.offer_mean") }} as shrunken_rate
    from pair_counts
    inner join numbered as one on pair_counts.cell_number = one.cell_number
    inner join numbered as other on pair_counts.other_cell_number = other.cell_number
    inner join offers on one.strategy_id = offers.strategy_id and one.offer_id = offers.offer_id
    -- Pairs of a handful of displays are noise, and there are very many of them.
    where pair_counts.displays >= 10

)
{% endmacro %}
