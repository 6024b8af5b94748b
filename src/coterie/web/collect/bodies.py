"""The body of a request as JSON text: read within a bound and a time, inflated within a bound, and mended where browsers err."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import zlib
from urllib.parse import parse_qs

from coterie.errors import CoterieError, Problem
from coterie.web.collect.ports import Receive


class TooLarge(Problem):
    """A body beyond the bound. 400, as the Segment spec says."""

    http_status = 400


class NotJson(Problem):
    """A body that cannot be read at all. 400, as the Segment spec says."""

    http_status = 400


class TooSlow(CoterieError):
    """The client did not send its body in time; clients try again after 408."""

    http_status = 408
    retry = True


class Gone(Exception):
    """The client went away before its body was there: nobody is left to answer."""


async def read(receive: Receive, bytes_max: int, wait_us: int) -> bytes:
    """Return the body as it was sent. Raises: TooLarge, TooSlow, Gone."""
    try:
        async with asyncio.timeout(wait_us / 1e6):
            message = await receive()
            if message["type"] != "http.request":
                raise Gone
            body: bytes = message.get("body", b"")
            if not message.get("more_body", False):
                return body if len(body) <= bytes_max else _too_large(bytes_max)
            pieces, size = [body], len(body)
            while message.get("more_body", False):
                message = await receive()
                if message["type"] != "http.request":
                    raise Gone
                pieces.append(message.get("body", b""))
                size += len(pieces[-1])
                if size > bytes_max:
                    _too_large(bytes_max)
            return b"".join(pieces)
    except TimeoutError:
        raise TooSlow("the body did not arrive in time", hint="send it again") from None


def text_of(body: bytes, encoding: bytes, content_type: bytes, bytes_max: int) -> bytes:
    """Return the JSON text in ``body``: inflated, out of a form, in UTF-8. Raises: TooLarge, NotJson."""
    if encoding or body[:2] == b"\x1f\x8b":
        body = _inflate(body, encoding, bytes_max)
    if body[:3] == b"\xef\xbb\xbf":
        body = body[3:]
    if content_type.startswith(b"application/x-www-form-urlencoded") and body[:1] not in (b"{", b"["):
        body = _form(body)
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError:
            return mend(body, "it is not UTF-8")
    return body


def mend(body: bytes, why: str) -> bytes:
    """Return ``body`` with half emoji and foreign bytes replaced by �, NaN by null. Raises: NotJson with ``why`` if it is no JSON.

    Browsers write half emoji where a text was cut; strict readers refuse the whole batch for one of them.
    """
    try:
        told = json.loads(body.decode("utf-8", "replace"), parse_constant=lambda _: None)
        if not isinstance(told, dict):
            raise NotJson("the body is not a JSON object", received=type(told).__name__, allowed="a JSON object")
        text = json.dumps(told, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
    except (ValueError, RecursionError) as error:
        if isinstance(error, NotJson):
            raise
        raise NotJson("the body is not JSON", received=body[:80].decode("utf-8", "replace"), hint=why) from None


def _inflate(body: bytes, encoding: bytes, bytes_max: int) -> bytes:
    told = encoding.strip().lower()
    if told in (b"", b"identity") and body[:2] != b"\x1f\x8b":
        return body
    if told not in (b"", b"identity", b"gzip", b"x-gzip", b"deflate"):
        raise NotJson(
            "unknown encoding",
            where="Content-Encoding",
            received=told.decode("latin-1"),
            allowed="gzip, deflate, or none",
        )
    if told == b"gzip" and body[:1] == b"{":
        return body
    inflater = zlib.decompressobj(47 if body[:1] in (b"\x1f", b"\x78") else -15)
    try:
        inflated = inflater.decompress(body, bytes_max + 1)
    except zlib.error as error:
        raise NotJson("the body cannot be inflated", where="Content-Encoding", hint=str(error)) from None
    if len(inflated) > bytes_max:
        _too_large(bytes_max)
    if not inflater.eof:
        raise NotJson("the compressed body is cut short", where="Content-Encoding")
    return inflated


def _form(body: bytes) -> bytes:
    """Return the JSON of the field ``data`` of a form, plain or in base64; the body itself when there is no such field."""
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=16)
    except (UnicodeDecodeError, ValueError):
        return body
    found = fields.get("data")
    if not found:
        return body
    if found[0][:1] in ("{", "["):
        return found[0].encode()
    try:
        return base64.b64decode(found[0].encode(), validate=True)
    except (binascii.Error, ValueError):
        return found[0].encode()


def _too_large(bytes_max: int) -> bytes:
    raise TooLarge(
        "the body is too large", allowed=f"at most {bytes_max} bytes, inflated", hint="send fewer events at once"
    )
