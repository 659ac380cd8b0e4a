"""The whole pipeline through the command line, on a few thousand flat displays."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from scorer.cycle import run as cycle
from scorer.warehouse.publication_reader import PublicationReader
from tests.attack import processes
from tests.support.commands import Command, exit_code
from tests.support.publication_checksum import content_checksum

AS_OF = "2026-01-25"
DISPLAYS = 3000


def write_displays(raw: Path) -> None:
    """Write random displays of two offers whose success is an interaction of two features."""
    rng = random.Random(1)
    raw.mkdir()
    with (raw / "displays.csv").open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(
            [
                "event_ts",
                "profile_id",
                "offer_id",
                "clicked",
                "traffic_type",
                "propensity",
                "seg_a",
                "ctx_b",
            ]
        )
        for number in range(DISPLAYS):
            at = datetime(2026, 1, 1) + timedelta(minutes=10 * number)
            a, b, offer = rng.random() < 0.5, rng.random() < 0.5, rng.choice(["x", "y"])
            likely = a == b if offer == "x" else (not a and b)
            clicked = rng.random() < (0.8 if likely else 0.1)
            row = [at, f"p{number % 400}", offer, int(clicked), "random", 0.5, a, int(b)]
            writer.writerow(row)


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of flat displays."""
    folder = tmp_path_factory.mktemp("input") / "raw"
    write_displays(folder)
    return folder


@pytest.fixture(scope="module")
def home(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home folder with one finished cycle."""
    folder = tmp_path_factory.mktemp("finished") / "home"
    assert exit_code("run", "--raw", raw, "--home", folder, "--as-of", AS_OF) == 0
    return folder


def rows(home: Path, sql: str) -> list[dict[str, object]]:
    """Query what is published."""
    with PublicationReader(home / "published.duckdb") as reader:
        return reader.query(sql).to_pylist()


def test_a_run_publishes_ranked_offers_of_a_trained_model(home: Path) -> None:
    """Every profile has ranked offers, most by the model; the run says succeeded."""
    (state,) = rows(home, "select * from training_runs")
    assert (state["status"], state["offers_ready"]) == ("succeeded", 2)
    (count,) = rows(home, "select count(distinct profile_id) as n from ranked_offers")
    assert count["n"] == 400
    arms = rows(home, "select distinct traffic_type from ranked_offers order by 1")
    assert [arm["traffic_type"] for arm in arms] == ["contextual", "random"]


def test_the_status_names_the_model(home: Path, nextoffer: Command) -> None:
    """`status --json` after a run has the published file and the deployed model."""
    found = json.loads(nextoffer("status", "--json", "--home", home).out)
    (strategy,) = found["strategies"]
    assert strategy["strategy_id"] == "default"
    assert strategy["deployed_model"]
    assert found["published_database"].endswith("nextoffer-20260125T000000.duckdb")


def test_a_finished_cycle_is_left_alone(home: Path, raw: Path, nextoffer: Command) -> None:
    """Running the same command again changes nothing, says so and ends with code 0."""
    before = (home / "published.duckdb").resolve().stat().st_mtime_ns
    outcome = nextoffer("run", "--raw", raw, "--home", home, "--as-of", AS_OF)
    assert outcome.code == 0
    assert "already finished" in outcome.err
    assert "--force" in outcome.err
    assert (home / "published.duckdb").resolve().stat().st_mtime_ns == before


REQUESTS = [
    {"request_id": "r1", "profile_id": "n1", "seg_a": "false", "ctx_b": "1"},
    {"request_id": "r2", "profile_id": "n2", "seg_a": "false", "ctx_b": "0"},
    {"request_id": "r3", "profile_id": "n3", "seg_a": "true", "ctx_b": "1"},
]


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_requests_are_ranked_by_the_deployed_model(
    home: Path, tmp_path: Path, nextoffer: Command, kind: str
) -> None:
    """`rank --requests` finds the better offer of each request, in every file format."""
    source, target = tmp_path / f"in.{kind}", tmp_path / "out.parquet"
    if kind == "csv":
        lines = [",".join(REQUESTS[0]), *(",".join(row.values()) for row in REQUESTS)]
    else:
        lines = [json.dumps(row) for row in REQUESTS]
    source.write_text("\n".join(lines) + "\n")
    files = ("--requests", source, "--out", target)
    outcome = nextoffer("rank", *files, "--no-exploration", "--home", home)
    assert outcome.code == 0, outcome.err
    ranked = pq.read_table(target).to_pylist()
    first = {row["request_id"]: row["offer_id"] for row in ranked if row["rank"] == 1}
    assert first == {"r1": "y", "r2": "x", "r3": "x"}
    assert not any(row["is_exploration"] for row in ranked)


def test_a_bad_request_is_named_and_the_others_are_ranked(
    home: Path, tmp_path: Path, nextoffer: Command
) -> None:
    """A request without a profile is rejected with its row; if none is valid, the code is 3."""
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("request_id,profile_id\nr1,\nr2,p1\n")
    files = ("--requests", source, "--out", target, "--home", home)
    outcome = nextoffer("rank", *files)
    assert outcome.code == 0
    assert "1 requests rejected; request 1: profile_id is missing" in outcome.err
    source.write_text("request_id,profile_id\nr1,\n")
    assert nextoffer("rank", *files).code == 3


WRONG_REQUESTS = {
    "missing file": (None, "in.csv", "out.csv", 3, "does not exist"),
    "missing column": (b"request_id\nr1\n", "in.csv", "out.csv", 3, "profile_id"),
    "damaged Parquet": (b"PAR1", "in.parquet", "out.csv", 3, "in.parquet"),
    "unknown kind": (b"request_id,profile_id\n", "in.csv", "out.xlsx", 2, "out.xlsx"),
}


@pytest.mark.parametrize("kind", WRONG_REQUESTS)
def test_unreadable_requests_are_refused(
    home: Path, tmp_path: Path, nextoffer: Command, kind: str
) -> None:
    """A file of requests that cannot be used ends with one line and the right code."""
    content, source, target, code, fragment = WRONG_REQUESTS[kind]
    if content is not None:
        (tmp_path / source).write_bytes(content)
    files = ("--requests", tmp_path / source, "--out", tmp_path / target)
    outcome = nextoffer("rank", *files, "--home", home)
    assert outcome.code == code
    assert fragment in outcome.err.splitlines()[-1]
    assert not (tmp_path / target).exists()


def test_models_are_listed_and_promoted(home: Path, nextoffer: Command) -> None:
    """The list names the deployed model; one that does not exist cannot be promoted."""
    (model,) = json.loads(nextoffer("models", "list", "--json", "--home", home).out)
    assert model["state"] == "deployed"
    outcome = nextoffer("models", "promote", "default", "0123456789ab", "--home", home)
    assert outcome.code == 2
    assert model["model_version"] in outcome.error
    assert nextoffer("models", "rollback", "default", "--home", home).code == 2
    version = model["model_version"]
    assert nextoffer("models", "promote", "default", version, "--home", home).code == 0


def test_tables_are_exported_as_parquet(home: Path, tmp_path: Path, nextoffer: Command) -> None:
    """`publish --parquet` writes the same tables."""
    outcome = nextoffer("publish", "--parquet", tmp_path / "out", "--home", home)
    assert outcome.code == 0, outcome.err
    (count,) = rows(home, "select count(*) as n from ranked_offers")
    assert pq.read_metadata(tmp_path / "out" / "ranked_offers.parquet").num_rows == count["n"]


def kill_after(name: str) -> None:
    """Let this process be killed at the end of a step."""
    step = cycle.STEPS[name]

    def die(work: cycle.Work) -> None:
        step(work)
        os.kill(os.getpid(), signal.SIGKILL)

    cycle.STEPS = {**cycle.STEPS, name: die}


def test_a_run_killed_at_every_step_gives_the_same_in_the_end(
    home: Path, raw: Path, tmp_path: Path
) -> None:
    """After kill -9 around every step and a new run each time, the published content is equal."""
    again = tmp_path / "home"
    arguments = ["run", "--raw", str(raw), "--home", str(again), "--as-of", AS_OF]
    for name in ("features", "train", "rank", "monitor", "publish"):
        killed = processes.run(arguments, tmp_path / "log", partial(kill_after, name))
        assert killed.code == -signal.SIGKILL, killed.text
    assert exit_code(*arguments) == 0
    published = again / "published.duckdb"
    assert content_checksum(published) == content_checksum(home / "published.duckdb")


def test_a_truncated_file_is_named(raw: Path, tmp_path: Path, nextoffer: Command) -> None:
    """A gzip file that ends early ends the run with code 3, one line and the file's name."""
    import gzip

    folder = tmp_path / "raw"
    folder.mkdir()
    whole = gzip.compress((raw / "displays.csv").read_bytes())
    (folder / "displays.csv.gz").write_bytes(whole[: len(whole) // 2])
    outcome = nextoffer("run", "--raw", folder, "--home", tmp_path / "home", "--as-of", AS_OF)
    assert outcome.code == 3
    assert "displays.csv.gz is a truncated gzip file; copy it again" in outcome.err.splitlines()[-1]
    assert "Traceback" not in outcome.err


def test_a_moment_after_now_is_refused_unless_allowed(
    raw: Path, tmp_path: Path, nextoffer: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistyped year stops the run before anything is written."""
    monkeypatch.delenv("NEXTOFFER_ALLOW_FUTURE")
    home = tmp_path / "home"
    refused = nextoffer("run", "--raw", raw, "--home", home, "--as-of", "9062-01-01")
    assert refused.code == 2
    assert "9062-01-01 is after now" in refused.error
    assert "--allow-future" in refused.error
    assert not home.exists()
