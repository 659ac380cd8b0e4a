"""On real choices with known truth the pipeline earns well over the best single offer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from warehouse_builds import DATA

from scorer import warehouse

pytestmark = pytest.mark.skipif(
    not (DATA / "choice_truth.parquet").exists(),
    reason="needs the development data in ../shared/data",
)
AS_OF = "2026-03-01"


def _write_inputs(source: Path, folder: Path) -> None:
    """Write the rows before as_of as displays, the others as requests without their outcome."""
    (folder / "raw").mkdir()
    memory = warehouse.connect_memory()
    memory.execute(f"create table log as from '{source}'")
    memory.execute(
        "copy (select * exclude (group_id, split) from log where split = 'train')"
        f" to '{folder}/raw/displays.parquet'"
    )
    memory.execute(
        "copy (select * exclude (group_id, split, clicked, value, propensity, offer_id)"
        f" from log where split = 'test') to '{folder}/requests.parquet'"
    )
    columns = [row[0] for row in memory.execute("describe log").fetchall()]
    segments = [column.removeprefix("seg_") for column in columns if column.startswith("seg_")]
    (folder / "raw" / "ranking_strategies.csv").write_text("strategy_id,lookback_days\nchoice,60\n")
    (folder / "raw" / "strategy_segments.csv").write_text(
        "strategy_id,segment_id\n" + "".join(f"choice,{segment}\n" for segment in segments)
    )


def _nextoffer(folder: Path, *arguments: str) -> None:
    command = [
        str(Path(sys.executable).parent / "nextoffer"),
        *arguments,
        "--home",
        f"{folder}/home",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["choice_cracker", "choice_yogurt"])
def test_ranking_earns_at_least_1_3_of_best_single(name: str, tmp_path: Path) -> None:
    """Held-out people choose what is ranked first 1.3 times as often as the best single offer."""
    _write_inputs(DATA / f"{name}.parquet", tmp_path)
    _nextoffer(tmp_path, "run", "--raw", f"{tmp_path}/raw", "--as-of", AS_OF)
    ranked = f"{tmp_path}/ranked.parquet"
    _nextoffer(
        tmp_path, "rank", "--requests", f"{tmp_path}/requests.parquet", "--out", ranked,
        "--no-exploration", "--strategy", "choice", "--as-of", AS_OF,
    )  # fmt: skip
    memory = warehouse.connect_memory()
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
