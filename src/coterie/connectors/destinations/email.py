"""Messages as e-mail over SMTP, written in Liquid. Sources: RFC 5322, RFC 8058 (one-click unsubscribe)."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import formatdate, parseaddr
from typing import Annotated, Any, ClassVar, Literal

import aiosmtplib

from coterie.connectors.destinations import templates
from coterie.connectors.destinations.destination import Message, Way
from coterie.connectors.secrets import Secret, expand
from coterie.errors import Problem, Terminal, Transient, nearest
from coterie.limits import SECOND_US
from coterie.segments.conditions.form import Check, Flaw, Form
from coterie.segments.conditions.words import Doc, Name, Text, whole
from coterie.segments.durations import us_of
from coterie.triggers.words import DestinationKey

PARTS = ("subject", "text", "html")
_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def _sender(from_: str) -> Flaw | None:
    _, address = parseaddr(from_)
    if "@" in address or "${" in from_:
        return None
    return Flaw("not an e-mail address", "from", received=from_, allowed='such as "Shop <hello@shop.example>"')


def _whole_login(user: str | None, password: str | None) -> Flaw | None:
    if (user is None) != (password is None):
        return Flaw("a login needs both", "password" if user else "user", allowed="user and password, or neither")
    return None


class Email(Form, frozen=True, kw_only=True):
    """One e-mail per message, with the parts subject, text and html of the trigger's content."""

    checks: ClassVar[tuple[Check, ...]] = (Check(("from_",), _sender), Check(("user", "password"), _whole_login))

    key: Annotated[DestinationKey, Doc("Its name for ever; the file is `destinations/<key>.yaml`.")]
    kind: Annotated[Literal["email"], Doc("email")]
    host: Annotated[Text, Doc("Mail server; `${NAME}` stands for the environment's value.")]
    port: Annotated[
        int | None, whole(1, 65_535), Doc("587 with starttls, 465 with tls, 25 with none when not said.")
    ] = None
    security: Annotated[
        Literal["starttls", "tls", "none"],
        Doc("How the connection is kept private: upgraded, from the start, or not; starttls when not said."),
    ] = "starttls"
    ca_file: Annotated[Text | None, Doc("Certificates (PEM) to trust in place of the system's.")] = None
    user: Annotated[Text | None, Doc("Login; `${NAME}` stands for the environment's value.")] = None
    password: Annotated[Secret | None, Doc("Its password, in the environment.")] = None
    from_: Annotated[Text, Doc("Sender, such as `Shop <hello@shop.example>`.")]
    reply_to: Annotated[Text | None, Doc("Where answers go.")] = None
    to: Annotated[
        Name, Doc("Trait, or else identifier kind, that holds the person's address; email when not said.")
    ] = "email"
    unsubscribe: Annotated[
        Text | None, Doc("Liquid for the List-Unsubscribe header: an https or mailto address; https is one-click.")
    ] = None
    headers: Annotated[dict[Name, Text] | None, Doc("More headers of every mail.")] = None
    way: Way


class EmailDestination:
    """Sends mails to one server, over connections that it keeps while there is work."""

    def __init__(self, form: Email, environment: Mapping[str, str]) -> None:
        self._form = form
        self._host = expand(form.host, environment)
        self._user = expand(form.user, environment) if form.user else None
        self._password = expand(form.password, environment) if form.password else None
        self._from = expand(form.from_, environment)
        self._idle: list[aiosmtplib.SMTP] = []
        self._trust: ssl.SSLContext | None = None

    async def send(self, message: Message) -> None:
        mail = self.compose(message)
        client = await self._connected()
        try:
            await client.send_message(mail)
        except aiosmtplib.SMTPRecipientsRefused as error:
            await self._leave(client)
            worst = max(error.recipients, key=lambda one: one.code)
            raise _judged(worst.code, worst.message) from error
        except aiosmtplib.SMTPResponseException as error:
            await self._leave(client)
            raise _judged(error.code, error.message) from error
        except aiosmtplib.SMTPNotSupported as error:
            await self._leave(client)
            raise Terminal(f"{self._host} cannot carry this mail: {_told(error)}") from error
        except (aiosmtplib.SMTPException, OSError) as error:
            await self._leave(client)
            raise Transient(f"the connection to {self._host} failed: {_told(error)}") from error
        self._idle.append(client)

    async def _connected(self) -> aiosmtplib.SMTP:
        """Return a connection that answers. Raises: Transient."""
        while self._idle:
            client = self._idle.pop()
            try:
                await client.noop()
            except (aiosmtplib.SMTPException, OSError):
                await self._leave(client)
            else:
                return client
        form = self._form
        if form.security != "none" and self._trust is None:
            self._trust = ssl.create_default_context(cafile=form.ca_file)
        client = aiosmtplib.SMTP(
            hostname=self._host, port=form.port or _PORTS[form.security], username=self._user, password=self._password,
            use_tls=form.security == "tls", start_tls=form.security == "starttls", tls_context=self._trust,
            timeout=us_of(form.way.timeout) / SECOND_US, local_hostname=_domain(self._from),
        )  # fmt: skip
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            await self._leave(client)
            raise Transient(f"{self._host} cannot be reached: {_told(error)}") from error
        return client

    async def _leave(self, client: aiosmtplib.SMTP) -> None:
        client.close()

    async def close(self) -> None:
        while self._idle:
            client = self._idle.pop()
            try:
                await client.quit()
            except (aiosmtplib.SMTPException, OSError):
                client.close()

    def compose(self, message: Message) -> EmailMessage:
        """Return the mail. Raises: Terminal when there is no address, or a template cannot be rendered."""
        form, payload = self._form, message.payload
        context = templates.context_of(payload)
        mail = EmailMessage(policy=SMTP_POLICY)
        address = address_of(payload, form.to)
        try:
            mail["From"], mail["To"] = self._from, address
            mail["Subject"] = " ".join(templates.render(message.content["subject"], context, what="subject").split())
            mail["Date"] = formatdate(message.at / SECOND_US)
            mail["Message-ID"] = f"<{message.key}@{_domain(self._from)}>"
            mail["X-Idempotency-Key"] = message.key
            if form.reply_to:
                mail["Reply-To"] = form.reply_to
            for name, text in (form.headers or {}).items():
                mail[name] = text
            self._add_unsubscribe(mail, context)
        except (ValueError, MessageError) as error:
            raise Terminal(f"the mail's headers are not valid: {error}") from error
        except KeyError as error:
            raise Terminal(f"the trigger's content has no {error.args[0]}") from error
        _write_bodies(mail, message.content, context)
        return mail

    def _add_unsubscribe(self, mail: EmailMessage, context: Mapping[str, Any]) -> None:
        if not self._form.unsubscribe:
            return
        target = templates.render(self._form.unsubscribe, context, what="unsubscribe").strip()
        mail["List-Unsubscribe"] = f"<{target}>"
        if target.startswith("https://"):
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"

    def flaws(self, content: Mapping[str, str], sample: Mapping[str, Any], where: str) -> list[Problem]:
        problems = [
            Problem("an e-mail has no such part", where=f"{where}.{name}", received=name, allowed=", ".join(PARTS), hint=nearest(name, PARTS))
            for name in content
            if name not in PARTS
        ]  # fmt: skip
        if "subject" not in content:
            problems.append(Problem("missing", where=f"{where}.subject", allowed="text in Liquid"))
        if not content.keys() & {"text", "html"}:
            problems.append(Problem("a mail without a body", where=where, allowed="text, html, or both"))
        context = templates.context_of(sample)
        for name in PARTS:
            if name in content:
                problems += templates.flaws(content[name], context, f"{where}.{name}", html=name == "html")
        if self._form.unsubscribe:
            place = f"destinations/{self._form.key}.yaml: unsubscribe"
            problems += templates.flaws(self._form.unsubscribe, context, place)
        return problems


def address_of(payload: Mapping[str, Any], name: str) -> str:
    """Return the address in the trait ``name`` or the identifier of that kind. Raises: Terminal when there is none."""
    profile = payload["profile"]
    told = profile["traits"].get(name)
    if not told:
        told = next((one["value"] for one in profile["identifiers"] if one["kind"] == name), None)
    _, address = parseaddr(told) if isinstance(told, str) and told.isprintable() else ("", "")
    if "@" not in address:
        raise Terminal(f"no e-mail address: the person has no valid {name}")
    return address


def _write_bodies(mail: EmailMessage, content: Mapping[str, str], context: Mapping[str, Any]) -> None:
    text = templates.render(content["text"], context, what="text") if "text" in content else None
    html = templates.render(content["html"], context, html=True, what="html") if "html" in content else None
    if text is None and html is None:
        raise Terminal("the trigger's content has neither text nor html")
    if text is not None:
        mail.set_content(text)
    if html is not None and text is not None:
        mail.add_alternative(html, subtype="html")
    elif html is not None:
        mail.set_content(html, subtype="html")


def _judged(code: int, message: str) -> Transient | Terminal:
    """Return what a reply means: 5xx refuses this mail for good; a refused login or session may be mended. RFC 5321, 4.2."""
    told = f"the mail server answered {code}: {message[:300]}"
    may_end = code < 500 or code in (530, 534, 535, 538)
    return Transient(told) if may_end else Terminal(told)


def _told(error: Exception) -> str:
    return f"{type(error).__name__} {error}".strip()[:300]


def _domain(sender: str) -> str:
    return parseaddr(sender)[1].rpartition("@")[2] or "localhost"
