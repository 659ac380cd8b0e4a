"""`dbt_project/` as a package of an existing dbt project."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.support.paths import PROJECT

FILES = {
    "dbt_project.yml": """
name: shop
version: "1.0"
profile: shop
vars:
  as_of: "2026-11-22"
  nextoffer:
    inputs:
      displays: ref('impressions')
      offers: source('warehouse', 'products')
models:
  nextoffer:
    custom: {eligibility_exclusions: {+enabled: false}}
""",
    "profiles.yml": """
shop:
  target: dev
  outputs:
    dev: {type: duckdb, path: shop.duckdb, schema: analytics, threads: 2, settings: {TimeZone: UTC}}
""",
    "packages.yml": f"packages: [{{local: {PROJECT}}}]\n",
    "models/impressions.sql": """
select
    timestamp '2026-11-20' + to_minutes(i::int) as event_ts,
    'p' || i % 40 as profile_id,
    case when i % 2 = 0 then 'a' else 'b' end as offer_id,
    i % 7 = 0 as clicked,
    'random' as traffic_type
from range(400) as t(i)
""",
    "models/eligibility_exclusions.sql": """
select 'b' as offer_id, null::varchar as profile_id, null::varchar as placement_id
""",
    "models/sources.yml": """
sources:
  - name: warehouse
    schema: erp
    tables: [{name: products}]
""",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a model of impressions, its own profile and schema, and the package."""
    folder = tmp_path_factory.mktemp("shop")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text.lstrip())
    with duckdb.connect(str(folder / "shop.duckdb")) as connection:
        connection.execute(
            "create schema erp; create table erp.products as"
            " select 'a' as offer_id, 'Offer A' as offer_name union all select 'b', 'Offer B'"
        )
    for arguments in (["deps"], ["build", "--exclude-resource-type", "unit_test"]):
        run = subprocess.run(
            [Path(sys.executable).with_name("dbt"), "--no-use-colors", *arguments],
            cwd=folder,
            env={k: v for k, v in os.environ.items() if not k.startswith(("DBT_", "NEXTOFFER_"))},
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stdout[-3000:]
    return folder


def test_models_and_sources_of_the_project_are_inputs(shop: Path) -> None:
    """A `ref` and a `source` of the user's own project feed the package, in the user's schema."""
    with duckdb.connect(str(shop / "shop.duckdb"), read_only=True) as connection:
        counted = connection.execute(
            "select count(*), count(*) filter (where is_clicked) from analytics.fct_displays"
        ).fetchall()
        names = connection.execute(
            "select offer_name from analytics.dim_offers order by 1"
        ).fetchall()
    assert counted == [(400, 58)]
    assert names == [("Offer A",), ("Offer B",)]


def test_a_model_of_the_project_takes_the_place_of_one_to_edit(shop: Path) -> None:
    """The user's `eligibility_exclusions` withholds an offer that the package would rank."""
    with duckdb.connect(str(shop / "shop.duckdb"), read_only=True) as connection:
        offers = connection.execute(
            "select distinct offer_id from analytics.eligibility_sets order by 1"
        ).fetchall()
    assert offers == [("a",)]
