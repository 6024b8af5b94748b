"""A stage of the intake: who was erased does not come back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from coterie.identity.merges import LOSER
from coterie.identity.resolution import KIND, VALUE
from coterie.intake.stage import Incoming, Passed
from coterie.privacy.needles import LISTED
from coterie.privacy.secret import Secret
from coterie.values import flatten

REMEMBERED_MAX = 1 << 18
"""Identifiers whose answer is remembered; then all are asked anew."""
_PLACES = ("", "traits.", "context.traits.")
"""Where an event says whose it is."""
_decode = msgspec.json.Decoder().decode


class Field(NamedTuple):
    """A field that says whose a row is: an identifier of ``kind``, a profile when that is empty, with ``prefix`` before its value."""

    name: str
    kind: str
    prefix: str = ""


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
        fields: Iterable[Field] = (),
        kept_as: Callable[[str, str], str] | None = None,
    ) -> None:
        """``key_of(kind, value)`` is how identifiers are normally written, ``key_of_profile`` the one that a profile is named after;
        ``movable`` kinds go from person to person, ``fields`` say whose a row is that was refused;
        ``kept_as(kind, value)`` is the pseudonym under which a value is kept, where there are any: the list may know no other."""
        self._marks, self._secret = frozenset(marks), secret
        self._key_of, self._key_of_profile = key_of, key_of_profile
        self._movable = frozenset(movable)
        self._fields, self._kept_as = tuple(fields), kept_as
        self._known: dict[tuple[str, str], bool] = {}

    def bars(self, kind: str, value: str) -> bool:
        """Return whether an identifier is on the list."""
        one = (kind, value)
        found = self._known.get(one)
        if found is None:
            if len(self._known) >= REMEMBERED_MAX:
                self._known.clear()
            found = self._is_listed(kind, value)
            if not found and self._kept_as is not None:
                found = self._is_listed(kind, self._kept_as(kind, value))
            self._known[one] = found
        return found

    def _is_listed(self, kind: str, value: str) -> bool:
        return self._secret.mark("suppression", self._key_of(kind, value)) in self._marks

    def bars_fact(self, profile: str, properties: Mapping[str, object]) -> bool:
        """Return whether a record that Coterie itself would write names somebody on the list."""
        loser, kind, value = (properties.get(name) for name in (LOSER, KIND, VALUE))
        named = [profile, loser] if isinstance(loser, str) else [profile]
        if any(self._secret.mark("suppression", self._key_of_profile(one)) in self._marks for one in named):
            return True
        return isinstance(kind, str) and isinstance(value, str) and self.bars(kind, value)

    def bars_row(self, text: str) -> bool:
        """Return whether a row or event that was refused, as JSON, is of somebody on the list: it is not kept in quarantine either."""
        try:
            told = _decode(text)
        except msgspec.MsgspecError:
            return False
        found = list(self._callers(told)) if isinstance(told, dict) else []
        barred = [kind for kind, value in found if self._bars_caller(kind, value)]
        return any(kind not in self._movable for kind in barred) or (bool(barred) and len(barred) == len(found))

    def _callers(self, told: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield kind and value of all that a row says whose it is; the kind of a profile is empty."""
        pairs = told.get("identifiers")
        for pair in pairs if isinstance(pairs, list) else ():
            if isinstance(pair, list) and len(pair) == 2 and all(isinstance(one, str) for one in pair):
                yield pair[0], pair[1]
        yield from _listed(told)
        flat = {**told, **flatten(told)}
        for name, kind, prefix in self._fields:
            for place in _PLACES:
                value = flat.get(place + name)
                if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
                    yield kind, f"{prefix}{value}"

    def _bars_caller(self, kind: str, value: str) -> bool:
        if kind:
            return self.bars(kind, value)
        return self._secret.mark("suppression", self._key_of_profile(value)) in self._marks

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


def _listed(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield kind and value of the list of identifiers that an event may bring along."""
    field, name = LISTED
    context = told.get("context")
    listed = context.get(field) if isinstance(context, dict) else told.get(field)
    for one in listed if isinstance(listed, list) else ():
        kind, value = (one.get("type"), one.get(name)) if isinstance(one, dict) else (None, None)
        if isinstance(kind, str) and kind and isinstance(value, str | int) and not isinstance(value, bool):
            yield kind, str(value)
