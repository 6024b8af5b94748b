"""What privacy keeps beside the data: secrets that only the owner of the files can read, the suppression list, receipts."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from coterie.errors import NotFound, Problem
from coterie.privacy.receipt import Receipt

VARIABLE = "COTERIE_SECRET"
"""Variable of the environment that holds the secret of a project, in place of the file."""
CHARS_MIN = 16
_MARK_CHARS = 32


def secret_bytes(folder: Path, environment: Mapping[str, str]) -> bytes:
    """Return the secret of a project: the environment's, else that of ``folder/secret``, which is made when there is none.

    Raises: Problem when it is too short to be one.
    """
    told, where = environment.get(VARIABLE, "").encode(), VARIABLE
    if not told:
        told, where = own(folder / "secret", lambda: secrets.token_hex(32).encode()), str(folder / "secret")
    if len(told) < CHARS_MIN:
        hint = "take it from the backup: with another one, whoever was erased is not known again"
        raise Problem("the secret is too short", where=where, allowed=f"at least {CHARS_MIN} characters", hint=hint)
    return told


def own(path: Path, make: Callable[[], bytes]) -> bytes:
    """Return what the file holds, which only its owner may read; it is made, whole and once, when there is none.

    Of two who make it at the same time both return what the first one made. A copy that others may read is closed to them.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.draft")
        write_whole(draft, make())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            os.replace(draft, path)
        finally:
            draft.unlink(missing_ok=True)
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
    return path.read_bytes()


def write_whole(path: Path, data: bytes) -> None:
    """The file holds ``data``, for its owner only; after a crash it is whole, or as it was before."""
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class SuppressionList:
    """The marks of people who were erased, one on a line, with the erasure and the number of the person in it. A mark tells nobody who it is."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def marks(self) -> frozenset[bytes]:
        """Return every mark on the list. Cost: 0.5 µs each."""
        return frozenset(self._lines())

    def _lines(self) -> dict[bytes, str]:
        if not self.path.exists():
            return {}
        found: dict[bytes, str] = {}
        for line in self.path.read_text("ascii").splitlines():
            mark, _, erasure = line.partition(" ")
            if len(mark) == _MARK_CHARS:
                found[bytes.fromhex(mark)] = erasure
        return found

    def add(self, families: Mapping[str, Iterable[bytes]]) -> int:
        """Return how many of the marks are new; all are on the list, on the disk. Each name of a family stands beside its marks."""
        held = self._lines()
        fresh = {mark: name for name, marks in families.items() for mark in marks if mark not in held}
        if fresh:
            self._write({**held, **fresh})
        return len(fresh)

    def lift(self, marks: Iterable[bytes]) -> int:
        """Return how many of the marks were on the list; they are not any more, nor are others of the same people."""
        held = self._lines()
        erasures = {held[mark] for mark in marks if mark in held}
        rest = {mark: erasure for mark, erasure in held.items() if erasure not in erasures}
        if len(rest) < len(held):
            self._write(rest)
        return len(held) - len(rest)

    def drop(self, erasure: str) -> None:
        """No mark that this erasure put there is on the list."""
        held = self._lines()
        rest = {mark: one for mark, one in held.items() if one.partition("/")[0] != erasure}
        if len(rest) < len(held):
            self._write(rest)

    def _write(self, lines: Mapping[bytes, str]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.path, "".join(f"{mark.hex()} {erasure}\n" for mark, erasure in lines.items()).encode())


class Receipts:
    """Receipts as files in a folder, named after their ids."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, receipt: Receipt) -> Path:
        """The receipt is on the disk; return where."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{receipt.id}.json"
        write_whole(path, msgspec.json.format(msgspec.json.encode(receipt), indent=2) + b"\n")
        return path

    def all(self) -> list[Receipt]:
        """Return every receipt, oldest first."""
        files = sorted(self.folder.glob("*.json")) if self.folder.is_dir() else []
        return sorted((read_receipt(file) for file in files), key=lambda one: (one.finished_at, one.id))

    def get(self, number: str) -> Receipt:
        """Return the receipt with that id. Raises: NotFound."""
        path = self.folder / f"{number}.json"
        if "/" in number or not path.is_file():
            raise NotFound(f"no receipt {number!r}", hint="see them: coterie privacy receipts")
        return read_receipt(path)


def read_receipt(path: Path) -> Receipt:
    """Return the receipt in a file. Raises: Problem when it is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Receipt)
    except msgspec.MsgspecError as error:
        raise Problem(f"not a receipt: {error}", where=str(path)) from error
