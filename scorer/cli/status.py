"""The state of a home folder: the publication, the last run, each strategy, findings."""

from __future__ import annotations

from typing import Any

import click
from rich.table import Table
from rich.text import Text

from scorer.cli.options import shown_command
from scorer.cli.output import print_for_people, print_json
from scorer.config import Settings
from scorer.errors import InputError
from scorer.warehouse.build_state import last_state
from scorer.warehouse.publication_reader import PublicationReader

_STRATEGIES = """
with runs as (
    select * from training_runs
    qualify row_number() over (partition by strategy_id order by as_of desc) = 1
),
shares as (
    select strategy_id, traffic_type, sum(displays) as displays
    from traffic_allocation
    where display_date >= (select as_of::date - 7 from publication)
    group by all
),
allocations as (
    select strategy_id, map_from_entries(list((traffic_type, share) order by traffic_type)) as share
    from (
        select *, displays / sum(displays) over (partition by strategy_id) as share from shares
    )
    group by all
)
select
    strategies.strategy_id,
    coalesce(runs.status, 'never ran') as status,
    runs.reason,
    runs.as_of,
    runs.deployed_model_version as deployed_model,
    models.data_window_start,
    models.data_window_end,
    models.trained_as_of,
    runs.offers_included,
    runs.offers_personalised,
    strategies.exploration_share,
    allocations.share as traffic_allocation
from dim_ranking_strategies as strategies
left join runs on strategies.strategy_id = runs.strategy_id
left join model_versions as models
    on runs.strategy_id = models.strategy_id
    and runs.deployed_model_version = models.model_version
left join allocations on strategies.strategy_id = allocations.strategy_id
order by 1
"""

_FINDINGS = """
select strategy_id, severity, assumption, subject, sentence, advice, retrain_recommended
from health_findings
where severity in ('warning', 'severe')
order by severity_order, strategy_id, assumption, subject
"""


def print_status(settings: Settings, as_json: bool) -> dict[str, Any]:
    """Print and return :func:`read_status`: as JSON, or as a table with its findings."""
    found = read_status(settings)
    if as_json:
        print_json(found)
    elif found["published_database"] is None:
        click.echo(
            f"Nothing is published in {settings.home} yet. Check your files with `nextoffer check"
            f" FOLDER`, then run `{shown_command('run', '--raw', 'FOLDER')}`. To look around first,"
            " run `nextoffer demo`, and then `nextoffer status --home .demo`."
        )
    else:
        print_for_people(status_table(found))
        for line in findings_text(found):
            click.echo(line)
    return found


def alarms(found: dict[str, Any], severity: str) -> list[str]:
    """Return failed strategies, and findings of the severity or above, in a few words each."""
    severities = ("severe",) if severity == "severe" else ("warning", "severe")
    if found["published_database"] is None:
        return [f"nothing is published in {found['home']}"]
    failed = [row["strategy_id"] for row in found["strategies"] if row["status"] == "failed"]
    return [f"{strategy} failed" for strategy in failed] + [
        f"{row['severity']} {row['assumption']} of {row['strategy_id']}"
        for row in found["findings"]
        if row["severity"] in severities
    ]


def read_status(settings: Settings) -> dict[str, Any]:
    """Return the state of a home folder, ready for JSON.

    Keys: `home`, `published_database` (path or None), `published_as_of`, `last_run` (or None),
    `strategies` (for each: status, reason, deployed model and its data range, offers included and
    personalised, exploration share, traffic allocation of the last 7 days), and `findings`
    (assumptions that do not hold, severity warning or severe, most severe first).
    """
    found: dict[str, Any] = {
        "home": str(settings.home),
        "published_database": None,
        "published_as_of": None,
        "last_run": _last_run(settings),
        "strategies": [],
        "findings": [],
    }
    try:
        with PublicationReader(settings.published_path) as reader:
            found["published_database"] = str(reader.path())
            as_of = reader.query("select as_of from publication").to_pylist()
            found["published_as_of"] = as_of[0]["as_of"].isoformat() if as_of else None
            found["strategies"] = [_strategy(row) for row in reader.query(_STRATEGIES).to_pylist()]
            if "health_findings" in reader.tables():
                found["findings"] = reader.query(_FINDINGS).to_pylist()
    except InputError:
        if settings.published_path.exists():
            raise
    return found


def _last_run(settings: Settings) -> dict[str, Any] | None:
    state = last_state(settings.cycles_dir)
    if state is None:
        return None
    return {
        "as_of": state.as_of,
        "is_finished": state.is_finished,
        "steps_done": state.done,
        "failures": state.failures,
        "seconds": state.seconds,
    }


def _strategy(row: dict[str, Any]) -> dict[str, Any]:
    shares = dict(row.pop("traffic_allocation") or {})
    window = [row.pop("data_window_start"), row.pop("data_window_end")]
    return {
        **{key: _plain(value) for key, value in row.items()},
        "data_range": [_plain(end) for end in window] if row["deployed_model"] else None,
        "traffic_allocation": {key: round(share, 4) for key, share in sorted(shares.items())},
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def status_table(found: dict[str, Any]) -> Table:
    """Return the strategies of :func:`read_status` as a table for people."""
    table = Table(title=_title(found), title_justify="left")
    for column in ("strategy", "state", "deployed model", "data", "offers", "explores", "traffic"):
        table.add_column(column, overflow="fold")
    for row in found["strategies"]:
        state = f"{row['status']}: {row['reason']}" if row["reason"] else row["status"]
        included, personalised = row["offers_included"], row["offers_personalised"]
        table.add_row(
            *map(
                Text,
                (
                    row["strategy_id"],
                    state,
                    row["deployed_model"] or "none",
                    " to ".join(str(day)[:10] for day in row["data_range"] or ["-"]),
                    "-" if included is None else f"{personalised} of {included} personalised",
                    f"{row['exploration_share']:.0%}",
                    shares_text(row["traffic_allocation"]),
                ),
            )
        )
    return table


def findings_text(found: dict[str, Any]) -> list[str]:
    """Return the findings of :func:`read_status` as lines for people."""
    lines = [
        f"{row['severity']}: {row['strategy_id']}: "
        + " ".join(part for part in (row["sentence"], row["advice"]) if part)
        for row in found["findings"]
    ]
    if any(row["retrain_recommended"] for row in found["findings"]):
        command = shown_command("run", "--retrain-now")
        lines.append(f"Run `{command}` to train again without waiting for the next cycle.")
    return lines


def shares_text(shares: dict[str, float]) -> str:
    """Return traffic shares as text, e.g. `random 10%, contextual 90%`."""
    return ", ".join(f"{name} {share:.0%}" for name, share in shares.items()) or "-"


def _title(found: dict[str, Any]) -> str:
    return f"as of {found['published_as_of']}: {found['published_database']}"
