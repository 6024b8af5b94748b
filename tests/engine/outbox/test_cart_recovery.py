"""The shipped example at work: events come in, a day passes, and the mail that arrives lists what is in the cart."""

from __future__ import annotations

import shutil
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from coterie.app.office import Office
from coterie.clock import ManualClock
from coterie.engine.outbox.loading import load
from coterie.engine.project import HIDDEN, Project
from coterie.errors import InvalidDefinition
from coterie.limits import DEFAULT
from coterie.storage.state.outbox import Outbox
from coterie.triggers.delivery import lot_of
from tests.connectors.destinations.servers import Post, post
from tests.docs.blocks import ROOT
from tests.engine.running.served import HOUR, START, Served, track

EXAMPLE = ROOT / "examples" / "cart-recovery"
ENVIRONMENT = {"SMTP_HOST": "mail.shop.example", "SMTP_USER": "shop", "SMTP_PASSWORD": "x"}
SALT = "d6645fa9"
DAY = 24 * HOUR


def test_the_example_is_valid() -> None:
    loaded = load(EXAMPLE, {"high-intent-at-risk"}, ENVIRONMENT)
    (one,) = loaded.triggers
    assert one.says().startswith("When somebody enters high-intent-at-risk, shop-mail is told: at most once in 7 days")
    assert set(loaded.contents["cart-recovery"]) == {"subject", "text", "html"}
    with pytest.raises(InvalidDefinition, match="SMTP_PASSWORD"):
        load(EXAMPLE, {"high-intent-at-risk"}, {})


def identify(user: str, **traits: Any) -> dict[str, Any]:
    told = {"email": f"{user}@example.com", "consent.marketing": True, **traits}
    return {"type": "identify", "userId": user, "messageId": f"i-{user}", "traits": told}


def body(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def world(folder: Path, server: Post, monkeypatch: pytest.MonkeyPatch) -> tuple[Served, Office]:
    """Return a runner and an office over a copy of the example whose mail server is ``server``."""
    root = folder / "shop"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns(HIDDEN))
    mail = root / "destinations" / "shop-mail.yaml"
    text = mail.read_text().replace("port: 587", f"port: {server.port}").replace("starttls", "none")
    mail.write_text("".join(line for line in text.splitlines(True) if not line.startswith(("user", "password"))))
    monkeypatch.setenv("SMTP_HOST", server.host)
    clock = ManualClock(START)
    office = Office(Project(root, clock), clock, DEFAULT)
    one = Served(root, clock, triggers=office.reactions)
    office.runner = one.runner
    return one, office


def test_the_mail_arrives_with_what_is_in_the_cart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = next(f"p{n}" for n in range(100) if lot_of(SALT, f"p{n}") < 10)
    assert min(lot_of(SALT, who) for who in ("ada", "brook", "cleo", "dora", "emil")) >= 10
    with post() as server:
        one, office = world(tmp_path, server, monkeypatch)
        one.start()
        office.open()
        try:
            one.send(
                identify("ada", first_name="Ada & Co"), identify("brook", time_zone="Asia/Tokyo"), identify("cleo"),
                identify("dora", **{"consent.marketing": False}), identify(held), identify("emil"),
            )  # fmt: skip
            one.send(
                track("add_to_cart", "ada", 1, product="Old lamp", quantity=1), track("checkout_started", "ada", 1),
                track("add_to_cart", "emil", 1, product="Gone"), track("add_to_cart", "cleo", 1, product="Rug"),
            )  # fmt: skip
            one.send(
                track("add_to_cart", "ada", 2, product="Reading lamp", quantity=2, price=49.5),
                track("add_to_cart", "ada", 3, product="Chair <oak>"), track("add_to_cart", "brook", 1),
                track("add_to_cart", "dora", 1), track("add_to_cart", held, 1),
            )  # fmt: skip
            one.at(START + 2 * HOUR)
            one.send(track("checkout_started", "emil", 1))
            one.at(START + DAY + HOUR)
            with office.opened() as connection:
                letters = {letter.profile: letter for letter in Outbox(connection).letters()}
                assert {who: letter.state for who, letter in letters.items() if who != "ada"}.keys() == {
                    "brook",
                    "cleo",
                    held,
                }
                one.until(lambda: len(server.mails) == 2)
                one.until(lambda: Outbox(connection).counts().get(("shop-mail", "cart-recovery", "sent")) == 2)
                assert letters[held].state == "held_out"
                ada = next(mail for mail in server.mails if mail["to"] == "ada@example.com")
                assert ada["subject"] == "Ada & Co, 2 things are still waiting for you"
                assert "- Reading lamp × 2, 49.5\n- Chair <oak>\n" in body(ada)
                assert "Old lamp" not in body(ada)
                assert "<li>Chair &lt;oak&gt;</li>" in body(ada, "html")
                assert ada["message-id"] == f"<{letters['ada'].key}@shop.example>"
                assert ada["list-unsubscribe"] == "<https://shop.example/unsubscribe?who=ada>"
                assert {mail["to"] for mail in server.mails} == {"ada@example.com", "cleo@example.com"}
                one.at(START + DAY + 12 * HOUR)  # eight in the morning in Tokyo has come
                one.until(lambda: len(server.mails) == 3)
                assert server.mails[-1]["subject"] == "Hello, something is still waiting for you"
        finally:
            office.close()
            one.stop()
