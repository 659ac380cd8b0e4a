"""Builds models of the dbt project in memory without dbt, to check inputs in about a second.

dbt takes several seconds to start. The SQL and macros of the project are rendered with the few
names of dbt's Jinja context that they use, so a check reads files exactly as a run does. It
loads everything anew, so incremental models are tables. It does not support tests, contracts,
materializations and packages.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from hashlib import md5
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from jinja2 import Environment, TemplateError, nodes

from scorer.config import Settings
from scorer.errors import ConfigurationError, NextofferError
from scorer.sql import literal, quote
from scorer.warehouse.database import Connection, DatabaseError, connect_memory
from scorer.warehouse.dbt import dbt_variables, explained_failure

_MACRO = re.compile(r"{%-? *macro +(\w+)")
_SNAPSHOT = re.compile(r"{%-? *(end)?snapshot[^%]*%}")
# Columns that dbt adds to a snapshot, as in its first run.
_SNAPSHOT_COLUMNS = (
    "*, seen_at as dbt_updated_at, seen_at as dbt_valid_from, null::timestamp as dbt_valid_to"
)


class _Returned(Exception):  # noqa: N818 - a result, as in dbt's own macros
    """Returns the value of `return(...)` from a macro."""


@dataclass
class _Node:
    """The model that is being rendered: its name and its `config(...)`."""

    name: str
    config: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return quote(self.name)


class QuickBuild:
    """Models of the dbt project of `settings`, each built when something reads it first.

    Raises
    ------
    InputError, ConfigurationError
        A macro of the project reports a wrong file or configuration.
    NextofferError
        A model cannot be rendered or built.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings, self._connection = settings, connect_memory()
        self._project = yaml.safe_load((settings.project_dir / "dbt_project.yml").read_text())
        if self._project["name"] != "nextoffer":
            raise ConfigurationError(
                f"{settings.project_dir} has nextoffer as a package; run `dbt build` there"
            )
        self._files = _sql_files(settings.project_dir, self._project)
        self._built: set[str] = set()
        self._stack: list[_Node] = []
        self._jinja = _environment(self)
        self._variables = {
            name: self._jinja.from_string(value).render() if isinstance(value, str) else value
            for name, value in self._project.get("vars", {}).items()
        } | dbt_variables(settings)
        self._variables["inputs"] = {
            name: relation if ":" in relation else f"{settings.build_path}:{relation}"
            for name, relation in settings.inputs.items()
        }
        _load_macros(self._jinja, settings.project_dir)
        self._execute(self._jinja.from_string("{{ create_rejected_lines() }}").render())

    @property
    def connection(self) -> Connection:
        """The database in memory, schema `main`."""
        return self._connection

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Return the rows of a model or an analysis of the project."""
        with _explained(name):
            return self._rows(self._rendered(name))

    def build(self, names: Sequence[str]) -> None:
        """Build models and everything that they read."""
        for name in names:
            with _explained(name):
                self.relation(name)

    def relation(self, name: str) -> str:
        """Return the relation of a model, seed or snapshot; build it if needed."""
        if name not in self._built:
            file = self._files[name]
            if file.suffix == ".csv":
                self._execute(
                    f"create table {quote(name)} as select * from read_csv({literal(file)},"
                    " header = true, all_varchar = true, delim = ',')"
                )
            else:
                self._build_model(name)
            self._built.add(name)
        return quote(name)

    def look_from(self, as_of: datetime) -> None:
        """Set the as_of of models that are built from now on."""
        self._variables["as_of"] = as_of.strftime("%Y-%m-%d %H:%M:%S")

    def variable(self, name: str, default: Any = "") -> Any:
        """Return a variable of the project."""
        return self._variables.get(name, default)

    def render(self, text: str) -> str:
        """Return a text with its Jinja rendered."""
        return self._jinja.from_string(text).render()

    def query(self, sql: str) -> SimpleNamespace:
        """Run a query for a macro, as dbt's `run_query` does."""
        return SimpleNamespace(rows=self._rows(sql), column_names=self._columns)

    def this(self) -> _Node:
        """Return the model that is being rendered."""
        return self._stack[-1]

    def _build_model(self, name: str) -> None:
        sql = self._rendered(name)
        kind = "view" if self._node.config.get("materialized") == "view" else "table"
        self._execute(f"create {kind} {quote(name)} as {sql}")
        self._stack.append(self._node)
        hooks = self._node.config.get("post_hook", [])
        for hook in [hooks] if isinstance(hooks, str) else hooks:
            self._execute(self.render(hook))
        self._stack.pop()

    def _rendered(self, name: str) -> str:
        node = _Node(name)
        self._stack.append(node)
        text = self._files[name].read_text(encoding="utf-8")
        is_snapshot = "{% snapshot" in text
        try:
            sql = self.render(_SNAPSHOT.sub("", text))
        finally:
            self._stack.pop()
        self._node = node
        return f"select {_SNAPSHOT_COLUMNS} from ({sql})" if is_snapshot else sql

    def _execute(self, sql: str) -> None:
        self._connection.execute(sql)

    def _rows(self, sql: str) -> list[dict[str, Any]]:
        result = self._connection.execute(sql)
        self._columns = [column[0] for column in result.description or ()]
        return [dict(zip(self._columns, row, strict=True)) for row in result.fetchall()]


@contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        yield
    except NextofferError:
        raise
    except (DatabaseError, TemplateError, KeyError, TypeError, ValueError) as error:
        raise explained_failure(str(error), f"{name} cannot be built") from None


def _sql_files(project_dir: Path, project: dict[str, Any]) -> dict[str, Path]:
    """Return the files of models, snapshots, seeds and analyses by name."""
    folders = ("model-paths", "snapshot-paths", "seed-paths", "analysis-paths")
    return {
        file.stem: file
        for key in folders
        for folder in project.get(key, [])
        for file in sorted((project_dir / folder).rglob("*"))
        if file.suffix in (".sql", ".csv")
    }


def _load_macros(jinja: Environment, project_dir: Path) -> None:
    """Register every macro of the project by its name; a file is compiled when one is called."""
    for file in sorted((project_dir / "macros").rglob("*.sql")):
        text = file.read_text(encoding="utf-8")
        if "{% materialization" in text:
            continue
        module = cache(partial(_module, jinja, text))
        for name in _MACRO.findall(text):
            jinja.globals[name] = _callable(module, name)


def _module(jinja: Environment, text: str) -> Any:
    """Compile the macros of a file, each with a prefix before its name.

    By its own name a macro then calls the functions of `_callable`, also those of its file, which
    handle `return`.
    """
    parsed = jinja.parse(text)
    for macro in parsed.find_all(nodes.Macro):
        macro.name = f"macro_{macro.name}"
    return jinja.from_string(parsed).module


def _callable(module: Callable[[], Any], name: str) -> Callable[..., Any]:
    """Return a function that runs a macro and returns its value, else its text."""

    def call(*arguments: Any, **named: Any) -> Any:
        try:
            return str(getattr(module(), f"macro_{name}")(*arguments, **named))
        except _Returned as returned:
            return returned.args[0]

    return call


def _environment(build: QuickBuild) -> Environment:
    """Return a Jinja environment with the names of dbt that the project uses."""
    # Rendering once is faster without folding constants first.
    jinja = Environment(extensions=["jinja2.ext.do"], optimized=False)

    def give_back(value: Any = None) -> None:
        raise _Returned(value)

    def refuse(message: str) -> None:
        raise ValueError(message)

    def dispatch(name: str, namespace: str = "") -> Callable[..., Any]:
        found = jinja.globals.get(f"duckdb__{name}") or jinja.globals[f"default__{name}"]
        assert callable(found)
        return found

    def configure(**values: Any) -> str:
        build.this().config.update(values)
        return ""

    settings = build._settings
    jinja.globals.update(
        {
            "execute": True,
            "var": build.variable,
            "env_var": _environment_variable,
            "ref": lambda *names: build.relation(names[-1]),
            "source": lambda source, table: quote(table),
            "this": _This(build),
            # Without contracts, models select all columns.
            "model": SimpleNamespace(columns={}),
            "config": configure,
            "is_incremental": lambda: False,
            "run_query": build.query,
            "return": give_back,
            "target": SimpleNamespace(schema="main", database="memory", type="duckdb"),
            "adapter": SimpleNamespace(
                dispatch=dispatch, get_relation=lambda *names, **named: None
            ),
            "exceptions": SimpleNamespace(raise_compiler_error=refuse),
            "modules": SimpleNamespace(re=re),
            "invocation_args_dict": {"project_dir": str(settings.project_dir)},
            "run_started_at": settings.as_of,
            "local_md5": lambda text: md5(text.encode(), usedforsecurity=False).hexdigest(),
        }
    )
    return jinja


class _This:
    """Proxy of the model that is being rendered."""

    database, schema = "memory", "main"

    def __init__(self, build: QuickBuild) -> None:
        self._build = build

    @property
    def identifier(self) -> str:
        return self._build.this().name

    def __str__(self) -> str:
        return str(self._build.this())


def _environment_variable(name: str, default: str = "") -> str:
    return os.environ.get(name, default)
