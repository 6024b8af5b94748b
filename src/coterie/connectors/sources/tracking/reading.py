"""Calls of one request turned into events one by one, each whole or refused."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

from msgspec import Raw

from coterie.connectors.sources.tracking.calls import CONSENT_EVENTS, SHAPES, previous_of
from coterie.connectors.sources.tracking.contexts import Context, Contexts, refusal_of, text_of_id
from coterie.connectors.sources.tracking.flat import flat
from coterie.connectors.sources.tracking.instants import FIRST_AT, SECONDS, TAILS, instant_of
from coterie.connectors.sources.tracking.tracked import ALIAS, Options, Refusal, Tracked
from coterie.connectors.sources.tracking.wire import TYPES, Call, Scalar
from coterie.limits import Limits
from coterie.model import IDENTIFY, SET, SYSTEM_PREFIX, Value

_PLAIN_FROM, _PLAIN_TO = max(SYSTEM_PREFIX, " "), "~"


@lru_cache(maxsize=8)
def _contexts_of(options: Options, limits: Limits) -> Contexts:
    return Contexts(options, limits)


class Reading:
    """The events of one request so far."""

    def __init__(
        self, received_at: int, limits: Limits, options: Options, position: int, sent: Scalar, *, gpc: bool = False
    ) -> None:
        self._gpc = gpc and bool(options.gpc)
        self._received_at, self._limits, self._options, self._position = received_at, limits, options, position
        self._shift = _shift(sent, received_at)
        self._length_max, self._depth_max = limits.identifier_length_max, limits.property_depth_max
        self._contexts = _contexts_of(options, limits)
        self._ids: set[str] = set()
        self.events: list[Tracked] = []
        self.duplicates = 0

    def add_batch(self, calls: Sequence[Call]) -> list[tuple[int, Refusal]]:
        """The calls of a batch are among the events in order; return those that are refused, by their index.

        The same as ``add`` for each with its own type, faster for the usual: a track with nothing odd in it.
        """
        refused: list[tuple[int, Refusal]] = []
        contexts, ids, events = self._contexts.known, self._ids, self.events
        shift, received_at, length_max = self._shift or 0, self._received_at, self._length_max
        seconds, tails = SECONDS.get, TAILS.get
        raw: Raw | None = None
        context: Context | None = None  # of ``raw``: most events of a batch have that of the one before
        for index, call in enumerate(calls):
            name, user, event_id, told = call.event, call.userId, call.messageId, call.timestamp
            if call.context != raw:
                raw = call.context
                context = contexts.get(bytes(raw))
            if (
                call.type != "track" or not name or not _PLAIN_FROM < name[0] <= _PLAIN_TO
                or type(user) is not str or not user or not _PLAIN_FROM < user[0] <= _PLAIN_TO or len(user) > length_max
                or type(event_id) is not str or not event_id or len(event_id) > length_max
                or "#" in event_id or event_id in ids
                or context is None or context.consent is not None or self._gpc or context.gpc
                or type(told) is not str or call.originalTimestamp is not None or call.sentAt is not None
                or (tail := tails(told[19:])) is None or (second := seconds(told[:19])) is None
                or not FIRST_AT <= (at := second + tail + shift) <= received_at
            ):  # fmt: skip
                try:
                    self.add(call, call.type, index)
                except Refusal as refusal:
                    refused.append((index, refusal))
                raw = None  # what was met for the first time is known now
                continue
            try:
                properties = flat(call.properties, self._depth_max, "properties") if call.properties else {}
                identifiers = (("user_id", user),) if call.anonymousId is None else self._both(user, call.anonymousId)
            except Refusal as refusal:
                refused.append((index, refusal))
                continue
            if context.properties:
                properties = {**properties, **context.properties}
            ids.add(event_id)
            events.append(Tracked(event_id, name, identifiers + context.identifiers, at, properties))
        return refused

    def _both(self, user: str, anonymous: Scalar) -> tuple[tuple[str, str], ...]:
        text = text_of_id(anonymous, self._length_max, "anonymousId")
        return (("user_id", user), ("anonymous_id", text)) if text else (("user_id", user),)

    def add(self, call: Call, kind: str | None, index: int) -> None:
        """The event is among the events, unless its id was there. Raises: Refusal."""
        shape = SHAPES.get(kind or "")
        if shape is None:
            raise Refusal("unknown type", "type", kind, ", ".join(TYPES))
        limits = self._limits
        context = self._contexts.of(bytes(call.context))
        name, properties = shape(call, context, limits)
        identifiers = self._identifiers(call, context)
        if name is IDENTIFY and self._options.trait_kinds:
            identifiers = _with_traits(identifiers, properties, self._options.trait_kinds, limits)
        if not identifiers:
            raise Refusal(
                "identifier is missing",
                "userId",
                None,
                "userId, anonymousId or context.externalIds",
                "every event says whose it is",
            )
        occurred_at = self._occurred_at(call)
        event_id = call.messageId
        if type(event_id) is not str or not event_id or "#" in event_id or len(event_id) > self._length_max:
            event_id = self._id(call, index)
        if event_id in self._ids:
            self.duplicates += 1
            return
        if name is ALIAS:
            told = previous_of(call, limits)
            self._ids.add(event_id)
            previous = (("user_id", told), ("anonymous_id", told))
            self.events.append(Tracked(event_id, ALIAS, (identifiers[0],), occurred_at, {}, previous))
            return
        self._ids.add(event_id)
        self.events.append(Tracked(event_id, name, identifiers, occurred_at, properties))
        if context.consent is not None and (name is IDENTIFY or name in CONSENT_EVENTS):
            consent = dict(context.consent)
            if (self._gpc or call.gpc is True) and not context.gpc:
                consent |= refusal_of(self._options)
            self.events.append(Tracked(f"{event_id}#consent", SET, identifiers, occurred_at, consent))
        elif self._options.gpc and (self._gpc or context.gpc or call.gpc is True):
            self._refuse(identifiers, occurred_at)

    def _refuse(self, identifiers: tuple[tuple[str, str], ...], at: int) -> None:
        """What Global Privacy Control refuses is among the events. Its id is the same each time, so that the log holds it once:

        a choice that the person makes by name later is not overruled by the next page.
        """
        digest = hashlib.blake2b(repr((identifiers[0], self._options.gpc)).encode(), digest_size=16).hexdigest()
        if (event_id := f"gpc#{digest}") not in self._ids:
            self._ids.add(event_id)
            self.events.append(Tracked(event_id, SET, identifiers[:1], at, refusal_of(self._options)))

    def _identifiers(self, call: Call, context: Context) -> tuple[tuple[str, str], ...]:
        length_max = self._length_max
        user, anonymous = call.userId, call.anonymousId
        if type(user) is not str or len(user) > length_max or user.isspace():
            user = text_of_id(user, length_max, "userId")
        if type(anonymous) is not str or len(anonymous) > length_max or anonymous.isspace():
            anonymous = text_of_id(anonymous, length_max, "anonymousId")
        if user:
            if anonymous:
                return (("user_id", user), ("anonymous_id", anonymous), *context.identifiers)
            return (("user_id", user), *context.identifiers)
        if anonymous:
            return (("anonymous_id", anonymous), *context.identifiers)
        return context.identifiers

    def _id(self, call: Call, index: int) -> str:
        told = call.messageId
        if type(told) is not str:
            told = "" if told is None else text_of_id(told, self._limits.identifier_length_max, "messageId")
        if not told:
            return f"coterie:{self._position}:{index}"
        if len(told) > self._limits.identifier_length_max:
            raise Refusal(
                "identifier is too long", "messageId", told, f"at most {self._limits.identifier_length_max} characters"
            )
        return told.replace("#", "%23") if "#" in told else told

    def _occurred_at(self, call: Call) -> int:
        """Return when it happened by our clock: the client's error is the arrival minus ``sentAt`` (Segment spec)."""
        told = call.timestamp if call.originalTimestamp is None else call.originalTimestamp
        received_at = self._received_at
        if told is None or told == "":
            return received_at
        at = instant_of(told)
        shift = self._shift if call.sentAt is None else _shift(call.sentAt, received_at)
        if shift is not None:
            at += shift
        if at > received_at:
            if at - received_at > self._limits.clock_skew_us:
                raise Refusal(
                    "lies in the future",
                    "timestamp",
                    f"{told}, {(at - received_at) / 1e6:.0f} s ahead of its arrival",
                    f"at most {self._limits.clock_skew_us / 1e6:.0f} s ahead",
                )
            return received_at
        if at < FIRST_AT:
            raise Refusal("not an instant", "timestamp", told, "a year after 0000")
        return at


def _shift(sent: Scalar, received_at: int) -> int | None:
    """Return what to add to the client's instants, ``None`` when it does not say when it sent."""
    if sent is None or sent == "" or isinstance(sent, bool | dict | list):
        return None
    try:
        return received_at - instant_of(sent)
    except Refusal:
        return None


def _with_traits(
    identifiers: tuple[tuple[str, str], ...], traits: dict[str, Value], kinds: frozenset[str], limits: Limits
) -> tuple[tuple[str, str], ...]:
    """Return ``identifiers`` and those that the traits e-mail and phone are."""
    email, phone = traits.get("email"), traits.get("phone")
    if isinstance(email, str) and "email" in kinds and email.strip():
        identifiers += (("email", text_of_id(email.strip().lower(), limits.identifier_length_max, "traits.email")),)
    if isinstance(phone, str) and "phone" in kinds and phone.strip():
        identifiers += (("phone", text_of_id(phone.strip(), limits.identifier_length_max, "traits.phone")),)
    return identifiers
