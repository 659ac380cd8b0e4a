{{ config(materialized="ephemeral") }}

with catalogue as (

    select * from {{ ref("int_offers") }}

),

displays as (

    select
        offer_id,
        profile_id
    from {{ ref("int_displays") }}
    where event_ts <= {{ as_of() }}

),

members as (

    select distinct
        profile_id,
        segment_id
    from {{ ref("stg_segment_memberships") }}
    where reject_reason is null

),

-- With a catalogue, the displayed offers and the listed offers should be the same.
unlisted as (

    select
        'displayed offer not in the catalogue' as finding,
        'displays' as input_name,
        displays.offer_id as id,
        min(listed.offer_id) as likely_id,
        count(*) as weight
    from displays
    inner join catalogue on displays.offer_id = catalogue.offer_id and not catalogue.is_listed
    left join catalogue as listed
        on listed.is_listed and {{ comparable_id("displays.offer_id") }} = {{ comparable_id("listed.offer_id") }}
    where exists (select 1 from catalogue where is_listed)
    group by 1, 2, 3

),

undisplayed as (

    select
        'offer never displayed' as finding,
        'offers' as input_name,
        offer_id as id,
        null as likely_id,
        1 as weight
    from catalogue
    where
        is_listed
        and status = 'approved'
        and offer_id not in (select offer_id from displays)

),

unseen_people as (

    select distinct
        'profile never seen' as finding,
        'segment_memberships' as input_name,
        profile_id as id,
        null as likely_id,
        1 as weight
    from members
    where
        profile_id not in (select profile_id from displays)
        and exists (select 1 from displays)

),

unvalued as (

    select distinct
        'offer without a value' as finding,
        'offers' as input_name,
        offers.offer_id as id,
        null as likely_id,
        1 as weight
    from {{ ref("stg_ranking_strategies") }} as strategies
    inner join {{ ref("int_strategy_offers") }} as members on strategies.strategy_id = members.strategy_id
    inner join catalogue as offers on members.offer_id = offers.offer_id
    where
        strategies.objective = 'net_value' and strategies.outcome_type = 'binary'
        and offers.status = 'approved' and offers.value_per_success is null

),

unknown_features as (

    select distinct
        'unknown feature' as finding,
        'ranking_strategies' as input_name,
        feature_name as id,
        null as likely_id,
        1 as weight
    from (select unnest(context_features) as feature_name from {{ ref("stg_ranking_strategies") }}) as named
    where
        feature_name not in (select feature_name from {{ ref("stg_context_features") }})
        and feature_name not in (select feature_name from {{ ref("stg_flat__features") }} where feature_kind = 'context')
        and feature_name not in (select feature_name from {{ ref("profile_features") }})

),

unioned as (

    {% for part in ["unlisted", "undisplayed", "unseen_people", "unvalued", "unknown_features"] %}
    select * from {{ part }}
    union all
    {% endfor %}
    select * from {{ ref("int_unmatched_restrictions") }}
    union all
    select * from {{ ref("int_misspelled_ids") }}

),

totals as (

    select 'offer never displayed' as finding, count(*) as ids from catalogue where is_listed and status = 'approved'
    union all
    select 'profile never seen' as finding, count(distinct profile_id) as ids from members
    union all
    select 'excluded profile never seen' as finding, count(distinct profile_id) as ids
    from {{ ref("eligibility_exclusions") }}

),

final as (

    select
        unioned.finding,
        unioned.input_name,
        {{ first_texts("unioned.id", ["-unioned.weight", "unioned.id"]) }} as examples,
        {{ first_texts("unioned.likely_id", ["-unioned.weight", "unioned.id"]) }} as likely_ids,
        count(*) as ids,
        coalesce(count(*) = any_value(totals.ids), false) as is_all
    from unioned
    left join totals on unioned.finding = totals.finding
    group by 1, 2

)

select * from final
