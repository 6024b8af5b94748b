"""What ``sources/<name>.yaml`` says of an MQTT broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from coterie.connectors.secrets import Secret
from coterie.connectors.sources.kinds import Setting
from coterie.connectors.sources.mqtt.topic import topic_of
from coterie.errors import Problem
from coterie.segments.conditions.form import Check, Flaw, Form
from coterie.segments.conditions.words import Doc, Text, whole

if TYPE_CHECKING:
    from coterie.connectors.sources.mqtt.broker import Broker

CONTINUOUS = True
PASSING = True


def address_of(broker: str, tls: bool) -> tuple[str, int]:
    """Return host and port. Raises: ValueError."""
    host, colon, port = broker.rpartition(":")
    if not colon or broker.endswith("]"):
        host, port = broker, "8883" if tls else "1883"
    if not host or not 0 < int(port) < 65_536:
        raise ValueError(broker)
    return host.strip("[]"), int(port)


def _refuse_broker(broker: str, tls: bool) -> Flaw | None:
    try:
        address_of(broker, tls)
    except ValueError:
        if not broker.startswith("${"):
            return Flaw("not an address", "broker", received=broker, allowed="host, or host:port")
    return None


def _refuse_topics(topics: tuple[str, ...]) -> list[Flaw]:
    found = []
    for place, text in enumerate(topics):
        try:
            topic_of(text)
        except Problem as problem:
            key = f"topics[{place}]"
            found.append(Flaw(problem.what, key, received=problem.received, allowed=problem.allowed, hint=problem.hint))
    return found


class Config(Form, frozen=True, kw_only=True):
    """Some topics of one broker."""

    checks: ClassVar[tuple[Check, ...]] = (
        Check(("broker", "tls"), _refuse_broker),
        Check(("topics",), _refuse_topics),
    )

    broker: Annotated[Text, Doc("`host:port`; the port is 1883, or 8883 with `tls`, when not said.")]
    topics: Annotated[
        tuple[Text, ...],
        Doc(
            "Levels are texts, `{name}` (a column of that name), `+`, and `#` at the end; the first that fits is taken."
        ),
    ]
    payload: Annotated[
        Literal["json", "text"],
        Doc("`json`, or `text`: the whole payload is the column `value`; `json` when not said."),
    ] = "json"
    client_id: Annotated[
        str,
        Doc(
            "Name of the session at the broker; `coterie-` and the source's name when not said. No two servers share one."
        ),
    ] = ""
    username: Annotated[str, Doc("The user; nobody is named when not said.")] = ""
    password: Annotated[Secret | None, Doc("The user's password, from the environment.")] = None
    tls: Annotated[bool, Doc("Whether the connection is encrypted; false when not said.")] = False
    ca_file: Annotated[str, Doc("Certificate of the authority to trust, when it is not one of the system's.")] = ""
    keepalive: Annotated[int, whole(5, 3_600), Doc("Seconds between signs of life; 60 when not said.")] = 60
    messages_max: Annotated[int, whole(1, 10_000), Doc("Messages of one page; 500 when not said.")] = 500


def open_source(config: Config, setting: Setting) -> Broker:
    """Return the broker; it is connected at first use."""
    from coterie.connectors.sources.mqtt.broker import Broker

    return Broker(config, setting.name, setting.limits)
