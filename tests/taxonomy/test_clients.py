"""Generated clients: compilers accept what the plan allows and refuse what breaks it, and what they send is as planned."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from coterie.taxonomy.checker import Checker
from coterie.taxonomy.clients import LANGUAGES
from coterie.taxonomy.plan import TrackingPlan
from tests.taxonomy.plans import ORDER, plan

ODD = """\
event: "Cart Viewed / class"
description: 'Says "hello" and */ ends.'
properties:
  user_id: {type: string, description: "whose */ it is"}
  address.city: {type: string, required: true}
  class: {type: [integer, string]}
  sizes: {type: array, items: {type: integer}, deprecated: true}
  kind: {type: integer, enum: [1, 2]}
  anything: {description: anything}
  told: {type: integer}
"""
EMPTY = 'event: "404"\n'
ARRAY = "event: array\nproperties: {sizes: {type: array, items: {type: string}}}\n"
TRAITS = "event: $identify\nproperties:\n  plan: {type: string, enum: [free, plus]}\n"
FOLDER = Path(__file__).parent / "typescript"
INSTALL = ("npm", "install", "--no-package-lock", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts")


@pytest.fixture(scope="module")
def whole() -> TrackingPlan:
    return plan(ORDER, ODD, EMPTY, ARRAY, TRAITS)


# ── Python ───────────────────────────────────────────────────────────────────────────────────────────────────

GOOD_PY = """\
from coterie.client import AsyncClient, Client
from tracking import Events


def send(client: Client) -> None:
    events = Events(client)
    events.order_completed(order_id="o-1", total=12.5, currency="NOK", user_id="ada")
    events.cart_viewed_class(address_city="Oslo", user_id_="x", class_="a", sizes=[1], kind=2, anonymous_id="b")
    events.n404(user_id="ada")
    events.identify(plan="free", user_id="ada")


async def send_later(client: AsyncClient) -> None:
    await Events(client).order_completed(order_id="o-1", total=12.5)
"""
WRONG_PY = {
    "events.order_completed(order_id='o-1')": "total",
    "events.order_completed(order_id='o-1', total='12')": "float",
    "events.order_completed(order_id='o-1', total=1, currency='SEK')": "Literal",
    "events.order_completed(order_id='o-1', total=1, coupon='X')": "coupon",
    "events.order_canceled()": "order_canceled",
}


def test_python_is_accepted_and_misuse_is_not(whole: TrackingPlan, tmp_path: Path) -> None:
    (tmp_path / "tracking.py").write_text(LANGUAGES["python"][1](whole), encoding="utf-8")
    (tmp_path / "good.py").write_text(GOOD_PY, encoding="utf-8")
    head = (
        "from coterie.client import Client\nfrom tracking import Events\n\nevents = Events(Client('http://x', 'k'))\n"
    )
    (tmp_path / "wrong.py").write_text(head + "\n".join(WRONG_PY) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir", str(tmp_path / "cache")]
    done = subprocess.run(
        [*command, "tracking.py", "good.py", "wrong.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert [line for line in lines if not line.startswith("wrong.py")] == []
    for number, (code, word) in enumerate(WRONG_PY.items(), 5):
        assert any(line.startswith(f"wrong.py:{number}:") and word in line for line in lines), (code, lines)


class Recorder:
    """Takes what is sent, as a client does."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any], dict[str, Any]]] = []

    def track(self, event: str, properties: Any = None, **call: Any) -> None:
        self.calls.append((event, properties, call))

    def identify(self, user_id: str | None = None, traits: Any = None, **call: Any) -> None:
        self.calls.append(("$identify", traits, call | {"user_id": user_id}))


def test_what_python_sends_is_as_planned(whole: TrackingPlan) -> None:
    names: dict[str, Any] = {}
    exec(compile(LANGUAGES["python"][1](whole), "tracking.py", "exec"), names)
    recorder = Recorder()
    events = names["Events"](recorder)
    events.order_completed(order_id="o-1", total=12.5, currency="NOK", user_id="ada")
    events.cart_viewed_class(address_city="Oslo", user_id_="x", class_="a", kind=2, anonymous_id="b")
    events.identify(plan="free", user_id="ada")
    assert recorder.calls == [
        ("order_completed", {"order_id": "o-1", "total": 12.5, "currency": "NOK"}, {"user_id": "ada"}),
        (
            "Cart Viewed / class",
            {"address.city": "Oslo", "user_id": "x", "class": "a", "kind": 2},
            {"anonymous_id": "b"},
        ),
        ("$identify", {"plan": "free"}, {"user_id": "ada"}),
    ]
    for event, properties, _ in recorder.calls:
        assert Checker(whole.events[event]).violations(properties) == []


# ── TypeScript ───────────────────────────────────────────────────────────────────────────────────────────────

GOOD_TS = """\
import { call, typed, type OrderCompleted } from "./tracking";

declare const coterie: { track(event: string, properties?: Record<string, any>): void; identify(id: string, traits?: object): void };
const shop = typed(coterie);
const order: OrderCompleted = { order_id: "o-1", total: 12.5, currency: "NOK" };
shop.track("order_completed", order);
shop.track("Cart Viewed / class", { "address.city": "Oslo", class: 1, sizes: [1], kind: 2, anything: {} });
shop.track("404");
shop.identify("ada", { plan: "free" });
export const told: { event: string; properties: object } = call("order_completed", order);
"""
WRONG_TS = (
    'shop.track("order_completed", { order_id: "o-1" });',
    'shop.track("order_completed", { order_id: "o-1", total: "12" });',
    'shop.track("order_completed", { order_id: "o-1", total: 1, currency: "SEK" });',
    'shop.track("order_completed", { order_id: "o-1", total: 1, coupon: "X" });',
    'shop.track("order_completed");',
    'shop.track("order_canceled", {});',
    'shop.identify("ada", { plan: "gold" });',
    'call("Cart Viewed / class", {});',
)


@pytest.fixture(scope="module")
def compiler() -> list[str]:
    """The TypeScript compiler, in exactly the version of the package.json beside this file."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node.js is not installed (apt-get install nodejs npm)")
    wanted = json.loads((FOLDER / "package.json").read_text())["dependencies"]["typescript"]
    manifest = FOLDER / "node_modules" / "typescript" / "package.json"
    if not manifest.exists() or json.loads(manifest.read_text())["version"] != wanted:
        done = subprocess.run(INSTALL, cwd=FOLDER, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            pytest.skip(f"npm cannot install TypeScript here: {done.stderr[-300:]}")
    options = ("--strict", "--noEmit", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler")
    return ["node", str(FOLDER / "node_modules" / "typescript" / "bin" / "tsc"), *options]


def test_typescript_is_accepted_and_misuse_is_not(whole: TrackingPlan, compiler: list[str], tmp_path: Path) -> None:
    (tmp_path / "tracking.ts").write_text(LANGUAGES["typescript"][1](whole), encoding="utf-8")
    (tmp_path / "good.ts").write_text(GOOD_TS, encoding="utf-8")
    head = GOOD_TS.partition("const order")[0]
    (tmp_path / "wrong.ts").write_text(head + "\n".join(WRONG_TS) + "\n", encoding="utf-8")
    done = subprocess.run(
        [*compiler, "--pretty", "false", "good.ts", "wrong.ts"],
        cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert [line for line in lines if not line.startswith("wrong.ts(")] == []
    told = {int(line.partition("(")[2].partition(",")[0]) for line in lines}
    first = head.count("\n") + 1
    assert told == set(range(first, first + len(WRONG_TS))), lines
