"""Messages as signed HTTP requests. Source: the Standard Webhooks specification, 1.0."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Any, ClassVar, Literal

import httpx

from coterie.connectors.destinations import templates
from coterie.connectors.destinations.addresses import resolve
from coterie.connectors.destinations.destination import Later, Message, Way
from coterie.connectors.secrets import Secret, expand
from coterie.errors import InvalidDefinition, Problem, Terminal, Transient
from coterie.limits import SECOND_US
from coterie.segments.conditions.form import Check, Flaw, Form
from coterie.segments.conditions.words import Doc, Name, Text
from coterie.segments.durations import us_of
from coterie.triggers.words import DestinationKey
from coterie.values import canonical

PREFIX = "whsec_"
REDIRECTS_MAX = 3
ANSWER_BYTES_MAX = 64 * 1024
"""An answer is read so far, so that nobody fills the memory by answering."""
RETRIED = frozenset({401, 403, 407, 408, 409, 423, 425, 429})
"""Refusals that may end: a wrong credential gets mended, a lock ends. Other refusals (4xx) do not."""


def _refuse_url(url: str) -> Flaw | None:
    if url.startswith(("https://", "http://", "${")):
        return None
    return Flaw("not an address of the web", "url", received=url, allowed="https://…, or http://…")


class Webhook(Form, frozen=True, kw_only=True):
    """POST requests with a JSON body, signed as Standard Webhooks says; `webhook-id` is the idempotency key."""

    checks: ClassVar[tuple[Check, ...]] = (Check(("url",), _refuse_url),)

    key: Annotated[DestinationKey, Doc("Its name for ever; the file is `destinations/<key>.yaml`.")]
    kind: Annotated[Literal["webhook"], Doc("webhook")]
    url: Annotated[Text, Doc("Where to; `${NAME}` stands for the environment's value.")]
    secrets: Annotated[
        Secret | tuple[Secret, ...] | None,
        Doc("One secret (`whsec_…`) in the environment, or two while one replaces the other: each signs."),
    ] = None
    headers: Annotated[dict[Name, Text] | None, Doc("More headers; `${NAME}` stands for the environment's value.")] = (
        None
    )
    private_addresses: Annotated[
        Literal["deny", "allow"],
        Doc("Whether it may go to addresses of private networks and of the server itself; deny when not said."),
    ] = "deny"
    way: Way


class WebhookDestination:
    """Sends messages to one URL. 2xx is success; what else is answered decides whether it is tried again."""

    def __init__(self, form: Webhook, environment: Mapping[str, str]) -> None:
        self._form = form
        self._url = httpx.URL(expand(form.url, environment))
        written = (form.secrets,) if isinstance(form.secrets, str) else form.secrets or ()
        self._secrets = [secret_of(expand(one, environment), form.key) for one in written]
        self._headers = {name.lower(): expand(text, environment) for name, text in (form.headers or {}).items()}
        self._timeout_s = us_of(form.way.timeout) / SECOND_US
        self._client = httpx.AsyncClient(
            timeout=self._timeout_s, follow_redirects=False, trust_env=False,
            limits=httpx.Limits(max_connections=form.way.concurrency, keepalive_expiry=30),
        )  # fmt: skip

    async def send(self, message: Message) -> None:
        body = body_of(message)
        headers = {
            "content-type": "application/json",
            "user-agent": "coterie",
            **self._headers,
            **signed(message.key, message.at // SECOND_US, body, self._secrets),
        }
        url = self._url
        for _ in range(REDIRECTS_MAX + 1):
            status, answer_headers, text = await self._post(url, body, headers)
            if status not in (307, 308):
                break
            url = _same_place(url, answer_headers.get("location", ""))
        judge(status, answer_headers, text, message.at)

    async def _post(self, url: httpx.URL, body: bytes, headers: Mapping[str, str]) -> tuple[int, httpx.Headers, str]:
        """Return (status, headers, beginning of the answer) of one request to an address that was looked at."""
        port = url.port or (443 if url.scheme == "https" else 80)
        address = await resolve(url.host, port, private=self._form.private_addresses == "allow")
        host = url.netloc.decode()
        request = self._client.build_request(
            "POST", url.copy_with(host=address), content=body, headers={**headers, "host": host},
            extensions={"sni_hostname": url.host, "timeout": httpx.Timeout(self._timeout_s).as_dict()},
        )  # fmt: skip
        try:
            response = await self._client.send(request, stream=True)
            try:
                return response.status_code, response.headers, await _beginning(response)
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            raise Transient(f"no answer from {url.host}: {type(error).__name__} {error}".rstrip()) from error

    async def close(self) -> None:
        await self._client.aclose()

    def flaws(self, content: Mapping[str, str], sample: Mapping[str, Any], where: str) -> list[Problem]:
        context = templates.context_of(sample)
        return [one for name, text in content.items() for one in templates.flaws(text, context, f"{where}.{name}")]


async def _beginning(response: httpx.Response) -> str:
    """Return the answer's text, no more of it than ``ANSWER_BYTES_MAX``."""
    found = b""
    async for piece in response.aiter_raw():
        found += piece
        if len(found) >= ANSWER_BYTES_MAX:
            break
    return found[:ANSWER_BYTES_MAX].decode("utf-8", "replace")


def body_of(message: Message) -> bytes:
    """Return the body: type, timestamp and data, the same bytes at every try."""
    change = message.payload.get("change")
    data = dict(message.payload)
    if message.content:
        context = templates.context_of(message.payload)
        data["content"] = {name: templates.render(text, context, what=name) for name, text in message.content.items()}
    kind = "alert" if message.payload.get("alert") else "event" if message.payload.get("event") else "existing"
    told = {
        "type": f"segment.{change['direction']}" if change else kind,
        "timestamp": message.payload.get("decided_at"),
        "data": data,
    }
    return canonical(told).encode()


def secret_of(text: str, where: str) -> bytes:
    """Return the bytes of a secret as Standard Webhooks writes it. Raises: InvalidDefinition."""
    try:
        secret = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidDefinition([_no_secret(where)]) from error
    if not 16 <= len(secret) <= 128:
        raise InvalidDefinition([_no_secret(where)])
    return secret


def _no_secret(where: str) -> Problem:
    allowed = "whsec_ and the base64 text of 24 to 64 random bytes"
    return Problem("not a webhook secret", where=f"destinations/{where}.yaml: secrets", received="…", allowed=allowed,
                   hint="""make one: python -c "import base64, secrets; print('whsec_' + base64.b64encode(secrets.token_bytes(32)).decode())\"""")  # fmt: skip


def signed(key: str, at_s: int, body: bytes, secrets: list[bytes]) -> dict[str, str]:
    """Return the three headers of Standard Webhooks; one signature for each secret, separated by blanks."""
    headers = {"webhook-id": key, "webhook-timestamp": str(at_s)}
    if secrets:
        text = f"{key}.{at_s}.".encode() + body
        digests = (hmac.new(secret, text, hashlib.sha256).digest() for secret in secrets)
        headers["webhook-signature"] = " ".join(f"v1,{base64.b64encode(one).decode()}" for one in digests)
    return headers


def judge(status: int, headers: Mapping[str, str], text: str, now: int) -> None:
    """Nothing, when a status means success. Raises: Transient, Later or Terminal for every other one."""
    if 200 <= status < 300:
        return
    told = f"answered {status}: {' '.join(text.split())[:300]}".rstrip(": ")
    if 300 <= status < 400:
        raise Terminal(told, hint="redirects to other hosts are not followed; write the final url")
    if status in RETRIED or status >= 500:
        after = retry_after_s(headers.get("retry-after", ""), now)
        raise Later(told, retry_after_s=after) if after is not None else Transient(told)
    raise Terminal(told)


def retry_after_s(text: str, now: int) -> float | None:
    """Return the seconds that a Retry-After header asks for, 0 to a day. Source: RFC 9110, 10.2.3."""
    if text.strip().isdecimal():
        return min(float(text), 86_400.0)
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    moment = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max((moment - datetime.fromtimestamp(now / SECOND_US, UTC)).total_seconds(), 0.0), 86_400.0)


def _same_place(url: httpx.URL, location: str) -> httpx.URL:
    """Return where a redirect leads, if it stays with the same host. Raises: Terminal."""
    there = url.join(location)
    if not location or (there.scheme, there.host, there.port) != (url.scheme, url.host, url.port):
        raise Terminal(f"redirected to {location or 'nowhere'}", hint="redirects to other hosts are not followed")
    return there
