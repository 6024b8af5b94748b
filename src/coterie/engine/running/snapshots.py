"""Snapshots of the live reader as files: written beside the runner, checked before they are believed, the newest few kept."""

from __future__ import annotations

import hashlib
import mmap
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from coterie.errors import CoterieError

MAGIC = b"coterie-snapshot-1\n"
DIGEST = 16
_LENGTH = 8
SUFFIX = ".snapshot"


class Head(Struct, frozen=True, kw_only=True):
    """What a snapshot is of: rows of the log before ``log``, timers fired until ``advanced_to``, these definitions."""

    log: int
    advanced_to: int
    catalog: bytes
    taken_at: int
    sections: list[tuple[str, int]]
    """(name, bytes), in the order of the file."""


class Damaged(CoterieError):
    """The file is not what was written."""


def path_of(folder: Path, log: int, advanced_to: int) -> Path:
    """Return where a snapshot lies; names sort as positions do."""
    return folder / f"{log:016d}-{advanced_to:020d}{SUFFIX}"


def paths_of(folder: Path) -> list[Path]:
    """Return the snapshots, newest first."""
    return sorted(folder.glob(f"*{SUFFIX}"), reverse=True) if folder.is_dir() else []


def write(folder: Path, head: Head, sections: Iterable[tuple[str, Any]]) -> Path:
    """The snapshot is on the disk, whole or not at all. Cost: about 1 s per GB, nearly all without the interpreter."""
    folder.mkdir(parents=True, exist_ok=True)
    target = path_of(folder, head.log, head.advanced_to)
    draft = target.with_suffix(".draft")
    views = [(name, memoryview(data).cast("B")) for name, data in sections]
    head = msgspec.structs.replace(head, sections=[(name, view.nbytes) for name, view in views])
    told = msgspec.msgpack.encode(head)
    digest = hashlib.blake2b(digest_size=DIGEST)
    with draft.open("wb") as file:
        parts: list[Any] = [MAGIC, len(told).to_bytes(_LENGTH, "little"), told, *(view for _, view in views)]
        for part in parts:
            file.write(part)
            digest.update(part)
        file.write(digest.digest())
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, target)
    return target


def read_head(path: Path) -> Head:
    """Return what a snapshot says it is of, unchecked. Raises: Damaged."""
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise Damaged(f"{path.name} is no snapshot")
        return _head(file.read(int.from_bytes(file.read(_LENGTH), "little")), path)


def read(path: Path) -> tuple[Head, Mapping[str, Any]]:
    """Return a snapshot and its sections, after checking every byte. Raises: Damaged."""
    size = path.stat().st_size
    start = len(MAGIC) + _LENGTH
    if size < start + DIGEST:
        raise Damaged(f"{path.name} is cut short")
    with path.open("rb") as file:
        data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    digest = hashlib.blake2b(data[:-DIGEST], digest_size=DIGEST).digest()
    if data[: len(MAGIC)] != MAGIC or digest != data[-DIGEST:]:
        raise Damaged(f"{path.name} is damaged: its checksum differs")
    length = int.from_bytes(data[len(MAGIC) : start], "little")
    head = _head(bytes(data[start : start + length]), path)
    sections, at = {}, start + length
    for name, count in head.sections:
        sections[name] = data[at : at + count]
        at += count
    return head, sections


def keep(folder: Path, count: int) -> None:
    """Only the newest ``count`` snapshots are there, and no drafts."""
    gone = [*paths_of(folder)[count:], *folder.glob("*.draft")]
    for path in gone:
        path.unlink(missing_ok=True)


def _head(data: bytes, path: Path) -> Head:
    try:
        return msgspec.msgpack.decode(data, type=Head)
    except msgspec.MsgspecError as error:
        raise Damaged(f"{path.name} is damaged: {error}") from error
