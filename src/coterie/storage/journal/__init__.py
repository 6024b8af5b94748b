"""The journal: every request as it came, durable before it is acknowledged. Everything else can be computed from it again.

Source: EVIDENCE of the design, "durable append before ack": SQLite in WAL mode with ``synchronous=FULL`` and group commit.
"""

from coterie.storage.journal.entry import Entry
from coterie.storage.journal.journal import Journal

__all__ = ["Entry", "Journal"]
