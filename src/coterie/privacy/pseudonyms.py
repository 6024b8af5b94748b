"""A stage of the intake: chosen fields are kept as keyed hashes, so that people can be counted and joined but not read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from coterie.intake.stage import Incoming, Passed
from coterie.model import TRAIT_EVENTS, Value
from coterie.privacy.secret import Secret
from coterie.values import canonical

EVERY = "*"
"""In place of an event's name: all events."""
PREFIX = "p_"
DOMAIN = "pseudonym.invalid"
"""Domain of pseudonyms of e-mail addresses; mail to it goes nowhere (RFC 2606)."""
REMEMBERED_MAX = 1 << 17
_SPELLED = re.compile(rf"{PREFIX}[0-9a-f]{{32}}(@{re.escape(DOMAIN)})?|\+999[0-9]{{20}}")


class Pseudonyms:
    """Replaces fields of events and values of identifiers. The same value always gives the same pseudonym.

    Cost: 0.2 µs an event without such a field, 1 µs for a value that is new.
    """

    name = "pseudonymise"

    def __init__(
        self,
        fields: Mapping[str, Sequence[str]],
        kinds: Sequence[str],
        secret: Secret,
        key_of: Callable[[str, str], str],
    ) -> None:
        """``fields``: event (``*``: every) → properties. ``kinds``: of identifiers; the trait of that name goes with them."""
        self._every = frozenset(fields.get(EVERY, ()))
        self._fields = {name: self._every | frozenset(keys) for name, keys in fields.items() if name != EVERY}
        for name in TRAIT_EVENTS if kinds else ():
            self._fields[name] = self._fields.get(name, self._every) | frozenset(kinds)
        self._kinds, self._secret, self._key_of = frozenset(kinds), secret, key_of
        self._known: dict[tuple[str, str], str] = {}

    def apply(self, events: Sequence[Incoming], source: str, at: int) -> Passed:
        """Return the events with pseudonyms in place of what is not to be kept."""
        for event in events:
            fields = self._fields.get(event.name, self._every)
            if fields and not fields.isdisjoint(event.properties):
                event.properties = {
                    key: self._of_value(key, value) if key in fields else value
                    for key, value in event.properties.items()
                }
            if self._kinds:
                event.identifiers = self._replaced(event.identifiers)
                previous: Any = getattr(event, "previous", ())
                if previous:
                    event.previous = self._replaced(previous)  # type: ignore[attr-defined]
        return Passed(events)

    def key(self, kind: str, value: str) -> str:
        """Return the value under which an identifier is kept."""
        return self._of(kind, value) if kind in self._kinds else value

    def _replaced(self, identifiers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        if self._kinds.isdisjoint(kind for kind, _ in identifiers):
            return identifiers
        return tuple((kind, self.key(kind, value)) for kind, value in identifiers)

    def _of_value(self, key: str, value: Value) -> Value:
        if value is None or value == "":
            return value
        if isinstance(value, list):
            return [self._of(key, one if isinstance(one, str) else canonical(one)) for one in value]
        return self._of(key, value if isinstance(value, str) else canonical(value))

    def _of(self, kind: str, value: str) -> str:
        found = self._known.get((kind, value))
        if found is None:
            if is_pseudonym(value):
                return value
            if len(self._known) >= REMEMBERED_MAX:
                self._known.clear()
            normal = self._key_of(kind, value).partition(":")[2] if kind in self._kinds else value
            found = self._known[(kind, value)] = spelled(kind, self._secret.mark("pseudonyms", normal))
        return found


def spelled(kind: str, mark: bytes) -> str:
    """Return a mark as a value of its kind: rules about kinds still hold for it.

    >>> spelled("email", bytes(16)), spelled("plan", bytes(16))
    ('p_00000000000000000000000000000000@pseudonym.invalid', 'p_00000000000000000000000000000000')
    """
    if kind == "phone":
        return f"+999{int.from_bytes(mark) % 10**20:020d}"
    return f"{PREFIX}{mark.hex()}@{DOMAIN}" if kind == "email" else f"{PREFIX}{mark.hex()}"


def is_pseudonym(value: str) -> bool:
    """Return whether a value was replaced before: an event that comes twice is not hashed twice.

    Only what ``spelled`` writes is: whatever else looks like it may be somebody's name.

    >>> is_pseudonym("p_00000000000000000000000000000000"), is_pseudonym("p_ada.lovelace.1815.12.10.london.")
    (True, False)
    """
    return _SPELLED.fullmatch(value) is not None
