"""Mails through a real mail server: parts, headers, privacy of the connection, and what its answers mean."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest

from coterie.connectors.destinations.definitions import open_one, parse
from coterie.connectors.destinations.destination import Message
from coterie.connectors.destinations.email import EmailDestination
from coterie.errors import InvalidDefinition, Terminal, Transient
from tests.connectors.destinations.messages import message
from tests.connectors.destinations.servers import Post, certificate, post


def opened(server: Post | None = None, environment: dict[str, str] | None = None, **fields: Any) -> EmailDestination:
    data = {
        "key": "mail",
        "kind": "email",
        "host": "127.0.0.1",
        "security": "none",
        "from": "Shop <shop@example.com>",
        **fields,
    }
    if server is not None:
        data["port"] = server.port
    found = open_one(parse(data), Path(), environment or {})
    assert isinstance(found, EmailDestination)
    return found


def send(destination: EmailDestination, *messages: Message) -> None:
    async def work() -> None:
        try:
            for one in messages:
                await destination.send(one)
        finally:
            await destination.close()

    asyncio.run(work())


BOTH = {
    "subject": "Hi {{ traits.first_name }},\n come back",
    "text": "Dear {{ traits.first_name }}: {{ event.properties.path }}",
    "html": "<p>Dear {{ traits.first_name }}</p>",
}


def test_a_mail_has_both_bodies_and_values_are_escaped_in_html_only() -> None:
    with post() as server:
        send(opened(server), message(content=BOTH, first_name="A & <b>"))
        (mail,) = server.mails
    assert mail["subject"] == "Hi A & <b>, come back"
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().strip() == "Dear A & <b>: /a"
    assert html.get_content().strip() == "<p>Dear A &amp; &lt;b&gt;</p>"
    assert mail.get_content_type() == "multipart/alternative"


def test_headers_make_it_recognisable_and_easy_to_leave() -> None:
    with post() as server:
        to_leave = "https://shop.example/leave?who={{ profile.id | url_encode }}"
        send(
            opened(server, unsubscribe=to_leave, reply_to="care@shop.example", headers={"X-Campaign": "carts"}),
            message("k1"), message("k1", attempt=2),
        )  # fmt: skip
        first, second = server.mails
    assert first["message-id"] == second["message-id"] == "<k1@example.com>"
    assert first["list-unsubscribe"] == "<https://shop.example/leave?who=ada>"
    assert first["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert (first["reply-to"], first["x-campaign"], first["from"]) == (
        "care@shop.example",
        "carts",
        "Shop <shop@example.com>",
    )
    assert first["date"] == "Wed, 18 Mar 2026 12:00:00 -0000"


def test_a_mailto_address_to_leave_is_no_one_click() -> None:
    with post() as server:
        send(opened(server, unsubscribe="mailto:leave@shop.example"), message())
        (mail,) = server.mails
    assert mail["list-unsubscribe"] == "<mailto:leave@shop.example>"
    assert mail["list-unsubscribe-post"] is None


def test_the_address_is_a_trait_or_else_an_identifier() -> None:
    with post() as server:
        send(opened(server), message(email="Ada <ada@work.example>"))
        plain = message(email=None)
        plain.payload["profile"]["identifiers"].append({"kind": "email", "value": "ada@home.example"})
        send(opened(server), plain)
        assert server.recipients == [["ada@work.example"], ["ada@home.example"]]
    with pytest.raises(Terminal, match="no e-mail address"):
        send(opened(), message(email=None))


@pytest.mark.parametrize("evil", ["ada@example.com\r\nBcc: all@example.com", "x\nSubject: free"])
def test_nobody_adds_headers_by_a_trait(evil: str) -> None:
    with post() as server:
        destination = opened(server)
        with pytest.raises(Terminal):
            send(destination, message(email=evil))
        send(opened(server), message(first_name="Ada\r\nBcc: all@example.com"))
        (mail,) = server.mails
    assert mail["bcc"] is None
    assert mail["subject"] == "Your cart, Ada Bcc: all@example.com"


def test_one_connection_carries_several_mails_and_a_lost_one_is_replaced() -> None:
    with post() as server:
        send(opened(server), message("k1"), message("k2"), message("k3"))
        assert len(server.sessions) == 1

    async def work() -> None:
        with post() as first:
            destination = opened(first)
            await destination.send(message("k1"))
            port = first.port
        with post() as second:
            destination._form = parse({"key": "mail", "kind": "email", "host": "127.0.0.1", "port": second.port,
                                       "security": "none", "from": "shop@example.com"})  # type: ignore[assignment]  # fmt: skip
            await destination.send(message("k2"))
            assert [one["x-idempotency-key"] for one in second.mails] == ["k2"]
            await destination.close()
        assert port

    asyncio.run(work())


@pytest.mark.parametrize(("answer", "kind"), [
    ("421 closing", Transient), ("451 later", Transient), ("452 full", Transient), ("550 no", Terminal), ("554 spam", Terminal),
])  # fmt: skip
def test_answers(answer: str, kind: type[Exception]) -> None:
    with post() as server:
        server.answers = [answer]
        with pytest.raises(kind, match=answer[:3]):
            send(opened(server), message())


def test_a_recipient_may_be_refused_for_now() -> None:
    with post() as server:
        server.refused["ada@example.com"] = "450 greylisted"
        with pytest.raises(Transient, match="450"):
            send(opened(server), message())


def test_the_connection_is_upgraded_and_the_login_is_inside(tmp_path: Path) -> None:
    made, key = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    login = {"user": "shop", "password": "${SMTP_PASSWORD}"}
    with post(context, login=True) as server:
        private = {"security": "starttls", "ca_file": str(made), **login}
        send(opened(server, {"SMTP_PASSWORD": "s3cret"}, **private), message())
        assert server.logins == [("shop", "s3cret")]
        assert len(server.mails) == 1
        with pytest.raises(Transient, match="535"):
            send(opened(server, {"SMTP_PASSWORD": "wrong"}, **private), message())
        strange = {"security": "starttls", **login}
        with pytest.raises(Transient, match=r"[Cc]ertificate|CERTIFICATE"):
            send(opened(server, {"SMTP_PASSWORD": "s3cret"}, **strange), message())
        assert len(server.mails) == 1


def test_a_server_without_starttls_gets_nothing() -> None:
    with post() as server:
        with pytest.raises(Transient, match="STARTTLS"):
            send(opened(server, security="starttls"), message())
        assert server.mails == []


def test_content_that_is_no_mail_is_told() -> None:
    wrong = opened().flaws({"titel": "x", "sbject": "y"}, message().payload, "triggers/care.yaml: content")
    said = "\n".join(str(one) for one in wrong)
    assert "did you mean 'subject'?" in said
    assert "a mail without a body" in said
    leave = opened(unsubscribe="https://x/{{ traits.token }}").flaws(BOTH, message().payload, "here")
    assert "destinations/mail.yaml: unsubscribe" in str(leave[0])


@pytest.mark.parametrize(("fields", "word"), [
    ({"from": "nobody"}, "not an e-mail address"), ({"user": "shop"}, "a login needs both"), ({"port": 0}, "range"),
    ({"password": "s3cret", "user": "x"}, "does not stand in a file"), ({"security": "ssl"}, "starttls, tls, none"),
])  # fmt: skip
def test_definitions_that_are_wrong(fields: dict[str, Any], word: str) -> None:
    with pytest.raises(InvalidDefinition, match=word):
        opened(**fields)
