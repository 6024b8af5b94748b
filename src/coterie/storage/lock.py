"""One writer at a time, also between processes."""

from __future__ import annotations

import fcntl
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


class Lock:
    """A file that one process holds for as long as it lives. ``text`` says who it is."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: TextIO | None = None

    def take(self, text: str) -> bool:
        """Return whether the file is ours now; another process may hold it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
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
