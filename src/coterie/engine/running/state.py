"""Everything a step reads and changes: who is who, what was met, what the live reader remembers, and how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from coterie.connectors.sources.tracking import Decoded
from coterie.engine.learning.assigning import Assigner
from coterie.identity.identities import Identities
from coterie.intake.intake import Intake
from coterie.limits import Limits
from coterie.segments.live import Live
from coterie.segments.live.duplicates import Duplicates
from coterie.storage.journal import Entry


@dataclass
class State:
    """Owned by the runner's thread. ``log_position`` rows are in the log; the next one gets that number."""

    live: Live
    identities: Identities
    seen: Duplicates
    limits: Limits
    decode: Callable[[Entry, int], Decoded]
    """(entry of the journal, its arrival) → events and refusals."""
    intake: Intake = field(default_factory=Intake)
    """What is done to every event before its person is found."""
    log_position: int = 0
    journal_position: int = 0
    sequence: int = 0
    catalog: bytes = b""
    keys: tuple[str, ...] = field(default=())
    """Every segment in force, those that are not evaluated live too."""
    assigner: Assigner = field(default_factory=Assigner)
    """The published models that are kept up to date."""

    @property
    def now(self) -> int:
        """The instant until which timers have fired; nothing that arrives is stamped before it."""
        return max(self.live.now, 0)
