"""One question over HTTP and its answer: in the pace that was promised, never to another host, its refusals as failures."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus, urljoin, urlsplit, urlunsplit

import msgspec

from coterie.clock import SystemClock
from coterie.connectors.destinations.webhook import retry_after_s
from coterie.connectors.payload import json_of
from coterie.connectors.sources.failures import (
    Absent,
    CredentialsRefused,
    RateLimited,
    Truncated,
    Unreachable,
    Unreadable,
)
from coterie.connectors.sources.headers import is_sendable
from coterie.limits import DEFAULT, Limits

if TYPE_CHECKING:
    from requests import PreparedRequest, Request, Response, Session

REDIRECTS_MAX = 3
_TOLD_MAX = 300
_NUMBER = re.compile(r"[0-9]{1,18}(\.[0-9]*)?")
_TOKEN = "a secret goes where its source file says and nowhere else; write the final address as token_url"
_HOST = "the credentials of a source go to no other host; write the final address as url"


class Caller:
    """A session with one host. ``pace`` is how many questions in how many seconds, ``proof`` what signs them."""

    def __init__(
        self,
        session: Session,
        url: str,
        proof: Any,
        *,
        pace: tuple[int, float] | None,
        timeout_s: float,
        limits: Limits = DEFAULT,
    ) -> None:
        self._session, self._proof, self._limits = session, proof, limits
        self._base = urlsplit(url)
        count, self._per_s = pace or (0, 0.0)
        self._asked: deque[float] = deque(maxlen=count)
        self._timeout_s = timeout_s
        host = self._base.hostname or ""
        self.name = f"{self._base.scheme}://{host}{f':{self._base.port}' if self._base.port else ''}{self._base.path}"

    def ask(self, request: Request) -> Response:
        """Return the answer to a request, a good one. Raises: the failures."""
        request.auth = self._proof
        for _ in range(REDIRECTS_MAX + 1):
            request.url = self._at_home(str(request.url))
            response = self._sent(request)
            if response.status_code == 401 and getattr(self._proof, "token_expiry", None) and self._proof.access_token:
                self._proof.access_token = (
                    None  # the token may have been taken back before its time: ask for another, once
                )
                response = self._sent(request)
            if response.status_code not in (301, 302, 303, 307, 308):
                self._judge(response)
                return response
            request.url, request.params = urljoin(str(request.url), response.headers.get("location", "")), None
        raise Unreadable(f"{self.name}: more than {REDIRECTS_MAX} redirects in a row")

    def read(self, response: Response) -> Any:
        """Return the JSON of an answer. Raises: Truncated, Unreadable."""
        try:
            return json_of(response.content)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            if "truncated" in str(error) and response.content.strip():
                raise Truncated(f"{self.name}: the answer ends in the middle of its JSON") from error
            raise Unreadable(
                f"{self.name}: the answer is not JSON but {_told(response) or 'empty'}",
                hint="is this the address of the API?",
            ) from error

    def close(self) -> None:
        """No connection is open."""
        self._session.close()

    def without_key(self, further: Any) -> Any:
        """Return what names a page without our key: an address may repeat it, and positions are kept and shown."""
        if getattr(self._proof, "location", "") != "query" or not isinstance(further, str):
            return further
        address, mark, query = further.partition("?")
        rest = [one for one in query.split("&") if unquote_plus(one.partition("=")[0]) != self._proof.name]
        return f"{address}?{'&'.join(rest)}" if mark and rest else address

    def _at_home(self, url: str) -> str:
        """Return an address of the host that was configured, and in its way. Raises: Unreadable for another host."""
        try:
            found = urlsplit(url)
            host, port = found.hostname, found.port
        except ValueError as error:
            raise Unreadable(f"{self.name}: the next page has no address that could be: {error}") from error
        if host != self._base.hostname or (port or self._base.port) != self._base.port:
            raise Unreadable(f"{self.name}: the next page lies on {host}{f':{port}' if port else ''}", hint=_HOST)
        return urlunsplit(found._replace(scheme=self._base.scheme, netloc=self._base.netloc))

    def _sent(self, request: Request) -> Response:
        if self._asked and len(self._asked) == self._asked.maxlen:
            time.sleep(max(self._asked[0] + self._per_s - time.monotonic(), 0.0))
        self._asked.append(time.monotonic())
        with self._failing():
            prepared = self._prepared(request)
            ways: Mapping[str, Any] = self._session.merge_environment_settings(prepared.url or "", {}, True, None, None)
            response = self._session.send(prepared, timeout=self._timeout_s, allow_redirects=False, **ways)
            try:
                response._content = self._content(response)  # what was read within the bounds is all that there is
                response._content_consumed = True
            finally:
                response.close()
            return response

    def _prepared(self, request: Request) -> PreparedRequest:
        """Return the request with its proof. Raises: CredentialsRefused, Unreadable."""
        import requests

        mute = CredentialsRefused(  # for what it is about may be a secret
            f"{self.name}: a header or a credential cannot be sent",
            hint="is there a line break at the end of what the environment holds?",
        )
        try:
            prepared = self._session.prepare_request(request)
            if not all(map(is_sendable, prepared.headers.values())):
                raise mute
            return prepared
        except (requests.exceptions.InvalidHeader, UnicodeError):
            raise mute from None
        except requests.RequestException:
            raise
        except (ValueError, TypeError, AttributeError) as error:
            raise Unreadable(f"{self.name}: what gives out tokens answered something else: {error}") from error

    def _content(self, response: Response) -> bytes:
        """Return the whole answer, unpacked. Raises: Unreadable beyond the bound, Unreachable when it never ends."""
        import urllib3

        limits, content, began = self._limits, bytearray(), time.monotonic()
        try:
            while piece := response.raw.read1(1 << 16, decode_content=True):
                content += piece
                if len(content) > limits.source_answer_bytes_max:
                    bound = f"{limits.source_answer_bytes_max:,} bytes"
                    raise Unreadable(f"{self.name}: an answer of more than {bound}", hint="ask for smaller pages")
                if time.monotonic() - began > limits.source_answer_s_max:
                    raise Unreachable(f"{self.name}: the answer did not end within {limits.source_answer_s_max} s")
        except (urllib3.exceptions.ProtocolError, urllib3.exceptions.DecodeError) as error:
            raise Truncated(f"{self.name}: the answer was cut off") from error
        except urllib3.exceptions.HTTPError as error:
            raise Unreachable(f"{self.name}: no answer: {type(error).__name__}") from error
        return bytes(content)

    @contextmanager
    def _failing(self) -> Iterator[None]:
        import requests

        try:
            yield
        except requests.HTTPError as error:  # of the address that gives out tokens
            self._judge_token(error.response)
            raise Unreachable(f"{self.name}: no token: {error}") from error
        except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError) as error:
            raise Truncated(f"{self.name}: the answer was cut off") from error
        except requests.TooManyRedirects as error:
            raise Unreadable(f"{self.name}: what gives out tokens sends us on", hint=_TOKEN) from error
        except requests.exceptions.InvalidURL as error:
            raise Absent(f"{self.name}: not an address", hint="url: https://api.example.com/orders") from error
        except (requests.RequestException, OSError) as error:
            raise Unreachable(
                f"{self.name}: no answer: {type(error).__name__}", hint="check the address, and the firewall"
            ) from error
        except ValueError as error:
            raise Unreadable(f"{self.name}: sent on to an address that cannot be") from error

    def _judge_token(self, response: Response | None) -> None:
        if response is not None and response.status_code in (400, 401, 403):
            raise CredentialsRefused(
                f"{self.name}: the token was refused: {response.status_code} {_told(response)}".rstrip(),
                hint="check client, secret and scope",
            )
        if response is not None:
            self._judge(response)

    def _judge(self, response: Response) -> None:
        status = response.status_code
        if 200 <= status < 300:
            return
        told = f"{self.name}: answered {status}: {_told(response)}".rstrip(": ")
        after = _patience(response)
        if status == 429 or (status in (403, 503) and after is not None):
            raise RateLimited(told, retry_after_s=after or 0.0, hint="fewer requests: at_most: {requests: 60, per: 1m}")
        if status in (401, 403, 407):
            raise CredentialsRefused(told, hint="check authentication:, and what the key may read")
        if status in (404, 410):
            raise Absent(told, hint="check the path of url:")
        if status in (408, 425) or status >= 500:
            raise Unreachable(told)
        raise Unreadable(told, hint="check parameters, body and pages against the documentation of the API")


def _patience(response: Response) -> float | None:
    """Return how many seconds an answer asks to wait, if it does: Retry-After, or a budget of requests that is used up."""
    headers, now = response.headers, SystemClock().now()
    said = retry_after_s(headers.get("retry-after", ""), now)
    if said is not None:
        return said
    for prefix in ("x-ratelimit-", "ratelimit-"):
        if headers.get(f"{prefix}remaining") == "0":
            reset = headers.get(f"{prefix}reset", "")
            seconds = float(reset) if _NUMBER.fullmatch(reset) else 0.0
            seconds = max(seconds - now / 1e6, 0.0) if seconds > 1e9 else seconds
            return min(seconds, 86_400.0)
    return None


def _told(response: Response) -> str:
    """Return the beginning of what an answer says, on one line."""
    return " ".join(response.content[: 4 * _TOLD_MAX].decode("utf-8", "replace").split())[:_TOLD_MAX]
