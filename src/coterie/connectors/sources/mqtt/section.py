"""The ``mqtt:`` section of coterie.yaml: brokers, and which of their topics are which events."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from coterie.connectors.sources.mqtt.topic import RESERVED, Topic, topic_of
from coterie.errors import InvalidDefinition, Problem, nearest

WHERE = "coterie.yaml: mqtt"
REFERENCE = re.compile(r"\{([a-z][A-Za-z0-9_.]*)\}")
_KEY = re.compile(r"^[a-z][a-z0-9_-]*$")


class Route(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One topic and the events its messages become. Texts may hold ``{part}`` and ``{payload.field}``."""

    topic: str
    event: str = "{event}"
    identifiers: Annotated[dict[str, str], Meta(min_length=1)]
    """Kind of identifier → text."""
    properties: dict[str, str] | None = None
    """Property → text; without it, every part of the topic that is neither an identifier nor the event."""
    payload: Literal["json", "text"] = "json"
    """``json``: an object's fields are properties, anything else is one; ``text``: the payload is one property."""
    value: str = "value"
    """Name of the property that a payload without fields becomes."""
    timestamp: str = ""
    """Field of the payload that says when it happened: RFC 3339, or seconds, milliseconds or microseconds since 1970."""
    message_id: str = ""
    """Field of the payload that is different for every message and the same when one is sent again."""


class Broker(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One broker."""

    host: str
    port: Annotated[int, Meta(ge=1, le=65_535)] = 1883
    topics: Annotated[tuple[Route, ...], Meta(min_length=1)]
    client_id: str = ""
    """The session's name at the broker; ``coterie-<key>`` when empty. Two servers must not share one."""
    username: str = ""
    password_env: str = ""
    """Name of the environment variable that holds the password."""
    tls: bool = False
    ca_file: str = ""
    """Certificate of the authority to trust, when it is not one of the system's."""
    keepalive_s: Annotated[int, Meta(ge=5, le=3_600)] = 60


def brokers_of(data: object, where: str = WHERE) -> dict[str, Broker]:
    """Return the brokers by their key. Raises: InvalidDefinition with every problem."""
    if not isinstance(data, dict):
        raise InvalidDefinition([Problem("a mapping is expected here", where=where, received=data, allowed="key: {…}")])
    problems: list[Problem] = []
    found: dict[str, Broker] = {}
    for key, one in data.items():
        place = f"{where}.{key}"
        if not _KEY.match(str(key)):
            problems.append(Problem("not a key", where=place, received=key, allowed="small letters, digits, - and _"))
            continue
        try:
            found[key] = msgspec.convert(one, Broker)
        except msgspec.ValidationError as error:
            problems.append(_told(error, place, one))
            continue
        for at, route in enumerate(found[key].topics):
            problems.extend(_mistakes(route, f"{place}.topics[{at}]"))
    if problems:
        raise InvalidDefinition(problems)
    return found


def topic_in(route: Route) -> Topic:
    """Return the pattern of a route that was checked."""
    return topic_of(route.topic)


def _mistakes(route: Route, place: str) -> list[Problem]:
    try:
        topic = topic_of(route.topic, f"{place}.topic")
    except Problem as problem:
        return [problem]
    names = [name for _, name in topic.names]
    texts: dict[str, str] = {"event": route.event}
    texts |= {f"identifiers.{kind}": text for kind, text in route.identifiers.items()}
    texts |= {f"properties.{name}": text for name, text in (route.properties or {}).items()}
    allowed = ", ".join([*(f"{{{name}}}" for name in names), "{payload}", "{payload.field}"])
    return [
        Problem("nothing has this name", where=f"{place}.{field}", received=f"{{{name}}}", allowed=allowed, hint=hint)
        for field, text in texts.items()
        for name in REFERENCE.findall(text)
        if name.split(".")[0] != RESERVED and name not in names
        for hint in [nearest(name, names) or "name a level of the topic, or a field of the payload"]
    ]


def _told(error: msgspec.ValidationError, place: str, received: Any) -> Problem:
    what, _, path = str(error).partition(" - at `$")
    fields = {"Broker": Broker.__struct_fields__, "Route": Route.__struct_fields__}
    allowed = ", ".join(fields["Route" if "topics" in path else "Broker"])
    return Problem(what[:1].lower() + what[1:], where=place + path.rstrip("`"), received=received, allowed=allowed)
