"""Two people in a small project, one of whom is to go; every place that keeps something about people has something of both."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pyarrow as pa

from coterie.engine.matching import store_of
from coterie.engine.project import HIDDEN, Project
from coterie.identity.matching.proposal import Proposal, proposal_id
from coterie.model import IDENTIFY, LINK, MERGE
from coterie.storage import changes, quarantine
from coterie.storage.access import AccessStore, AuditRow
from coterie.values import canonical
from tests.engine.projects import NOW, project

ADA, BROWSER, BOB = "u-20931", "anonymous_id:browser-5c1f9a", "bob-77"
EVENTS: tuple[dict[str, Any], ...] = (
    {"days": 9, "event_id": "e1", "profile": BROWSER, "name": "view", "properties": {"sku": "a"}},
    {"days": 8, "event_id": "e2", "profile": ADA, "name": IDENTIFY, "properties": {"email": "Ada@Example.com"}},
    {"days": 8, "event_id": "e2#link0", "profile": ADA, "name": LINK, "properties": {"kind": "email", "value": "ada@example.com"}},
    {"days": 7, "event_id": "e3", "profile": ADA, "name": "order", "properties": {"total": 12}},
    {"days": 6, "event_id": "e4#merge0", "profile": ADA, "name": MERGE, "properties": {"loser": BROWSER}},
    {"days": 6, "event_id": "e4", "profile": ADA, "name": "view", "properties": {"sku": "b"}},
    {"days": 5, "event_id": "e5", "profile": BOB, "name": "view", "properties": {"sku": "c"}},
    {"days": 4, "event_id": "e6", "profile": BOB, "name": IDENTIFY, "properties": {"email": "bob@example.com"}},
    {"days": 4, "event_id": "e7", "profile": BOB, "name": "order", "properties": {"total": 3}},
)  # fmt: skip


def fill(folder: Path, *, only_events: bool = False) -> Project:
    """Return a project with everything about both people in it."""
    if only_events:
        return _again(folder)
    made = project(
        folder,
        {"buyers": "{did: {event: order}}"},
        *({**one, "properties": canonical(one["properties"])} for one in EVENTS),
    )
    made.changes.replace([_change(ADA), _change(BOB)])
    rows = [
        refused_row("r1", '{"id":"x1","mail":"ADA@example.com"}'),
        refused_row("r2", '{"id":"x2","mail":"eve@example.com"}'),
    ]
    made.quarantine.add(pa.Table.from_pylist(rows, schema=quarantine.SCHEMA))
    (folder / "lists").mkdir()
    (folder / "lists" / "vip.csv").write_text(f"profile\n{ADA}\n{BOB}\n")
    made.lists.take(made.lists.change("vip"))
    store_of(made).put([_match(ADA, BOB), _match("eve", BOB)], NOW)
    access = AccessStore(folder / HIDDEN / "access.db")
    for who in (ADA, BOB):
        access.append(AuditRow(at=NOW, key_id="k", key_name="n", action="consent.put", subject=f"profile:{who}"))
    access.close()
    return made


def _again(folder: Path) -> Project:
    """Return the project after the same events came once more as a file."""
    from coterie.connectors.mapping_file import parse_mapping
    from coterie.engine.ingest import ingest

    file = folder.parent / "again.csv"
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "who", "what", "at"])
        for one in EVENTS:
            if not one["name"].startswith("$"):
                writer.writerow([f"again-{one['event_id']}", one["profile"], one["name"], "2024-09-01T00:00:00Z"])
    made = Project(folder)
    told = {"source": "again", "event": {"column": "what"}, "profile": "who", "occurred_at": "at", "id": "id"}
    ingest(made, [file], parse_mapping(told), now=NOW)
    return made


def everything(made: Project, who: str) -> dict[str, Any]:
    """Return what the project keeps about somebody."""
    access = AccessStore(made.root / HIDDEN / "access.db")
    found = {
        "log": made.events.scan(profiles=[who]).drop_columns(["position"]).to_pylist(),
        "positions": made.events.scan(profiles=[who])["position"].to_pylist(),
        "changes": made.changes.table(profile=who).to_pylist(),
        "quarantine": [row for row in made.quarantine.rows().to_pylist() if "eve" in row["row"]],
        "audit": access.audit(subject=f"profile:{who}"),
        "matches": [one.proposal for one in store_of(made).all() if one.proposal.survivor == "eve"],
        "lists": [one for one in made.lists.members("vip", 1) if one == who],
    }
    access.close()
    return found


def _change(who: str) -> pa.Table:
    row = {
        "segment": "buyers", "version": 1, "profile": who, "direction": "entered", "at": NOW, "cause": "event",
        "event_id": "e3", "position": 3,
    }  # fmt: skip
    return pa.Table.from_pylist([row], schema=pa.schema(list(changes.SCHEMA)[:-1]))


def refused_row(number: str, row: str) -> dict[str, Any]:
    """Return a row of the quarantine."""
    told = {"reason": "odd", "place": "file:1", "detail": "no instant", "row": row}
    return {"id": number, **told, "received_at": NOW, "source": "files"}


def _match(one: str, other: str) -> Proposal:
    return Proposal(proposal_id(one, other), one, other, 0.9, 3.0, ())
