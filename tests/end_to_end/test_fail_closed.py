"""A misspelled restriction never allows an offer."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from scorer.cycle.input_findings import require_records
from scorer.errors import InputError
from scorer.progress import Silent
from scorer.warehouse.database import connect_build
from scorer.warehouse.dbt import run_dbt
from scorer.warehouse.quick_build import QuickBuild
from tests.support.paths import PROJECT
from tests.support.pipeline_runs import build, build_rows, settings

AS_OF = datetime(2026, 1, 31)
DISPLAYS = "event_ts,profile_id,offer_id,placement_id,clicked\n" + "".join(
    f"2026-01-{day} 10:00:00,p{day},o{day % 2},home,0\n" for day in range(10, 30)
)
ERRORS = "select sentence from input_findings where severity = 'error' order by sentence"


def write(raw: Path, **files: str) -> None:
    """Write displays and further inputs as CSV."""
    raw.mkdir()
    for name, text in {"displays": DISPLAYS, **files}.items():
        (raw / (name if "." in name else f"{name}.csv")).write_text(text, encoding="utf-8")


def test_a_restriction_that_nothing_knows_stops_the_run(tmp_path: Path) -> None:
    """Unknown columns, placements, segments and event types in a restriction are errors."""
    write(
        tmp_path / "raw",
        offers="offer_id,is_active,valid_until2\no0,false,2026-01-02\no1,true,\n",
        segment_memberships="profile_id,segment_id,exitted_at\np10,gold,2026-01-20\n",
        eligibility_rules="offer_id,segment_id,rule\no0,golden,exclude\no1,unheard of,include\n",
        capping_rules="offer_id,capping_event,capping_type,capping_limit,placement_id\n"
        "o0,impression,profile,1,Home\no1,commerce.purchase,profile,1,home\n",
    )
    build(tmp_path / "home", tmp_path / "raw", AS_OF, "+input_findings +fct_displays")
    assert [sentence for (sentence,) in build_rows(tmp_path / "home", ERRORS)] == [
        "capping_rules counts an unknown event type: commerce.purchase;"
        " did you mean commerce.purchases?",
        "capping_rules limits an offer in an unknown placement: Home; did you mean home?",
        "eligibility_rules excludes a segment without members: golden",
        "offers: column is_active is not used; did you mean status? (offers.csv)",
        "offers: column valid_until2 is not used; did you mean end_date? (offers.csv)",
        "segment_memberships: column exitted_at is not used; did you mean exited_at?"
        " (segment_memberships.csv)",
    ]
    with (
        connect_build(tmp_path / "home" / "build.duckdb", read_only=True) as connection,
        pytest.raises(InputError, match="counts an unknown event type"),
    ):
        require_records(connection)


def quick_errors(raw: Path) -> list[str]:
    """Return the findings that stop a run, from a build without dbt."""
    quick = QuickBuild(settings(raw.parent / "home", raw, AS_OF))
    try:
        quick.build(["input_findings", "fct_displays"])
        return [sentence for (sentence,) in quick.connection.execute(ERRORS).fetchall()]
    finally:
        quick.close()


@pytest.mark.parametrize(
    ("files", "errors"),
    [
        (
            {
                "offers": "offer_id,lifecycle_status\no0,archived\no1,approved\n",
                "segment_memberships": "profile_id,segment_id,status\np10,gold,exited\n",
                "eligibility_rules": "offer_id,segment_id,rule\nO-0,gold,exclude\n",
                "capping_rules": "offer_id,capping_event,capping_type,capping_limit\n"
                "o0|o1,impression,total,1\n",
            },
            [
                "capping_rules names an unknown offer: o0|o1; did you mean o0?",
                "eligibility_rules names an unknown offer: O-0; did you mean o0?",
                "offers: column lifecycle_status is not used; did you mean status? (offers.csv)",
                "segment_memberships: column status is not used; did you mean exited_at?"
                " (segment_memberships.csv)",
            ],
        ),
        ({"offers": "offer_id,status\n"}, ["offers lists no offer (offers.csv)"]),
        (
            {
                "segment_memberships": "profile_id,segment_id\np10,gold\np11,gоld\np12,GOLD\n"
                "p13,gold.\np14,golden\n",
                "eligibility_rules": "offer_id,segment_id,rule\nо1,gold,exclude\n*,gold,exclude\n"
                "All,gold,include\no9,gold,exclude\n",
                "capping_rules": "offer_id,capping_event,capping_type,capping_limit,placement_id\n"
                "o０,impression,total,1,hоme\no%,impression,total,1,\n",
            },
            [
                "capping_rules limits an offer in an unknown placement: hоme; did you mean home?",
                "capping_rules names an unknown offer: o０; did you mean o0?",
                "capping_rules names offers as o%; write one row per offer id",
                "eligibility_rules names an unknown offer: о1; did you mean o1?",
                "eligibility_rules names offers as *, All; write one row per offer id",
                "segment_memberships has members of GOLD, gold., gоld, and eligibility_rules"
                " excludes gold, gold, gold",
            ],
        ),
        (
            {".eligibility_rules.csv.Xa3d9f": "offer_id,segment_id,rule\n", "_offers": ""},
            [
                ".eligibility_rules.csv.Xa3d9f is not read because of its name, and there is no"
                " other file of eligibility_rules",
                "_offers.csv is not read because of its name, and there is no other file of offers",
            ],
        ),
    ],
)
def test_a_restriction_in_another_spelling_stops_the_run(
    tmp_path: Path, files: dict[str, str], errors: list[str]
) -> None:
    """So do letters that look like others, words and patterns for all offers, columns whose name
    has a telling word, lists of offers, an empty catalogue, and a hidden file of a restriction."""
    write(tmp_path / "raw", **files)
    assert quick_errors(tmp_path / "raw") == errors


def test_hidden_files_of_data_are_named(tmp_path: Path) -> None:
    """They are findings, in a folder of another tool as one; what holds no data is none."""
    raw = tmp_path / "raw"
    write(raw, **{".displays.csv": DISPLAYS, "_impressions.parquet": "", "...csv": "x"})
    for name in (
        *(".DS_Store", "._displays.csv", "~$offers.xlsx", ".~lock.offers.csv#", ".part.csv.crc"),
        *("displays.csv~", ".ipynb_checkpoints/a.csv", ".ipynb_checkpoints/b.csv"),
        *(".git/config.json", "_SUCCESS", ".offers.csv.swp"),
    ):
        (raw / name).parent.mkdir(exist_ok=True)
        (raw / name).write_bytes(b"x")
    quick = QuickBuild(settings(tmp_path / "home", raw, AS_OF))
    quick.build(["input_findings"])
    found = quick.connection.execute(
        "select subject, input_name, occurrences, severity from input_findings"
        " where finding in ('unread file', 'hidden file') order by subject"
    ).fetchall()
    quick.close()
    assert found == [
        ("...csv", "unknown", 1, "notice"),
        (".displays.csv", "displays", 1, "warning"),
        (".ipynb_checkpoints/", "unknown", 2, "notice"),
        ("_impressions.parquet", "displays", 1, "warning"),
        ("displays.csv~", "displays", 1, "warning"),
    ]


def test_what_a_restriction_cannot_read_withholds_the_offer(tmp_path: Path) -> None:
    """An unreadable status, date or membership withholds, with the reason in a table."""
    write(
        tmp_path / "raw",
        offers="offer_id,status,end_date\no0,aprved,\no1,approved,soon\no2,approved,\n",
        segment_memberships="profile_id,segment_id,qualified_at\np10,gold,some day\np11,gold,\n",
        eligibility_rules="offer_id,segment_id,rule\no2,gold,exclude\n",
    )
    tables = "+eligibility_sets +ranking_candidates +ineligible_offers +input_findings"
    build(tmp_path / "home", tmp_path / "raw", AS_OF, tables)
    sets = "select distinct offer_id from eligibility_sets where is_default"
    assert build_rows(tmp_path / "home", sets) == [("o2",)]
    candidates = "select excluded_offer_ids from ranking_candidates where profile_id = 'p10'"
    assert build_rows(tmp_path / "home", candidates) == [(["o2"],)]
    reasons = "select profile_id, reason from ineligible_offers where offer_id = 'o2'"
    assert (
        "p10",
        "an exclude rule names segment gold, and the membership of the person cannot be read",
    ) in build_rows(tmp_path / "home", reasons)


def test_an_exclusion_that_nothing_knows_stops_the_run(tmp_path: Path) -> None:
    """Your own exclusions name a placement as it is written, and always an offer."""
    write(tmp_path / "raw")
    project = tmp_path / "project"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    model = project / "models" / "custom" / "eligibility_exclusions.sql"
    row = "select {offer} as offer_id, null::varchar as profile_id, 'Home' as placement_id"
    found = {}
    for offer in ("'o9'", "null::varchar"):
        model.write_text(row.format(offer=offer))
        own = replace(settings(tmp_path / "home", tmp_path / "raw", AS_OF), project_dir=project)
        try:
            run_dbt(own, "+input_findings", "features", Silent())
        except InputError as error:
            found[offer] = str(error)
    assert [sentence for (sentence,) in build_rows(tmp_path / "home", ERRORS)] == [
        "eligibility_exclusions excludes an offer in an unknown placement: Home;"
        " did you mean home?",
    ]
    warned = "select sentence from input_findings where finding = 'unknown offer'"
    assert build_rows(tmp_path / "home", warned) == [
        ("eligibility_exclusions names offer o9, which is unknown; the row has no effect",)
    ]
    assert "eligibility_exclusions" in found["null::varchar"]
