"""Checks the inputs before a run: their content, what is missing, when offers will be ready."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from scorer.config import CYCLE, Settings
from scorer.cycle.input_findings import check_inputs, require_inputs, require_records
from scorer.errors import NextofferError
from scorer.inputs.sample import sampled
from scorer.warehouse.quick_build import QuickBuild

_FINDINGS = """
select severity, input_name, finding, sentence
from input_findings
where severity <> 'ok'
order by severity <> 'error', severity desc, sentence
"""
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class InputCheck:
    """The result of a check; the rows are those of the analyses in `dbt_project`.

    `as_of` is the time of the check, `last_ts` the last display or event (None without any),
    `share` the share of the bytes that was read, and `problem` what would stop a run.
    """

    as_of: datetime
    last_ts: datetime | None
    share: float
    files: Rows
    spellings: Rows
    findings: Rows
    offers: Rows
    strategies: Rows
    assignment: Rows
    problem: NextofferError | None


def check(settings: Settings, is_as_of_given: bool) -> InputCheck:
    """Check the inputs of a run as the run would read them, without running it.

    Without `as_of`, and if the inputs end more than a cycle ago, the check uses the midnight after
    their last record.

    Raises
    ------
    NextofferError
        What stops a run before it reads any record.
    """
    require_inputs(settings)
    # A run must not use the copies of a sample.
    with (
        tempfile.TemporaryDirectory(prefix="nextoffer-check-") as copies,
        sampled(settings.raw) as (raw, share),
    ):
        settings = replace(settings, copies=Path(copies))
        check_inputs(settings)
        build = QuickBuild(replace(settings, raw=raw))
        try:
            last = build.rows("check_period")[0]["last_ts"]
            as_of = settings.as_of
            if last is not None and not is_as_of_given and last < as_of - CYCLE:
                as_of = datetime(last.year, last.month, last.day) + timedelta(days=1)
                build.look_from(as_of)
            return _found(build, as_of, last, share)
        finally:
            build.close()


def _found(build: QuickBuild, as_of: datetime, last: datetime | None, share: float) -> InputCheck:
    build.build(["input_findings", "fct_displays"])
    problem = None
    try:
        require_records(build.connection, share < 1)
        # Names of computed features can clash with those of the context.
        build.build(["strategy_features"])
    except NextofferError as error:
        problem = error
    names = ("severity", "input_name", "finding", "sentence")
    findings = build.connection.execute(_FINDINGS).fetchall()
    return InputCheck(
        as_of=as_of,
        last_ts=last,
        share=share,
        files=build.rows("check_files"),
        spellings=build.rows("check_spellings"),
        findings=[dict(zip(names, row, strict=True)) for row in findings],
        offers=build.rows("check_offers"),
        strategies=build.rows("check_strategies"),
        assignment=build.rows("check_assignment"),
        problem=problem,
    )
