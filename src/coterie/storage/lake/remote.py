"""How DuckDB reads files of an object store: through the same file system that writes them. Local files it reads by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import pyarrow.fs as pafs
from fsspec import AbstractFileSystem

from coterie.storage.lake.place import Place

PROTOCOL = "lake"


class StoreFiles(AbstractFileSystem):  # type: ignore[misc]
    """The files of a ``pyarrow`` file system, to be read only."""

    protocol = PROTOCOL
    cachable = False

    def __init__(self, files: pafs.FileSystem) -> None:
        super().__init__()
        self._files = files

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return path.removeprefix(f"{PROTOCOL}://")

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        found = self._files.get_file_info(self._strip_protocol(path))
        if found.type is pafs.FileType.NotFound:
            raise FileNotFoundError(path)
        kind = "file" if found.is_file else "directory"
        return {"name": path, "size": found.size, "type": kind, "mtime": found.mtime}

    def modified(self, path: str) -> Any:
        return self.info(path)["mtime"]

    def glob(self, path: str, **_: Any) -> list[str]:
        return [path]

    def _open(self, path: str, mode: str = "rb", **_: Any) -> Any:
        return self._files.open_input_file(self._strip_protocol(path))


def paths(connection: duckdb.DuckDBPyConnection, place: Place, names: Sequence[str]) -> list[str]:
    """Return how ``connection`` calls these files of a place; it can read them from now on."""
    if place.is_local:
        return [f"{place.path}/{name}" for name in names]
    if not connection.filesystem_is_registered(PROTOCOL):
        connection.register_filesystem(StoreFiles(place.files))
    return [f"{PROTOCOL}://{place.path}/{name}" for name in names]
