"""Malformed boosters: random changes of values and bytes."""

from __future__ import annotations

import copy
import random
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np

from scorer.forest.ubjson import read_ubjson

_MARKERS = {"u1": "U", "i1": "i", "i2": "I", "i4": "l", "i8": "L", "f4": "d", "f8": "D"}
_TEXTS = ("", "-1", "999999999999", "x", "nan", "1e400", "0", "2", "\0")


def write_ubjson(value: Any) -> bytes:
    """Return a document as XGBoost writes it; the inverse of `read_ubjson`."""
    if isinstance(value, dict):
        return b"{" + b"".join(_text(k) + write_ubjson(v) for k, v in value.items()) + b"}"
    if isinstance(value, str):
        return b"S" + _text(value)
    if isinstance(value, np.ndarray):
        marker = _MARKERS[value.dtype.str[1:]].encode()
        return b"[$" + marker + b"#" + _length(value) + value.tobytes()
    if isinstance(value, list):
        return b"[#" + _length(value) + b"".join(map(write_ubjson, value))
    return b"L" + struct.pack(">q", value)


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Return a booster with a few bytes changed, cut off, or one value of its document changed."""
    if rng.random() < 0.5:
        document = read_ubjson(data)
        _change(document, rng)
        return write_ubjson(document)
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 3, 20))):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed[: rng.randrange(len(changed)) if rng.random() < 0.1 else None])


def _change(document: Any, rng: random.Random) -> None:
    *above, last = rng.choice(list(_paths(document)))
    holder = document
    for key in above:
        holder = holder[key]
    value = holder[last]
    if rng.random() < 0.1 and isinstance(holder, dict):
        del holder[last]
    elif isinstance(value, np.ndarray):
        holder[last] = _changed_array(value, rng)
    elif isinstance(value, str):
        holder[last] = rng.choice(_TEXTS)
    else:
        holder[last] = rng.choice(([], {}, "x", 3, -1, 2**40, copy.deepcopy([value, value])))


def _changed_array(values: np.ndarray, rng: random.Random) -> np.ndarray:
    if rng.random() < 0.4 or not len(values):
        one = np.ones(1, values.dtype)
        other = values.astype(">i8" if values.dtype.kind == "f" else ">f4")
        return rng.choice((values[:-1].copy(), np.concatenate([values, one]), other))
    values, place = values.copy(), rng.randrange(len(values))
    wide = values.dtype.itemsize >= 4
    values[place] = rng.choice((2**31 - 1 if wide else 100, -(2**31) if wide else 7, 0, 1, 5))
    return values


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, (*path, key))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for key, inner in enumerate(value[:3]):
            yield from _paths(inner, (*path, key))
        yield path
    else:
        yield path


def _text(text: str) -> bytes:
    return _length(text.encode()) + text.encode()


def _length(value: Any) -> bytes:
    return b"L" + struct.pack(">q", len(value))
