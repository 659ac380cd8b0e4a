"""Model files changed byte by byte and value by value, loaded in a separate process."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator

from tests.attack.arena import Arena
from tests.support.paths import ROOT

_BATCH = 50
_LOAD = """
import random, sys
from pathlib import Path
import numpy as np
from scorer.errors import InputError
from scorer.forest import load_booster
from scorer.forest.ubjson import read_ubjson
from tests.support.boosters import mutated
stored, seed = Path(sys.argv[1]).read_bytes(), int(sys.argv[2])
width = int(read_ubjson(stored)["learner"]["learner_model_param"]["num_feature"])
for number in range(int(sys.argv[3])):
    print(number, flush=True)
    data = mutated(stored, random.Random(seed + number))
    try:
        booster = load_booster(data, width)
    except InputError:
        continue
    booster.set_param("nthread", 1)
    booster.inplace_predict(np.full((2, width), 2, np.float32), predict_type="margin")
print("done")
"""


def attack(arena: Arena, rng: random.Random) -> Iterator[str | None]:
    """Each try is a changed model file: it is refused, or loads and predicts."""
    files = sorted((arena.prepared.folder / "home" / "models").rglob("*.ubj"))
    while files:
        seed = rng.randrange(1 << 30)
        command = [sys.executable, "-c", _LOAD, rng.choice(files), str(seed), str(_BATCH)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        *begun, last = done.stdout.split()
        yield from [None] * (_BATCH if last == "done" else len(begun))
        if last != "done":
            yield f"mutation {seed + int(last)}: code {done.returncode}, {done.stderr[-300:]}"
