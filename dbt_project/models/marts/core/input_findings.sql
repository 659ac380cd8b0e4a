with columns_found as (

    select * from {{ ref("stg_input_columns") }}

),

records as (

    {{ input_records() }}

),

rules as (

    {% for model in ["stg_eligibility_rules", "stg_capping_rules", "stg_strategy_offers", "eligibility_exclusions"] %}
    select
        '{{ model.removeprefix("stg_") }}' as input_name,
        offer_id
    from {{ ref(model) }}
    {{ "union all" if not loop.last }}
    {% endfor %}

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
                then min_by(
                    source_file || coalesce(' line ' || nullif(line_number, 0), '') || ': ' || left(coalesce(raw_text, ''), 120),
                    concat_ws(' ', source_file, lpad(coalesce(line_number, 0)::varchar, 12, '0'), raw_text)
                )
        end as example,
        sum(records) as occurrences
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
    where
        offers.offer_id is null
        -- An offer that starts later is in the catalogue, but not yet among the offers.
        and rules.offer_id not in (select offer_id from {{ ref("stg_offers") }} where offer_id is not null)
    group by 1, 2, 3
    union all
    select
        finding,
        coalesce(nullif(likely_input, ''), 'unknown') as input_name,
        subject,
        case when not is_named_as_input then nullif(likely_input, '') end as likely_subject,
        remedy as example,
        files as occurrences
    from {{ ref("int_unread_files") }}
    union all
    select
        finding,
        input_name,
        examples as subject,
        likely_ids as likely_subject,
        case when is_all then 'none matches' end as example,
        ids as occurrences
    from {{ ref("int_unmatched_ids") }}
    union all
    {{ decoded_files() }}

),

weighed as (

    select
        *,
        sum(occurrences) filter (where finding in ('accepted', 'rejected')) over (partition by input_name) as records_of_input
    from unioned

),

-- A misspelled restriction must not allow an offer, so such a finding stops the run. Rejected rows of inputs that
-- restrict or describe offers change the ranking; of logs, a few are normal, but many may be those with an outcome. A
-- catalogue may list more offers than are shown.
judged as (

    select
        *,
        case
            when finding in ('used column', 'accepted') then 'ok'
            when finding in ({{ quoted_list(stopping_findings())[1:-1] }}) then 'error'
            when finding = 'excluded profile never seen' and likely_subject is not null then 'error'
            {%- for input_name, columns in restricting_columns().items() %}
            when
                finding = 'unused column'
                and input_name = '{{ input_name }}'
                and likely_subject in ({{ quoted_list(columns)[1:-1] }})
                then 'error'
            {%- endfor %}
            when finding = 'text in a code page' then 'notice'
            when finding = 'hidden file' and likely_subject is null then 'notice'
            when finding = 'placement without displays' and likely_subject is null then 'notice'
            when
                finding = 'rejected'
                and input_name in ('displays', 'experience_events')
                and occurrences < 0.05 * records_of_input
                then 'notice'
            when
                finding in ('offer never displayed', 'profile never seen', 'excluded profile never seen')
                and example is null
                then 'notice'
            else 'warning'
        end as severity
    from weighed

),

final as (

    select
        finding::varchar as finding,
        input_name::varchar as input_name,
        subject::varchar as subject,
        likely_subject::varchar as likely_subject,
        example::varchar as example,
        occurrences::bigint as occurrences,
        severity::varchar as severity,
        {{ input_sentence() }}::varchar as sentence
    from judged

)

select * from final
