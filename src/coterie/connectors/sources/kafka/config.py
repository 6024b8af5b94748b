"""What ``sources/<name>.yaml`` says of a Kafka topic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from coterie.connectors.secrets import Secret
from coterie.connectors.sources.kinds import Setting
from coterie.connectors.sources.messages import refuse_start
from coterie.segments.conditions.form import Check, Form
from coterie.segments.conditions.words import Doc, Text, whole

if TYPE_CHECKING:
    from coterie.connectors.sources.kafka.topic import Topic

CONTINUOUS = True


class Config(Form, frozen=True, kw_only=True):
    """One topic of one cluster, whose messages are JSON."""

    checks: ClassVar[tuple[Check, ...]] = (Check(("start",), refuse_start),)

    brokers: Annotated[Text, Doc("`host:port`, several with commas.")]
    topic: Annotated[Text, Doc("The topic's name.")]
    start: Annotated[
        Text, Doc("Where the first reading begins: `earliest`, `latest`, or an instant; `earliest` when not said.")
    ] = "earliest"
    username: Annotated[str, Doc("The user; nobody is named when not said.")] = ""
    password: Annotated[Secret | None, Doc("The user's password, from the environment.")] = None
    sasl: Annotated[
        Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"], Doc("How the password is shown; `PLAIN` when not said.")
    ] = "PLAIN"
    tls: Annotated[bool, Doc("Whether the connection is encrypted; false when not said.")] = False
    ca_file: Annotated[str, Doc("Certificate of the authority to trust, when it is not one of the system's.")] = ""
    messages_max: Annotated[int, whole(1, 100_000), Doc("Messages of one page; 5,000 when not said.")] = 5_000


def open_source(config: Config, setting: Setting) -> Topic:
    """Return the topic; it is connected at first use."""
    from coterie.connectors.sources.kafka.topic import Topic

    return Topic(config, setting.name)
