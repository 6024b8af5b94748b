"""What every source file of an HTTP kind may say, whatever is asked."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from coterie.connectors.sources.http.credentials import Authentication
from coterie.segments.conditions.form import Check, Choice, Flaw, Form
from coterie.segments.conditions.words import Doc, Duration, Name, Plain, Text, whole

Written = Literal["as_is", "unix_s", "unix_ms", "date", "rfc3339"]


def _refuse_url(url: str) -> Flaw | None:
    if url.startswith(("https://", "http://", "${")):
        return None
    return Flaw("not an address of the web", "url", received=url, allowed="https://…, or http://…")


class Pace(Form, frozen=True, kw_only=True):
    """Never more than so many requests in so much time."""

    requests: Annotated[int, whole(1), Doc("How many.")]
    per: Annotated[Duration, Doc("In how long.")]


class Incremental(Form, frozen=True, kw_only=True):
    """Only rows since the last reading are asked for."""

    parameter: Annotated[
        Name, Doc("The query parameter (REST) or variable (GraphQL) that says since when, such as `updated_since`.")
    ]
    column: Annotated[Name, Doc("Where a row says when it changed, such as `updated_at` or `meta.version`.")]
    from_: Annotated[Plain | None, Doc("What is sent the first time; the parameter is left out when not said.")] = None
    lag: Annotated[
        Duration | Annotated[int, whole(1)] | None,
        Doc(
            "How far before the newest row each reading begins again, for rows that appear late. Rows that were read are left out."
        ),
    ] = None
    written: Annotated[
        Written, Doc("How the other side wants instants written; as in its rows (as_is) when not said.")
    ] = "as_is"
    ordered: Annotated[
        bool, Doc("Whether rows come with the newest last; then marks that are mere text, such as `evt_8Xk`, will do.")
    ] = False


class Polling(Form, frozen=True, kw_only=True):
    """Where is asked, who asks, how often, and which rows are new."""

    spread: ClassVar[bool] = True
    choices: ClassVar[tuple[Choice, ...]] = (
        Choice(
            (("incremental",), ("key",)), least=1,
            hint="incremental: {parameter: since, column: updated_at}, or key: id to find what changed by comparing",
        ),
        Choice((("incremental",), ("removals",))),
    )  # fmt: skip
    checks: ClassVar[tuple[Check, ...]] = (Check(("url",), _refuse_url),)

    url: Annotated[Text, Doc("The address; `${NAME}` stands for the environment's value.")]
    headers: Annotated[dict[Name, Text] | None, Doc("More headers.")] = None
    authentication: Annotated[Authentication | None, Doc("Who asks.")] = None
    incremental: Annotated[Incremental | None, Doc("Only rows since the last reading are asked for.")] = None
    key: Annotated[
        Name | tuple[Name, ...] | None,
        Doc("Columns that name a row: all rows are read each time, and what changed since is found by comparing."),
    ] = None
    removals: Annotated[
        bool | None,
        Doc(
            "With key: whether rows that are gone are told, with `$change: removed`. For that the keys are kept. No when not said."
        ),
    ] = None
    aside: Annotated[
        Name | tuple[Name, ...] | None,
        Doc("Columns that say nothing about what happened: left out when an event's id is made of a row's content."),
    ] = None
    at_most: Annotated[Pace | None, Doc("The pace that is kept to: `{requests: 60, per: 1m}`.")] = None
    timeout: Annotated[Duration, Doc("How long the other side may be silent; 30s when not said.")] = "30s"

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the columns of ``key``, none when it was not said."""
        return (self.key,) if isinstance(self.key, str) else self.key or ()

    @property
    def asides(self) -> tuple[str, ...]:
        """Return the columns of ``aside``."""
        return (self.aside,) if isinstance(self.aside, str) else self.aside or ()
