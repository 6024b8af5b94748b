"""Where a table lies: its URL as Delta Lake is told it, and the same folder as a file system."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow.fs as fs
from msgspec import Struct

from coterie.storage.cloud import filesystem, store_of

VARIABLES = ("AWS_", "AZURE_", "AZURITE_", "GOOGLE_")
"""Beginnings of the variables of the environment that configure an object store."""


class Place(Struct, frozen=True):
    """A folder. ``lock``: a local folder where writers wait for each other; ``path``: the folder as ``files`` calls it."""

    url: str
    options: Mapping[str, str]
    files: fs.FileSystem
    path: str
    lock: Path

    @property
    def is_local(self) -> bool:
        """Whether the folder is on this machine's disk."""
        return "://" not in self.url

    def child(self, name: str) -> Place:
        """Return the folder ``name`` in this one."""
        return Place(f"{self.url}/{name}", self.options, self.files, f"{self.path}/{name}", self.lock / name)

    def make(self, folder: str = "") -> None:
        """The folder is there. An object store has none: nothing is done."""
        if self.is_local:
            Path(self.path, folder).mkdir(parents=True, exist_ok=True)

    def sizes(self, folder: str = "", ending: str = "") -> dict[str, int]:
        """Return the size of every file below ``folder``, by its path from here, that ends so."""
        start = f"{self.path}/{folder}".rstrip("/")
        found = self.files.get_file_info(fs.FileSelector(start, recursive=True, allow_not_found=True))
        return {one.path[len(self.path) + 1 :]: one.size for one in found if one.is_file and one.path.endswith(ending)}

    def ages(self, ending: str) -> dict[str, int]:
        """Return when every file that ends so was written, ns since 1970, by its path from here."""
        found = self.files.get_file_info(fs.FileSelector(self.path, recursive=True, allow_not_found=True))
        return {
            one.path[len(self.path) + 1 :]: one.mtime_ns or 0
            for one in found
            if one.is_file and one.path.endswith(ending)
        }

    def has(self, names: Iterable[str]) -> bool:
        """Return whether every one of these files is there."""
        found = self.files.get_file_info([f"{self.path}/{name}" for name in names])
        return all(one.is_file for one in found)

    def delete(self, name: str) -> None:
        """The file is not there."""
        try:
            self.files.delete_file(f"{self.path}/{name}")
        except FileNotFoundError:
            return


def place_of(url: str | Path, options: Mapping[str, str], environment: Mapping[str, str], lock: Path) -> Place:
    """Return the folder that ``url`` names. Raises: InvalidDefinition for a scheme that no store has."""
    text = str(url).rstrip("/")
    if store_of(text) == "local":
        path = Path(text.removeprefix("file://")).absolute()
        return Place(str(path), {}, fs.LocalFileSystem(), str(path), lock)
    system, path_there = filesystem(text, options, environment)
    told = {name.lower(): value for name, value in environment.items() if name.startswith(VARIABLES)}
    told |= {name.lower(): value for name, value in options.items()}
    return Place(text, told, system, path_there, lock)


def local_place(path: str | Path) -> Place:
    """Return a folder of this machine, which is also where its writers wait."""
    return place_of(path, {}, {}, Path(path))
