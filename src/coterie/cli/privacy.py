"""``coterie privacy``: what is kept of a person, that it goes, and the proof."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from coterie.cli.exits import DISAGREE
from coterie.cli.session import Session

if TYPE_CHECKING:
    from coterie.privacy.receipt import Receipt


@click.group("privacy")
def command() -> None:
    """Access, erasure with a signed receipt, retention and suppression.

    WHO is a profile id, or an identifier as kind:value (email:ada@example.com).
    """


@command.command("access")
@click.argument("who")
@click.option(
    "--to", type=click.Path(path_type=Path, dir_okay=False), help="Write it to this file, for its owner only."
)
@click.pass_obj
def access_person(session: Session, who: str, to: Path | None) -> None:
    """Give everything that is kept of WHO as one JSON document."""
    import msgspec

    from coterie.engine.privacy.access import access
    from coterie.engine.told import told
    from coterie.storage.private import write_whole

    found = access(session.project(), who)
    if to is None:
        session.answer(found)
        return
    write_whole(to.absolute(), msgspec.json.format(msgspec.json.encode(told(found)), indent=2) + b"\n")
    session.remark(f"{len(found.events):,} events and everything else about {found.profile} are in {to}")


@command.command("erase")
@click.argument("who", nargs=-1)
@click.option(
    "--from", "file", type=click.File(), help="Read more names from this file, one a line (- for standard input)."
)
@click.option("--reason", default="", help="Why, for the receipt.")
@click.option("--by", default="", help="Who asked, for the receipt (default: the name of the system's user).")
@click.option(
    "--unknown", is_flag=True, help="Take names that nobody is known by at their word: suppress them, search for them."
)
@click.option("--no-suppression", is_flag=True, help="The person may come back.")
@click.option("--dry-run", is_flag=True, help="Only count what would go.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def erase_people(
    session: Session,
    who: tuple[str, ...],
    file: TextIO | None,
    reason: str,
    by: str,
    unknown: bool,
    no_suppression: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Erase WHO from everything, for good, and give a signed receipt. While a server runs, use its HTTP API."""
    import getpass

    from coterie.engine.privacy.erasure import Asked, erase, preview

    more = [line.strip() for line in file if line.strip()] if file is not None else []
    names = [*who, *more]
    if not names:
        raise click.UsageError("name somebody: coterie privacy erase WHO")
    asked = Asked(who=names, by=by or getpass.getuser(), reason=reason, suppress=not no_suppression, unknown=unknown)
    project = session.project()
    if dry_run:
        _preview(session, preview(project, asked))
        return
    if not yes and not session.as_json:
        click.confirm(f"Erase {len(names)} from everything, for good?", abort=True)
    receipt = erase(project, asked, session.remark)
    if session.as_json:
        session.answer(receipt)
    else:
        _show(session, receipt)
    if not receipt.is_complete:
        raise SystemExit(DISAGREE)


@command.command("resume")
@click.pass_obj
def resume_erasures(session: Session) -> None:
    """Finish erasures that were cut off."""
    from coterie.engine.privacy.erasure import resume

    receipts = resume(session.project(), session.remark)
    if session.as_json:
        session.answer(receipts)
        return
    for receipt in receipts:
        _show(session, receipt)
    if not receipts:
        click.echo("nothing was cut off")


@command.command("receipts")
@click.argument("number", required=False)
@click.pass_obj
def show_receipts(session: Session, number: str | None) -> None:
    """List the receipts of erasures, or show one."""
    from coterie.engine.privacy.keeping import pending_of, receipts_of
    from coterie.segments.instants import rfc3339

    project = session.project()
    receipts = [receipts_of(project).get(number)] if number else receipts_of(project).all()
    if session.as_json:
        session.answer(receipts[0] if number else receipts)
        return
    for one in receipts if number is None else ():
        state = "complete" if one.is_complete else "not complete"
        click.echo(f"{one.id}  {rfc3339(one.finished_at)}  {one.identifiers} identifiers  {state}")
    if number is not None:
        _show(session, receipts[0])
    for pending in pending_of(project):
        click.echo(f"{pending.id}  begun {rfc3339(pending.asked_at)} and not finished: coterie privacy resume")


@command.command("verify")
@click.argument("receipt")
@click.argument("who", nargs=-1, required=True)
@click.pass_obj
def verify_receipt(session: Session, receipt: str, who: tuple[str, ...]) -> None:
    """Check RECEIPT (an id, or a file) and search every byte for WHO again. Exit code 4 when it does not hold.

    A receipt names nobody: say whom it is about, by every identifier you know.
    """
    from coterie.engine.privacy.keeping import receipts_of
    from coterie.engine.privacy.verification import verify
    from coterie.storage.private import read_receipt

    project = session.project()
    told = read_receipt(Path(receipt)) if Path(receipt).is_file() else receipts_of(project).get(receipt)
    found = verify(project, told, who)
    if session.as_json:
        session.answer({"holds": found.holds, **{name: getattr(found, name) for name in found.__struct_fields__}})
    else:
        for text, good in (
            ("the signature is of this project, and nothing was changed", found.genuine),
            ("the receipt is about everybody who was named", found.about),
            ("nothing was left anywhere when it was signed", found.complete),
            (
                f"nothing is in {found.searched.files:,} files, {found.searched.bytes:,} bytes",
                not found.searched.places,
            ),
        ):
            click.echo(f"{'yes' if good else 'NO '}  {text}")
        for place in found.searched.places:
            click.echo(f"     {place}")
    if not found.holds:
        raise SystemExit(DISAGREE)


@command.command("suppressed")
@click.argument("who", required=False)
@click.option(
    "--lift", is_flag=True, help="Take WHO off the list, with all identifiers that came with the same erasure."
)
@click.pass_obj
def show_suppressed(session: Session, who: str | None, lift: bool) -> None:
    """Say how many identifiers do not come back, or whether WHO is one; --lift lets a person come back."""
    from coterie.engine.privacy.suppressions import count, is_suppressed, let_back

    project = session.project()
    if who is None:
        told: object = {"identifiers": count(project)}
        text = f"{count(project):,} identifiers are on the list"
    elif lift:
        lifted = let_back(project, who)
        told, text = {"lifted": lifted}, f"{lifted} identifiers may come back"
    else:
        found = is_suppressed(project, who)
        told, text = {"suppressed": found}, f"{who} is {'' if found else 'not '}on the list"
    if session.as_json:
        session.answer(told)
    else:
        click.echo(text)


@command.command("retention")
@click.option(
    "--apply", "apply_now", is_flag=True, help="Let go of what is too old. A running server does so by itself."
)
@click.pass_obj
def show_retention(session: Session, apply_now: bool) -> None:
    """Show how long each table is kept (`privacy.retention`), and what is older; --apply lets go of it."""
    from coterie.engine.privacy.retention import look, retain

    project = session.project()
    found = retain(project) if apply_now else look(project)
    if session.as_json:
        session.answer(found)
        return
    from coterie.cli.tables import plain_table

    table = plain_table("table", "kept", "gone" if apply_now else "older", right=("gone", "older"))
    for one in found:
        table.add_row(f"  {one.table}", "for ever" if one.days is None else f"{one.days:g} days", f"{one.rows:,}")
    session.console().print(table)


def _preview(session: Session, found: object) -> None:
    from coterie.engine.privacy.erasure import Preview

    assert isinstance(found, Preview)
    if session.as_json:
        session.answer(found)
        return
    click.echo(f"profiles: {', '.join(found.profiles)}")
    click.echo(f"identifiers: {', '.join(found.identifiers)}")
    for name, count in found.places.items():
        if count:
            click.echo(f"  {count:>8,}  {name}")
    session.remark("nothing was changed")


def _show(session: Session, receipt: Receipt) -> None:
    from coterie.cli.tables import plain_table

    click.echo(f"{receipt.id}: {'complete' if receipt.is_complete else 'NOT COMPLETE'}")
    table = plain_table("place", "found", "left", "of", right=("found", "left"))
    for place in receipt.places:
        if place.found or place.left:
            table.add_row(f"  {place.name}", f"{place.found:,}", f"{place.left:,}", place.unit)
    session.console().print(table)
    searched = receipt.searched
    click.echo(f"searched {searched.files:,} files, {searched.bytes:,} bytes, {searched.values:,} values")
    for where in searched.places:
        click.echo(f"  found in {where}")
    for destination, count in receipt.told.items():
        click.echo(f"tell {destination}: it was sent {count} messages about the person")
