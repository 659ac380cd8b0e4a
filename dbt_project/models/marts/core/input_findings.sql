with columns_found as (

    select * from {{ ref("stg_input_columns") }}

),

records as (

    select
        'displays' as input_name,
        source_file,
        line_number,
        reject_reason,
        raw_text
    from {{ ref("stg_flat__displays") }}
    union all
    select
        'experience_events' as input_name,
        source_file,
        line_number,
        reject_reason,
        raw_text
    from {{ ref("stg_xdm__events") }}
    union all
    select
        'offers' as input_name,
        source_file,
        line_number,
        reject_reason,
        raw_text
    from {{ ref("stg_offers") }}
    union all
    select
        input_name,
        source_file,
        line_number,
        reason as reject_reason,
        raw_text
    from {{ ref("stg_rejected_lines") }}

),

rules as (

    select
        'eligibility_rules' as input_name,
        offer_id
    from {{ ref("stg_eligibility_rules") }}
    union all
    select
        'capping_rules' as input_name,
        offer_id
    from {{ ref("stg_capping_rules") }}
    union all
    select
        'strategy_offers' as input_name,
        offer_id
    from {{ ref("stg_strategy_offers") }}

),

unioned as (

    select
        case when used_as is null then 'unused column' else 'used column' end as finding,
        input_name,
        column_name as subject,
        likely_column as likely_subject,
        min(source_file) as example,
        count(*) as occurrences
    from columns_found
    group by 1, 2, 3, 4
    union all
    select
        case when reject_reason is null then 'accepted' else 'rejected' end as finding,
        input_name,
        coalesce(reject_reason, '') as subject,
        null as likely_subject,
        case
            when reject_reason is not null
                then min(source_file || coalesce(' line ' || nullif(line_number, 0), '') || ': ' || left(coalesce(raw_text, ''), 120))
        end as example,
        count(*) as occurrences
    from records
    group by 1, 2, 3, reject_reason
    union all
    select
        'unknown offer' as finding,
        rules.input_name,
        rules.offer_id as subject,
        null as likely_subject,
        null as example,
        count(*) as occurrences
    from rules
    left join {{ ref("dim_offers") }} as offers on rules.offer_id = offers.offer_id
    where offers.offer_id is null and rules.offer_id is not null
    group by 1, 2, 3

),

final as (

    select
        finding::varchar as finding,
        input_name::varchar as input_name,
        subject::varchar as subject,
        likely_subject::varchar as likely_subject,
        example::varchar as example,
        occurrences::bigint as occurrences
    from unioned

)

select * from final
