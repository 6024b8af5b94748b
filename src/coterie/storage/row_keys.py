"""Which rows of a source were counted, so that equal ones go on being numbered after a restart: 8 bytes a row, on disk."""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np

Keys = np.ndarray[Any, np.dtype[np.uint64]]
_HEADER = struct.Struct("<qq")


class RowKeys:
    """Keys of rows in ``folder``, a file for each scope (a file of the source, a table), in the order of their numbers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, scope: str, before: int) -> Keys:
        """Return the keys of the rows before number ``before``; those from there on are forgotten: they will be read again."""
        path = self._path(scope)
        if not path.exists():
            return np.empty(0, dtype=np.uint64)
        data, found, place = path.read_bytes(), [], 0
        while place + _HEADER.size <= len(data):
            first, count = _HEADER.unpack_from(data, place)
            end = place + _HEADER.size + 8 * count
            if first >= before or end > len(data):
                break
            found.append(np.frombuffer(data, dtype="<u8", count=count, offset=place + _HEADER.size))
            place = end
        if place < len(data):
            os.truncate(path, place)
        return np.concatenate(found).astype(np.uint64) if found else np.empty(0, dtype=np.uint64)

    def add(self, scope: str, first: int, keys: Keys) -> None:
        """The keys of a chunk whose first row has the number ``first`` are on disk, after those that were there."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._path(scope).open("ab") as file:
            file.write(_HEADER.pack(first, len(keys)) + keys.astype("<u8").tobytes())
            file.flush()
            os.fsync(file.fileno())

    def forget(self) -> None:
        """No row was ever counted."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, scope: str) -> Path:
        return self._folder / f"{hashlib.blake2b(scope.encode(), digest_size=12).hexdigest()}.keys"
