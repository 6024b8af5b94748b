"""Lists of people as CSV files, and the versioned copies that were taken into the log."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from coterie.errors import Problem


class ListChange(Struct, frozen=True, kw_only=True):
    """What the CSV of a list says now against the copy taken before."""

    key: str
    version: int
    added: tuple[str, ...]
    removed: tuple[str, ...]


class ListStore:
    """``lists/<key>.csv`` (first column: profile, with a header) and its copies ``<taken>/<key>@<n>.csv``."""

    def __init__(self, folder: str | Path, taken: str | Path) -> None:
        self.folder, self.taken = Path(folder), Path(taken)

    def names(self) -> list[str]:
        """Return the keys of every list on disk or taken before, sorted."""
        on_disk = {file.stem for file in self.folder.glob("*.csv")} if self.folder.is_dir() else set()
        return sorted(on_disk | {file.stem.rpartition("@")[0] for file in self._copies()})

    def version(self, key: str) -> int:
        """Return the number of the newest copy, 0 when none was taken."""
        return max(
            (int(f.stem.rpartition("@")[2]) for f in self._copies() if f.stem.rpartition("@")[0] == key), default=0
        )

    def members(self, key: str, version: int | None = None) -> list[str]:
        """Return the profiles of the CSV on disk, or of the copy with that version, in file order. A missing file is empty."""
        file = self.folder / f"{key}.csv" if version is None else self._copy(key, version)
        return _profiles(file) if file.is_file() else []

    def change(self, key: str) -> ListChange:
        """Return who was added to and removed from the list since the newest copy."""
        version = self.version(key)
        before = set(self.members(key, version)) if version else set()
        now = set(self.members(key))
        return ListChange(
            key=key, version=version + 1, added=tuple(sorted(now - before)), removed=tuple(sorted(before - now))
        )

    def take(self, change: ListChange) -> None:
        """Keep a copy of the CSV as the version that ``change`` names."""
        self.taken.mkdir(parents=True, exist_ok=True)
        lines = "".join(f"{profile}\n" for profile in self.members(change.key))
        self._copy(change.key, change.version).write_text(f"profile\n{lines}", encoding="utf-8")

    def about(self, is_about: Callable[[list[str]], bool]) -> int:
        """Return how many lines of lists and copies have cells that ``is_about`` says yes to."""
        return sum(len(lines) - len(kept) for _, lines, kept in self._parted(is_about))

    def erase(self, is_about: Callable[[list[str]], bool]) -> None:
        """No list and no copy has such a line any more; a file is as it was, or without all of its lines."""
        for file, lines, kept in self._parted(is_about):
            if len(kept) < len(lines):
                draft = file.with_name(f".{file.name}.draft")
                draft.write_text("".join(kept), encoding="utf-8")
                draft.replace(file)

    def _parted(self, is_about: Callable[[list[str]], bool]) -> Iterator[tuple[Path, list[str], list[str]]]:
        """Yield each file with its lines, and those of them that stay: its header, and lines that are about nobody asked for."""
        files = sorted(self.folder.glob("*.csv")) if self.folder.is_dir() else []
        for file in [*files, *sorted(self._copies())]:
            lines = file.read_text(encoding="utf-8-sig").splitlines(keepends=True)
            rest = [line for line in lines[1:] if not is_about(next(csv.reader([line]), []))]
            yield file, lines, [*lines[:1], *rest]

    def _copy(self, key: str, version: int) -> Path:
        return self.taken / f"{key}@{version}.csv"

    def _copies(self) -> list[Path]:
        return list(self.taken.glob("*@*.csv")) if self.taken.is_dir() else []


def _profiles(file: Path) -> list[str]:
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            rows = [row for row in csv.reader(stream) if row and row[0].strip()]
    except UnicodeDecodeError as error:
        raise Problem("the list is not UTF-8 text", where=str(file), allowed="CSV, first column: profile") from error
    return list(dict.fromkeys(row[0].strip() for row in rows[1:]))
