"""Where a running server can be found: ``.coterie/serve.json`` names its process and address while it runs."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from msgspec import Struct

from coterie.engine.project import HIDDEN

FILE = "serve.json"


class Place(Struct, frozen=True, kw_only=True):
    """A running server: its process, where it listens, and since when."""

    pid: int
    url: str
    started_at: int
    version: str


def file_of(root: Path) -> Path:
    """Return where a server of the project in ``root`` leaves its place."""
    return root / HIDDEN / FILE


def write(root: Path, place: Place) -> None:
    """The place can be read by others; a half-written one never."""
    file = file_of(root)
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".draft")
    draft.write_bytes(msgspec.json.encode(place))
    os.replace(draft, file)


def read(root: Path) -> Place | None:
    """Return where the project's server is, ``None`` when none runs (also when one died without a word)."""
    try:
        place = msgspec.json.decode(file_of(root).read_bytes(), type=Place)
        os.kill(place.pid, 0)
    except (FileNotFoundError, msgspec.DecodeError, ProcessLookupError):
        return None
    except PermissionError:
        pass
    return place


def remove(root: Path) -> None:
    """Nobody is led to a server that is gone. Another server's place is left alone."""
    place = read(root)
    if place is None or place.pid == os.getpid():
        file_of(root).unlink(missing_ok=True)
