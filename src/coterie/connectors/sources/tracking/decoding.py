"""A journal entry read: its events in order, those that cannot be taken with the reason."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Raw

from coterie.connectors.sources.tracking.calls import CONSENT_EVENTS, SHAPES, previous_of
from coterie.connectors.sources.tracking.contexts import Context, Contexts, text_of_id
from coterie.connectors.sources.tracking.instants import FIRST_AT, instant_of
from coterie.connectors.sources.tracking.tracked import ALIAS, Decoded, Options, Refusal, Refused, Tracked
from coterie.connectors.sources.tracking.wire import BATCH, SPLIT, TYPES, Call, Scalar, call_of, id_of, small
from coterie.limits import DEFAULT, Limits
from coterie.model import IDENTIFY, SET, Value

REFUSED = "refused"
"""Route of entries that their source could not read: a JSON list of ``Refused``, kept like every other refusal."""
_PLAIN = Options()
_contexts: dict[Options, Contexts] = {}


def decode(
    route: str,
    body: bytes,
    received_at: int,
    limits: Limits = DEFAULT,
    options: Options = _PLAIN,
    *,
    position: int = 0,
) -> Decoded:
    """Return the events of the journal entry at ``position`` and its refusals, in the order of the body.

    ``route`` is the kind of call, ``batch`` or ``refused``. An event without a messageId gets one from ``position`` and its index. Pure.
    Cost: about 2 µs an event of 400 bytes. Raises: nothing; what cannot be read is a refusal.
    """
    if route == REFUSED:
        return Decoded([], msgspec.json.decode(body, type=list[Refused]))
    try:
        calls, raws, sent = _calls(route, body, limits)
    except Refusal as refusal:
        return Decoded([], [_refused(refusal, 0, body)])
    reading = _Reading(received_at, limits, options, position, _shift(sent, received_at))
    for index, call in enumerate(calls):
        try:
            if call is None:
                assert raws is not None
                call = call_of(raws[index], limits.event_bytes_max)
            kind = call.type if route == "batch" else route
            reading.add(call, kind, index)
        except Refusal as refusal:
            raws = _raws(route, body) if raws is None else raws
            reading.refused.append(_refused(refusal, index, raws[index]))
    return Decoded(reading.events, reading.refused, reading.duplicates)


class _Reading:
    """The events of one request so far."""

    def __init__(self, received_at: int, limits: Limits, options: Options, position: int, shift: int | None) -> None:
        self._received_at, self._limits, self._options = received_at, limits, options
        self._position, self._shift = position, shift
        contexts = _contexts.get(options)
        if contexts is None:
            contexts = _contexts[options] = Contexts(options)
        self._context_of = contexts.of
        self._ids: set[str] = set()
        self.events: list[Tracked] = []
        self.refused: list[Refused] = []
        self.duplicates = 0

    def add(self, call: Call, kind: str | None, index: int) -> None:
        """The event is among the events, unless its id was there. Raises: Refusal."""
        shape = SHAPES.get(kind or "")
        if shape is None:
            raise Refusal("unknown type", "type", kind, ", ".join(TYPES))
        limits = self._limits
        context = self._context_of(bytes(call.context), limits.property_depth_max, limits.identifier_length_max)
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
        if type(event_id) is not str or not event_id or "#" in event_id or len(event_id) > limits.identifier_length_max:
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
            self.events.append(Tracked(f"{event_id}#consent", SET, identifiers, occurred_at, consent))

    def _identifiers(self, call: Call, context: Context) -> tuple[tuple[str, str], ...]:
        length_max = self._limits.identifier_length_max
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


def _calls(route: str, body: bytes, limits: Limits) -> tuple[Sequence[Call | None], list[Raw] | None, Scalar]:
    """Return the events (``None`` where one must be read alone), their texts if cut already, and when they were sent."""
    if route != "batch":
        return [None], [Raw(body)], None
    if small(body, limits.event_bytes_max):
        try:
            told = BATCH.decode(body)
        except (ValueError, RecursionError):
            pass
        else:
            return told.batch, None, told.sentAt
    try:
        split = SPLIT.decode(body)
    except (ValueError, RecursionError) as error:
        raise Refusal("not JSON", "", None, "an object with the list batch", str(error)) from None
    return [None] * len(split.batch), split.batch, split.sentAt


def _raws(route: str, body: bytes) -> list[Raw]:
    return SPLIT.decode(body).batch if route == "batch" else [Raw(body)]


def _refused(refusal: Refusal, index: int, raw: bytes | Raw) -> Refused:
    return Refused(
        index=index,
        reason=refusal.reason,
        where=refusal.where,
        received=refusal.received,
        allowed=refusal.allowed,
        hint=refusal.hint,
        id=id_of(raw),
        row=bytes(raw).decode("utf-8", "replace"),
    )


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
