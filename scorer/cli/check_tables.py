"""What `nextoffer check` prints: files, findings, readiness of offers, and what to do next."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from scorer.cli.options import project_in, shown_command
from scorer.config import MIN_READY_OFFERS
from scorer.cycle.check import InputCheck

_OFFERS_SHOWN = 20
_FILES_SHOWN = 20
_DEPENDS = 0.01
_LOG_THIS = (
    "Log `traffic_type` (random or contextual) and `propensity` (the probability with which the"
    " offer was chosen) with each display: without them, a good offer cannot be told from one"
    " that was shown to the right people. Until then everybody gets the best single offer."
)


def check_parts(found: InputCheck) -> Iterator[Any]:
    """Yield the tables and lines for people, in order."""
    yield Text(_headline(found))
    yield _files(found)
    for spelling in _spellings(found):
        yield Text(spelling)
    for row in found.findings:
        yield Text(f"{row['severity']}: {row['sentence']}")
    for strategy in found.strategies:
        yield from _strategy(found, strategy)
    if found.problem is None:
        yield Text(f"Next, run: {_next_command(found)}")


def check_report(found: InputCheck) -> dict[str, Any]:
    """Return the result of the check as JSON-ready values."""
    return {
        "as_of": found.as_of.isoformat(),
        "last_record": found.last_ts.isoformat() if found.last_ts else None,
        "share_read": round(found.share, 4),
        "files": found.files,
        "spellings": found.spellings,
        "findings": found.findings,
        "offers": found.offers,
        "strategies": [{**row, "missing": _missing(found, row)} for row in found.strategies],
        "assignment": found.assignment,
        "problem": str(found.problem) if found.problem else None,
        "next": None if found.problem else _next_command(found),
    }


def _next_command(found: InputCheck) -> str:
    """Return the command that runs the checked cycle, to copy."""
    folder = click.get_current_context().params["folder"]
    as_of = ("--as-of", f"{found.as_of:%Y-%m-%d}")
    if project_in(folder):
        return f"cd {shlex.quote(folder)} && {shown_command('run', *as_of)}"
    return shown_command("run", *(("--raw", folder) if folder else ()), *as_of)


def _headline(found: InputCheck) -> str:
    last = f"the last record is of {found.last_ts:%Y-%m-%d}" if found.last_ts else "no records"
    part = "" if found.share == 1 else f"; about {found.share:.1%} of the files were read"
    return f"as of {found.as_of:%Y-%m-%d} UTC, {last}{part}"


def _files(found: InputCheck) -> Table:
    table = Table()
    for name, justify in (
        ("file", "left"),
        ("input", "left"),
        ("rows", "right"),
        ("rejected", "right"),
        ("from", "left"),
        ("to", "left"),
        ("columns used", "left"),
        ("not used", "left"),
    ):
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for row in found.files[:_FILES_SHOWN]:
        table.add_row(
            *map(
                Text,
                (
                    row["source_file"],
                    row["input_name"],
                    _count(row["records"]),
                    _count(row["rejected"]) if row["rejected"] else "",
                    *(
                        f"{row[end]:%Y-%m-%d}" if row[end] else ""
                        for end in ("first_ts", "last_ts")
                    ),
                    row["used_columns"] or "",
                    row["unused_columns"] or "",
                ),
            )
        )
    if len(found.files) > _FILES_SHOWN:
        table.add_row(f"and {len(found.files) - _FILES_SHOWN} more")
    return table


def _spellings(found: InputCheck) -> Iterator[str]:
    for column in sorted({row["column_name"] for row in found.spellings}):
        texts = [row for row in found.spellings if row["column_name"] == column]
        if all(row["spelling"] in ("0", "1", row["meaning"]) for row in texts):
            continue
        read = ", ".join(
            f"{row['spelling']} as {row['meaning'] or 'unreadable'} ({row['records']:,})"
            for row in texts
        )
        yield f"{column}: {read}"


def _strategy(found: InputCheck, row: dict[str, Any]) -> Iterator[Any]:
    offers = [offer for offer in found.offers if offer["strategy_id"] == row["strategy_id"]]
    ready = sum(offer["is_ready"] for offer in offers)
    yield Text()
    yield Text(
        f"Strategy {row['strategy_id']}, KPI {row['kpi_name']}: {row['displays']:,} displays to"
        f" {row['profiles']:,} people and {row['successes']:,} successes in the last"
        f" {row['lookback_days']} days; {ready} of {len(offers)} offers are ready",
        style="bold",
    )
    waiting = [offer for offer in offers if not offer["is_ready"]]
    for offer in waiting[:_OFFERS_SHOWN]:
        yield Text(f"  {offer_sentence(offer)}")
    if len(waiting) > _OFFERS_SHOWN:
        yield Text(f"  and {len(waiting) - _OFFERS_SHOWN} more offers that are not ready")
    for sentence in _missing(found, row):
        yield Text(f"  {sentence}")


def offer_sentence(offer: dict[str, Any]) -> str:
    """Return how far an offer is from being ready, and when it will be at the present pace."""
    days = offer["days_to_ready"]
    when = (
        "not ready at this pace within the look-back"
        if days is None
        else f"ready in about {days} {'day' if days == 1 else 'days'} at this pace"
    )
    return (
        f"{offer['offer_id']}: {offer['displays']:,} of {offer['min_displays']:,} displays,"
        f" {offer['successes']:,} of {offer['min_successes']:,} successes, {when}"
    )


def _missing(found: InputCheck, row: dict[str, Any]) -> list[str]:
    """Return what is missing to train and to evaluate a strategy, in sentences."""
    ready = sum(
        offer["is_ready"] for offer in found.offers if offer["strategy_id"] == row["strategy_id"]
    )
    sentences = []
    if ready < MIN_READY_OFFERS:
        sentences.append(
            f"To train: {MIN_READY_OFFERS} ready offers are needed, {ready or 'none'} found."
            " Until then offers are shown at random."
        )
    if row["displays"] and row["without_outcome"] == row["displays"]:
        sentences.append("To train: no display has an outcome; add `clicked` or `value`.")
    sentences += _assignment(found, row)
    weeks = row["weeks_for_lift"]
    if weeks is not None:
        sentences.append(
            f"To see a lift of 10 %, {row['exploration_share']:.0%} of random traffic needs about"
            f" {math.ceil(weeks):,} {'week' if weeks <= 1 else 'weeks'} at this pace."
        )
    elif row["displays"]:
        sentences.append(
            "To see a lift of 10 %: fewer than 20 successes are too few to estimate the time."
        )
    return sentences


def _assignment(found: InputCheck, row: dict[str, Any]) -> list[str]:
    """Return sentences about displays without a stated assignment."""
    if not row["silent_displays"]:
        return []
    share = row["silent_displays"] / row["displays"]
    said = f"To evaluate: {share:.0%} of the displays have neither traffic_type nor propensity."
    if not found.assignment:
        return [f"{said} {_LOG_THIS}"]
    worst = found.assignment[0]
    if worst["adjusted_p_value"] < _DEPENDS:
        how = (
            "Offers were shown unequally often"
            if worst["feature"] == "all offers"
            else f"Which offer was shown depends on {worst['feature']}"
        )
        return [
            f"{said} {how} (p = {worst['adjusted_p_value']:.1g}), so they were not drawn"
            f" uniformly. {_LOG_THIS}"
        ]
    features = len(found.assignment) - 1
    apart = (
        f", and independently of {features} {'feature' if features == 1 else 'features'}"
        if features
        else ""
    )
    return [
        f"{said} They look uniform: offers were shown equally often{apart}"
        f" (p = {worst['adjusted_p_value']:.2g}). A test cannot prove it; if you know that offers"
        ' were drawn at random, declare it: assignment = "uniform" in nextoffer.toml, or'
        " --assignment uniform."
    ]


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"
