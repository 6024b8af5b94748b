"""What every SDK sends in these tests, and what must arrive of it, whatever the SDK."""

from __future__ import annotations

from coterie.connectors.sources.tracking import ALIAS, Tracked
from coterie.errors import Overloaded, Transient
from coterie.storage.journal import Journal
from tests.web.collect.serving import Failing

EVERY_CALL = 6
"""Calls of the scripts: identify, track, page, screen, group, alias."""


class Flaky(Failing):
    """A journal that first refuses, then stores without being able to say so, then works."""

    def __init__(self, journal: Journal, refusals: int = 1, lost_answers: int = 1) -> None:
        super().__init__(journal)
        self.refusals, self.lost_answers = refusals, lost_answers
        self.requests = 0

    async def append(self, route: str, source: str, data: bytes, /) -> int:
        """Return the position; raises as often as it was told to."""
        self.requests += 1
        if self.refusals > 0:
            self.refusals -= 1
            raise Overloaded("too many requests wait", retry_after_s=1)
        position = await super().append(route, source, data)
        if self.lost_answers > 0:
            self.lost_answers -= 1
            raise Transient("stored, but the answer is lost")
        return position


def check_every_call(events: list[Tracked]) -> None:
    """Each of the six calls arrived as what it means."""
    found = {event.name: event for event in events}
    ada = ("user_id", "ada")
    identify = found["$identify"]
    assert identify.identifiers == (ada,)
    assert {"plan": "pro", "address.city": "Oslo"}.items() <= identify.properties.items()
    assert found["Order Completed"].properties["total"] == 12.5
    assert found["Order Completed"].identifiers[0] == ada
    page = found["page"]
    assert {"name": "Shoes", "category": "shop", "path": "/shoes"}.items() <= page.properties.items()
    assert page.identifiers == (("anonymous_id", "a-1"),)
    assert found["screen"].properties["name"] == "Cart"
    assert found["$set"].properties == {"group_id": "g-1", "group.plan": "team"}
    assert found[ALIAS].identifiers[0] == ada
    assert ("anonymous_id", "a-1") in found[ALIAS].previous
    assert all(event.id and event.occurred_at > 1_700_000_000_000_000 for event in events)
