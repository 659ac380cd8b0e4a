"""Which steps of a cycle run and which are skipped; each step only records its name."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scorer.config import Settings
from scorer.cycle.run import CycleResult, Work, run_cycle, run_part
from scorer.errors import ConfigurationError
from scorer.interruption import Interrupted, stop_if_interrupted
from scorer.progress import Silent
from scorer.warehouse.build_state import current_cycle, load_state, save_state
from tests.support.paths import ROOT

STEPS = ("features", "train", "rank", "monitor", "publish")
AS_OF = datetime(2026, 1, 4)


def recorded(home: Path) -> list[str]:
    """Return the steps that began, in order."""
    log = home / "log"
    return log.read_text().split() if log.exists() else []


def fake_steps(
    home: Path, before: str | None = None, within: str | None = None
) -> dict[str, Callable[[Work], None]]:
    """Return steps that record their name; the named ones kill the process before or within."""

    def make(name: str) -> Callable[[Work], None]:
        def step(work: Work) -> None:
            if name == before:
                os.kill(os.getpid(), signal.SIGKILL)
            with (home / "log").open("a") as log:
                log.write(f"{name}\n")
            if name == "features":
                work.settings.build_path.write_text("build")
            if name == within:
                os.kill(os.getpid(), signal.SIGKILL)
            if name == "publish":
                work.state.published = f"nextoffer-{work.settings.as_of:%Y%m%dT%H%M%S}.duckdb"
                work.settings.published_dir.mkdir(exist_ok=True)
                (work.settings.published_dir / work.state.published).touch()

        return step

    return {name: make(name) for name in STEPS}


def run(settings: Settings, **options: bool) -> CycleResult:
    """Run the cycle with steps that only record their name."""
    return run_cycle(settings, Silent(), steps=fake_steps(settings.home), **options)


KILLED = """
import sys
from pathlib import Path
from datetime import datetime
sys.path.insert(0, sys.argv[1])
from tests.scorer.cycle.test_cycle import fake_steps
from scorer.config import Settings
from scorer.cycle.run import run_cycle
from scorer.progress import Silent
home, raw, where, name = Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4], sys.argv[5]
settings = Settings(home=home, as_of=datetime(2026, 1, 4), raw=raw)
run_cycle(settings, Silent(), steps=fake_steps(home, **{where: name}))
"""


@pytest.fixture
def settings(home: Path, raw: Path) -> Settings:
    """Return settings for the cycle of 4 January 2026."""
    home.mkdir()
    return Settings(home=home, as_of=AS_OF, raw=raw)


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("where", ["before", "within"])
def test_a_killed_run_goes_on_where_it_stopped(settings: Settings, where: str, name: str) -> None:
    """After kill -9 at or in any step, finished steps are not repeated and the rest is done."""
    here = str(ROOT)
    arguments = [here, str(settings.home), str(settings.raw), where, name]
    killed = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False)
    assert killed.returncode == -signal.SIGKILL
    result = run(settings)
    assert not result.was_finished
    position = STEPS.index(name)
    repeated = [name] if where == "within" else []
    assert recorded(settings.home) == [*STEPS[:position], *repeated, *STEPS[position:]]
    state = load_state(settings.cycles_dir, AS_OF)
    assert state is not None
    assert state.done == list(STEPS)


def test_a_finished_cycle_is_not_redone(settings: Settings) -> None:
    """A second run of the same cycle does nothing and says so."""
    run(settings)
    result = run(settings)
    assert result.was_finished
    assert recorded(settings.home) == list(STEPS)


@pytest.mark.parametrize("stopped", [None, "rank"])
def test_a_cycle_that_ran_before_its_time_is_redone(
    settings: Settings, stopped: str | None
) -> None:
    """What a run from the future did is not taken for the cycle once its time has come."""
    run(settings) if stopped is None else stop_at(settings, stopped)
    before = recorded(settings.home)
    early = (AS_OF - timedelta(days=3)).timestamp()
    for file in (*settings.cycles_dir.iterdir(), *settings.published_dir.glob("*")):
        os.utime(file, (early, early))
    normal = replace(settings, now=AS_OF + timedelta(days=1))
    assert not run(normal).was_finished
    assert recorded(settings.home) == [*before, *STEPS]
    assert run(normal).was_finished


def test_force_redoes_a_finished_cycle(settings: Settings) -> None:
    """`force` runs all steps again."""
    run(settings)
    assert not run(settings, force=True).was_finished
    assert recorded(settings.home) == [*STEPS, *STEPS]


def stop_at(settings: Settings, name: str) -> None:
    """Run until a step that fails."""
    steps = fake_steps(settings.home)

    def fail(work: Work) -> None:
        raise ValueError(name)

    with pytest.raises(ValueError, match=name):
        run_cycle(settings, Silent(), steps={**steps, name: fail})


def test_changed_inputs_start_an_interrupted_cycle_again(settings: Settings) -> None:
    """A file that arrives between the kill and the next run makes it start from the features."""
    stop_at(settings, "rank")
    assert settings.raw is not None
    (settings.raw / "offers.csv").write_text("offer_id\no1\n")
    run(settings)
    assert recorded(settings.home) == ["features", "train", *STEPS]


def test_a_changed_seed_starts_an_interrupted_cycle_again(settings: Settings) -> None:
    """Steps that were done with other settings are done again."""
    stop_at(settings, "rank")
    run(replace(settings, seed=1))
    assert recorded(settings.home) == ["features", "train", *STEPS]


def test_a_cycle_in_between_starts_an_interrupted_cycle_again(settings: Settings) -> None:
    """The build file holds one cycle; a cycle that another one replaced is built again."""
    stop_at(settings, "rank")
    run(replace(settings, as_of=AS_OF - timedelta(weeks=3)))
    run(settings)
    assert recorded(settings.home) == ["features", "train", *STEPS, *STEPS]
    assert current_cycle(settings.cycles_dir) == AS_OF.isoformat()


def test_cycles_of_different_moments_are_independent(settings: Settings) -> None:
    """A finished cycle stays finished when others run."""
    run(settings)
    run(replace(settings, as_of=AS_OF + timedelta(weeks=1)))
    assert run(settings).was_finished


def test_a_damaged_state_file_starts_the_cycle_again(settings: Settings) -> None:
    """A state that cannot be read is ignored."""
    run(settings)
    (file,) = settings.cycles_dir.glob("2026*.json")
    file.write_text("{")
    assert not run(settings).was_finished


@pytest.mark.parametrize("chosen", [None, "web"])
def test_a_repaired_failure_to_rank_is_forgotten(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, chosen: str | None
) -> None:
    """Ranking again keeps failures to train, and failures of strategies that it does not rank."""
    run(settings)
    state = load_state(settings.cycles_dir, AS_OF)
    assert state is not None
    state.failures = {"web": "rank: damaged", "mail": "train: no", "shop": "rank: damaged"}
    save_state(settings.cycles_dir, state)
    monkeypatch.setattr(
        "scorer.cycle.run.rank_strategies", lambda settings, progress: {"mail": "rank: no"}
    )
    state = run_part(replace(settings, strategy=chosen), Silent(), ["rank"])
    left = {"mail": "train: no"}
    assert state.failures == (left if chosen is None else left | {"shop": "rank: damaged"})


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("name", STEPS)
def test_a_signal_that_a_step_swallows_is_no_finished_step(
    settings: Settings, name: str, number: int
) -> None:
    """The run stops, records and publishes nothing of the step, and goes on from there later."""
    steps = fake_steps(settings.home)

    def swallows(work: Work) -> None:
        with contextlib.suppress(Interrupted):
            os.kill(os.getpid(), number)
            stop_if_interrupted()
        steps[name](work)

    with pytest.raises(Interrupted):
        run_cycle(settings, Silent(), steps={**steps, name: swallows})
    state = load_state(settings.cycles_dir, settings.as_of)
    assert state is not None
    assert state.done == list(STEPS[: STEPS.index(name)])
    assert state.published is None
    assert run(settings).failures == {}
    assert recorded(settings.home) == [*STEPS[: STEPS.index(name) + 1], *STEPS[STEPS.index(name) :]]


def test_a_cycle_whose_publication_is_gone_is_published_again(settings: Settings) -> None:
    """If the published file of a finished cycle is missing, the last step runs again."""
    published = run(settings).published
    published.unlink()
    assert not run(settings).was_finished
    assert published.exists()
    assert recorded(settings.home) == [*STEPS, "publish"]
    assert run(settings).was_finished


@pytest.mark.parametrize("left", [None, ""])
def test_a_cycle_without_its_build_file_starts_again(settings: Settings, left: str | None) -> None:
    """A step alone is refused if the build file is missing or empty; a run builds it again."""
    published = run(settings).published
    settings.build_path.unlink()
    if left is not None:
        settings.build_path.write_text(left)
    with pytest.raises(ConfigurationError, match=r"build\.duckdb is missing or empty: run"):
        run_part(settings, Silent(), ["rank"])
    published.unlink()
    assert not run(settings).was_finished
    assert recorded(settings.home) == [*STEPS, *STEPS]
