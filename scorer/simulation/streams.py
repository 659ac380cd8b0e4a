"""Independent random streams, so that one part of the world never shifts the dice of another."""

from __future__ import annotations

from zlib import crc32

import numpy as np


def stream(seed: int, topic: str, *numbers: int) -> np.random.Generator:
    """Return the generator of a topic; `numbers` (week, day, block) name its instances."""
    return np.random.default_rng([seed, crc32(topic.encode()), *numbers])
