"""The scenes of the demo, in order."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import time
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import httpx
from msgspec import Struct
from rich.panel import Panel
from rich.text import Text

from coterie.cli.demo_learning import show_clusters
from coterie.cli.demo_mail import PostOffice
from coterie.cli.demo_person import story
from coterie.cli.demo_proof import members_then, prove, truly_at_risk
from coterie.cli.demo_screen import Stage, Theatre, proof_table
from coterie.cli.demo_server import DemoServer
from coterie.cli.demo_shop import Days
from coterie.cli.demo_traffic import Sent, Traffic
from coterie.cli.demo_trust import show_erasure, show_source, write_source
from coterie.cli.exits import DISAGREE, OK
from coterie.cli.explain import show
from coterie.cli.session import Session
from coterie.engine import definitions
from coterie.engine.apply import apply
from coterie.engine.explanation import explain
from coterie.engine.project import Project
from coterie.engine.records import person
from coterie.errors import Problem
from coterie.segments.definition import Segment
from coterie.segments.instants import instant_of, rfc3339
from coterie.settings import FILE

NAME = "coterie-demo-shop"
SPEED = 720
"""How much faster the shop's clock runs: half a day in a minute."""
DAYS = 5
AT_RISK = "high-intent-at-risk"
FIRST = (AT_RISK, "worth-a-reminder", "torn-between")
"""Segments that come first on the screen."""
SAMPLE = 300
"""People whom the oracle judges in the proof."""
LOOK_S = 0.25
NEXT = (
    "segments",
    f"members {AT_RISK}",
    f"explain {AT_RISK} {{person}}",
    "preview worth-a-reminder",
    "verify big-spenders --instants 3",
    "cluster explain habits",
    "serve",
)
PROPERTIES = ("product_id", "total")
"""Properties that the segments of the demo ask for."""


class Wish(Struct, frozen=True, kw_only=True):
    """What demo to play."""

    people: int
    events: int
    seconds: int
    seed: int
    out: Path
    keep: bool = False
    port: int = 0


class Lived(Struct, frozen=True, kw_only=True):
    """What the live part left: how much was sent, and which mails came."""

    sent: Sent
    mails: PostOffice


def play(session: Session, wish: Wish) -> int:
    """Play the whole demo and return the exit code."""
    began = time.perf_counter()
    theatre = Theatre(session.console())
    project = fresh_project(wish.out)
    return asyncio.run(_play(session, wish, theatre, project, began))


async def _play(session: Session, wish: Wish, theatre: Theatre, project: Project, began: float) -> int:
    mails = PostOffice()
    await mails.open()
    write_definitions(project, mails.port)
    write_source(project.root)
    days = open_shop(theatre, wish, project)
    with DemoServer(project.root, SPEED, wish.port) as server:
        say_server(theatre, server, project)
        segments = say_segments(theatre, project)
        lived = await live(theatre, server, days, wish, segments, mails)
        await asyncio.to_thread(server.get, "/v1/segments", after="latest", timeout=30)
        await asyncio.to_thread(server.get, f"/v1/segments/{AT_RISK}/members", at="now")  # lands what was collected
        project = Project(project.root)
        who = explain_one(theatre, session, server, project, days, segments, lived)
        show_mail(theatre, lived)
        agreed = show_proof(theatre, project, days, segments)
        await asyncio.to_thread(show_clusters, theatre, server, days.names)
        await asyncio.to_thread(show_trust, theatre, server, project, days, who)
        farewell(theatre, server, project, who, lived, began, wish.keep)
        if wish.keep:
            await _until_interrupted()
    mails.close()
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


def write_definitions(project: Project, mail_port: int) -> None:
    """Put the segments, the trigger, its template and the post office of this machine into the project."""
    for name in ("segments", "triggers", "templates", "features", "models"):
        _copy(resources.files("coterie.lab") / name, project.root / name)
    mail = f"key: mail\nkind: email\ntitle: A post office on this machine\nhost: 127.0.0.1\nport: {mail_port}\nsecurity: none\n"
    (project.root / "destinations").mkdir()
    (project.root / "destinations" / "mail.yaml").write_text(
        f"{mail}from: Shop <hello@shop.example>\n", encoding="utf-8"
    )


def _copy(source: Traversable, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for item in source.iterdir():
        if item.is_dir():
            _copy(item, folder / item.name)
        else:
            (folder / item.name).write_bytes(item.read_bytes())


def open_shop(theatre: Theatre, wish: Wish, project: Project) -> Days:
    """Simulate the shop; keep its days until now in the project's log."""
    theatre.scene(
        "A shop opens", "People with habits, carts, stores and devices. The simulator knows the truth about them."
    )
    with theatre.wait("simulating five days"):
        hours = wish.seconds * SPEED / 3_600
        days = Days(people=wish.people, events=wish.events, days=DAYS, seed=wish.seed, live_hours=hours)
    apply(project, days.shop.start)
    with theatre.wait("writing the log"):
        project.events.append(days.history)
    theatre.say(
        f"  [bold]{days.history.num_rows:,}[/] events of [bold]{wish.people:,}[/] people lie in the log; "
        f"the next [bold]{days.live_rows:,}[/] will come over HTTP"
    )
    return days


def say_server(theatre: Theatre, server: DemoServer, project: Project) -> None:
    """Say where the server is, and that its clock is not the machine's."""
    theatre.scene("coterie serve", "One process: collects, recognises, evaluates, remembers, reacts, answers.")
    with theatre.wait("taking in the history"):
        took = server.wait_ready()
    theatre.say(f"  listening on [bold]{server.url}[/], storing in {project.root}/.coterie; ready after {took:.1f} s")
    theatre.say(
        f"  [yellow]The shop's clock runs {SPEED} times as fast as yours[/]: a minute here is half a day there. "
        "Nothing else is hurried."
    )


def say_segments(theatre: Theatre, project: Project) -> list[Segment]:
    """Say every segment in English and return them."""
    segments = sorted(definitions.in_use(project), key=lambda one: (*FIRST, one.key).index(one.key))
    theatre.scene(
        f"{len(segments)} questions, a few lines of YAML each", f"{project.root}/segments/*.yaml, said in English:"
    )
    theatre.pairs([(segment.title, segment.says()) for segment in segments])
    return segments


async def live(
    theatre: Theatre, server: DemoServer, days: Days, wish: Wish, segments: list[Segment], mails: PostOffice
) -> Lived:
    """Let the shop live through its last hours, and show it."""
    titles = {segment.key: segment.title for segment in segments}
    theatre.scene(
        "People come and go",
        "Every event is an HTTP request, durable before it is acknowledged. Who waits a day with a full cart enters by a timer.",
    )
    opens_at = _at((await asyncio.to_thread(server.get, "/v1/clock"))["at"])
    changes = 0
    with Stage(theatre.console, titles, opens_at, days.shop.end) as stage:

        async def follow() -> None:
            nonlocal changes
            async for one in server.changes():
                changes += 1
                name = days.names.get(one["profile"], one["profile"])
                stage.tape(_at(one["at"]), one["direction"], name, one["segment"], one["cause"])

        async def look() -> None:
            async with server.client("read") as client:
                while True:
                    rows = (await client.get("/v1/segments")).json()["rows"]
                    stage.show(traffic.sent.at or opens_at, {row["key"]: row["size"] or 0 for row in rows}, said())
                    await asyncio.sleep(LOOK_S)

        def said() -> str:
            sent = traffic.sent
            acked = f"acknowledged in {sent.acknowledged_ms:.0f} ms" if sent.requests else ""
            return f"{sent.events:,} events {acked}  {changes:,} changes  {len(mails.mails):,} mails"

        traffic = Traffic(server, SPEED, lambda _: None)
        tasks = [asyncio.create_task(follow()), asyncio.create_task(look())]
        try:
            await traffic.run(days.calls(), opens_at, (days.shop.end - opens_at) / SPEED / 1e6)
            await asyncio.sleep(2 * LOOK_S)
        finally:
            for task in tasks:
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError, httpx.HTTPError):
                await asyncio.gather(*tasks, return_exceptions=True)
        table, tape = stage.sizes(), stage.changes()
    theatre.console.print(table)
    theatre.console.print(tape)
    theatre.say(
        f"  [bold]{traffic.sent.events:,}[/] events in {traffic.sent.requests:,} requests, each durable before it was "
        f"acknowledged ([green]{traffic.sent.acknowledged_ms:.0f} ms[/] in the median); [bold]{changes:,}[/] membership changes"
    )
    return Lived(sent=traffic.sent, mails=mails)


def explain_one(
    theatre: Theatre,
    session: Session,
    server: DemoServer,
    project: Project,
    days: Days,
    segments: list[Segment],
    lived: Lived,
) -> str:
    """Tell the story of one member of the segment at risk, explain the membership, and return who it is."""
    who = _somebody(server, days.names, lived)
    if not who:
        return ""
    titles = {segment.key: segment.title for segment in segments}
    theatre.scene(
        f"One person: {days.names[who]}",
        "Every change of membership is kept, with its cause. Every membership can be explained.",
    )
    found = person(project, who)
    theatre.console.print(story(project.changes.table(), found, titles))
    show(session, explain(project, AT_RISK, who, _at(server.get("/v1/clock")["at"])))
    return who


def _somebody(server: DemoServer, names: Mapping[str, str], lived: Lived) -> str:
    """Return a member of the segment at risk with a name, best the last one who got a mail."""
    rows = server.get(f"/v1/segments/{AT_RISK}/members", limit=10_000)["rows"]
    members = [row["profile"] for row in sorted(rows, key=lambda row: str(row["since"])) if row["profile"] in names]
    written = {mail.to for mail in lived.mails.mails}
    told = [
        one
        for one in members[-200:]
        if server.get(f"/v1/profiles/{one}")["traits"].get("email", {}).get("value") in written
    ]
    found: list[str] = told or members or [""]
    return found[-1]


def show_mail(theatre: Theatre, lived: Lived) -> None:
    """Show the last mail that the trigger sent."""
    mails = lived.mails.mails
    theatre.scene(
        "A mail went out",
        "A trigger fired as they entered: consent, frequency and a holdout of 10 % checked, kept in the same commit.",
    )
    if not mails:
        theatre.say("  [dim]nobody entered who may be written to; a longer demo shows one[/]")
        return
    last = mails[-1]
    text = Text.assemble(
        ("to       ", "dim"), last.to, ("\nsubject  ", "dim"), (last.subject, "bold"), "\n\n", last.text.strip()
    )
    theatre.console.print(Panel(text, width=min(96, theatre.console.width), border_style="grey37"))
    theatre.say(f"  [bold]{len(mails):,}[/] mails reached the post office on this machine; nothing left it")


def show_proof(theatre: Theatre, project: Project, days: Days, segments: list[Segment]) -> bool:
    """Compare the three readers and the simulator's own truth, show the result, and return whether all agree."""
    opens_at, end = days.opens_at, days.shop.end
    instants = [opens_at + (end - opens_at) * place // 3 for place in range(1, 4)]
    theatre.scene(
        "The proof",
        "The server said who was in. SQL computes it again for everybody, plain Python for a sample of people.",
    )
    catalog = definitions.catalog(project, segments)
    with theatre.wait("comparing the three readers"):
        said = members_then(project.changes.table(), instants)
        proofs = prove(project, catalog, said, project.events.scan(properties=PROPERTIES), instants, SAMPLE)
        missing = truly_at_risk(project, catalog, AT_RISK, days)
    theatre.console.print(proof_table(proofs, {segment.key: segment.title for segment in segments}))
    differences = sum(proof.batch_differs + proof.oracle_differs for proof in proofs) + len(missing.differing)
    compared = sum(proof.people + proof.sampled for proof in proofs)
    theatre.say(
        f"  [bold]{compared:,}[/] memberships compared at {len(instants)} instants: "
        + ("[bold green]0 differences[/]" if not differences else f"[bold red]{differences:,} differences[/]")
    )
    theatre.say(
        f"  The simulator itself counted [bold]{missing.true:,}[/] people at risk; the segment has [bold]{missing.found:,}[/]: "
        + ("[red]not the same people[/]" if missing.differing else "[green]the same people[/]")
    )
    return differences == 0


def show_trust(theatre: Theatre, server: DemoServer, project: Project, days: Days, who: str) -> None:
    """Bring data in from elsewhere, and forget one person: another than the one who was explained."""
    known = [one for one in days.names if one.startswith("p-")]
    show_source(theatre, server, project.root, known, rfc3339(days.opens_at))
    other = next(one for one in sorted(known, reverse=True) if one != who)
    show_erasure(theatre, server, other, days.names[other])


def farewell(
    theatre: Theatre, server: DemoServer, project: Project, who: str, lived: Lived, began: float, keep: bool
) -> None:
    """Say how long it took, and what to try next."""
    theatre.console.print()
    took = time.perf_counter() - began
    theatre.say(f"  [dim]The whole demo took {took:.0f} s. It left a project in[/] {project.root}[dim]. Try:[/]")
    for words in NEXT:
        theatre.say(f"    [cyan]coterie --project {project.root} {words.format(person=who or 'ID')}[/]")
    if not keep:
        theatre.say("  [dim]coterie demo --keep leaves the server running.[/]")
        return
    theatre.say(f"  The server goes on at [bold]{server.url}[/], its clock too. Ctrl+C ends it. Ask it:")
    theatre.console.print(
        f"    curl -H 'Authorization: Bearer {server.keys['read']}' {server.url}/v1/profiles/{who or 'ID'}",
        soft_wrap=True,
    )


async def _until_interrupted() -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, stopped.set)
    await stopped.wait()


def _at(told: Any) -> int:
    at = told if isinstance(told, int) else instant_of(str(told))
    assert at is not None
    return at
