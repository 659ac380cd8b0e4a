"""On real choices with a known best offer, personalised ranking beats the best single offer."""

from __future__ import annotations

from pathlib import Path

import pytest

from scorer.warehouse.database import connect_memory
from tests.support.commands import exit_code
from tests.support.flat_logs import write_log, write_requests
from tests.support.paths import DATA
from tests.support.pipeline_runs import published

pytestmark = pytest.mark.skipif(
    not (DATA / "choice_truth.parquet").exists(),
    reason="needs the development data in ../shared/data",
)
AS_OF = "2026-03-01"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["choice_cracker", "choice_yogurt"])
def test_ranking_earns_1_3_times_the_best_single_offer(name: str, tmp_path: Path) -> None:
    """On held-out people, ranking earns at least 1.3 times what the best single offer earns."""
    home, ranked = tmp_path / "home", tmp_path / "ranked.parquet"
    strategy = {"strategy_id": "choice", "lookback_days": 60}
    write_log(name, tmp_path / "raw", strategy, "split = 'train'")
    write_requests(name, tmp_path / "requests.parquet", "split = 'test'")
    inputs = ("--raw", tmp_path / "raw", "--home", home)
    assert exit_code("run", *inputs, "--as-of", AS_OF) == 0
    assert published(home, "select status, reason from training_runs") == [
        {"status": "succeeded", "reason": None}
    ]
    requests = ("--requests", tmp_path / "requests.parquet", "--out", ranked, "--home", home)
    assert exit_code("rank", *requests, "--no-exploration", "--strategy", "choice") == 0
    memory = connect_memory()
    earned, best_single = memory.execute(
        f"""
        with truth as (from '{DATA}/choice_truth.parquet'),
        best as (
            select offer_id from '{tmp_path}/raw/displays.parquet'
            group by 1 order by avg(clicked) desc limit 1
        )
        select
            avg((ranked.offer_id = truth.best_offer)::int),
            avg((best.offer_id = truth.best_offer)::int)
        from '{ranked}' as ranked join truth using (request_id) cross join best
        where ranked.rank = 1
        """
    ).fetchall()[0]
    assert earned >= 1.3 * best_single, (earned, best_single)
