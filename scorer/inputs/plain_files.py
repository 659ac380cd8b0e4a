"""Plain copies of files that the engine cannot read directly, below the home folder.

Archives, workbooks, Delta tables, bzip2, UTF-16, code pages and mixed line ends are written out. A
file whose name does not match its content gets a link with the right name. A copy is kept until its
source changes.
"""

from __future__ import annotations

import os
import re
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO

from scorer.files import read_json, write_json
from scorer.inputs.delta_tables import LOG, write_snapshot
from scorer.inputs.file_forms import (
    ARCHIVES,
    CSV_KINDS,
    DAMAGED,
    TEXT_KINDS,
    VAGUE_SUFFIXES,
    Form,
    UnknownKindError,
    UnreadableError,
    content_of,
    file_kind,
    foreign_format,
    form_of,
    head_of,
    is_of_another_tool,
    opened,
    plain_name_of,
    text_of,
)
from scorer.inputs.in_place import (
    SUFFIXES,
    Aim,
    holds_records,
    is_document,
    is_plain,
    is_right,
    is_table,
)
from scorer.inputs.json_records import is_json, write_lines
from scorer.inputs.raw_folder import named_input
from scorer.inputs.source_versions import edges, newest_file, source_version
from scorer.inputs.text_traits import DEFAULT_CODE_PAGE, undecodable
from scorer.inputs.workbooks import write_sheet

# Maximum size of the copies of one file. Users have to unpack larger ones.
MAX_COPY_BYTES = 32 << 30
_KEPT_FREE_BYTES = 1 << 30
_CHUNK = 1 << 20
_COMPRESSED = ("gzip", "zstd", "bz2")
_MARK = ".source.json"
# Increase it when the rules here change, so that copies are written again.
_RULES = 3


@dataclass(frozen=True)
class Plain:
    """Files to read for an input file, and (name, reason) of parts that are not read.

    `is_decoded` says that text was not UTF-8 and is now.
    """

    files: tuple[Path, ...]
    left_out: tuple[tuple[str, str], ...] = ()
    is_decoded: bool = False


def plain_files(
    path: Path, input_name: str, folder: Path, code_page: str = "", is_searched: bool = False
) -> Plain:
    """Return the files to read for an input file: itself, or copies in a folder.

    CSV text that is not UTF-8 is of the code page, cp1252 unless another one is given. Mixed line
    ends count if they are near the beginning of a file, or anywhere in one that `is_searched`.

    Raises
    ------
    ConfigurationError
        A library for the file's format is not installed.
    UnreadableError
        The file is damaged, of an unknown kind, or too large to be written out.
    """
    aim = Aim(input_name, folder, code_page or DEFAULT_CODE_PAGE, is_searched=is_searched)
    if path.is_dir() and (path / LOG).is_dir():
        return _kept_copies(path, aim)
    form = form_of(path)
    if is_plain(path, form, aim):
        return Plain((path,))
    if form.kind is None and not holds_records(path, form):
        raise UnknownKindError(path.name)
    return _kept_copies(path, aim)


def _in_lines(path: Path, aim: Aim, name: str = "") -> Path:
    """Return a copy of a JSON document with one record per line."""
    target = aim.folder / (name or path.name)
    building = target.with_name(f"{target.name}.tmp")
    write_lines(path, building, aim.is_event)
    os.replace(building, target)
    return target


def _kept_copies(path: Path, aim: Aim) -> Plain:
    source = {
        "rules": _RULES,
        "input": aim.input_name,
        "code_page": aim.code_page,
        "is_searched": aim.is_searched,
        "version": source_version(path),
    }
    folder = aim.folder
    kept = read_json(folder / _MARK) or {}
    if all(kept.get(key) == value for key, value in source.items()):
        return Plain(
            tuple(folder / name for name in kept["files"]),
            tuple((name, reason) for name, reason in kept["left_out"]),
            kept["is_decoded"],
        )
    building = folder.with_name(f".{folder.name}.tmp")
    for old in (building, folder):
        shutil.rmtree(old, ignore_errors=True)
    building.mkdir(parents=True)
    try:
        plain = _copies(path, replace(aim, folder=building))
        # The engine knows its files by size and time, so other edges need another time.
        newest = newest_file(path)
        moment = newest.stat().st_mtime_ns - 1_000 * (edges(newest) % 1_000_000)
        for file in plain.files:
            os.utime(file, ns=(moment, moment), follow_symlinks=False)
        names = [str(file.relative_to(building)) for file in plain.files]
        kept = {"files": names, "left_out": plain.left_out, "is_decoded": plain.is_decoded}
        write_json(building / _MARK, {**source, **kept})
        os.replace(building, folder)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return replace(plain, files=tuple(folder / name for name in names))


def _copies(path: Path, aim: Aim) -> Plain:
    """Write the plain copies of a file into a folder."""
    if path.is_dir():
        target = aim.folder / "snapshot.parquet"
        write_snapshot(path, target)
        return Plain((target,))
    form = form_of(path)
    if form.content == "zip":
        return _unzipped(path, aim)
    if form.content == "ole":
        raise UnreadableError(
            "is an old or a protected Excel workbook; save the sheet as .xlsx or CSV UTF-8"
        )
    if form.content in _COMPRESSED:
        return _decompressed(path, form, aim)
    if form.content.startswith("utf"):
        file = _as_utf8(path, form, aim.folder, form.content)
        return Plain((_in_lines(file, aim) if is_document(file, "text", aim) else file,))
    name = _right_name(path, form)
    if Path(name).suffix.lower() not in (*CSV_KINDS, ".parquet") and is_document(path, "text", aim):
        return Plain((_in_lines(path, aim, name),))
    traits = aim.traits(path, "text") if Path(name).suffix.lower() in CSV_KINDS else None
    if traits:
        encoding = aim.code_page if traits.is_in_code_page else "utf-8"
        file = _as_utf8(path, form, aim.folder, encoding)
        return Plain((file,), is_decoded=traits.is_in_code_page)
    return Plain((_linked(path, name, aim.folder),))


def _right_name(path: Path, form: Form) -> str:
    """Return a name that matches the content of a file: its own name if that is right."""
    name = plain_name_of(path)
    if form.content == "parquet":
        return name if form.kind == ".parquet" else f"{name}.parquet"
    head = head_of(path, "text")
    if form.kind in ARCHIVES or form.kind == ".parquet" or form.kind is None:
        if b"\0" in head or not head:
            what = "empty" if not head else f"not a {(form.kind or '.')[1:]} file"
            raise UnreadableError(f"is {what}; copy it again")
        return f"{name}{'.ndjson' if is_json(text_of(head)) else '.csv'}"
    if form.kind in CSV_KINDS and is_json(text_of(head)):
        return f"{name}.ndjson"
    if form.kind not in CSV_KINDS and is_table(head):
        return f"{name}.csv"
    return name


def _linked(path: Path, name: str, folder: Path) -> Path:
    """Return the file in the folder under a name: moved if it is a copy, else linked."""
    target = folder / name
    if path.parent == folder:
        os.replace(path, target)
    else:
        target.symlink_to(path.absolute())
    return target


def _decompressed(path: Path, form: Form, aim: Aim) -> Plain:
    """Return the copies of a compressed file; a file that the engine can decompress is linked."""
    head, folder = head_of(path, form.content), aim.folder
    inner = content_of(head)
    if inner in (*_COMPRESSED, "zip") and aim.depth > 1:
        raise UnreadableError("is compressed several times; unpack it")
    suffix, kind = SUFFIXES.get(form.content), file_kind(path)
    is_text = kind in TEXT_KINDS and inner == "text" and not foreign_format(head)
    if suffix and path.parent != folder and is_text and is_right(path, form.content, kind, aim):
        return Plain((_linked(path, plain_name_of(path) + suffix, folder),))
    name = plain_name_of(path)
    target = folder / (name if name != path.name or path.parent != folder else f"{name}.plain")
    with _explained(form.content), opened(path, form.content) as source:
        _copy(source, target)
    return _copies(target, aim.inside())


def _as_utf8(path: Path, form: Form, folder: Path, encoding: str) -> Path:
    """Write a text as UTF-8, with one kind of line ends; of UTF-8 itself odd bytes stay."""
    name = plain_name_of(path)
    if form.kind not in TEXT_KINDS:
        name += ".csv"
    target = folder / f"{name}.tmp"
    errors = "surrogateescape" if encoding == "utf-8" else "strict"
    try:
        with (
            path.open(encoding=encoding, errors=errors) as source,
            target.open("w", encoding="utf-8", errors=errors, newline="") as copy,
        ):
            while chunk := source.read(_CHUNK):
                copy.write(chunk.removeprefix("\ufeff"))
    except UnicodeError:
        if encoding != form.content:
            raise undecodable(encoding) from None
        raise UnreadableError(f"is damaged {encoding.upper()} text; save it as UTF-8") from None
    os.replace(target, folder / name)
    return folder / name


def _unzipped(path: Path, aim: Aim) -> Plain:
    """Return the members of an archive, or the sheet of a workbook."""
    if aim.depth > 1:
        raise UnreadableError("is an archive inside an archive; unpack it")
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if "xl/workbook.xml" in names:
                return _sheet(path, aim)
            if "content.xml" in names or "xl/workbook.bin" in names:
                raise UnreadableError(
                    "is a spreadsheet of a kind that is not read; save the sheet as .xlsx"
                )
            members = list(_members(archive, aim.folder))
    except UnreadableError:
        raise
    except (*DAMAGED, RuntimeError) as error:
        what = "an encrypted" if "encrypted" in str(error) else "a damaged"
        raise UnreadableError(f"is {what} zip archive or workbook; save it again") from None
    parts: list[Plain] = []
    for name, member in members:
        other = named_input(Path(name).name)
        if other not in (None, aim.input_name) and named_input(path.name) == aim.input_name:
            reason = f"has the name of another input, {other}; put it beside the archive"
            parts.append(Plain((), ((name, reason),)))
        elif member is None or not _is_data(member):
            parts.append(Plain((), ((name, str(UnknownKindError(name))),)))
        elif is_plain(member, form_of(member), aim):
            parts.append(Plain((member,)))
        else:
            parts.append(_copies(member, aim.inside(member.parent)))
    files = tuple(file for part in parts for file in part.files)
    if not files:
        raise UnreadableError("is an archive without a CSV, Parquet or JSON file")
    left_out = tuple(left for part in parts for left in part.left_out)
    return Plain(files, left_out, any(part.is_decoded for part in parts))


def _is_data(member: Path) -> bool:
    """Return whether a member of an archive holds records; a text such as a readme does not."""
    form = form_of(member)
    return form.kind is not None or holds_records(member, form)


def _sheet(path: Path, aim: Aim) -> Plain:
    target = aim.folder / f"{aim.input_name}.ndjson"
    others = write_sheet(path, aim.input_name, target)
    return Plain(
        (target,),
        tuple((f"sheet {name}", "is another sheet than the one that is read") for name in others),
    )


def _members(archive: zipfile.ZipFile, folder: Path) -> Iterator[tuple[str, Path | None]]:
    """Write the members of an archive; yield their names with the file, None for other kinds."""
    for number, member in enumerate(archive.infolist()):
        parts = PurePosixPath(member.filename.replace("\\", "/")).parts
        if member.is_dir() or any(map(is_of_another_tool, parts)):
            continue
        if file_kind(Path(parts[-1])) is None and not parts[-1].endswith(VAGUE_SUFFIXES[1:]):
            yield member.filename, None
            continue
        safe = [re.sub(r"[^\w.\- ]", "_", part) for part in parts if part not in ("/", "\\")]
        target = folder.joinpath(*safe)
        if target.exists():
            target = target.with_name(f"{number}-{target.name}")
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(member) as source:
            _copy(source, target)
        yield member.filename, target


@contextmanager
def _explained(content: str) -> Iterator[None]:
    """Turn the errors of a decompressor into a message about the file."""
    try:
        yield
    except DAMAGED:
        raise UnreadableError(f"is a damaged {content} file; copy it again") from None


def _copy(source: IO[bytes], target: Path) -> None:
    """Copy a stream to a file, within the limits of a copy and of the disk."""
    written = 0
    with target.open("wb") as copy:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > MAX_COPY_BYTES:
                raise UnreadableError(f"unpacks to more than {MAX_COPY_BYTES >> 30} GB; unpack it")
            if written % (_CHUNK * 64) < _CHUNK and (
                shutil.disk_usage(target.parent).free < _KEPT_FREE_BYTES
            ):
                raise UnreadableError("does not fit on the disk of the home folder unpacked")
            copy.write(chunk)
