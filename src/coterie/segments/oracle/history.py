"""All records of the ids that are one profile, and what of them counts at an instant."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Literal, TypeAlias

from coterie.segments.catalog import Catalog
from coterie.segments.oracle.facts import Facts, Record

Knowledge: TypeAlias = Literal["then", "now"]
"""As known then: what had arrived by the instant. As known now: what had happened by it, whenever it arrived."""


class History:
    """The records of one profile in the order in which they count."""

    def __init__(self, profile: str, records: Iterable[Record], catalog: Catalog) -> None:
        self.profile = profile
        self._records = sorted(records, key=lambda record: (record.at, record.key))
        self._occurred = [record.at for record in self._records]
        self._received = sorted(record.event.received_at for record in self._records)
        self._catalog = catalog
        self._latest: dict[Knowledge, tuple[int, Facts]] = {}

    def facts(self, at: int, knowledge: Knowledge) -> Facts | None:
        """Return what counts at ``at``, or ``None`` when nothing does: the profile is not known then.

        The answer for the same records is remembered until other records count.
        """
        count = bisect_right(self._received if knowledge == "then" else self._occurred, at)
        if not count:
            return None
        known = self._latest.get(knowledge)
        if known is None or known[0] != count:
            if knowledge == "now":
                records = self._records[:count]
            else:
                records = [record for record in self._records if record.event.received_at <= at]
            known = count, Facts(self.profile, records, self._catalog)
            self._latest[knowledge] = known
        return known[1]
