"""A bounded sample of a raw folder for a quick check: the start of each large file."""

from __future__ import annotations

import gzip
import os
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scorer.inputs.file_forms import content_of
from scorer.inputs.raw_folder import all_input_files

SAMPLE_BYTES = 48 << 20
# Smaller files are read as a whole, because part of a catalogue or of a list of rules is useless.
_WHOLE_BYTES = 1 << 20
_TEXTS = (".csv", ".tsv", ".ndjson", ".jsonl")


@contextmanager
def sampled(raw: Path | None, limit: int = SAMPLE_BYTES) -> Iterator[tuple[Path | None, float]]:
    """Yield a folder with about `limit` bytes of input files or less, and its share of all bytes.

    A folder within the limit is yielded itself, with a share of 1. Otherwise the sample is a
    temporary folder with links to small files and to files that cannot be cut at a line, and with
    the first lines of the others, in proportion to their size.
    """
    files = all_input_files(raw) if raw else []
    total = sum(file.stat().st_size for file in files if file.is_file())
    if raw is None or total <= limit:
        yield raw, 1.0
        return
    with tempfile.TemporaryDirectory(prefix="nextoffer-sample-") as name:
        folder, looked_at = Path(name), 0
        for file in files:
            copy = folder / file.relative_to(raw)
            copy.parent.mkdir(parents=True, exist_ok=True)
            looked_at += _sample(file, copy, limit / total)
        for entry in raw.iterdir():
            if not (folder / entry.name).exists():
                (folder / entry.name).symlink_to(entry.absolute())
        yield folder, looked_at / total


def _sample(file: Path, copy: Path, share: float) -> int:
    """Write the first lines of a file, or a link to it; return how many of its bytes were read."""
    size = file.stat().st_size if file.is_file() else 0
    plain = file.name.lower().removesuffix(".gz")
    if size <= _WHOLE_BYTES or not plain.endswith(_TEXTS):
        copy.symlink_to(file.absolute())
        return size
    wanted = max(_WHOLE_BYTES, int(size * share))
    with file.open("rb") as handle:
        content = handle.read(wanted)
    is_compressed = content_of(content) == "gzip"
    if not is_compressed and content_of(content) != "text":
        copy.symlink_to(file.absolute())
        return size
    text = zlib.decompressobj(wbits=31).decompress(content) if is_compressed else content
    text = text[: text.rfind(b"\n") + 1] or text
    copy.write_bytes(gzip.compress(text, compresslevel=1) if is_compressed else text)
    # Keep the modification time, which is part of the version of a file.
    os.utime(copy, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))
    return wanted
