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
        model_kind varchar,
        kpi_type varchar,
        data_window_start timestamp,
        data_window_end timestamp,
        training_rows bigint,
        offers_included integer,
        offers_personalised integer,
        metrics varchar,
        is_deployed boolean
    );
    -- Homes of before models had kinds.
    alter table scorer.model_versions add column if not exists model_kind varchar;
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
    );
    create table if not exists scorer.policy_evaluation (
        strategy_id varchar,
        cycle_date date,
        as_of timestamp,
        policy varchar,
        model_version varchar,
        model_kind varchar,
        estimator varchar,
        status varchar,
        policy_value double,
        standard_error double,
        value_low double,
        value_high double,
        interval_method varchar,
        displays bigint,
        matching_displays bigint,
        matching_responses bigint,
        effective_sample_size double,
        share_below_floor double,
        displays_without_propensity bigint,
        lift_over_random double,
        lift_over_random_low double,
        lift_over_random_high double,
        lift_over_best_single double,
        lift_over_best_single_low double,
        lift_over_best_single_high double,
        is_cross_fitted boolean,
        data_window_start timestamp,
        data_window_end timestamp
    );
    create table if not exists scorer.scored_displays (
        strategy_id varchar,
        model_version varchar,
        display_id varchar,
        event_ts timestamp,
        offer_id varchar,
        score double,
        reward double,
        is_success boolean
    );
    create table if not exists scorer.feature_importance (
        strategy_id varchar,
        model_version varchar,
        feature_name varchar,
        feature_kind varchar,
        offer_id varchar,
        measure varchar,
        importance double,
        share double,
        importance_rank integer
    )
{% endmacro %}
