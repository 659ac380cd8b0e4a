"""The catalogue as known at any time, in real runs on a catalogue that changes."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import duckdb

from tests.support.dbt_runs import run_dbt

FIRST = "2026-01-31 00:00:00"
SECOND = "2026-02-07 00:00:00"


def _statuses(
    folder: Path, as_of: str, now: str = "9999-12-31 00:00:00", **offers: str
) -> dict[str, str]:
    """Return the status of each offer that is known at `as_of`, after a run on this catalogue."""
    raw = folder / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    lines = [f"{offer},{status}" for offer, status in offers.items()]
    (raw / "offers.csv").write_text("\n".join(["offer_id,status", *lines]) + "\n")
    only = ("--exclude-resource-type", "unit_test", "--exclude-resource-type", "test")
    run = run_dbt(folder, "build", "-s", "+int_offers", *only, raw=raw, as_of=as_of, now=now)
    assert run.returncode == 0, run.stdout[-3000:]
    with duckdb.connect(str(folder / "build.duckdb"), read_only=True) as connection:
        return dict(connection.execute("select offer_id, status from int_offers").fetchall())


def test_catalogue_is_known_as_each_run_found_it(tmp_path: Path) -> None:
    """Changes apply from the run that finds them on; changes from the future do not apply."""
    run = partial(_statuses, tmp_path)
    assert run(FIRST, a="approved", b="approved") == {"a": "approved", "b": "approved"}
    first = {"a": "archived", "b": "approved"}
    assert run(FIRST, a="archived", b="approved") == first, "a second run as of the same moment"
    second = {"a": "archived", "b": "archived", "c": "approved"}
    assert run(SECOND, a="archived", c="approved") == second, "b was removed, c is new"
    assert run(SECOND, a="unheard of") == second, (
        "a catalogue without a usable row archives nothing"
    )
    assert run(FIRST, a="archived", c="approved") == first, "a back-fill"
    run("2062-01-01 00:00:00", a="approved", c="approved", d="draft")
    after = {"a": "archived", "c": "archived", "d": "draft"}
    assert run(SECOND, now=SECOND, **after) == after | {"b": "archived"}, (
        "with the clock before 2062, the run of 2062 leaves no trace"
    )
