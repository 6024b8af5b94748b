"""``coterie keys``: who may write, read and administer the server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from coterie.cli.session import Session

if TYPE_CHECKING:
    from coterie.storage.access import KeyRow
    from coterie.web.access import Issued, Keys


@click.group("keys")
def command() -> None:
    """Keys of the server. Only their hashes are kept: a key's text is shown once, when it is made.

    A server that runs takes a change over within a second.
    """


@command.command("list")
@click.pass_obj
def rows(session: Session) -> None:
    """List every key: its id, name, scope, and when it was made, used, expires or was revoked."""
    with _keys(session) as keys:
        found = keys.rows()
    if session.as_json:
        session.answer([_told(row) for row in found])
        return
    from coterie.cli.tables import plain_table

    table = plain_table("id", "scope", "name", "made", "last used", "ends", styles={"id": "bold cyan"})
    for row in found:
        end = f"revoked {_at(row.revoked_at)}" if row.revoked_at else _at(row.expires_at)
        table.add_row(row.id, row.scope, row.name, _at(row.created_at), _at(row.used_at), end)
    session.console().print(table)


@command.command("create")
@click.argument("name")
@click.option(
    "--scope", type=click.Choice(["write", "read", "admin"]), required=True,
    help="write: send events. read: ask. admin: everything.",
)  # fmt: skip
@click.option("--days", type=click.IntRange(min=1), help="Days until it expires (default: never).")
@click.option(
    "--rate", type=float, default=0.0, help="Events or requests a second that it may send (default: no bound)."
)
@click.pass_obj
def create(session: Session, name: str, scope: Any, days: int | None, rate: float) -> None:
    """Make a key with the NAME by which you will know it, and show its text once."""
    from coterie.limits import DAY_US
    from coterie.web.access import HERE

    with _keys(session) as keys:
        now = session.project().wall()
        ends = None if days is None else now + days * DAY_US
        _show(session, keys.create(name, scope, HERE, expires_at=ends, events_per_s=rate))


@command.command("rotate")
@click.argument("key_id")
@click.option("--grace", type=click.IntRange(min=0), help="Seconds that the old text works on (default: a day).")
@click.pass_obj
def rotate(session: Session, key_id: str, grace: int | None) -> None:
    """Give the key KEY_ID a new text; the old one works a while longer."""
    from coterie.limits import SECOND_US
    from coterie.web.access import HERE

    with _keys(session) as keys:
        _show(session, keys.rotate(key_id, HERE, grace_us=None if grace is None else grace * SECOND_US))


@command.command("revoke")
@click.argument("key_id")
@click.pass_obj
def revoke(session: Session, key_id: str) -> None:
    """From now on nobody can use the key KEY_ID."""
    from coterie.web.access import HERE

    with _keys(session) as keys:
        row = keys.revoke(key_id, HERE)
    if session.as_json:
        session.answer(_told(row))
    else:
        session.console().print(f"[green]revoked[/] {row.id} ({row.scope}, {row.name})")


@contextmanager
def _keys(session: Session) -> Iterator[Keys]:
    from coterie.clock import SystemClock
    from coterie.engine.project import HIDDEN
    from coterie.storage.access import AccessStore
    from coterie.web.access import Keys

    store = AccessStore(session.project().root / HIDDEN / "access.db")
    try:
        yield Keys(store, SystemClock())
    finally:
        store.close()


def _show(session: Session, issued: Issued) -> None:
    if session.as_json:
        session.answer({**_told(issued.key), "text": issued.text})
        return
    click.echo(issued.text)
    session.remark(f"{issued.key.id}, scope {issued.key.scope}: keep the text, it is not shown again")


def _told(row: KeyRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__struct_fields__ if not name.startswith("digest")}


def _at(instant: int | None) -> str:
    from coterie.segments.instants import from_us

    return "" if instant is None else from_us(instant).strftime("%Y-%m-%d %H:%M")
