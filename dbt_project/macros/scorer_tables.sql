{# The tables that the scorer writes, created empty so that the project builds before it ever ran. This is the only
   place that names their columns. #}
{% macro create_scorer_tables() %}
    create schema if not exists scorer;
    create table if not exists scorer.ranked_offers (
        strategy_id varchar,
        cycle_date date,
        profile_id varchar,
        activity_id varchar,
        scope_id varchar,
        placement_id varchar,
        "rank" integer,
        offer_id varchar,
        offer_name varchar,
        score double,
        traffic_type varchar,
        is_exploration boolean,
        policy varchar,
        propensity double,
        eligible_count integer,
        model_version varchar,
        valid_from timestamp,
        valid_to timestamp
    );
    create table if not exists scorer.model_versions (
        strategy_id varchar,
        model_version varchar,
        trained_as_of timestamp,
        kpi_type varchar,
        data_window_start timestamp,
        data_window_end timestamp,
        training_rows bigint,
        offers_included integer,
        offers_personalised integer,
        metrics varchar,
        is_deployed boolean
    );
    create table if not exists scorer.training_runs (
        strategy_id varchar,
        cycle_date date,
        as_of timestamp,
        status varchar,
        reason varchar,
        data_window_start timestamp,
        data_window_end timestamp,
        training_rows bigint,
        successes bigint,
        offers_included integer,
        offers_ready integer,
        offers_personalised integer,
        model_version varchar,
        deployed_model_version varchar,
        exploration_share double,
        metrics varchar
    )
{% endmacro %}
