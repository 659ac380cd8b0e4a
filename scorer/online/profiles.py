"""Known profiles of a strategy as arrays in files: encoded users, placements, rule segments.

The rows of a profile are found by the first 64 bits of the md5 of its id in a sorted array. Files
are mapped into memory, so all workers of a host share them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scorer.arrays import Codes, Matrix
from scorer.errors import InputError
from scorer.ranking.exploration import Keys

Places = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Profiles:
    """n profiles at p placements; row ``i * p + j`` is profile i at placement j.

    Attributes
    ----------
    keys : uint64 (n,), ascending.
    users : float32 (n * p, n_features), encoded by the schema of the model.
    scopes : int32 (n * p,), position in the list of activities and scopes.
    groups : int32 (n,), position in the list of rule segments.
    excluded_start, excluded : int64 (n + 1,) and (m, 2): placement (-1: all) and candidate
        of the exclusions of profile i, from ``excluded_start[i]`` to ``excluded_start[i + 1]``.
    counted_start, counted : int64 (n + 1,) and (m, 3): rule, day and events that capping
        rules count for profile i.
    """

    keys: Keys
    users: Matrix
    scopes: Places
    groups: Places
    excluded_start: Codes
    excluded: Codes
    counted_start: Codes
    counted: Codes

    def find(self, key: int) -> int:
        """Position of a profile by :func:`.word` of its id; -1 if it is unknown."""
        place = int(self.keys.searchsorted(np.uint64(key)))
        return place if place < self.keys.size and int(self.keys[place]) == key else -1

    @classmethod
    def open(cls, folder: Path) -> Profiles:
        """Map the files of a folder; raises InputError if one is missing or damaged."""
        return cls(**{field.name: _open(folder / f"{field.name}.npy") for field in fields(cls)})


_HEADER = 128


def _open(file: Path) -> Any:
    try:
        # An empty array cannot be mapped.
        mapped = np.load(file, mmap_mode="r" if file.stat().st_size > _HEADER else None)
        # Indexing a plain view is several times faster than indexing a numpy memmap.
        return mapped.view(np.ndarray)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{file} cannot be read ({error}); run `nextoffer publish`") from None
