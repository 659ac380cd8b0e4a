"""Commands on the published tables: `status`, `query`, `tables`, `describe`, `export`, `app`."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from pathlib import Path

import click

from scorer.cli.options import json_option, settings_options
from scorer.cli.output import print_rows
from scorer.config import Settings
from scorer.errors import ConfigurationError, FindingsError, InputError
from scorer.interruption import cancelled_on_signal

SHOWN_ROWS = 40
LAYOUTS = ("columns", "list")
FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@settings_options()
@click.option(
    "--fail-on",
    type=click.Choice(("warning", "severe")),
    help="End with code 6 on a failed strategy or a finding of this severity or above.",
)
@click.option("--notify", "url", metavar="URL", help="Post the findings as JSON to a webhook.")
@click.option("--text", metavar="FILE", type=FILE, help="Write the findings as text, for e-mail.")
@json_option
def status(
    settings: Settings, fail_on: str | None, url: str | None, text: Path | None, as_json: bool
) -> None:
    """Show the publication, the last run and the state of each strategy."""
    from scorer.cli.report import notification, notify
    from scorer.cli.status import alarms, print_status

    found = print_status(settings, as_json)
    if text is not None:
        text.write_text(notification(found)["text"] + "\n", encoding="utf-8")
    if url is not None:
        notify(url, found)
    raised = alarms(found, fail_on) if fail_on else []
    if raised:
        raise FindingsError(f"{len(raised)} findings: {'; '.join(raised)}")


@click.command()
@settings_options()
@click.argument("sql")
@click.option(
    "--limit",
    type=click.IntRange(0),
    help=f"Rows to print, 0 for all. [default: {SHOWN_ROWS} in a table, else all]",
)
@click.option("--csv", "layout", flag_value="csv", help="Print CSV.")
@click.option("--json", "layout", flag_value="json", help="Print JSON.")
@click.option("--parquet", metavar="FILE", type=FILE, help="Write a Parquet file.")
@click.option("--xlsx", metavar="FILE", type=FILE, help="Write an Excel file.")
def query(
    settings: Settings,
    sql: str,
    limit: int | None,
    layout: str | None,
    parquet: Path | None,
    xlsx: Path | None,
) -> None:
    """Run a query on the published tables; with -, read the SQL from standard input.

    A query can only read the published tables.
    """
    from pyarrow import ArrowException

    from scorer.cli import query_output
    from scorer.warehouse.database import DatabaseError, damaged, is_damage
    from scorer.warehouse.publication_reader import PublicationReader

    text = sys.stdin.read() if sql == "-" else sql
    with (
        PublicationReader(settings.published_path) as reader,
        cancelled_on_signal(reader.interrupt),
    ):
        try:
            if parquet is not None:
                count = query_output.write_parquet(reader.stream(text), parquet)
                click.echo(f"{count:,} rows written to {parquet}", err=True)
            if xlsx is not None:
                count = query_output.write_xlsx(reader.stream(text), xlsx)
                click.echo(f"{count:,} rows written to {xlsx}", err=True)
            if layout == "csv":
                query_output.print_csv(reader.stream(text), limit or 0)
            elif layout == "json":
                query_output.print_json_rows(reader.stream(text), limit or 0)
            elif parquet is None and xlsx is None:
                shown = SHOWN_ROWS if limit is None else limit
                query_output.print_table(reader.stream(text), shown)
        except (DatabaseError, ArrowException) as error:
            if is_damage(error):
                raise damaged(reader.path(), error) from None
            raise ConfigurationError(f"the query is wrong: {str(error).strip()}") from None


@click.command()
@settings_options()
@json_option
def tables(settings: Settings, as_json: bool) -> None:
    """List the published tables and the grain of each."""
    from scorer.warehouse.publication_reader import PublicationReader

    with PublicationReader(settings.published_path) as reader:
        rows = reader.query(
            "select table_name as table, estimated_size as rows, comment as description"
            " from duckdb_tables() where database_name = current_database() order by 1"
        )
    print_rows(rows.to_pylist(), as_json, "no tables")


@click.command()
@settings_options()
@click.argument("table")
@json_option
def describe(settings: Settings, table: str, as_json: bool) -> None:
    """Describe the columns of a published TABLE."""
    from scorer.warehouse.publication_reader import PublicationReader

    with PublicationReader(settings.published_path) as reader:
        known = reader.tables()
        if table not in known:
            near = get_close_matches(table, known, n=1)
            hint = f"did you mean {near[0]}?" if near else "`nextoffer tables` lists them"
            raise ConfigurationError(f"there is no published table {table}; {hint}")
        rows = reader.query(
            "select column_name as column, lower(data_type) as type, comment as description"
            " from duckdb_columns() where database_name = current_database() and table_name = ?"
            " order by column_index",
            [table],
        )
    print_rows(rows.to_pylist(), as_json, "no columns")


@click.command()
@settings_options("strategy")
@click.option("--placement", metavar="ID", help="Only this placement.")
@click.option(
    "--out",
    required=True,
    metavar="FILE",
    type=FILE,
    help="File to write: .csv, .parquet, .jsonl or .ndjson.",
)
@click.option(
    "--layout",
    type=click.Choice(LAYOUTS),
    default=LAYOUTS[0],
    show_default=True,
    help="Offers of a person as columns, or as one list.",
)
def export(settings: Settings, placement: str | None, out: Path, layout: str) -> None:
    """Write the newest ranking with one row per person, for e-mail and campaign tools."""
    from scorer.warehouse.ranking_export import export_ranking

    published = settings.published_path.resolve()
    if not published.exists():
        raise InputError(f"nothing is published in {settings.home}: run `nextoffer run` first")
    done = export_ranking(published, out, settings.strategy, placement, layout)
    click.echo(
        f"{done.people:,} people of {done.strategy_id}, {done.placement_id}, written to {out}",
        err=True,
    )


@click.command()
@settings_options()
@click.option("--out", required=True, metavar="FILE", type=FILE, help="HTML file to write.")
def report(settings: Settings, out: Path) -> None:
    """Write a report of the last cycle: one HTML file that needs no network and prints."""
    from scorer.cli.report import write_report

    write_report(settings.home, out)
    click.echo(f"report written to {out}", err=True)


@click.command("app")
@settings_options()
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8501,
    show_default=True,
    help="Port to listen on.",
)
@click.option(
    "--address",
    default="localhost",
    show_default=True,
    help="Who may connect: localhost for this machine only, 0.0.0.0 for all. There is no login.",
)
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="HOST",
    help="Also answer under this host name, for example that of a proxy; may be repeated.",
)
def app_command(settings: Settings, port: int, address: str, names: tuple[str, ...]) -> None:
    """Open the app on the published tables."""
    from scorer.cli.app_server import serve_app

    serve_app(settings.home, address, port, names)
