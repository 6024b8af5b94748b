"""What is asked once more right before something is sent: consent, membership, quiet hours. And what is gathered for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
import pyarrow as pa

from coterie.connectors.destinations.destination import Message
from coterie.engine.outbox.notices import NOTICES
from coterie.storage.state.outbox import Letter, Mark
from coterie.triggers.definition import Trigger
from coterie.triggers.gathering import gathered, selectors_of
from coterie.triggers.people import People
from coterie.triggers.reading import events_of
from coterie.triggers.step import Triggers
from coterie.values import parse

History = Callable[[Sequence[str]], Iterable[pa.Table]]
"""Profile ids → their records of the log, as tables of log columns."""


class Ready(msgspec.Struct, frozen=True):
    """A letter that may be sent: the message, and what to keep in place of its payload (empty: as it is)."""

    letter: Letter
    message: Message
    payload: bytes


class Checks:
    """Asks ``people`` and ``history`` about letters that are due. May be called from any thread that both of these allow."""

    def __init__(
        self, triggers: Triggers, contents: Mapping[str, Mapping[str, str]], people: People, history: History
    ) -> None:
        self._triggers, self._contents, self._people, self._history = triggers, contents, people, history

    def prepared(self, letters: Sequence[Letter], now: int) -> tuple[list[Ready], list[Mark]]:
        """Return (what may be sent, what became of the others). One question to ``history`` for all that gather."""
        ready: list[tuple[Letter, Trigger]] = []
        marks: list[Mark] = []
        notices = [_notice(letter, now) for letter in letters if letter.trigger in NOTICES]
        for letter in letters:
            if letter.trigger in NOTICES:
                continue
            mark = self._refused(letter, now)
            if mark is None:
                ready.append((letter, self._triggers.by_key[letter.trigger]))
            else:
                marks.append(mark)
        return [*notices, *self._ready(ready, now)], marks

    def _refused(self, letter: Letter, now: int) -> Mark | None:
        """Return the mark of a letter that is not to be sent now, or ``None``."""
        trigger = self._triggers.by_key.get(letter.trigger)
        if trigger is None:
            return _cancelled(letter, now, "the trigger is gone")
        who = self._people.canonical(letter.profile)
        consent = trigger.consented
        if consent is not None and not consent.given(self._people.traits(who)):
            return _cancelled(letter, now, "consent")
        if trigger.if_ is not None or trigger.cancel_if_left:
            segments = self._people.segments(who)
            if trigger.if_ is not None and not trigger.if_.passes(lambda key: key in segments):
                return _cancelled(letter, now, "if")
            if trigger.cancel_if_left and trigger.when.segment not in segments:
                return _cancelled(letter, now, "left")
        due_at = self._triggers.due(trigger, now, who, self._people)
        if due_at is None:
            return _cancelled(letter, now, "quiet hours")
        if due_at > now:
            return Mark(
                id=letter.id,
                state=letter.state,
                at=now,
                not_before=due_at,
                tries=0,
                tried=False,
                error=letter.last_error,
            )
        return None

    def _ready(self, letters: Sequence[tuple[Letter, Trigger]], now: int) -> list[Ready]:
        first = [(letter, trigger) for letter, trigger in letters if letter.attempts == 0]
        told = self._gathered(first, now)
        found = []
        for letter, trigger in letters:
            payload: dict[str, Any] = msgspec.json.decode(letter.payload)
            kept = b""
            if letter.attempts == 0:
                payload["profile"]["traits"] = dict(self._people.traits(self._people.canonical(letter.profile)))
                payload["gathered"] = told.get(letter.id, {})
                kept = msgspec.json.encode(payload)
                kept = b"" if kept == letter.payload else kept
            message = Message(
                key=letter.key, trigger=letter.trigger, profile=letter.profile, payload=payload,
                content=self._contents.get(trigger.key, {}), attempt=letter.attempts + 1, at=now,
            )  # fmt: skip
            found.append(Ready(letter, message, kept))
        return found

    def _gathered(self, letters: Sequence[tuple[Letter, Trigger]], now: int) -> dict[int, dict[str, Any]]:
        """Return letter id → what its trigger gathers."""
        asking = [(letter, trigger.gather) for letter, trigger in letters if trigger.gather]
        if not asking:
            return {}
        ids = {letter.id: list(self._people.known_as(self._people.canonical(letter.profile))) for letter, _ in asking}
        names = _names(gather for _, gathers in asking for gather in selectors_of(gathers.values()))
        wanted = sorted({one for known in ids.values() for one in known})
        by_profile: dict[str, list[Any]] = {}
        for event in events_of(self._history(wanted), names):
            by_profile.setdefault(event.profile, []).append(event)
        return {
            letter.id: {
                name: gathered(
                    one, [event for who in ids[letter.id] for event in by_profile.get(who, [])], max(now, letter.due_at),
                    parse(letter.run) if letter.run else None,
                )
                for name, one in gathers.items()
            }
            for letter, gathers in asking
        }  # fmt: skip


def _notice(letter: Letter, now: int) -> Ready:
    """Return a message of Coterie's own: it is about no person, so nobody is asked."""
    message = Message(
        key=letter.key, trigger=letter.trigger, profile=letter.profile, payload=msgspec.json.decode(letter.payload),
        content=NOTICES[letter.trigger], attempt=letter.attempts + 1, at=now,
    )  # fmt: skip
    return Ready(letter, message, b"")


def _names(selectors: Iterable[Any]) -> frozenset[str] | None:
    """Return the event names that may be gathered, or ``None`` when a pattern is among them."""
    found: set[str] = set()
    for selector in selectors:
        if not selector.names:
            return None
        found.update(selector.names)
    return frozenset(found)


def _cancelled(letter: Letter, now: int, reason: str) -> Mark:
    return Mark(id=letter.id, state="cancelled", at=now, tries=0, tried=False, error=reason)
