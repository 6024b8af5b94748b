"""The scene of the demo about groups nobody wrote down: found, named, published, and kept up to date as events come."""

from __future__ import annotations

import time
from typing import Any

from rich.markup import escape
from rich.table import Table

from coterie.cli.demo_screen import Theatre
from coterie.cli.demo_server import DemoServer
from coterie.errors import Terminal

MODEL = "habits"
ORDERS = 3
ORDER = {"total": 900}
"""What somebody quiet orders so many times, to become somebody else."""
WAIT_S = 60.0
LOOK_S = 0.05


def show_clusters(theatre: Theatre, server: DemoServer, names: dict[str, str]) -> None:
    """Fit clusters over HTTP, show them, publish them, and let one customer move from one to another."""
    theatre.scene(
        "Groups nobody wrote down",
        "Customers who shop alike are found, named from what they do, and published as a trait that follows every event.",
    )
    began = time.perf_counter()
    with theatre.wait("measuring and clustering everybody who ordered"):
        fitted = server.post(f"/v1/models/clusters/{MODEL}/fit")
    told = server.get(f"/v1/clusters/{MODEL}", key="admin")
    theatre.console.print(_table(told))
    theatre.say(
        f"  [bold]{told['people']:,}[/] customers, {len(told['clusters'])} clusters, {time.perf_counter() - began:.1f} s; "
        f"version {fitted['version']} is a signed file, named by no one"
    )
    server.post(f"/v1/models/clusters/{MODEL}/publish")
    with theatre.wait("publishing"):
        who = _settled(server, names)
    if who is None:
        theatre.say("  [dim]nobody with a name has a cluster yet; a longer demo shows one[/]")
        return
    before = _cluster(server, who)
    began = time.perf_counter()
    for _ in range(ORDERS):
        server.track(who, "order_completed", ORDER)
    after = _cluster(server, who)
    took = time.perf_counter() - began
    theatre.say(
        f"  {escape(names[who])} was one of [cyan]{before}[/]; {ORDERS} large orders later, {took * 1000:.0f} ms in all, "
        f"she is one of [cyan]{after}[/]" + ("" if after != before else " still")
    )
    theatre.say("  [dim]A segment asks for it like for anything else: when: {cluster: {model: habits, is: …}}[/]")


def _table(told: dict[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 2), header_style="dim")
    for title in ("cluster", "people", "of the revenue", "in a short rule"):
        table.add_column(title, justify="right" if title in ("people", "of the revenue") else "left")
    for one in told["clusters"]:
        share, rule = (one["figures"].get(name) for name in ("revenue_share", "rule"))
        revenue = f"{share:.0%}" if isinstance(share, float) else "–"
        says = rule.get("says", "") if isinstance(rule, dict) else ""
        table.add_row(escape(one["title"] or one["key"]), f"{one['size']:,}", revenue, f"[dim]{escape(says)}[/]")
    return table


def _settled(server: DemoServer, names: dict[str, str]) -> str | None:
    """Return somebody with a name of the greatest cluster once the model is in force; ``None`` if there is nobody. Raises: Terminal."""
    end = time.monotonic() + WAIT_S
    chosen = sorted(one for one in names if one.startswith("p-"))[:400]
    while time.monotonic() < end:
        for who in chosen:
            if server.status(f"/v1/profiles/{who}") == 200 and _cluster(server, who):
                return who
        time.sleep(LOOK_S)
    raise Terminal(f"the published clusters reached nobody within {WAIT_S:.0f} s", hint="see demo/serve.log")


def _cluster(server: DemoServer, who: str) -> str:
    traits = server.get(f"/v1/profiles/{who}", after="latest", timeout=30)["traits"]
    value = traits.get(f"cluster.{MODEL}", {}).get("value")
    return value if isinstance(value, str) else ""
