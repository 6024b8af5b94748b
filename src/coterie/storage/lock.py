"""One writer at a time, also between processes."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until nobody else holds the lock of ``folder``, and hold it while the block runs. A crash lets it go."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


PATIENCE_S = 0.3
"""A child that a killed process was just starting holds its locks until it is another program: some milliseconds."""
_LOOK_S = 0.02


def _locked(file: TextIO) -> bool:
    """Return whether the file is locked by us, after waiting for it a moment."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > until:
                return False
            time.sleep(_LOOK_S)
        else:
            return True


class Lock:
    """A file that one process holds for as long as it lives. ``text`` says who it is."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: TextIO | None = None

    def take(self, text: str) -> bool:
        """Return whether the file is ours now; another process may hold it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("a+")
        if not _locked(file):
            file.close()
            return False
        file.truncate(0)
        file.write(text)
        file.flush()
        self._file = file
        return True

    def release(self) -> None:
        """Others may take the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def holder(self) -> str:
        """Return what the process that holds the file says of itself, empty when none holds it."""
        if self._file is not None or not self.path.exists():
            return ""
        with self.path.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return file.read() or "another process"
        return ""
