"""Commands that need no data: `init`, `simulate`, `demo`."""

from __future__ import annotations

import shlex
import time
from pathlib import Path

import click

from scorer.cli.options import shown_command
from scorer.config import find_home


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """Create a small project in FOLDER: sample inputs, settings, your copy of the dbt project."""
    from scorer.cli.new_project import make_project

    made = make_project(folder)
    click.echo(f"{folder} is ready. Try the sample:")
    click.echo(f"  cd {shlex.quote(str(folder))}")
    click.echo("  nextoffer check")
    click.echo(f"  nextoffer run --as-of {made.as_of}")
    click.echo("README.md there lists the files that you can bring and edit.")


@click.command()
@click.option("--out", required=True, metavar="FOLDER", help="Where to write the input files.")
@click.option(
    "--weeks", type=click.IntRange(1), default=4, show_default=True, help="Number of weeks."
)
@click.option(
    "--profiles", type=click.IntRange(1), default=8000, show_default=True, help="People in week 1."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Random seed.")
@click.option("--compress", is_flag=True, help="Write .ndjson.gz files.")
@click.option(
    "--offers",
    type=click.IntRange(24),
    default=24,
    show_default=True,
    help="Number of offers: 24 with names, further ones are generated.",
)
def simulate(out: str, weeks: int, profiles: int, seed: int, compress: bool, offers: int) -> None:
    """Write the events of a simulated bank that shows offers at random."""
    from scorer.cli.simulated_folder import simulated_folder
    from scorer.simulation import World

    began, lines, raw = time.process_time(), 0, Path(out)
    world = World(profiles=profiles, seed=seed, compress=compress, offers=offers)
    with simulated_folder(raw):
        world.write_catalogue(raw)
        for week in range(1, weeks + 1):
            report = world.live(week, raw)
            lines += report.lines
            told = f"week {week}, to {report.end:%Y-%m-%d}: {report.displays} displays"
            click.echo(told, err=True)
    seconds = max(time.process_time() - began, 0.01)
    click.echo(f"{lines:,} lines written, {lines / seconds:,.0f} per CPU second", err=True)
    command = shown_command("run", "--raw", out, "--as-of", f"{world.start_of(weeks + 1):%Y-%m-%d}")
    click.echo(f"Next, run: {command}")


@click.command()
@click.option(
    "--home",
    default=".demo",
    show_default=True,
    metavar="FOLDER",
    help="State folder; deleted first if an earlier demo created it.",
)
@click.option(
    "--weeks", type=click.IntRange(1, 52), default=7, show_default=True, help="Number of weeks."
)
@click.option("--profiles", type=click.IntRange(1), default=None, help="People in week 1.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Random seed.")
def demo(home: str, weeks: int, profiles: int | None, seed: int) -> None:
    """Run several weekly cycles for a simulated bank that shows the ranked offers."""
    from scorer.cli.demo import run_demo

    run_demo(find_home(home), weeks, profiles, seed)
