"""The weekly run: features, train, rank, monitor, publish; each step once, in order.

An interrupted step runs again from its start and replaces what it wrote. Finished steps are not
repeated unless the inputs changed or another cycle used the build file in between.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scorer.config import CARRIED, Settings
from scorer.cycle.all_strategies import rank_strategies, train_strategies
from scorer.cycle.input_findings import (
    check_inputs,
    input_warnings,
    require_inputs,
    require_records,
    segments_used,
)
from scorer.errors import NextofferError
from scorer.files import remove_leftovers
from scorer.inputs.event_log import seal_event_logs
from scorer.inputs.raw_folder import content_fingerprint, listing_fingerprint
from scorer.inputs.readable_files import set_damaged_aside
from scorer.interruption import interruptible, stop_if_interrupted
from scorer.machine_limits import require_address_space
from scorer.progress import Progress
from scorer.warehouse.build_state import (
    STEP_NAMES,
    CycleState,
    current_cycle,
    has_build,
    is_early,
    load_state,
    save_state,
    set_current_cycle,
    state_before,
    steps_before,
)
from scorer.warehouse.database import connect_build
from scorer.warehouse.lock import hold_lock
from scorer.warehouse.publications import make_newest_current, publish
from scorer.warehouse.readiness import waiting_offers


@dataclass(frozen=True)
class Work:
    """Inputs of a step."""

    settings: Settings
    state: CycleState
    progress: Progress


@dataclass(frozen=True)
class CycleResult:
    """How a cycle ended.

    `was_finished` is True if there was nothing left to do; `failures` maps each failed strategy to
    the reason; `published` is the file; `seconds` holds the duration of each step when it ran.
    """

    was_finished: bool
    failures: dict[str, str]
    published: Path
    seconds: dict[str, float]


Step = Callable[[Work], None]


def run_cycle(
    settings: Settings,
    progress: Progress,
    force: bool = False,
    steps: Mapping[str, Step] | None = None,
) -> CycleResult:
    """Run the cycle of `settings.as_of`, or its remaining steps.

    Raises
    ------
    NextofferError
        The configuration or an input is wrong, a dbt model failed, or the home folder is locked.
    Interrupted
        A signal asked the process to stop; the unfinished step is not recorded.
    """
    steps = STEPS if steps is None else steps
    require_address_space()
    require_inputs(settings)
    with interruptible(), hold_lock(settings.lock_path) as taken_over:
        check_inputs(settings)
        progress.say(f"as of {settings.as_of.isoformat()} UTC, home {settings.home}")
        if taken_over:
            progress.say(taken_over)
        _remove_leftovers(settings)
        if settings.raw is not None:
            seal_event_logs(settings.raw)
        make_newest_current(settings)
        state, was_finished = _state_to_continue(settings, force, progress)
        if not was_finished:
            _run_steps(Work(settings, state, progress), steps)
    published = settings.published_dir / (state.published or "")
    return CycleResult(was_finished, state.failures, published, state.seconds)


def _remove_leftovers(settings: Settings) -> None:
    """Delete what a killed run left; without the lock, that could be another run's work."""
    folders = (settings.home, settings.cycles_dir, settings.models_dir)
    for folder in (*folders, *settings.models_dir.glob("*/"), *settings.models_dir.glob("*/*/")):
        remove_leftovers(folder)
    shutil.rmtree(settings.home / f"{settings.build_path.name}.tmp", ignore_errors=True)


def _state_to_continue(
    settings: Settings, force: bool, progress: Progress
) -> tuple[CycleState, bool]:
    as_of, fingerprint = settings.as_of.isoformat(), cycle_fingerprint(settings)
    state = load_state(settings.cycles_dir, settings.as_of)
    if settings.has_clock and is_early(settings.cycles_dir, settings.as_of):
        progress.say(f"the cycle of {as_of} ran before its time and starts again")
        state = None
    if state is not None and not force:
        unchanged = state.fingerprint == fingerprint
        if state.published and not (settings.published_dir / state.published).is_file():
            progress.say(
                f"{state.published}, the publication of the cycle, is missing and is written again"
            )
            state.published = None
            state.done = list(steps_before("publish"))
        if state.is_finished:
            changed = "" if unchanged else "; inputs or settings have changed since"
            progress.say(
                f"the cycle of {as_of} is already finished{changed}: use --force to redo it"
            )
            return state, True
        holds_cycle = has_build(settings) and current_cycle(settings.cycles_dir) == as_of
        if unchanged and holds_cycle:
            done = ", ".join(state.done) or "nothing"
            progress.say(f"continuing the cycle of {as_of}, done so far: {done}")
            return state, False
    state = CycleState(
        as_of=as_of,
        fingerprint=fingerprint,
        raw=str(settings.raw) if settings.raw else None,
        **{name: getattr(settings, name) for name in CARRIED},
    )
    # Clear the finished steps before claiming the build file: if the run is killed in between, no
    # step is skipped.
    save_state(settings.cycles_dir, state)
    set_current_cycle(settings.cycles_dir, as_of)
    return state, False


def _run_steps(work: Work, steps: Mapping[str, Step]) -> None:
    for name, step in steps.items():
        if name in work.state.done:
            continue
        started = time.monotonic()
        step(work)
        stop_if_interrupted()
        work.state.done.append(name)
        work.state.seconds[name] = round(time.monotonic() - started, 2)
        save_state(work.settings.cycles_dir, work.state)


def run_part(settings: Settings, progress: Progress, names: Sequence[str]) -> CycleState:
    """Run some steps on the build of the last cycle, whether or not they ran before.

    Later steps then count as not done, and `run_cycle` continues there.

    Raises
    ------
    ConfigurationError
        The build file holds another cycle or none, or an earlier step is not done.
    """
    require_address_space()
    with interruptible(), hold_lock(settings.lock_path):
        state = state_before(settings, names[0])
        state.done = list(steps_before(names[0]))
        state.published = None
        save_state(settings.cycles_dir, state)
        _run_steps(Work(settings, state, progress), {name: STEPS[name] for name in names})
    return state


def cycle_fingerprint(settings: Settings) -> str:
    """Return a digest of everything that the result of a cycle depends on."""
    parts = (
        listing_fingerprint(settings.raw, settings.project_dir),
        settings.as_of.isoformat(),
        settings.strategy,
        *(getattr(settings, name) for name in CARRIED),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def build(settings: Settings, selector: str, label: str, progress: Progress) -> None:
    """Run dbt; if it fails because of damaged input files, again without them.

    Raises
    ------
    InputError
        A file that restricts offers is damaged, or a data test failed.
    NextofferError
        dbt fails for another reason.
    """
    from scorer.warehouse.dbt import run_dbt

    try:
        run_dbt(settings, selector, label, progress)
    except NextofferError as error:
        damaged = set_damaged_aside(settings)
        if not damaged:
            raise error from None
        for file, problem in damaged.items():
            progress.say(f"warning: {file} {problem}")
        build(settings, selector, label, progress)


def _features(work: Work) -> None:
    build(work.settings, "features", "features", work.progress)
    with connect_build(work.settings.build_path, read_only=True) as connection:
        require_records(connection)
        for note in [*segments_used(connection), *waiting_offers(connection)]:
            work.progress.say(note)


def _train(work: Work) -> None:
    work.state.failures.clear()
    work.state.failures.update(train_strategies(work.settings, work.progress))


def _rank(work: Work) -> None:
    chosen, failures = work.settings.strategy, work.state.failures
    for strategy in [name for name in failures if chosen in (None, name)]:
        if failures[strategy].startswith("rank: "):
            del failures[strategy]
    for strategy, reason in rank_strategies(work.settings, work.progress).items():
        failures.setdefault(strategy, reason)


def _monitor(work: Work) -> None:
    build(work.settings, "monitoring", "monitor", work.progress)


def _publish(work: Work) -> None:
    from scorer.online import bundle

    work.progress.start("publish")
    if bundle.is_installed():
        bundle.write_bundle(work.settings)
    file = publish(work.settings, content_fingerprint(work.settings.raw))
    work.state.published = file.name
    work.progress.finish(file.name)
    with connect_build(work.settings.build_path, read_only=True) as connection:
        for warning in input_warnings(connection):
            work.progress.say(f"warning: {warning}")


STEPS: Mapping[str, Step] = dict(
    zip(STEP_NAMES, (_features, _train, _rank, _monitor, _publish), strict=True)
)
