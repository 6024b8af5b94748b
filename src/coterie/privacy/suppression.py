"""A stage of the intake: who was erased does not come back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from coterie.identity.merges import LOSER
from coterie.identity.resolution import KIND, VALUE
from coterie.intake.stage import Incoming, Passed
from coterie.privacy.secret import Secret

REMEMBERED_MAX = 1 << 18
"""Identifiers whose answer is remembered; then all are asked anew."""


class Suppression:
    """Drops events of people on the suppression list.

    An event goes when an identifier that stays with one person (a user id, an e-mail address) is on the list, or when all
    of its identifiers are. A browser or device on the list that somebody else uses now is taken off their event, and no more.
    Cost: 0.3 µs an event whose identifiers were met before, 1 µs for each new identifier.
    """

    name = "suppress"

    def __init__(
        self,
        marks: Collection[bytes],
        secret: Secret,
        key_of: Callable[[str, str], str],
        key_of_profile: Callable[[str], str],
        movable: Collection[str],
    ) -> None:
        """``key_of(kind, value)`` is how identifiers are normally written, ``key_of_profile`` the one that a profile is named after;
        ``movable`` kinds go from person to person."""
        self._marks, self._secret = frozenset(marks), secret
        self._key_of, self._key_of_profile = key_of, key_of_profile
        self._movable = frozenset(movable)
        self._known: dict[tuple[str, str], bool] = {}

    def bars(self, kind: str, value: str) -> bool:
        """Return whether an identifier is on the list."""
        one = (kind, value)
        found = self._known.get(one)
        if found is None:
            if len(self._known) >= REMEMBERED_MAX:
                self._known.clear()
            found = self._secret.mark("suppression", self._key_of(kind, value)) in self._marks
            self._known[one] = found
        return found

    def bars_fact(self, profile: str, properties: Mapping[str, object]) -> bool:
        """Return whether a record that Coterie itself would write names somebody on the list."""
        loser, kind, value = (properties.get(name) for name in (LOSER, KIND, VALUE))
        named = [profile, loser] if isinstance(loser, str) else [profile]
        if any(self._secret.mark("suppression", self._key_of_profile(one)) in self._marks for one in named):
            return True
        return isinstance(kind, str) and isinstance(value, str) and self.bars(kind, value)

    def apply(self, events: Sequence[Incoming], source: str, at: int) -> Passed:
        """Return the events of those who are not on the list."""
        kept = [event for event in events if self._lets_pass(event)]
        return Passed(kept, dropped=len(events) - len(kept))

    def _lets_pass(self, event: Any) -> bool:
        barred = [one for one in event.identifiers if self.bars(*one)]
        previous = getattr(event, "previous", ())
        if not barred and not any(self.bars(*one) for one in previous):
            return True
        if previous or any(kind not in self._movable for kind, _ in barred):
            return False
        rest = tuple(one for one in event.identifiers if one not in barred)
        if rest:
            event.identifiers = rest
        return bool(rest)
