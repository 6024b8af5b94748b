"""What every SQL source file may say about which rows are read, and in which order."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.connectors.sources.marks import Lag
from coterie.segments.conditions.form import Check, Choice, Flaw, Form
from coterie.segments.conditions.words import Doc, Duration, Name, Plain, Text, whole


def _refuse_order(cursor: str | None, lag: Lag | None, begin: object, removals: bool | None) -> Flaw | None:
    if cursor is not None and removals is not None:
        hint = "a cursor never meets a row that is gone: leave cursor away, or mark removed rows in a column"
        return Flaw("rows that are gone are told by snapshots only", "removals", received=removals, hint=hint)
    if cursor is None and (lag is not None or begin is not None):
        key = "lag" if lag is not None else "from"
        return Flaw(f"{key} goes with a cursor", key, hint="name the column that grows: cursor: updated_at")
    return None


class Reading(Form, frozen=True, kw_only=True):
    """Rows of a table or query: in the order of a cursor, or whole, with what has changed since the last time."""

    spread: ClassVar[bool] = True
    choices: ClassVar[tuple[Choice, ...]] = (
        Choice((("table",), ("query",)), least=1, hint="table: orders, or query: select … from …"),
    )
    checks: ClassVar[tuple[Check, ...]] = (Check(("cursor", "lag", "from_", "removals"), _refuse_order),)

    table: Annotated[Name | None, Doc("A table or view, with its schema where it has one: `shop.orders`.")] = None
    query: Annotated[Text | None, Doc("A `select` in place of a table; the session is read-only.")] = None
    cursor: Annotated[
        Name | None,
        Doc(
            "The column that grows when a row is added or changed: only what lies behind is read. Without it the whole table is "
            "read each time, and what changed since is found by comparing."
        ),
    ] = None
    key: Annotated[
        Name | tuple[Name, ...] | None,
        Doc("The column or columns that name a row; the table's primary key when not said."),
    ] = None
    lag: Annotated[
        Duration | Annotated[int, whole(1)] | None,
        Doc(
            "How far before the newest row each reading begins again, for rows of transactions that end late: a duration for "
            "instants, a whole number for numbers. Rows that were read are left out."
        ),
    ] = None
    from_: Annotated[Plain | None, Doc("Rows with a smaller cursor are never read.")] = None
    removals: Annotated[
        bool | None,
        Doc(
            "Whether rows that are gone are told, as rows with their key and `$change: removed`. For that the keys are kept, "
            "where otherwise only digests are. No when not said."
        ),
    ] = None
    aside: Annotated[
        Name | tuple[Name, ...] | None,
        Doc(
            "Columns that say nothing about what happened, such as a serial number of rows: they are left out when an event's id "
            "is made of a row's content, so that the same history from a file has the same ids."
        ),
    ] = None
    rows: Annotated[int | None, whole(1, 30_000), Doc("Rows that one query asks for; 5000 when not said.")] = None
    timeout: Annotated[Duration, Doc("How long one query may take; 5m when not said.")] = "5m"

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the columns of ``key``, none when it was not said."""
        return (self.key,) if isinstance(self.key, str) else self.key or ()

    @property
    def asides(self) -> tuple[str, ...]:
        """Return the columns of ``aside``."""
        return (self.aside,) if isinstance(self.aside, str) else self.aside or ()
