"""One question over HTTP and its answer: in the pace that was promised, never to another host, its refusals as failures."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit, urlunsplit

import msgspec

from coterie.clock import SystemClock
from coterie.connectors.destinations.webhook import retry_after_s
from coterie.connectors.sources.failures import (
    Absent,
    CredentialsRefused,
    RateLimited,
    Truncated,
    Unreachable,
    Unreadable,
)

if TYPE_CHECKING:
    from requests import Request, Response, Session

REDIRECTS_MAX = 3
_TOLD_MAX = 300
_HOST = "the credentials of a source go to no other host; write the final address as url"


class Caller:
    """A session with one host. ``pace`` is how many questions in how many seconds, ``proof`` what signs them."""

    def __init__(
        self, session: Session, url: str, proof: Any, *, pace: tuple[int, float] | None, timeout_s: float
    ) -> None:
        self._session, self._proof = session, proof
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
            return msgspec.json.decode(response.content)
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

    def _at_home(self, url: str) -> str:
        """Return an address of the host that was configured, and in its way. Raises: Unreadable for another host."""
        found = urlsplit(url)
        if found.hostname != self._base.hostname or (found.port or self._base.port) != self._base.port:
            raise Unreadable(f"{self.name}: the next page lies on {found.netloc}", hint=_HOST)
        return urlunsplit(found._replace(scheme=self._base.scheme, netloc=self._base.netloc))

    def _sent(self, request: Request) -> Response:
        if self._asked and len(self._asked) == self._asked.maxlen:
            time.sleep(max(self._asked[0] + self._per_s - time.monotonic(), 0.0))
        self._asked.append(time.monotonic())
        with self._failing():
            prepared = self._session.prepare_request(request)
            ways: Mapping[str, Any] = self._session.merge_environment_settings(prepared.url or "", {}, None, None, None)
            return self._session.send(prepared, timeout=self._timeout_s, allow_redirects=False, **ways)

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
        except requests.exceptions.InvalidURL as error:
            raise Absent(f"{self.name}: not an address", hint="url: https://api.example.com/orders") from error
        except (requests.RequestException, OSError) as error:
            raise Unreachable(
                f"{self.name}: no answer: {type(error).__name__}", hint="check the address, and the firewall"
            ) from error

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
            seconds = float(reset) if reset.replace(".", "", 1).isdigit() else 0.0
            seconds = max(seconds - now / 1e6, 0.0) if seconds > 1e9 else seconds
            return min(seconds, 86_400.0)
    return None


def _told(response: Response) -> str:
    """Return the beginning of what an answer says, on one line."""
    return " ".join(response.text[: 4 * _TOLD_MAX].split())[:_TOLD_MAX]
