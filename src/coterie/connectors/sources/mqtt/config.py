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

    checks: ClassVar[tuple[Check, ...]] = (Check(("topics",), _refuse_topics),)

    host: Annotated[Text, Doc("Name or address of the broker.")]
    port: Annotated[int, whole(1, 65_535), Doc("1883 when not said.")] = 1_883
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
