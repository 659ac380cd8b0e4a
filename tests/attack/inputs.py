"""Bad input files: columns of each input get values that break its contract, and files are damaged.

The contract is written here again, independent of the product: values that are refused with their
line, and values that reject a row.
"""

from __future__ import annotations

import csv
import gzip
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.attack import processes
from tests.attack.arena import Arena, untidy
from tests.attack.world import write_world

_NUMBERS = (
    "",
    "x",
    "١",
    "1e400",
    "nan",
    "-1",
    "1_0",
    "0x10",
    "99999999999999999999",
    "1;2",
    "\0",
    "1\x1c",
    "５",
    "∞",
)
_MISSING = ("", "NULL", "nan", "\\N", "undefined", "(null)")
_WORDS = ("x", "İ", "true false", "approvd", "\u200b", "null\0", "=1+1", "a" * 70_000)
_TIMES = ("soon", "2026-13-01", "99999-01-01", "2026-01-01T25:00", "1e30", "31/31/2026", "\0")

# Input -> column -> values that its contract forbids. Rows of configuration are refused by line.
CONFIGURATION: dict[str, dict[str, tuple[str, ...]]] = {
    "ranking_strategies": {
        "strategy_id": ("", "a b", "../x", "é", "-"),
        "min_displays": _NUMBERS[1:],
        "min_successes": _NUMBERS[1:],
        "exploration_share": (*_NUMBERS[1:], "1.1"),
        "top_k": (*_NUMBERS[1:], "0"),
    },
    "strategy_segments": {"strategy_id": ("", "unheard_of"), "segment_id": _MISSING},
    "strategy_offers": {"strategy_id": ("", "unheard_of"), "offer_id": _MISSING},
    "eligibility_rules": {
        "offer_id": _MISSING,
        "segment_id": _MISSING,
        "rule": (*_WORDS, "", "exclude\t", "\u2028include", "еxclude"),
    },
    "capping_rules": {
        "offer_id": _MISSING,
        "capping_event": ("", "buy", "impressions", "."),
        "capping_type": (*_WORDS, ""),
        "capping_limit": (*_NUMBERS, "0", "1.5"),
        "period": _WORDS,
    },
}
# Rows of data are rejected by reason; the rest of the file counts.
DATA: dict[str, dict[str, tuple[str, ...]]] = {
    "displays": {"event_ts": ("", *_TIMES), "profile_id": ("",), "offer_id": ("",)},
    "offers": {"offer_id": ("",), "status": _WORDS, "end_date": _TIMES, "is_fallback": _WORDS[:4]},
}
Damage = Callable[[Path, random.Random], None]


def _open_quote(file: Path, rng: random.Random) -> None:
    lines = file.read_text().splitlines()
    lines[rng.randrange(1, len(lines))] = '"open,' + lines[1]
    file.write_text("\n".join(lines) + "\n")


def _rewritten(change: Callable[[bytes, random.Random], bytes]) -> Damage:
    return lambda file, rng: _ignored(file.write_bytes(change(file.read_bytes(), rng)))


def _ignored(result: object) -> None:
    """Turn a function that returns something into a procedure."""


def _fifo(file: Path, rng: random.Random) -> None:
    file.unlink()
    os.mkfifo(file)


def _folder(file: Path, rng: random.Random) -> None:
    file.unlink()
    file.mkdir()
    (file / "part.csv").mkdir()


def _broken_link(file: Path, rng: random.Random) -> None:
    file.unlink()
    file.symlink_to("nothing/here.csv")


def _header(change: Callable[[list[str]], list[str]]) -> Damage:
    def damage(file: Path, rng: random.Random) -> None:
        first, rest = file.read_text().split("\n", 1)
        file.write_text(",".join(change(first.strip().split(","))) + "\n" + rest)

    return damage


FILES: dict[str, Damage] = {
    "empty": _rewritten(lambda data, rng: b""),
    "open quote": _open_quote,
    "binary": _rewritten(lambda data, rng: rng.randbytes(2000)),
    "truncated gzip": _rewritten(lambda data, rng: gzip.compress(data)[:-9]),
    "zeros behind the rows": _rewritten(lambda data, rng: data + b"\0" * rng.randint(1, 4096)),
    "a name that hides it": lambda file, rng: _ignored(
        file.rename(file.with_name(f".{file.name}.Xa3d9f"))
    ),
    "zeros": _rewritten(lambda data, rng: b"\0" * 4096),
    "a first column missing": _header(lambda names: ["unheard_of", *names[1:]]),
    "a column twice": _header(lambda names: [names[0], names[0], *names[2:]]),
    "a pipe": _fifo,
    "a folder of folders": _folder,
    "a broken link": _broken_link,
}


def attack(arena: Arena, rng: random.Random) -> Iterator[str | None]:
    """Each try checks inputs of which one is wrong; the message names it, with its line if any."""
    good, raw = arena.folder / "good", arena.folder / "raw"
    shutil.rmtree(good, ignore_errors=True)
    write_world(good, 1, displays=80)
    while True:
        shutil.rmtree(raw, ignore_errors=True)
        shutil.copytree(good, raw)
        kind = rng.choice(("configuration", "configuration", "data", "file"))
        if kind == "file":
            name, how = rng.choice(list({**CONFIGURATION, **DATA})), rng.choice(list(FILES))
            FILES[how](raw / f"{name}.csv", rng)
            what = f"{name}.csv, {how}"
        else:
            contract = CONFIGURATION if kind == "configuration" else DATA
            name = rng.choice(list(contract))
            column = rng.choice(list(contract[name]))
            value = rng.choice(contract[name][column])
            line = _put(raw / f"{name}.csv", column, value, rng)
            what = f"{name}.csv line {line}, {column} = {value[:30]!r}"
        command = ["check", "--raw", raw, "--home", arena.folder / "home", "--as-of", "2026-01-29"]
        ended = processes.run(command, arena.folder / "log")
        wrong = untidy(ended)
        if wrong is None and kind == "configuration":
            place = f"{name}.csv line {line}"
            wrong = None if ended.code and place in ended.text else _silent(ended, place)
        elif wrong is None:
            wrong = None if name in ended.text or "rejected" in ended.text else _silent(ended, name)
        yield wrong and f"{what}: {wrong}"


def _silent(ended: processes.Ended, place: str) -> str:
    return f"code {ended.code} and no word of {place}: {ended.text.strip()[-200:]}"


def _put(file: Path, column: str, value: str, rng: random.Random) -> int:
    """Write a value into a random row; return its line."""
    with file.open(newline="") as handle:
        header, *rows = list(csv.reader(handle))
    number = rng.randrange(len(rows))
    rows[number][header.index(column)] = value
    with file.open("w", newline="") as handle:
        csv.writer(handle).writerows([header, *rows])
    return number + 2
