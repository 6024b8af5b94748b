"""Which files match a pattern, on whatever store they lie."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow.fs as fs
from msgspec import Struct

from coterie.connectors.sources.cut import BY_SUFFIX, unpacked
from coterie.connectors.sources.failures import Absent

_WILD = re.compile(r"[*?\[]")


class Found(Struct, frozen=True, order=True):
    """A file: its path on its store, its size in bytes, and when it was changed last, in µs since 1970 UTC."""

    path: str
    size: int
    modified: int
    key: str = ""
    """What a position and people call it: its path, within the project where it lies there."""


def find(system: fs.FileSystem, pattern: str) -> list[Found]:
    """Return the files that match, by their paths. ``*`` is within a folder, ``**`` goes through all below.

    Of a folder, these are all files whose ending is known; names that begin with ``.`` or ``_`` are nobody's data.
    Raises: Absent when the file, or the folder that the pattern begins with, is not there; OSError.
    """
    if not _WILD.search(pattern):
        info = system.get_file_info(pattern)
        if info.type == fs.FileType.File:
            return [_found(info)]
        if info.type == fs.FileType.NotFound:
            raise Absent(f"{pattern}: no such file or folder")
        pattern, endings = f"{pattern.rstrip('/')}/**", tuple(BY_SUFFIX)
    else:
        endings = ()
    base = _WILD.split(pattern, maxsplit=1)[0].rpartition("/")[0]
    try:
        infos = system.get_file_info(
            fs.FileSelector(base, recursive="/" in pattern[len(base) + 1 :] or "**" in pattern)
        )
    except FileNotFoundError as error:
        raise Absent(f"{base}: no such folder") from error
    matches = re.compile(_expression(pattern))
    return sorted(_kept(infos, base, matches, endings))


def _kept(infos: list[fs.FileInfo], base: str, matches: re.Pattern[str], endings: tuple[str, ...]) -> Iterator[Found]:
    for info in infos:
        inside = info.path[len(base) :].lstrip("/").split("/")
        if info.type != fs.FileType.File or any(part.startswith((".", "_")) for part in inside):
            continue
        if matches.fullmatch(info.path) and (not endings or unpacked(inside[-1]).lower().endswith(endings)):
            yield _found(info)


def _found(info: fs.FileInfo) -> Found:
    return Found(info.path, info.size or 0, (info.mtime_ns or 0) // 1_000)


def _expression(pattern: str) -> str:
    """Return the pattern as a regular expression.

    >>> _expression("a/**/b-*.csv")
    'a/(?:.*/)?b\\\\-[^/]*\\\\.csv'
    """
    pieces = re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]+\])", pattern)
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(known.get(one) or (one if one.startswith("[") else re.escape(one)) for one in pieces)
