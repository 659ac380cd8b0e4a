"""Commands that read the published tables: `status`, `query`, `app`."""

from __future__ import annotations

import click

from scorer.cli.options import json_option, settings_options
from scorer.cli.output import print_rows
from scorer.config import Settings
from scorer.errors import ConfigurationError


@click.command()
@settings_options()
@json_option
def status(settings: Settings, as_json: bool) -> None:
    """Show the publication, the last run and the state of each strategy."""
    from scorer.cli.status import print_status

    print_status(settings, as_json)


@click.command()
@settings_options()
@click.argument("sql")
@json_option
def query(settings: Settings, sql: str, as_json: bool) -> None:
    """Print the rows of a query on the published tables (read-only)."""
    from scorer.sql import first_line
    from scorer.warehouse.database import DatabaseError
    from scorer.warehouse.publication_reader import PublicationReader

    with PublicationReader(settings.published_path) as reader:
        try:
            rows = reader.query(sql).to_pylist()
        except DatabaseError as error:
            raise ConfigurationError(f"the query is wrong: {first_line(error)}") from None
    print_rows(rows, as_json, "no rows")


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
def app_command(settings: Settings, port: int, address: str) -> None:
    """Open the app on the published tables."""
    from scorer.cli.app_server import serve_app

    serve_app(settings.home, address, port)
