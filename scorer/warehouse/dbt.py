"""Runs dbt in this process, with progress, and with a one-line error that names the failing node.

The project is parsed without variables, and the run gets the parsed manifest. Variables then apply
when SQL is compiled, and a new `as_of` does not make dbt parse everything again. Later runs in the
same process take the manifest from memory.
"""

from __future__ import annotations

import gc
import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scorer.config import Settings
from scorer.errors import ConfigurationError, InputError, NextofferError
from scorer.files import make_private_folder
from scorer.inputs.raw_folder import listing_fingerprint
from scorer.inputs.readable_files import readable_files
from scorer.interruption import is_interrupted, stop_if_interrupted
from scorer.progress import Progress
from scorer.warehouse.database import MORE_MEMORY

INPUT_MARKER = "[input]"
CONFIGURATION_MARKER = "[config]"
_OTHER_COLUMNS = "on this incremental model are out of sync"
_BROKEN_CONTRACT = "Constraint Error"
_OUT_OF_MEMORY = "Out of Memory Error"
_TOO_LITTLE_MEMORY = (
    b"error: there is too little memory; raise the limit of the process, lower NEXTOFFER_MEMORY,"
    b" and run the same command again\n"
)
_GC_THRESHOLD = (200_000, 20, 100)
# Environment variables that may decide how a project is parsed.
_VARIABLES = ("DBT_", "NEXTOFFER_")
# The last parsed project, by what it was parsed from.
_MANIFESTS: dict[tuple[str, frozenset[tuple[str, str]]], Any] = {}
_FAILED = ("error", "fail", "runtime error", "partial success")
_USELESS_LINE = re.compile(
    r"^(\w+ Error$|\w+ Error in \w+ |> in |  *compiled code at |LINE \d+:|\^|$)"
)


def run_dbt(settings: Settings, selector: str, label: str, progress: Progress) -> int:
    """Build the nodes of a selector; return the number of finished nodes.

    ``selector`` is one of the project's, or dbt's own node syntax after a plus: "+dim_offers".

    Raises
    ------
    InputError
        A file cannot be read, or rows break a contract or a data test.
    ConfigurationError
        The project or a configuration table is wrong.
    """
    arguments = [
        "build",
        *_selection(selector),
        "--exclude-resource-type",
        "unit_test",
        "--vars",
        json.dumps(dbt_variables(settings)),
        "--no-write-json",
        *(["--full-refresh"] if settings.full_refresh else []),
    ]
    progress.start(label)
    finished: set[str] = set()
    with _environment(settings):
        progress.advance(0, "reading the dbt project")
        manifest = _parsed(settings)
        progress.advance(0, "comparing the project with the build file")
        result = _invoke(settings, arguments, [_reporter(progress, finished)], manifest)
    _raise_first_failure(result)
    progress.finish(f"{len(finished)} nodes")
    return len(finished)


def parse_project(settings: Settings) -> Any:
    """Let dbt parse the project, and return its manifest.

    A home folder needs this once; later runs reuse the result.

    Raises
    ------
    ConfigurationError
        The project is wrong.
    """
    with _environment(settings):
        return _parsed(settings)


def dbt_variables(settings: Settings) -> dict[str, Any]:
    """Return the variables that every run of the project gets, the files to read among them."""
    readable = readable_files(settings)
    return {
        "raw_path": str(settings.raw or settings.home / "no_input"),
        "copies_path": str(settings.copies_dir),
        "input_files": {name: list(map(str, files)) for name, files in readable.files.items()},
        "refused_files": [
            [refused.input_name, refused.source_file, refused.reason]
            for refused in readable.refused
        ],
        "as_of": settings.as_of.strftime("%Y-%m-%d %H:%M:%S"),
        "kpi": settings.kpi,
        "now": settings.now.strftime("%Y-%m-%d %H:%M:%S"),
        "assignment": settings.assignment,
        "date_order": settings.date_order,
        "time_zone": settings.time_zone,
        "generic_tests_at_end": True,
        "currency": settings.currency,
        "decoded_files": [list(file) for file in readable.decoded],
        **({"inputs": dict(settings.inputs)} if settings.inputs else {}),
    }


def _selection(selector: str) -> list[str]:
    if not selector.startswith("+"):
        return ["--selector", selector]
    return ["--select", *selector.split(), "--indirect-selection", "cautious"]


def _parsed(settings: Settings) -> Any:
    """Return the manifest of the project, without what earlier runs compiled in it."""
    files = listing_fingerprint(None, settings.project_dir)
    # The path of the database does not matter for the manifest.
    read = {name for name in os.environ if name.startswith(_VARIABLES)} - {"NEXTOFFER_DATABASE"}
    key = (files, frozenset((name, os.environ[name]) for name in read))
    if key not in _MANIFESTS:
        _MANIFESTS.clear()
        _MANIFESTS[key] = _parse(settings)
    from dbt.contracts.graph.nodes import CompiledNode

    manifest = _MANIFESTS[key]
    for node in manifest.nodes.values():
        if isinstance(node, CompiledNode):
            node.compiled, node.compiled_code = False, None
            node.extra_ctes, node.extra_ctes_injected = [], False
    return manifest


def _parse(settings: Settings) -> Any:
    # What dbt keeps of a parse it throws away when the path of the database changes.
    before = os.environ["NEXTOFFER_DATABASE"]
    os.environ["NEXTOFFER_DATABASE"] = settings.build_path.name
    try:
        result = _invoke(settings, ["parse", "--no-write-json"], [], None, settings.parsed_dir)
    finally:
        os.environ["NEXTOFFER_DATABASE"] = before
    if not result.success:
        raise explained_failure(str(result.exception), "the dbt project cannot be parsed")
    return result.result


def _invoke(
    settings: Settings,
    arguments: list[str],
    callbacks: list[Callable[[Any], None]],
    manifest: Any,
    target: Path | None = None,
) -> Any:
    folders = {
        "--project-dir": settings.project_dir,
        "--profiles-dir": settings.project_dir,
        "--target-path": target or settings.target_dir,
        "--log-path": settings.logs_dir,
    }
    options = [part for name, path in folders.items() for part in (name, str(path))]
    with _rare_collections(), _memory_for_threads():
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager
        from dbt.cli.main import dbtRunner
        from dbt_common.events.event_manager_client import cleanup_event_logger

        # Until dbt has read its options, it logs to stdout, a signal with its traceback.
        cleanup_event_logger()
        try:
            result = dbtRunner(manifest=manifest, callbacks=callbacks).invoke(
                [*arguments, *options, "--log-level", "none", "--log-level-file", "none"]
            )
        finally:
            # dbt would keep its connection, and with it the lock of the file, until the process
            # ends.
            if not is_interrupted():
                DuckDBConnectionManager.close_all_connections()
    # dbt turns a signal into a failure of the running nodes.
    stop_if_interrupted()
    if isinstance(result.exception, KeyboardInterrupt):
        raise result.exception
    return result


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Collect garbage rarely: most objects of dbt live as long as its manifest.

    Scanning them repeatedly takes a tenth of a small build.
    """
    before = gc.get_threshold()
    gc.set_threshold(*_GC_THRESHOLD)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def _memory_for_threads() -> Iterator[None]:
    """End the process if a thread of dbt dies of too little memory, because dbt would wait for
    it."""
    before = threading.excepthook

    def end(dead: threading.ExceptHookArgs) -> None:
        if dead.exc_type is MemoryError:
            os.write(2, _TOO_LITTLE_MEMORY)
            os._exit(NextofferError.exit_code)
        before(dead)

    threading.excepthook = end
    try:
        yield
    finally:
        threading.excepthook = before


@contextmanager
def _environment(settings: Settings) -> Iterator[None]:
    make_private_folder(settings.home)
    wanted = {
        "NEXTOFFER_DATABASE": str(settings.build_path),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
        # Python's tracker process complains of dbt's locks when a run is interrupted.
        "PYTHONWARNINGS": "ignore::UserWarning:multiprocessing.resource_tracker",
    }
    before = dict(os.environ)
    # Settings of another dbt of the user, such as DBT_TARGET, must not apply here.
    for name in [name for name in before if name.startswith("DBT_")]:
        if not name.startswith("DBT_ENV_"):
            del os.environ[name]
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name in {*wanted, *(name for name in before if name.startswith("DBT_"))}:
            if name in before:
                os.environ[name] = before[name]
            else:
                os.environ.pop(name, None)


def _reporter(progress: Progress, finished: set[str]) -> Callable[[Any], None]:
    def report(event: Any) -> None:
        if event.info.name == "ConcurrencyLine":
            progress.total(event.data.node_count)
        elif event.info.name == "NodeFinished":
            node = event.data.node_info
            if node.unique_id not in finished:
                finished.add(node.unique_id)
                progress.advance(1, node.node_name)

    return report


def _raise_first_failure(result: Any) -> None:
    if result.success:
        return
    for node_result in getattr(result.result, "results", None) or []:
        if str(node_result.status) in _FAILED:
            kind, name = node_result.node.resource_type, node_result.node.name
            message = node_result.message or "no message"
            if str(node_result.status) == "fail":
                raise InputError(f"dbt: data test {name} failed: {useful_line(message)}")
            raise explained_failure(message, f"dbt: {kind} {name} failed")
    raise explained_failure(str(result.exception or "no message"), "dbt failed")


def explained_failure(message: str, context: str) -> NextofferError:
    """Return the error to raise for a message of a macro, a model or dbt itself."""
    for marker, error in ((INPUT_MARKER, InputError), (CONFIGURATION_MARKER, ConfigurationError)):
        if marker in message:
            return error(message.split(marker, 1)[1].strip().splitlines()[0].rstrip("'\")"))
    if _OTHER_COLUMNS in message:
        return ConfigurationError(
            f"{context}: the build file was made by a version with other columns;"
            " add --full-refresh to read all files of the raw folder again"
        )
    if _OUT_OF_MEMORY in message:
        return NextofferError(f"{context}: {useful_line(message)}; {MORE_MEMORY}")
    kind = InputError if _BROKEN_CONTRACT in message else NextofferError
    return kind(f"{context}: {useful_line(message)}")


def useful_line(message: str) -> str:
    """Return the first line of a dbt message that is not its heading."""
    lines = [line.strip() for line in message.splitlines()]
    useful = [line for line in lines if line and not _USELESS_LINE.match(line)]
    return (useful or lines or ["no message"])[0]
