"""Edits of every state file of a home folder, then a command that reads it."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.attack import processes
from tests.attack.arena import Arena, untidy
from tests.attack.world import SECOND

_VALUES: tuple[Any, ...] = (
    *(None, True, -1, 0, 1e308, 2**70, "", "x", "../../etc/passwd", "2062-01-01T00:00:00", [], {}),
    *("2026-01-29T00:00:00+05:00", "\0", [[]], {"a": {}}, "é" * 500, "nextoffer-x.duckdb"),
)
_KINDS = ("*.json", "run.lock", "*.ubj", "*.npy", "published/*.duckdb", "build.duckdb", "bundle*/*")


def attack(arena: Arena, rng: random.Random) -> Iterator[str | None]:
    """Each try changes one file and runs one command: it works, or fails with a one-line
    message."""
    original = arena.folder / "finished"
    prepared = arena.prepared
    shutil.rmtree(original, ignore_errors=True)
    shutil.copytree(prepared.folder / "home", original, symlinks=True)
    requests = arena.folder / "requests.csv"
    requests.write_text("request_id,profile_id,placement_id\nr1,p1,home\n")
    home = arena.folder / "home"
    commands: list[list[str | Path]] = [
        ["status", "--home", home],
        ["models", "list", "--home", home],
        ["models", "rollback", "clicks", "--home", home],
        ["query", "select count(*) from ranked_offers", "--home", home],
        ["tables", "--home", home],
        ["rank", "--home", home, "--strategy", "clicks"],
        [
            *("rank", "--requests", requests, "--out", arena.folder / "out.csv", "--home", home),
            *("--strategy", "clicks"),
        ],
        prepared.command(home),
        [*prepared.command(home), "--as-of", SECOND.isoformat()],
        [
            "explain",
            "--home",
            home,
            "--strategy",
            "clicks",
            "--profile",
            "p1",
            "--placement",
            "home",
        ],
    ]
    while True:
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(original, home, symlinks=True)
        kind = rng.choice(_KINDS)
        files = sorted(path for path in home.rglob(kind) if "target" not in path.parts)
        if not files:
            continue
        file = rng.choice(files)
        edit, command = _edit(file, rng), rng.choice(commands)
        ended = processes.run(command, arena.folder / "log")
        wrong = untidy(ended)
        name = file.relative_to(home)
        yield wrong and f"{name} {edit}, then {command[0]}: {wrong}"


def _edit(file: Path, rng: random.Random) -> str:
    """Change a file; return a description of the change."""
    if file.exists():
        file.chmod(0o644)
    if file.suffix == ".json" and rng.random() < 0.7:
        return _edit_json(file, rng)
    how = rng.choice(("removed", "emptied", "cut", "garbled", "a folder", "a link to nothing"))
    data = bytearray(file.read_bytes())
    if how == "removed":
        file.unlink()
    elif how == "emptied":
        file.write_bytes(b"")
    elif how == "cut":
        file.write_bytes(data[: rng.randrange(len(data) + 1)])
    elif how == "garbled":
        for _ in range(rng.choice((1, 8, 200))):
            if data:
                data[rng.randrange(len(data))] = rng.randrange(256)
        file.write_bytes(data)
    else:
        file.unlink()
        if how == "a folder":
            file.mkdir()
        else:
            file.symlink_to("nothing/here")
    return how


def _edit_json(file: Path, rng: random.Random) -> str:
    content = json.loads(file.read_text())
    holders = [content]
    for holder in holders:
        inner = holder.values() if isinstance(holder, dict) else holder
        holders += [value for value in inner if isinstance(value, dict | list) and value]
    holder = rng.choice(holders)
    keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
    if not keys:
        return "left alone"
    key, value = rng.choice(keys), rng.choice(_VALUES)
    if rng.random() < 0.2:
        del holder[key]
        value = "nothing"
    else:
        holder[key] = value
    file.write_text(json.dumps(content))
    return f"with {key} = {str(value)[:40]!r}"
