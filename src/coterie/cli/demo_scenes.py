"""The scenes of the demo, in order."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

import pyarrow as pa
from msgspec import Struct
from rich.text import Text

from coterie.cli.demo_person import somebody, story
from coterie.cli.demo_proof import members_then, prove
from coterie.cli.demo_screen import Stage, Theatre, chart, proof_table
from coterie.cli.exits import DISAGREE, OK
from coterie.cli.explain import show
from coterie.cli.session import Session
from coterie.engine import definitions
from coterie.engine.apply import apply
from coterie.engine.explanation import explain
from coterie.engine.project import Project
from coterie.engine.records import person
from coterie.errors import Problem
from coterie.lab import Shop
from coterie.segments.definition import Segment
from coterie.settings import FILE
from coterie.values import parse

NAME = "coterie-demo-shop"
BATCH_ROWS = 10_000
FIRST_ROWS = 1_000
"""Events of the first batch, which waits for the compiler."""
DUPLICATES = 0.002
CHARTED = ("high-intent-at-risk", "torn-between", "regulars")
"""Segments whose sizes are drawn, in the order of the chart's colours."""
EXPLAINED = "worth-a-reminder"
SAMPLE = 300
"""People whom the oracle judges in the proof."""
NEXT = (
    "segments",
    "members high-intent-at-risk",
    "explain high-intent-at-risk {person}",
    "preview worth-a-reminder",
    "verify big-spenders --instants 3",
)
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
    log: pa.Table
    curves: dict[str, list[tuple[int, int]]]


def play(session: Session, wish: Wish) -> int:
    """Play the whole demo and return the exit code."""
    began = time.perf_counter()
    theatre = Theatre(session.console())
    project = fresh_project(wish.out)
    shop = Shop(
        people=wish.people, days=wish.days, seed=wish.seed, events=wish.events, duplicates=DUPLICATES, hot=False
    )
    write_segments(project)
    apply(project, shop.start)
    open_shop(theatre, shop, project, wish)
    segments = say_segments(theatre, project)
    history = replay(theatre, shop, project, segments)
    show_sizes(theatre, history, segments)
    who = explain_one(theatre, session, shop, project, history, segments)
    agreed = show_proof(theatre, shop, project, history, segments)
    farewell(theatre, project, who, began)
    return OK if agreed else DISAGREE


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
    theatre.scene(
        "A shop opens",
        "People with habits, carts, stores, devices, late and repeated events. The simulator knows the truth.",
    )
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
        f"  [bold]{done.added:,}[/] events of [bold]{wish.people:,}[/] people in {shop.days} days, "
        f"under {extent.profiles:,} ids; {done.duplicates:,} repeats dropped\n"
        f"  [dim]simulated in {made:.1f} s, written to a Delta table in {stored:.1f} s[/]"
    )


def write_segments(project: Project) -> None:
    """Put the segments of the demo into the project."""
    folder = project.root / "segments"
    folder.mkdir()
    for file in resources.files("coterie.lab").joinpath("segments").iterdir():
        (folder / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")


def say_segments(theatre: Theatre, project: Project) -> list[Segment]:
    """Say every segment in English and return them."""
    segments = sorted(definitions.in_use(project), key=lambda one: (*CHARTED, one.key).index(one.key))
    theatre.scene(
        f"{len(segments)} questions, a few lines of YAML each", f"{project.root}/segments/*.yaml, said in English:"
    )
    theatre.pairs([(segment.title, segment.says()) for segment in segments])
    return segments


def replay(theatre: Theatre, shop: Shop, project: Project, segments: Sequence[Segment]) -> History:
    """Run the log through the live reader, show it, and keep every change."""
    from coterie.segments.live import Live

    theatre.scene(
        "History runs through the live reader",
        "Events in, membership changes out, timers at their exact instants. Nothing is recomputed.",
    )
    titles = {segment.key: segment.title for segment in segments}
    live = Live(definitions.catalog(project, segments), history=project.events.history)
    with theatre.wait("reading the log"):
        log = project.events.scan(properties=PROPERTIES)
        names = names_of(project)
    curves: dict[str, list[tuple[int, int]]] = {key: [(shop.start, 0)] for key in titles}
    tables: list[pa.Table] = []
    changed, started = 0, 0.0
    with theatre.wait("compiling the kernels, once per machine"):
        tables.append(live.apply(log.slice(0, FIRST_ROWS)).table())
    started = time.perf_counter()
    with Stage(theatre.console, titles, shop.start, shop.end) as stage:
        for first in range(FIRST_ROWS, log.num_rows, BATCH_ROWS):
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
        stage.show(shop.end, live.counts(), log.num_rows, changed, log.num_rows / (time.perf_counter() - started))
        picture = stage.sizes()
    took = time.perf_counter() - started
    changes = pa.concat_tables(tables, promote_options="default")
    theatre.console.print(picture)
    theatre.say(
        f"  [bold]{changes.num_rows:,}[/] membership changes from {log.num_rows:,} events in {took:.1f} s: "
        f"[green]{log.num_rows / took:,.0f} events/s[/], screen included"
    )
    project.changes.replace([changes])
    return History(changes=changes, log=log, curves=curves)


def names_of(project: Project) -> dict[str, str]:
    """Return the name that people gave when they signed up."""
    told = project.events.scan(names=["$identify"])
    rows = zip(told["profile"].to_pylist(), told["properties"].to_pylist(), strict=True)
    return {profile: str(parse(text)["name"]) for profile, text in rows}  # type: ignore[index,call-overload]


def some_changes(changes: pa.Table, names: Mapping[str, str]) -> list[tuple[int, str, str, str, str]]:
    """Return a few of the changes, as the tape shows them."""
    step = max(changes.num_rows // 3, 1)
    rows = changes.select(["at", "direction", "profile", "segment", "cause"]).take(
        list(range(0, changes.num_rows, step))
    )
    return [
        (row["at"], row["direction"], names.get(row["profile"], row["profile"]), row["segment"], row["cause"])
        for row in rows.to_pylist()
    ]


def show_sizes(theatre: Theatre, history: History, segments: Sequence[Segment]) -> None:
    """Draw the sizes over time and count the causes."""
    theatre.scene("Sizes over time")
    titles = {segment.key: segment.title for segment in segments}
    picture = chart(
        {key: history.curves[key] for key in CHARTED},
        titles,
        min(theatre.console.width, 100),
        colour=theatre.console.is_terminal,
    )
    theatre.console.print(Text.from_ansi(picture))


def explain_one(
    theatre: Theatre, session: Session, shop: Shop, project: Project, history: History, segments: Sequence[Segment]
) -> str:
    """Tell the story of one member of the segment at risk, explain the membership, and return who it is."""
    names = names_of(project)
    who = somebody(history.changes, "worth-a-reminder", names) or somebody(
        history.changes, "high-intent-at-risk", names
    )
    if not who:
        return ""
    titles = {segment.key: segment.title for segment in segments}
    theatre.scene(
        f"One person: {names[who]}",
        "Every change of membership is kept, with its cause. Every membership can be explained.",
    )
    theatre.console.print(story(history.changes, person(project, who), titles))
    show(session, explain(project, EXPLAINED, who, shop.end))
    return who


def show_proof(theatre: Theatre, shop: Shop, project: Project, history: History, segments: Sequence[Segment]) -> bool:
    """Compare the three readers and the simulator's own truth, show the result, and return whether all agree."""
    quarter = (shop.end - shop.start) // 4
    instants = [shop.start + quarter * place for place in range(1, 4)] + [shop.end]
    theatre.scene(
        "The proof",
        "Live said who was in. SQL computes it again for everybody, plain Python for a sample of people.",
    )
    catalog = definitions.catalog(project, segments)
    with theatre.wait("comparing the three readers"):
        live = members_then(history.changes, instants)
        proofs = prove(project, catalog, live, history.log, instants, SAMPLE)
        truth = shop.truth()
    theatre.console.print(proof_table(proofs, {segment.key: segment.title for segment in segments}))
    risky = set(truth.filter(truth["at_risk"])["profile"].to_pylist())
    found = live.get("high-intent-at-risk", {}).get(shop.end, set())
    differences = sum(proof.batch_differs + proof.oracle_differs for proof in proofs) + len(risky ^ found)
    compared = sum(proof.people + proof.sampled for proof in proofs)
    theatre.say(
        f"  [bold]{compared:,}[/] memberships compared at {len(instants)} instants: "
        + ("[bold green]0 differences[/]" if not differences else f"[bold red]{differences:,} differences[/]")
    )
    theatre.say(
        f"  The simulator itself counted [bold]{len(risky):,}[/] people at risk; the segment has [bold]{len(found):,}[/]: "
        + ("[green]the same people[/]" if risky == found else "[red]not the same people[/]")
    )
    return differences == 0


def farewell(theatre: Theatre, project: Project, who: str, began: float) -> None:
    """Say how long it took, and what to try next."""
    folder = project.root
    theatre.console.print()
    theatre.say(
        f"  [dim]The whole demo took {time.perf_counter() - began:.0f} s. It left a project in[/] {folder}[dim]. Try:[/]"
    )
    for words in NEXT:
        theatre.say(f"    [cyan]coterie --project {folder} {words.format(person=who)}[/]")
