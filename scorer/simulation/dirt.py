"""Defects between a click and a file: repeats, delays and truncated text. All are counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scorer.simulation.events import Lines

# Shares of the lines of a block.
DUPLICATE, LATE, MALFORMED, WITHOUT_ID, ORPHAN = 0.010, 0.004, 0.001, 0.0005, 0.001
OUT_OF_ORDER = 0.03
_LONGEST_DELAY_DAYS = 8
_DISORDER_MS = 2 * 3_600_000


@dataclass(frozen=True)
class Delivery:
    """Lines with the number of days by which each is late."""

    lines: Lines
    days_late: NDArray[np.int64]


def soil(clean: list[Lines], rng: np.random.Generator) -> list[Delivery]:
    """Return the lines of a block as delivered: all clean lines, plus defective ones.

    No line is lost: a defective line is an extra copy, with a new id if ids matter.
    """
    deliveries = [Delivery(lines, _delays(lines, rng)) for lines in clean]
    for lines in clean:
        deliveries.append(_duplicates(lines, rng))
    displays = next(lines for lines in clean if lines.kind == "displays")
    clicks = next(lines for lines in clean if lines.kind == "clicks")
    total = sum(map(len, clean))
    deliveries.append(_spoiled("malformed", displays, MALFORMED * total, rng))
    deliveries.append(_spoiled("without_id", displays, WITHOUT_ID * total, rng))
    deliveries.append(_spoiled("orphans", clicks, ORPHAN * total, rng))
    return deliveries


def disorder(at: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the order in which lines are written: by time, with a few exceptions."""
    strays = rng.random(len(at)) < OUT_OF_ORDER
    shift = np.where(strays, rng.integers(-_DISORDER_MS, _DISORDER_MS, len(at)), 0)
    return np.argsort(at + shift, kind="stable")


def _delays(lines: Lines, rng: np.random.Generator) -> NDArray[np.int64]:
    late = rng.random(len(lines)) < LATE
    return np.where(late, rng.integers(1, _LONGEST_DELAY_DAYS + 1, len(lines)), 0)


def _duplicates(lines: Lines, rng: np.random.Generator) -> Delivery:
    chosen = lines.take(np.flatnonzero(rng.random(len(lines)) < DUPLICATE))
    return Delivery(Lines("duplicates", chosen.at, chosen.text), rng.integers(0, 2, len(chosen)))


def _spoiled(kind: str, lines: Lines, mean_count: float, rng: np.random.Generator) -> Delivery:
    count = min(int(rng.poisson(mean_count)), len(lines))
    chosen = lines.take(np.sort(rng.choice(len(lines), count, replace=False)))
    text = [_SPOILERS[kind](line) for line in chosen.text]
    return Delivery(Lines(kind, chosen.at, text), np.zeros(count, np.int64))


def _truncated(line: bytes) -> bytes:
    text = line.decode()
    return text[: len(text) * 3 // 5].encode()


def _without_id(line: bytes) -> bytes:
    return b"{" + line.split(b", ", 1)[1]


def _orphaned(line: bytes) -> bytes:
    """Return a click under a new id that refers to a proposition that was never shown."""
    return line.replace(b'id": "c-', b'id": "q-', 1).replace(b'id": "p-', b'id": "gone-', 1)


_SPOILERS = {"malformed": _truncated, "without_id": _without_id, "orphans": _orphaned}
