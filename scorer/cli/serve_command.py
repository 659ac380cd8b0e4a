"""`nextoffer serve`: online decisions over HTTP."""

from __future__ import annotations

import ipaddress
from datetime import datetime
from pathlib import Path

import click

from scorer.cli.options import settings_options
from scorer.config import Settings
from scorer.errors import ConfigurationError, InputError


@click.command()
@settings_options("raw")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8600,
    show_default=True,
    help="Port to listen on.",
)
@click.option(
    "--address",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; beyond this machine only with --token-file.",
)
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes."
)
@click.option(
    "--token-file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File with the token that requests must send, 16 characters or more.",
)
@click.option("--demo", is_flag=True, help="Also serve a shop page, with the clock of the cycle.")
@click.option("--log-requests", is_flag=True, help="Log each request: time, path and status.")
def serve(settings: Settings, port: int, **options: object) -> None:
    """Decide online, over HTTP, which offers to show."""
    from scorer.online.bundle import bundle_path, is_installed

    if not is_installed():
        raise ConfigurationError(
            "online decisions need the extra serve: pip install 'nextoffer[serve]'"
        )
    from scorer.online.supervisor import Supervisor, listen
    from scorer.online.worker import WorkerOptions
    from scorer.warehouse.build_state import last_state

    address, demo = str(options["address"]), bool(options["demo"])
    token = _token(options["token_file"])
    if token is None and not _is_loopback(address):
        raise ConfigurationError(
            f"--address: {address} can be reached by others: give --token-file"
        )
    if token is not None and demo:
        raise ConfigurationError(
            "--demo shows all profiles to everybody and cannot be combined with --token-file"
        )
    state = last_state(settings.cycles_dir)
    raw = settings.raw or (Path(state.raw) if state is not None and state.raw else None)
    if raw is None:
        raise ConfigurationError("--raw is missing: name the folder that events are stored in")
    bundle = bundle_path(settings.published_path)
    listener = listen(address, port)
    worker = WorkerOptions(
        home=str(settings.home),
        raw=str(raw),
        bundle=str(bundle),
        status=str(settings.home / "online" / f"port-{port}.json"),
        token=token,
        demo=demo,
        clock_start=_clock(bundle) if demo else None,
        logs_requests=bool(options["log_requests"]),
    )
    shown = f"[{address}]" if ":" in address else address
    click.echo(f"http://{shown}:{port}/{'' if demo else 'docs'} (stop with Ctrl-C)", err=True)
    Supervisor(worker, settings.published_path, listener, int(str(options["workers"])), _say).run()


def _say(text: str) -> None:
    click.echo(text, err=True)


def _token(file: object) -> str | None:
    if not isinstance(file, Path):
        return None
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as error:
        raise InputError(f"--token-file: {file} cannot be read ({error})") from None
    if len(token) < 16 or not token.isascii() or any(c.isspace() for c in token):
        raise ConfigurationError(
            f"--token-file: {file} must hold one token of 16 or more ASCII characters"
        )
    return token


def _is_loopback(address: str) -> bool:
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        raise ConfigurationError(f"--address: {address!r} is not an IP address") from None


def _clock(bundle: Path) -> tuple[str, str]:
    """The real time, and the time that the demo uses instead: the as_of of the cycle."""
    from scorer.online.bundle import read_bundle
    from scorer.online.decider import now_utc

    shown: datetime = read_bundle(bundle).as_of
    return now_utc().isoformat(), shown.isoformat()
