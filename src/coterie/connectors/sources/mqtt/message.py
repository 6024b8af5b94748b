"""One message becomes one event of the tracking API, or the reason why it cannot."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from coterie.connectors.sources.mqtt.section import REFERENCE, Broker, Route, topic_in
from coterie.connectors.sources.mqtt.topic import RESERVED, Topic
from coterie.errors import Problem

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OWN_FIELDS = {"user_id": "userId", "anonymous_id": "anonymousId"}
_SCALE = ((10**11, 1_000_000), (10**14, 1_000), (10**17, 1))
"""(numbers below, microseconds each): seconds until the year 5138, milliseconds until then, microseconds."""


class Reading(Struct, frozen=True):
    """An event for the journal, and whether its id is the same whenever the same message comes again."""

    event: dict[str, Any]
    lasting: bool


class Rules:
    """What the topics of one broker become. The first route that matches a topic is taken."""

    def __init__(self, key: str, broker: Broker) -> None:
        self._key = key
        self._routes: list[tuple[Topic, Route]] = [(topic_in(route), route) for route in broker.topics]
        self.filters = tuple(dict.fromkeys(topic.filter for topic, _ in self._routes))

    def read(self, topic: str, payload: bytes) -> Reading:
        """Return the event of a message. Raises: Problem that says what is wrong with it."""
        for pattern, route in self._routes:
            parts = pattern.match(topic)
            if parts is not None:
                return self._reading(route, topic, payload, parts)
        raise Problem("no route takes this topic", where="topic", received=topic)

    def _reading(self, route: Route, topic: str, payload: bytes, parts: dict[str, str]) -> Reading:
        said = _decoded(payload, route.payload)
        fields: dict[str, Any] = dict(said) if isinstance(said, dict) else {route.value: said}
        event: dict[str, Any] = {"type": "track", "event": _text(route.event, parts, said, "event")}
        outside = []
        for kind, text in route.identifiers.items():
            value = _text(text, parts, said, f"identifiers.{kind}")
            if kind in _OWN_FIELDS:
                event[_OWN_FIELDS[kind]] = value
            else:
                outside.append({"id": value, "type": kind})
        if outside:
            event["context"] = {"externalIds": outside}
        if route.timestamp and fields.get(route.timestamp) is not None:
            event["timestamp"] = _instant(fields.pop(route.timestamp), route.timestamp)
        token = fields.pop(route.message_id, None) if route.message_id else None
        lasting = token is not None or "timestamp" in event
        event["messageId"] = self._id(str(token).encode()) if token is not None else self._id(topic.encode(), payload)
        used = {*REFERENCE.findall(route.event), *(n for t in route.identifiers.values() for n in REFERENCE.findall(t))}
        texts = {name: f"{{{name}}}" for name in parts if name not in used} if route.properties is None else None
        for name, text in (texts if texts is not None else route.properties or {}).items():
            fields[name] = _value(text, parts, said, f"properties.{name}")
        event["properties"] = fields
        return Reading(event, lasting)

    def _id(self, *pieces: bytes) -> str:
        return f"mqtt-{hashlib.sha256(chr(0).encode().join((self._key.encode(), *pieces))).hexdigest()[:32]}"


def _decoded(payload: bytes, form: str) -> Any:
    try:
        return payload.decode() if form == "text" else msgspec.json.decode(payload)
    except (UnicodeDecodeError, msgspec.DecodeError) as error:
        what = "the payload is not JSON" if form == "json" else "the payload is not UTF-8 text"
        hint = "payload: text takes any text" if form == "json" else ""
        raise Problem(what, where="payload", received=shown(payload)[:200], allowed=str(error), hint=hint) from error


def _value(text: str, parts: dict[str, str], said: Any, where: str) -> Any:
    """Return what ``text`` says: a lone reference keeps its type, anything around it makes a text."""
    whole = REFERENCE.fullmatch(text)
    if whole:
        return _found(whole.group(1), parts, said, where)
    return REFERENCE.sub(lambda match: str(_found(match.group(1), parts, said, where)), text)


def _text(text: str, parts: dict[str, str], said: Any, where: str) -> str:
    value = _value(text, parts, said, where)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise Problem("not a text", where=where, received=value, allowed="a text or a whole number")
    return str(value)


def _found(name: str, parts: dict[str, str], said: Any, where: str) -> Any:
    first, *path = name.split(".")
    if first != RESERVED:
        return parts[name]
    for step in path:
        if not isinstance(said, dict) or said.get(step) is None:
            raise Problem("the payload lacks a field", where=where, received=f"{{{name}}}", allowed="a value")
        said = said[step]
    return said


def _instant(value: Any, field: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        for bound, each_us in _SCALE:
            if value < bound:
                at = _EPOCH + timedelta(microseconds=round(value * each_us))
                return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    allowed = "RFC 3339, or seconds, milliseconds or microseconds since 1970"
    raise Problem("not an instant", where=f"payload.{field}", received=value, allowed=allowed)


def shown(payload: bytes) -> str:
    """Return a payload as text that loses nothing: bytes that are no UTF-8 are written as ``\\xNN``."""
    return payload.decode("utf-8", "backslashreplace")
