"""Reads only the UBJSON that XGBoost writes.

The reader of XGBoost trusts lengths and types, so a malformed file can crash the process. This
reader refuses everything that XGBoost would not write. Format: https://ubjson.org, big-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from scorer.errors import InputError

_DEPTH = 16
_NUMBERS = {"i": ">b", "U": ">B", "I": ">h", "l": ">i", "L": ">q", "d": ">f", "D": ">d"}
_ARRAYS = {"U": ">u1", "i": ">i1", "I": ">i2", "l": ">i4", "L": ">i8", "d": ">f4", "D": ">f8"}


def read_ubjson(data: bytes) -> Any:
    """Return the value of a document: dicts, lists, str, int, float, and arrays for typed ones.

    Raises
    ------
    InputError
        The bytes are not such a document.
    """
    reader = _Reader(data)
    value = reader.value(0)
    if reader.at != len(data):
        raise InputError(f"the booster goes on after its end, at byte {reader.at}")
    return value


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self.at = data, 0

    def value(self, depth: int) -> Any:
        marker = self._marker()
        if depth > _DEPTH:
            raise self._wrong("nested too deeply")
        if marker in _NUMBERS:
            return self._number(marker)
        read: dict[str, Callable[[int], Any]] = {
            "S": self._text,
            "{": self._object,
            "[": self._list,
        }
        if marker not in read:
            raise self._wrong(f"has the unknown marker {marker!r}")
        return read[marker](depth + 1)

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self._peek() != "}":
            name = self._text(depth)
            if name in found:
                raise self._wrong(f"repeats {name!r}")
            found[name] = self.value(depth)
        self._marker()
        return found

    def _list(self, depth: int) -> Any:
        kind = None
        if self._peek() == "$":
            self._marker()
            kind = self._marker()
        if self._marker() != "#":
            raise self._wrong("has a list without a length")
        length = self._length()
        if kind is None:
            return [self.value(depth) for _ in range(length)]
        if kind not in _ARRAYS:
            raise self._wrong(f"has a list of unknown type {kind!r}")
        dtype = np.dtype(_ARRAYS[kind])
        return np.frombuffer(self._take(length * dtype.itemsize), dtype)

    def _text(self, depth: int) -> str:
        try:
            return self._take(self._length()).decode()
        except UnicodeDecodeError:
            raise self._wrong("has a text that is not UTF-8") from None

    def _length(self) -> int:
        if self._marker() != "L":
            raise self._wrong("has a length that is not an int64")
        length = int(self._number("L"))
        if not 0 <= length <= len(self._data) - self.at:
            raise self._wrong(f"has a length of {length}")
        return length

    def _number(self, marker: str) -> Any:
        form = _NUMBERS[marker]
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _peek(self) -> str:
        return self._data[self.at : self.at + 1].decode("latin-1")

    def _marker(self) -> str:
        return self._take(1).decode("latin-1")

    def _take(self, length: int) -> bytes:
        taken = self._data[self.at : self.at + length]
        if len(taken) < length:
            raise self._wrong("ends too early")
        self.at += length
        return taken

    def _wrong(self, what: str) -> InputError:
        return InputError(f"the booster {what}, at byte {self.at}")
