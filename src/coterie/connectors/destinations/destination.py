"""What every destination is: it is given messages, and says by its errors whether another try can help."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Protocol

from msgspec import Struct

from coterie.errors import Problem, Transient
from coterie.segments.conditions.form import Form
from coterie.segments.conditions.words import Doc, Duration, whole


class Message(Struct, frozen=True, kw_only=True):
    """One delivery as a destination gets it. ``key`` is its idempotency key, the same at every try; ``at`` is now, in µs.

    ``payload`` is what the trigger decided (profile, segment, change, event, gathered); ``content`` the trigger's templates.
    """

    key: str
    trigger: str
    profile: str
    payload: Mapping[str, Any]
    content: Mapping[str, str]
    attempt: int
    at: int


class Later(Transient):
    """The other side asked to be left alone for ``retry_after_s`` seconds."""

    def __init__(self, message: str, *, retry_after_s: float, hint: str = "") -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message, hint=hint)


class Destination(Protocol):
    """Somewhere that messages go to. Called from one event loop; several ``send`` may be under way at once."""

    async def send(self, message: Message) -> None:
        """The other side has taken the message. Raises: Transient when a later try may help (``Later``: not before then),
        Terminal when none will."""

    async def close(self) -> None:
        """No connection is open."""

    def flaws(self, content: Mapping[str, str], sample: Mapping[str, Any], where: str) -> list[Problem]:
        """Return what is wrong with a trigger's content, tried on the payload ``sample``. No I/O."""


class Way(Form, frozen=True, kw_only=True):
    """How it is tried: the same words for every kind."""

    spread: ClassVar[bool] = True

    title: Annotated[str, Doc("Its name for people.")] = ""
    concurrency: Annotated[int, whole(1, 1_000), Doc("Messages under way at once; 8 when not said.")] = 8
    timeout: Annotated[Duration, Doc("How long one try may take; 15s when not said.")] = "15s"
    tries: Annotated[
        int,
        whole(1, 1_000),
        Doc("A message that failed so often while the destination was not down is a dead letter; 12 when not said."),
    ] = 12
    give_up_after: Annotated[
        Duration, Doc("A message that was due so long ago is a dead letter; 3d when not said.")
    ] = "3d"
    retry_first: Annotated[
        Duration, Doc("Longest pause before the second try; it doubles with each try; 2s when not said.")
    ] = "2s"
    retry_longest: Annotated[Duration, Doc("Longest pause between two tries; 1h when not said.")] = "1h"
