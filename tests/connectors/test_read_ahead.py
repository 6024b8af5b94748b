"""A CSV that is left in the middle is read by nobody any more: its file may be closed at once."""

from __future__ import annotations

import io
import time

from coterie.connectors.mapping import Layout
from coterie.connectors.sources.cut import Grain, pieces


class Watched(io.RawIOBase):
    """A slow file that notices when it is read after ``over`` was set."""

    def __init__(self, data: bytes) -> None:
        self._data, self.over, self.late = io.BytesIO(data), False, 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        time.sleep(0.01)
        self.late += self.over
        return self._data.read(size)


def test_nothing_reads_ahead_of_a_reading_that_was_left() -> None:
    text = "who,at\n" + "\n".join(f"ada-{n},{n}" for n in range(20_000))
    for _ in range(5):
        file = Watched(text.encode())
        chunks = pieces(file, "orders.csv", Layout(), Grain(bytes=1 << 10, rows=100))
        next(chunks)
        chunks.close()
        file.over = True
        time.sleep(0.05)
        assert file.late == 0
