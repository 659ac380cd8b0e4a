"""Traits of a CSV file that its bytes reveal: an ANSI code page, and mixed line ends.

Bytes do not identify the code page. A file uses one if it has bytes that are not UTF-8,
and more of them than characters of several bytes; one with fewer is UTF-8 with damaged lines.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from scorer.inputs.file_forms import DAMAGED, UnreadableError, opened

DEFAULT_CODE_PAGE = "cp1252"
# Of what follows, lines that are not UTF-8 are rejected one by one.
BEGINNING = 64 << 20
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Traits:
    """Reasons why the engine cannot read a text: it is not UTF-8, or its line ends are mixed."""

    is_in_code_page: bool = False
    has_mixed_line_ends: bool = False

    def __bool__(self) -> bool:
        return self.is_in_code_page or self.has_mixed_line_ends


def text_traits(path: Path, content: str, most_bytes: int = BEGINNING) -> Traits:
    """Return the traits of the first bytes of a text file, compressed as `content` says."""
    return _text_traits(path, content, most_bytes, path.stat().st_mtime_ns)


@lru_cache(maxsize=4096)
def _text_traits(path: Path, content: str, most_bytes: int, version: int) -> Traits:
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    ends = _LineEnds()
    is_in_code_page: bool | None = None
    seen = 0
    try:
        with opened(path, content) as handle:
            while seen < most_bytes and (chunk := handle.read(_CHUNK)):
                seen += len(chunk)
                if b"\0" in chunk:
                    return Traits()
                ends.add(chunk)
                if is_in_code_page is None and not (chunk.isascii() and not decoder.getstate()[0]):
                    is_in_code_page = _is_foreign(decoder.decode(chunk))
                if ends.are_mixed and is_in_code_page is not None:
                    break
    except DAMAGED:
        return Traits()
    return Traits(is_in_code_page or False, ends.are_mixed)


def _is_foreign(text: str) -> bool | None:
    """Return whether most letters beyond ASCII are bytes that are not UTF-8; None without any."""
    letters = [letter for letter in text if not letter.isascii()]
    odd = sum("\udc80" <= letter <= "\udcff" for letter in letters)
    return 2 * odd > len(letters) if letters else None


class _LineEnds:
    """Counts the ends of lines outside of quotes: CR LF, LF, and CR alone."""

    def __init__(self) -> None:
        self._with, self._without, self._alone, self._quotes, self._held = 0, 0, 0, 0, b""

    @property
    def are_mixed(self) -> bool:
        return sum(count > 0 for count in (self._with, self._without, self._alone)) > 1

    def add(self, chunk: bytes) -> None:
        if self.are_mixed:
            return
        # A CR at the end of a chunk may belong to the LF of the next one.
        whole = self._held + chunk
        chunk = whole.removesuffix(b"\r")
        self._held = whole[len(chunk) :]
        returns, ends = chunk.count(b"\r"), chunk.count(b"\n")
        is_plain = b'"' not in chunk and not self._quotes
        if not returns and not self._with and not self._alone:
            self._without += ends
        elif is_plain and returns == ends == chunk.count(b"\r\n") and not self._without:
            self._with += ends
        else:
            self._count(chunk)
        self._quotes = (self._quotes + chunk.count(b'"')) % 2

    def _count(self, chunk: bytes) -> None:
        quotes = self._quotes
        for line in chunk.splitlines(keepends=True):
            quotes += line.count(b'"')
            if quotes % 2:
                continue
            if line.endswith(b"\r\n"):
                self._with += 1
            elif line.endswith(b"\n"):
                self._without += 1
            elif line.endswith(b"\r"):
                self._alone += 1


def is_code_page(name: str) -> bool:
    """Return whether Python can decode text in an encoding of this name."""
    try:
        b"a".decode(name)
    except (LookupError, UnicodeError):
        return False
    return True


def undecodable(name: str) -> UnreadableError:
    """Return the error of a file that has bytes which its code page lacks."""
    return UnreadableError(
        f"is neither UTF-8 nor {name}; save it as UTF-8, or state its code page"
        " (code_page in nextoffer.toml, such as cp1250)"
    )
