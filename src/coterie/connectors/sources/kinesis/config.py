"""What ``sources/<name>.yaml`` says of a Kinesis stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from coterie.connectors.secrets import Secret
from coterie.connectors.sources.kinds import Setting
from coterie.connectors.sources.messages import refuse_start
from coterie.segments.conditions.form import Check, Form
from coterie.segments.conditions.words import Doc, Text, whole

if TYPE_CHECKING:
    from coterie.connectors.sources.kinesis.stream import Stream

CONTINUOUS = True


class Config(Form, frozen=True, kw_only=True):
    """One stream, whose records are JSON."""

    checks: ClassVar[tuple[Check, ...]] = (Check(("start",), refuse_start),)

    stream: Annotated[Text, Doc("The stream's name.")]
    region: Annotated[Text, Doc("The region, such as `eu-north-1`.")]
    start: Annotated[
        Text, Doc("Where the first reading begins: `earliest`, `latest`, or an instant; `earliest` when not said.")
    ] = "earliest"
    access_key: Annotated[
        Secret | None, Doc("Id of the access key, from the environment; the machine's own credentials when not said.")
    ] = None
    secret_key: Annotated[Secret | None, Doc("The access key's secret, from the environment.")] = None
    endpoint: Annotated[str, Doc("Address of another service that speaks the same protocol.")] = ""
    records_max: Annotated[int, whole(1, 10_000), Doc("Records of one page; 2,500 when not said.")] = 2_500


def open_source(config: Config, setting: Setting) -> Stream:
    """Return the stream; it is connected at first use."""
    from coterie.connectors.sources.kinesis.stream import Stream

    return Stream(config, setting.name)
