"""A repeated cycle publishes the same result, and readers are never disturbed."""

from __future__ import annotations

import multiprocessing
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scorer.cli.model_commands import rollback_model
from scorer.cycle.run import STEPS, run_cycle, run_part
from scorer.progress import Silent
from scorer.registry.model_registry import ModelRegistry
from scorer.simulation import World
from scorer.warehouse.publication_reader import PublicationReader
from tests.support.pipeline_runs import build_rows, published, run, settings
from tests.support.publication_checksum import content_checksum

AS_OF = datetime(2026, 9, 13)
RUNS = "select strategy_id, status, reason from scorer.training_runs order by 1"
VERSIONS = """
    select distinct strategy_id, model_version from ranked_offers
    where model_version is not null order by 1
"""


def _bank() -> World:
    return World(profiles=600, seed=3)


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first week of a small simulated bank, whose offers need few displays to be ready."""
    raw = tmp_path_factory.mktemp("bank") / "raw"
    world = _bank()
    world.write_catalogue(raw)
    strategies = (raw / "ranking_strategies.csv").read_text().splitlines()
    header = strategies[0].split(",")
    lowered = [strategies[0]]
    for line in strategies[1:]:
        values = dict(zip(header, line.split(","), strict=True))
        values |= {"min_displays": "40", "min_successes": "2"}
        lowered.append(",".join(values[name] for name in header))
    (raw / "ranking_strategies.csv").write_text("\n".join(lowered) + "\n")
    world.live(1, raw)
    return raw


@pytest.fixture(scope="module")
def undisturbed(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home folder of one undisturbed cycle."""
    home = tmp_path_factory.mktemp("undisturbed") / "home"
    result = run(home, raw, AS_OF)
    assert not result.failures
    return home


def _checksum(home: Path) -> str:
    return content_checksum((home / "published.duckdb").resolve())


def test_two_runs_publish_the_same(raw: Path, undisturbed: Path, tmp_path: Path) -> None:
    """A run in another home folder, and a forced second run there, publish identical content."""
    run(tmp_path / "home", raw, AS_OF)
    first = _checksum(tmp_path / "home")
    run(tmp_path / "home", raw, AS_OF, force=True)
    assert _checksum(tmp_path / "home") == first == _checksum(undisturbed)


def test_a_finished_cycle_is_not_redone(raw: Path, undisturbed: Path) -> None:
    """Running a finished cycle again leaves the published file untouched."""
    before = (undisturbed / "published.duckdb").stat()
    assert run(undisturbed, raw, AS_OF).was_finished
    after = (undisturbed / "published.duckdb").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def _poll(home: str, stop: multiprocessing.Event, found: multiprocessing.Queue) -> None:
    """Read the publication until `stop` is set; put each problem, then the number of reads."""
    reads = 0
    while not stop.is_set():
        try:
            with PublicationReader(Path(home) / "published.duckdb") as reader:
                cycles = reader.query(
                    "select strategy_id, count(distinct cycle_date) as cycles, count(*) as n"
                    " from ranked_offers group by 1"
                ).to_pylist()
            if len(cycles) != 2 or any(row["cycles"] != 1 for row in cycles):
                found.put(f"half a cycle: {cycles}")
        except Exception as error:
            found.put(repr(error))
        reads += 1
    found.put(reads)


def test_readers_never_fail_nor_see_half_a_cycle(
    raw: Path, undisturbed: Path, tmp_path: Path
) -> None:
    """A process that polls ranked_offers during ten runs never fails and sees whole cycles only."""
    home = tmp_path / "home"
    shutil.copytree(undisturbed, home, symlinks=True)
    context = multiprocessing.get_context("spawn")
    stop, found = context.Event(), context.Queue()
    reader = context.Process(target=_poll, args=(str(home), stop, found))
    reader.start()
    # dbt does not touch published files, so only ranking and publishing run ten times.
    steps = {name: STEPS[name] for name in ("rank", "publish")}
    for day in range(10):
        run_cycle(settings(home, raw, AS_OF + timedelta(days=day % 3)), Silent(), True, steps)
    stop.set()
    reads = found.get(timeout=60)
    reader.join(60)
    assert isinstance(reads, int), reads
    assert reads > 20


def test_after_a_rollback_the_old_model_ranks(raw: Path, undisturbed: Path, tmp_path: Path) -> None:
    """After a rollback, the next ranking uses the previous model, and its version is published."""
    home, more, later = tmp_path / "home", tmp_path / "raw", AS_OF + timedelta(days=7)
    shutil.copytree(undisturbed, home, symlinks=True)
    shutil.copytree(raw, more)
    _bank().live(2, more)
    old = published(home, VERSIONS)
    run(home, more, later)
    new = {row["strategy_id"]: row["model_version"] for row in published(home, VERSIONS)}
    assert all(new[row["strategy_id"]] != row["model_version"] for row in old)
    now = settings(home, more, later)
    for row in old:
        rollback_model(now, row["strategy_id"])
    run_part(now, Silent(), ["rank"])
    run_part(now, Silent(), ["monitor", "publish"])
    assert published(home, VERSIONS) == old
    deployed = "select strategy_id, model_version from model_versions where is_deployed order by 1"
    assert published(home, deployed) == old


def test_a_repaired_model_ranks_again(raw: Path, undisturbed: Path, tmp_path: Path) -> None:
    """A damaged model fails its strategy; restored and ranked again, the failed status is gone."""
    home = tmp_path / "home"
    shutil.copytree(undisturbed, home, symlinks=True)
    now = settings(home, raw, AS_OF)
    before = build_rows(home, RUNS)
    deployed = ModelRegistry(now.models_dir).deployed_as_of("web_clicks", AS_OF)
    model = home / "models" / "web_clicks" / str(deployed) / "manifest.json"
    content = model.read_bytes()
    model.write_bytes(b"damaged")
    assert list(run_part(now, Silent(), ["rank"]).failures) == ["web_clicks"]
    assert ("web_clicks", "failed") in [row[:2] for row in build_rows(home, RUNS)]
    model.write_bytes(content)
    assert not run_part(now, Silent(), ["rank"]).failures
    assert build_rows(home, RUNS) == before


def test_a_back_fill_does_not_move_the_current_publication(
    raw: Path, undisturbed: Path, tmp_path: Path
) -> None:
    """A cycle in the past gets its own file; readers stay on the newest cycle."""
    home = tmp_path / "home"
    shutil.copytree(undisturbed, home, symlinks=True)
    before = _checksum(home)
    result = run(home, raw, AS_OF - timedelta(days=2))
    assert result.published.exists()
    assert _checksum(home) == before
    assert published(home, "select distinct cycle_date from ranked_offers") == [
        {"cycle_date": AS_OF.date()}
    ]
