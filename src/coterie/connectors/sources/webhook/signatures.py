"""Whether a request came from who it says. Sources: Standard Webhooks 1.0; the manuals of GitHub, Shopify and Stripe.

The bytes that came are what is signed: nothing is parsed before the signature was found good. Comparisons take the same time
whatever they find.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Mapping

from coterie.connectors.sources.webhook.config import Config, Inbox, Signature
from coterie.errors import Unauthorized
from coterie.limits import SECOND_US
from coterie.segments.durations import us_of

Headers = Mapping[str, str]
"""Header in small letters → text."""
_ID_HEADERS = {"standard": "webhook-id", "github": "x-github-delivery", "shopify": "x-shopify-webhook-id"}
_TOLD_HEADERS = {
    "github": ("x-github-event",),
    "shopify": ("x-shopify-topic", "x-shopify-shop-domain"),
}


class Forged(Unauthorized):
    """The request does not prove that it comes from who may send."""


def check(inbox: Inbox, headers: Headers, body: bytes, now: int) -> None:
    """The request is genuine. ``now``: µs since 1970 of the machine's clock. Raises: Forged."""
    signature = inbox.config.signature
    _CHECKS[signature.kind](signature, inbox.secrets, headers, body, now // SECOND_US)


def delivery_of(config: Config, headers: Headers) -> str:
    """Return the sender's name for this delivery, empty when it has none."""
    return headers.get((config.id_header or _ID_HEADERS.get(config.signature.kind, "")).lower(), "")


def told_headers(config: Config) -> tuple[str, ...]:
    """Return the headers that become columns."""
    return (*_TOLD_HEADERS.get(config.signature.kind, ()), *(name.lower() for name in config.headers))


def _standard(signature: Signature, secrets: tuple[bytes, ...], headers: Headers, body: bytes, now_s: int) -> None:
    key, stamp = _needed(headers, "webhook-id"), _needed(headers, "webhook-timestamp")
    _fresh(stamp, now_s, signature)
    shown = [text.partition(",")[2] for text in _needed(headers, "webhook-signature").split() if text.startswith("v1,")]
    text = f"{key}.{stamp}.".encode() + body
    _equal([_digest(secret, text, "sha256") for secret in secrets], [_base64(one) for one in shown])


def _stripe(signature: Signature, secrets: tuple[bytes, ...], headers: Headers, body: bytes, now_s: int) -> None:
    pieces = [one.strip().partition("=") for one in _needed(headers, "stripe-signature").split(",")]
    stamp = next((value for name, _, value in pieces if name == "t"), "")
    _fresh(stamp, now_s, signature)
    text = f"{stamp}.".encode() + body
    shown = [_hex(value) for name, _, value in pieces if name == "v1"]
    _equal([_digest(secret, text, "sha256") for secret in secrets], shown)


def _plain(header: str, algorithm: str, encoding: str, prefix: str) -> Callable[..., None]:
    """Return the check of a signature of the body alone."""

    def look(signature: Signature, secrets: tuple[bytes, ...], headers: Headers, body: bytes, now_s: int) -> None:
        shown = _needed(headers, header)
        if not shown.startswith(prefix):
            raise Forged(f"the header {header} does not begin with {prefix}")
        read = _hex if encoding == "hex" else _base64
        _equal([_digest(secret, body, algorithm) for secret in secrets], [read(shown.removeprefix(prefix))])

    return look


def _hmac(signature: Signature, secrets: tuple[bytes, ...], headers: Headers, body: bytes, now_s: int) -> None:
    look = _plain(signature.header.lower(), signature.algorithm, signature.encoding, signature.prefix)
    look(signature, secrets, headers, body, now_s)


def _bearer(signature: Signature, secrets: tuple[bytes, ...], headers: Headers, body: bytes, now_s: int) -> None:
    kind, _, token = _needed(headers, "authorization").partition(" ")
    _equal(list(secrets), [token.strip().encode()] if kind.lower() == "bearer" else [])


def _basic(signature: Signature, secrets: tuple[bytes, ...], headers: Headers, body: bytes, now_s: int) -> None:
    kind, _, shown = _needed(headers, "authorization").partition(" ")
    user = signature.username.encode()
    _equal([user + b":" + secret for secret in secrets], [_base64(shown.strip())] if kind.lower() == "basic" else [])


def _none(signature: Signature, secrets: tuple[bytes, ...], headers: Headers, body: bytes, now_s: int) -> None:
    return


_CHECKS: dict[str, Callable[[Signature, tuple[bytes, ...], Headers, bytes, int], None]] = {
    "standard": _standard,
    "github": _plain("x-hub-signature-256", "sha256", "hex", "sha256="),
    "shopify": _plain("x-shopify-hmac-sha256", "sha256", "base64", ""),
    "stripe": _stripe,
    "hmac": _hmac,
    "bearer": _bearer,
    "basic": _basic,
    "none": _none,
}


def _digest(secret: bytes, text: bytes, algorithm: str) -> bytes:
    return hmac.new(secret, text, algorithm).digest()


def _equal(wanted: list[bytes], shown: list[bytes]) -> None:
    matches = [hmac.compare_digest(one, other) for one in wanted for other in shown if other]
    if not any(matches):
        raise Forged(
            "the signature does not fit", hint="look at the secret on both sides; the body must come as it was signed"
        )


def _needed(headers: Headers, name: str) -> str:
    text = headers.get(name, "")
    if not text:
        raise Forged(f"the header {name} is missing")
    return text


def _fresh(stamp: str, now_s: int, signature: Signature) -> None:
    try:
        away_s = abs(now_s - int(stamp))
    except ValueError:
        raise Forged("the signed instant is not a number of seconds") from None
    if away_s > us_of(signature.tolerance) / SECOND_US:
        raise Forged(f"signed {away_s} s away from now", hint=f"at most {signature.tolerance}: look at both clocks")


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
