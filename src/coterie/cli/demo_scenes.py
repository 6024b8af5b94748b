"""The scenes of the demo, in order."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import pyarrow as pa
from msgspec import Struct
from rich.console import Console
from rich.text import Text

from coterie.cli.demo_screen import Stage, Theatre, chart
from coterie.cli.session import Session
from coterie.engine import definitions
from coterie.engine.project import Project
from coterie.errors import Problem
from coterie.lab import Shop
from coterie.segments.definition import Segment
from coterie.settings import FILE
from coterie.values import parse

NAME = "coterie-demo-shop"
BATCH_ROWS = 10_000
DUPLICATES = 0.002
PROPERTIES = ("product_id", "total")
"""Properties that the segments of the demo ask for."""


class Wish(Struct, frozen=True, kw_only=True):
    """What demo to play."""

    people: int
    events: int
    days: int
    seed: int
    out: Path


class History(Struct, frozen=True, kw_only=True):
    """What the replay left: every change, and the sizes along the way."""

    changes: pa.Table
    curves: dict[str, list[tuple[int, int]]]
    counts: dict[str, int]


def play(session: Session, wish: Wish, console: Console | None = None) -> int:
    """Play the whole demo and return the exit code."""
    began = time.perf_counter()
    theatre = Theatre(console or session.console())
    project = fresh_project(wish.out)
    shop = Shop(
        people=wish.people, days=wish.days, seed=wish.seed, events=wish.events, duplicates=DUPLICATES, hot=False
    )
    open_shop(theatre, shop, project, wish)
    segments = write_segments(theatre, project)
    history = replay(theatre, shop, project, segments)
    show_sizes(theatre, history, segments)
    return 0


def fresh_project(out: Path) -> Project:
    """Return ``out`` as an empty project. Raises: Problem when something else than a demo is there."""
    marker = out / FILE
    if out.exists() and any(out.iterdir()):
        if not (marker.is_file() and f"name: {NAME}" in marker.read_text(encoding="utf-8")):
            raise Problem(
                "there is something else than a demo in this folder",
                where=str(out),
                allowed="an empty folder, or a demo made before",
                hint="choose another folder: coterie demo --out DIR",
            )
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)
    marker.write_text(f"name: {NAME}\ntime_zone: UTC\n", encoding="utf-8")
    return Project(out)


def open_shop(theatre: Theatre, shop: Shop, project: Project, wish: Wish) -> None:
    """Simulate the shop and keep its events in the project's log."""
    theatre.scene("A shop opens", "People with habits, carts, stores, devices, late and repeated events. The simulator knows the truth.")
    started = time.perf_counter()
    waiting = []
    with theatre.bar("simulating", wish.events) as bar:
        for batch in shop.batches(50_000):
            waiting.append(batch)
            bar.advance(batch.num_rows)
    made = time.perf_counter() - started
    with theatre.wait("writing the log"):
        done = project.events.append(pa.Table.from_batches(waiting))
        extent = project.events.extent()
    stored = time.perf_counter() - started - made
    theatre.say(
        f"  [bold]{done.added:,}[/] events of [bold]{wish.people:,}[/] people over {shop.days} days, "
        f"told under {extent.profiles:,} ids; {done.duplicates:,} repeated deliveries dropped\n"
        f"  [dim]simulated in {made:.1f} s, written to a Delta table in {stored:.1f} s[/]"
    )


def write_segments(theatre: Theatre, project: Project) -> list[Segment]:
    """Put the segments of the demo into the project and say them."""
    folder = project.root / "segments"
    folder.mkdir()
    for file in sorted(resources.files("coterie.lab").joinpath("segments").iterdir(), key=lambda one: one.name):
        (folder / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    segments = definitions.on_disk(project)
    theatre.scene("Seven questions, a few lines of YAML each", f"{folder}/*.yaml, said in English by `coterie says`:")
    for segment in segments:
        theatre.console.print(Text.assemble("  ", (segment.title, "bold"), "  ", (segment.says(), "dim")))
    return segments


def replay(theatre: Theatre, shop: Shop, project: Project, segments: Sequence[Segment]) -> History:
    """Run the log through the live reader, show it, and keep every change."""
    from coterie.segments.live import Live

    theatre.scene(
        "History runs through the live reader",
        "Events in, membership changes out, timers at their exact instants. Nothing is recomputed.",
    )
    titles = {segment.key: segment.title for segment in segments}
    live = Live(definitions.catalog(project, segments))
    with theatre.wait("reading the log"):
        log = project.events.scan(properties=PROPERTIES)
        names = names_of(project)
    curves: dict[str, list[tuple[int, int]]] = {key: [] for key in titles}
    tables: list[pa.Table] = []
    changed, started = 0, 0.0
    with theatre.wait("compiling the kernels, once per machine"):
        tables.append(live.apply(log.slice(0, 1)).table())
    started = time.perf_counter()
    with Stage(theatre.console, titles, shop.start, shop.end) as stage:
        for first in range(1, log.num_rows, BATCH_ROWS):
            batch = log.slice(first, BATCH_ROWS)
            tables.append(live.apply(batch).table())
            changed += tables[-1].num_rows
            done = first + batch.num_rows
            at, counts = batch["received_at"][-1].as_py(), live.counts()
            for key, size in counts.items():
                curves[key].append((at, size))
            stage.tape(some_changes(tables[-1], names))
            stage.show(at, counts, done, changed, done / (time.perf_counter() - started))
        tables.append(live.advance(shop.end).table())
        picture = stage.sizes()
    took = time.perf_counter() - started
    changes = pa.concat_tables(tables)
    theatre.console.print(picture)
    theatre.say(
        f"  [bold]{changes.num_rows:,}[/] membership changes from {log.num_rows:,} events in {took:.1f} s: "
        f"[green]{log.num_rows / took:,.0f} events/s[/] on one core, screen included"
    )
    project.changes.replace([changes])
    return History(changes=changes, curves=curves, counts=live.counts())


def names_of(project: Project) -> dict[str, str]:
    """Return the name that people gave when they signed up."""
    told = project.events.scan(names=["$identify"])
    rows = zip(told["profile"].to_pylist(), told["properties"].to_pylist(), strict=True)
    return {profile: str(parse(text)["name"]) for profile, text in rows}  # type: ignore[index,call-overload]


def some_changes(changes: pa.Table, names: Mapping[str, str]) -> list[tuple[int, str, str, str, str]]:
    """Return a few of the changes, as the tape shows them."""
    step = max(changes.num_rows // 3, 1)
    rows = changes.select(["at", "direction", "profile", "segment", "cause"]).take(list(range(0, changes.num_rows, step)))
    return [
        (row["at"], row["direction"], names.get(row["profile"], row["profile"]), row["segment"], row["cause"])
        for row in rows.to_pylist()
    ]


def show_sizes(theatre: Theatre, history: History, segments: Sequence[Segment]) -> None:
    """Draw the sizes over time and count the causes."""
    theatre.scene("Sizes over time")
    shown = [key for key in ("high-intent-at-risk", "torn-between", "regulars") if key in history.curves]
    titles = {segment.key: segment.title for segment in segments}
    picture = chart(
        {key: history.curves[key] for key in shown}, titles, min(theatre.console.width, 100), colour=theatre.console.is_terminal
    )
    theatre.console.print(Text.from_ansi(picture))
