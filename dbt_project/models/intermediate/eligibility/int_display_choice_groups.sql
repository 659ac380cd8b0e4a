with displays as (

    select * from {{ ref("int_training_displays") }}

),

epochs as (

    select
        epoch_start,
        coalesce(epoch_end, timestamp '9999-12-31') as epoch_end
    from {{ ref("int_catalogue_epochs") }}

),

rule_segments as (

    select * from {{ ref("int_display_rule_segments") }}

),

joined as (

    select
        displays.strategy_id,
        displays.display_id,
        displays.placement_id,
        displays.offer_id,
        epochs.epoch_start,
        coalesce(rule_segments.segments, {{ empty_list() }}) as segments
    from displays
    inner join epochs
        on displays.event_ts >= epochs.epoch_start
        and displays.event_ts < epochs.epoch_end
    left join rule_segments on displays.display_id = rule_segments.display_id

),

-- Displays of one choice group could have shown the same offers.
final as (

    select
        strategy_id,
        display_id,
        placement_id,
        offer_id,
        epoch_start,
        segments,
        {{ eligibility_set_id("strategy_id", "placement_id || '|' || epoch_start::varchar", "segments") }} as choice_group_id
    from joined

)

select * from final
