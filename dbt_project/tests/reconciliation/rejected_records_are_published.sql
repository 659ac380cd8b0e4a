-- Everything that staging rejects, up to as_of, is published in rejected_events, input by input.
with staged as (

    select
        'experience_events' as input_name,
        1 as records
    from {{ ref("stg_xdm__events") }}
    where reject_reason is not null and coalesce(event_ts, {{ as_of() }}) <= {{ as_of() }}
    union all
    select
        'experience_events' as input_name,
        1 as records
    from {{ ref("int_proposition_items") }}
    where offer_id is null and position is not null and event_ts <= {{ as_of() }}
    union all
    select
        'experience_events' as input_name,
        1 as records
    from {{ ref("int_attributed_interactions") }}
    where reject_reason is not null and event_ts <= {{ as_of() }}
    union all
    select
        'displays' as input_name,
        1 as records
    from {{ ref("stg_flat__displays") }}
    where reject_reason is not null and coalesce(event_ts, {{ as_of() }}) <= {{ as_of() }}
    union all
    select
        'offers' as input_name,
        1 as records
    from {{ ref("stg_offers") }}
    where reject_reason is not null
    union all
    select
        'segment_memberships' as input_name,
        1 as records
    from {{ ref("stg_segment_memberships") }}
    where reject_reason is not null and coalesce(qualified_at, {{ as_of() }}) <= {{ as_of() }}
    union all
    select
        input_name,
        coalesce(records, 1) as records
    from {{ ref("stg_rejected_lines") }}

),

expected as (

    select
        input_name,
        sum(records) as rejections
    from staged
    group by 1

),

published as (

    select
        input_name,
        sum(coalesce(records, 1)) as rejections
    from {{ ref("rejected_events") }}
    where
        reason <> 'file kind not read'
        and not starts_with(reason, 'display without items')
        and not starts_with(reason, 'amount')
    group by 1

)

select
    coalesce(expected.input_name, published.input_name) as input_name,
    expected.rejections as expected_rejections,
    published.rejections as published_rejections
from expected
full outer join published on expected.input_name = published.input_name
where coalesce(expected.rejections, 0) <> coalesce(published.rejections, 0)
