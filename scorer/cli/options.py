"""Options that commands share, collected into one `Settings`."""

from __future__ import annotations

import functools
import os
import shlex
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import click
from click.core import ParameterSource

from scorer.config import (
    ASSIGNMENTS,
    CARRIED,
    DATE_ORDERS,
    KPIS,
    READING,
    Settings,
    clock,
    find_home,
    find_project_dir,
    parse_as_of,
)
from scorer.errors import ConfigurationError
from scorer.inputs.configuration_values import is_currency
from scorer.inputs.text_traits import is_code_page
from scorer.project_file import NAME, ProjectFile, find_project_file, read_project_file
from scorer.warehouse.build_state import last_state, newest_cycle

Command = Callable[..., Any]

_OPTIONS: dict[str, Callable[[Command], Command]] = {
    "folder": click.argument("folder", required=False),
    "home": click.option(
        "--home",
        metavar="FOLDER",
        help="State folder. [env NEXTOFFER_HOME; else nextoffer.toml, else .nextoffer]",
    ),
    "project_dir": click.option(
        "--project-dir",
        metavar="FOLDER",
        help="dbt project. [env NEXTOFFER_PROJECT_DIR; else nextoffer.toml, else the shipped one]",
    ),
    "raw": click.option(
        "--raw",
        metavar="FOLDER",
        help="Input files, as CSV, Parquet or NDJSON. [env NEXTOFFER_RAW; else nextoffer.toml]",
    ),
    "as_of": click.option(
        "--as-of",
        metavar="WHEN",
        help="Date or ISO timestamp (UTC); later data is ignored. [default: today 00:00 UTC]",
    ),
    "cycle": click.option(
        "--as-of",
        metavar="WHEN",
        help="Cycle to work on. [default: the last one]",
    ),
    "newest_cycle": click.option(
        "--as-of",
        metavar="WHEN",
        help="Moment from which the model is deployed. [default: the newest cycle]",
    ),
    "allow_future": click.option(
        "--allow-future",
        is_flag=True,
        envvar="NEXTOFFER_ALLOW_FUTURE",
        help="Accept an --as-of after now. [env NEXTOFFER_ALLOW_FUTURE]",
    ),
    "strategy": click.option("--strategy", metavar="ID", help="Only this ranking strategy."),
    "seed": click.option(
        "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Random seed."
    ),
    "kpi": click.option(
        "--kpi",
        type=click.Choice(KPIS),
        default="clicked",
        show_default=True,
        help="KPI of the default strategy, used if no strategy is configured.",
    ),
    "assignment": click.option(
        "--assignment",
        type=click.Choice(ASSIGNMENTS),
        default="unknown",
        show_default=True,
        help="Assignment of displays without traffic_type and propensity.",
    ),
    "date_order": click.option(
        "--date-order",
        type=click.Choice(DATE_ORDERS),
        envvar="NEXTOFFER_DATE_ORDER",
        help="How dates such as 10/11/2026 are read. [env NEXTOFFER_DATE_ORDER]",
    ),
    "time_zone": click.option(
        "--time-zone",
        metavar="ZONE",
        envvar="NEXTOFFER_TIME_ZONE",
        help="Zone of times without one, such as Europe/Berlin. [env NEXTOFFER_TIME_ZONE]",
    ),
    "code_page": click.option(
        "--code-page",
        metavar="NAME",
        envvar="NEXTOFFER_CODE_PAGE",
        help="Encoding of CSV files that are not UTF-8, such as cp1250."
        " [env NEXTOFFER_CODE_PAGE; default: cp1252]",
    ),
    "currency": click.option(
        "--currency",
        metavar="CODE",
        envvar="NEXTOFFER_CURRENCY",
        help="Currency of strategies that state none, such as CHF. [env NEXTOFFER_CURRENCY]",
    ),
}


# The kinds of --as-of, of which a command has at most one.
_MOMENTS = ("as_of", "cycle", "newest_cycle")


def settings_options(*names: str) -> Callable[[Command], Command]:
    """Give a command `--home`, `--project-dir` and the named options, as one `settings`."""

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def wrapped(**values: Any) -> Any:
            given = {name: values.pop(_parameter(name)) for name in wanted}
            return command(settings=_settings(given), **values)

        decorated: Command = wrapped
        for name in reversed(wanted):
            decorated = _OPTIONS[name](decorated)
        return decorated

    moments = {"as_of", "newest_cycle"} & set(names)
    wanted = ("home", "project_dir", *names, *(("allow_future",) if moments else ()))
    return decorate


def early_settings(settings: Settings) -> Settings:
    """Return the settings of an extra cycle between the weekly ones; call it within a command.

    `as_of` is now unless `--as-of` is given. Other settings default to those of the last cycle.
    """
    source = click.get_current_context().get_parameter_source
    state = last_state(settings.cycles_dir)
    given = {
        name for name in ("as_of", "kpi", "seed") if source(name) is not ParameterSource.DEFAULT
    }
    if "as_of" not in given:
        settings = replace(settings, as_of=clock())
    if state is None:
        return settings
    has_default = {"kpi", "seed"} - given
    return replace(
        settings,
        raw=settings.raw or (Path(state.raw) if state.raw else None),
        **{
            name: getattr(state, name)
            for name in CARRIED
            if name in has_default or not (name in given or getattr(settings, name))
        },
    )


def is_given(name: str) -> bool:
    """Return whether the command line states an option; False outside of a command."""
    context = click.get_current_context(silent=True)
    source = context.get_parameter_source(name) if context else None
    return source not in (None, ParameterSource.DEFAULT)


def shown_command(*words: str) -> str:
    """Return a command to copy, with the options of the present command line that it takes."""
    names = ("home", "project_dir", *(("raw", "kpi", *READING) if words[0] == "run" else ()))
    given = [
        part
        for name in names
        if is_given(name) and (option := f"--{name.replace('_', '-')}") not in words
        for part in (option, str(click.get_current_context().params[name]))
    ]
    return shlex.join(["nextoffer", words[0], *given, *words[1:]])


def json_option(command: Command) -> Command:
    """Give a command `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def _parameter(name: str) -> str:
    return "as_of" if name in ("cycle", "newest_cycle") else name


def _settings(given: dict[str, Any]) -> Settings:
    stated = given.get("folder")
    file = project_in(stated) or find_project_file(Path.cwd())
    project = read_project_file(file) if file else ProjectFile()
    raw = _raw(given, stated)
    moment = next((given[name] for name in _MOMENTS if given.get(name) is not None), None)
    settings = Settings(
        home=find_home(given["home"], project.home),
        project_dir=find_project_dir(given["project_dir"], project.project_dir),
        raw=raw or project.raw,
        as_of=parse_as_of(moment),
        now=datetime.max if given.get("allow_future") else clock(),
        seed=_or_project("seed", given.get("seed"), project.seed) or 0,
        kpi=_one_of(file, "kpi", KPIS, _or_project("kpi", given.get("kpi"), project.kpi)),
        strategy=given.get("strategy"),
        assignment=_assignment(file, given, project),
        date_order=_date_order(file, given, project),
        time_zone=_time_zone(_or_project("time_zone", given.get("time_zone"), project.time_zone)),
        code_page=_code_page(_or_project("code_page", given.get("code_page"), project.code_page)),
        currency=_currency(_or_project("currency", given.get("currency"), project.currency)),
        inputs=project.inputs or {},
    )
    if "allow_future" in given and settings.as_of > settings.now:
        raise ConfigurationError(
            f"--as-of: {moment} is after now, {settings.now.isoformat()} UTC;"
            " name a moment that has passed, or add --allow-future"
        )
    if "cycle" in given:
        return _of_last_cycle(settings, moment)
    if "newest_cycle" in given and moment is None:
        return replace(settings, as_of=newest_cycle(settings) or settings.as_of)
    return settings


def project_in(folder: str | None) -> Path | None:
    """Return the `nextoffer.toml` in a folder; None without a folder, or if it has none."""
    file = Path(folder).expanduser().absolute() / NAME if folder else None
    return file if file and file.is_file() else None


def _raw(given: dict[str, Any], stated: str | None) -> Path | None:
    """Return the folder of the inputs that the command line or the environment states."""
    if stated:
        return None if project_in(stated) else Path(stated).expanduser().absolute()
    raw = given.get("raw") or (os.environ.get("NEXTOFFER_RAW") if "raw" in given else None)
    if project_in(raw):
        raise ConfigurationError(
            f"--raw: {raw} is a project, not a folder of inputs; run the command in it, without"
            f" --raw: cd {shlex.quote(str(raw))}"
        )
    return Path(raw).expanduser().absolute() if raw else None


def _or_project(name: str, given: Any, of_project: Any) -> Any:
    """Return the value of an option, or of the project file if the option was not given."""
    return given if is_given(name) or of_project is None else of_project


def _assignment(file: Path | None, given: dict[str, Any], project: ProjectFile) -> str:
    stated = _or_project("assignment", given.get("assignment"), project.assignment)
    known = _one_of(file, "assignment", ASSIGNMENTS, stated)
    return "" if known == ASSIGNMENTS[0] else known


def _date_order(file: Path | None, given: dict[str, Any], project: ProjectFile) -> str:
    stated = _or_project("date_order", given.get("date_order"), project.date_order)
    return _one_of(file, "date_order", DATE_ORDERS, stated) if stated else ""


def _time_zone(name: str | None) -> str:
    if name and name not in available_timezones():
        near = get_close_matches(name, available_timezones(), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ConfigurationError(f"time_zone: {name!r} is not a zone such as Europe/Berlin{hint}")
    return name or ""


def _code_page(name: str | None) -> str:
    if name and not is_code_page(name):
        raise ConfigurationError(f"code_page: {name!r} is unknown; name one such as cp1250")
    return name or ""


def _currency(name: str | None) -> str:
    if name and not is_currency(name):
        raise ConfigurationError(f"currency: {name!r} is no currency; write a code such as CHF")
    return name or ""


def _one_of(file: Path | None, key: str, allowed: tuple[str, ...], value: str | None) -> str:
    if value is not None and value not in allowed:
        raise ConfigurationError(f"{file}: {key} must be {' or '.join(allowed)}, not {value!r}")
    return value or allowed[0]


def _of_last_cycle(settings: Settings, as_of: str | None) -> Settings:
    """Return the settings with those of the last cycle that its build depends on."""
    state = last_state(settings.cycles_dir)
    if state is None:
        return settings
    return replace(
        settings,
        as_of=settings.as_of if as_of else datetime.fromisoformat(state.as_of),
        raw=Path(state.raw) if state.raw else None,
        **{name: getattr(state, name) for name in CARRIED},
    )
