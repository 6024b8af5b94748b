"""Definition files as somebody wrote them, replaced whole or not at all, and put back when what they say cannot be done."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from coterie.segments.parse.folder import ENDINGS


class Written(Struct, frozen=True):
    """The text of a definition file, and its ending."""

    text: str
    ending: str = ".yaml"


def read_written(folder: Path, key: str) -> Written | None:
    """Return the file of a definition as it is, ``None`` when there is none."""
    for ending in ENDINGS:
        file = folder / f"{key}{ending}"
        if file.is_file():
            return Written(file.read_text(encoding="utf-8"), ending)
    return None


def write_written(folder: Path, key: str, said: Written | None) -> None:
    """The definition's only file says this, or there is none."""
    if said is not None:
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f".{key}.draft"
        with draft.open("w", encoding="utf-8") as file:
            file.write(said.text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, folder / f"{key}{said.ending}")
    for ending in ENDINGS:
        if said is None or ending != said.ending:
            (folder / f"{key}{ending}").unlink(missing_ok=True)


@contextmanager
def tried(folder: Path, key: str, said: Written | None) -> Iterator[Written | None]:
    """The definition's file says this while the block runs and after it; when the block fails, it says again what it said.

    Yields what it said before.
    """
    before = read_written(folder, key)
    write_written(folder, key, said)
    try:
        yield before
    except BaseException:
        write_written(folder, key, before)
        raise
