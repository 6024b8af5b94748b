"""The scenes of the demo after the proof: data from elsewhere, checked to the row; and somebody who is forgotten."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from coterie.cli.demo_screen import Theatre
from coterie.cli.demo_server import DemoServer
from coterie.errors import Terminal

SOURCE = "loyalty"
DEFINITION = """\
kind: files
path: inbox/*.csv
title: The loyalty programme's nightly file
every: 1s
mapping:
  profile: customer
  occurred_at: since
  event: tier_changed
  properties: {tier: tier}
  traits: {tier: tier}
  traits_as: set
"""
TIERS = ("silver", "gold", "platinum")
PEOPLE = 300
BROKEN = ("p-000001,yesterday-ish,gold", ",2026-01-05T09:00:00Z,silver")
"""Rows of the file that cannot become events: an instant that is none, and nobody's."""
WAIT_S = 30.0
LOOK_S = 0.02
SHELVES = 6
"""Places of a receipt that are shown, those with most removed first."""


def write_source(root: Path) -> None:
    """The project follows a folder into which a loyalty programme puts its files."""
    (root / "sources").mkdir()
    (root / "sources" / f"{SOURCE}.yaml").write_text(DEFINITION, encoding="utf-8")
    (root / "inbox").mkdir()


def show_source(theatre: Theatre, server: DemoServer, root: Path, people: Sequence[str], since: str) -> None:
    """Drop a file into the folder, see its rows become events and traits, and reconcile it to the row."""
    theatre.scene(
        "Data from elsewhere",
        "A file lands in a folder that a source follows. PostgreSQL, S3, Kafka, REST and webhooks work the same.",
    )
    chosen = sorted(people)[:PEOPLE]
    rows = [f"{who},{since},{TIERS[place % len(TIERS)]}" for place, who in enumerate(chosen)]
    text = "\n".join(["customer,since,tier", *rows[:7], BROKEN[0], *rows[7:], BROKEN[1], ""])
    draft = root / "inbox" / "tonight.draft"
    draft.write_text(text, encoding="utf-8")
    draft.rename(draft.with_suffix(".csv"))
    began = time.perf_counter()
    with theatre.wait("following the folder"):
        told = _wait(server, len(BROKEN))
    took = time.perf_counter() - began
    theatre.say(
        f"  [bold]{len(rows) + len(BROKEN):,}[/] rows lay there, [bold]{told['events']:,}[/] events and trait changes came of them "
        f"{took:.1f} s later; [yellow]{told['refused']}[/] rows wait in quarantine with their reasons"
    )
    found = server.post(f"/v1/reconciliations/{SOURCE}")
    exact = not found["strange"]
    theatre.say(
        "  Read again and compared row by row: "
        + ("[green]what landed is what lies at the source[/]" if exact else "[red]they differ[/]")
    )


def _wait(server: DemoServer, refused: int) -> dict[str, Any]:
    """Return how far the source is when everything of the file is committed. Raises: Terminal."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        told: dict[str, Any] = server.get(f"/v1/sources/{SOURCE}")
        if told["events"] and told["refused"] >= refused and told["now"]["done"] >= 1.0:
            return told
        time.sleep(LOOK_S)
    raise Terminal(f"the source did not bring its file within {WAIT_S:.0f} s", hint="see demo/serve.log")


def show_erasure(theatre: Theatre, server: DemoServer, who: str, name: str) -> None:
    """Erase a person over HTTP, show the receipt, and let them try to come back."""
    theatre.scene(
        f"{name} asks to be forgotten",
        "One request. Log, history, state, snapshots, journal, outbox, quarantine: cleared, then every byte is searched.",
    )
    began = time.perf_counter()
    with theatre.wait("erasing"):
        told = server.post("/v1/privacy/erasures", {"profiles": [who], "reason": "she asked"})
        while told["state"] == "running":
            time.sleep(LOOK_S)
            told = server.get(f"/v1/privacy/erasures/{told['id']}", key="admin")
    receipt = told["receipt"]
    if receipt is None:
        raise Terminal(f"the erasure failed: {told['note']}")
    took = time.perf_counter() - began
    places = sorted((one for one in receipt["places"] if one["found"]), key=lambda one: -one["found"])
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 2), header_style="dim")
    for title in ("place", "removed", "left"):
        table.add_column(title, justify="left" if title == "place" else "right")
    for one in places[:SHELVES]:
        table.add_row(one["name"], f"{one['found']:,}", f"{one['left']:,}")
    theatre.console.print(table)
    searched = receipt["searched"]
    left = sum(one["left"] for one in receipt["places"]) + len(searched["places"])
    theatre.say(
        f"  gone after {took:.1f} s; [bold]{searched['bytes'] / 1e6:,.0f} MB[/] in {searched['files']:,} files searched for them: "
        + ("[green]nothing left[/]" if not left else f"[red]{left} places left[/]")
        + f"; receipt {receipt['id']}, signed"
    )
    server.track(who, "product_viewed")
    gone = server.status(f"/v1/profiles/{who}") == 404
    theatre.say(
        "  Their browser sends another event: "
        + (
            "[green]they do not come back[/] (their identifiers are known as keyed hashes only)"
            if gone
            else "[red]they are back[/]"
        )
    )
