with catalogue as (

    select * from {{ ref("offers_snapshot") }}

),

displays as (

    select distinct offer_id
    from {{ ref("int_displays") }}
    where event_ts <= {{ as_of() }}

),

-- The catalogue as known at as_of, or its first snapshot if as_of is earlier. A version that another run with the same
-- as_of replaced has an empty validity.
versions as (

    select *
    from catalogue
    where dbt_valid_from <= greatest({{ as_of() }}, (select min(dbt_valid_from) from catalogue))
    qualify row_number() over (partition by offer_id order by dbt_valid_from desc, dbt_valid_to desc nulls first) = 1

),

known as (

    select *
    from versions
    where
        coalesce(start_date, {{ as_of() }}) <= {{ as_of() }}
        or offer_id in (select offer_id from displays)

),

-- Displayed offers that the catalogue does not list: all offers if there is no catalogue, else retired ones.
unlisted as (

    select offer_id
    from displays
    where offer_id not in (select offer_id from versions)

),

final as (

    select
        offer_id,
        offer_name,
        status,
        priority,
        start_date,
        end_date,
        is_fallback,
        placement_ids,
        characteristics,
        {{ offer_amounts() | join(",\n        ") }},
        true as is_listed
    from known
    union all
    select
        offer_id,
        offer_id as offer_name,
        case when exists (select 1 from catalogue) then 'archived' else 'approved' end as status,
        0 as priority,
        null as start_date,
        null as end_date,
        false as is_fallback,
        null as placement_ids,
        null as characteristics,
        {%- for amount in offer_amounts() %}
        null as {{ amount }},
        {%- endfor %}
        false as is_listed
    from unlisted

)

select * from final
