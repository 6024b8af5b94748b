"""What both clients share: requests as data, errors, when to try again, and the lines of a stream. No waiting happens here."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar

import httpx
import msgspec
from msgspec import Struct

from coterie.client.answers import Change
from coterie.errors import CoterieError

T = TypeVar("T")
TRIES = 6
BACKOFF_S, BACKOFF_S_MAX = 0.2, 10.0
RETRY_AFTER_S_MAX = 60.0
_AGAIN = frozenset({429, 502, 503, 504})
_UNTOUCHED = frozenset({429, 503})
"""Answers after which nothing was done, so that every request may be sent again."""


class Refused(CoterieError):
    """The server said no. ``status`` is the HTTP status, ``type`` the kind of error, ``problems`` everything that was wrong."""

    def __init__(self, status: int, told: Mapping[str, Any]) -> None:
        self.http_status = self.status = status
        self.type = str(told.get("type", "unknown"))
        self.where = told.get("where")
        self.received, self.allowed = told.get("received"), told.get("allowed")
        self.problems: list[dict[str, Any]] = list(told.get("problems", ()))
        self.retry = bool(told.get("retry", False))
        self.request_id = told.get("request_id")
        parts = [str(told.get("message", f"status {status}"))]
        parts += [f"  {one.get('where', '')}: {one.get('message', '')}" for one in self.problems]
        super().__init__("\n".join(parts), hint=str(told.get("hint", "")))


class Unreachable(CoterieError):
    """The server could not be reached, also after trying again."""

    http_status = 503
    retry = True


class Ask(Struct, Generic[T], frozen=True, kw_only=True):
    """A request as data, and the type of its answer. ``again``: sending it twice does no harm."""

    method: str
    path: str
    answer: Any
    query: dict[str, str] = {}
    body: bytes | None = None
    content_type: str = "application/json"
    again: bool = True


def query_of(**words: Any) -> dict[str, str]:
    """Return the parameters that were given, as text.

    >>> query_of(limit=5, cursor=None, dry_run=True, segment="")
    {'limit': '5', 'dry_run': 'true'}
    """
    given = {name: value for name, value in words.items() if value is not None and value != ""}
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()}


def answer_of(ask: Ask[T], response: httpx.Response) -> T:
    """Return the answer, typed. Raises: Refused."""
    if response.is_success:
        found: T = msgspec.json.decode(response.content, type=ask.answer)
        return found
    raise refusal_of(response.status_code, response.content)


def refusal_of(status: int, body: bytes) -> Refused:
    """Return what the server said against it."""
    try:
        told = msgspec.json.decode(body)["error"]
    except (msgspec.DecodeError, KeyError, TypeError):
        told = {"message": body[:300].decode(errors="replace") or f"status {status}"}
    return Refused(status, told if isinstance(told, dict) else {"message": str(told)})


def failed(response: httpx.Response | None, ask: Ask[Any]) -> CoterieError:
    """Return the error of a request that was given up."""
    if response is not None:
        return refusal_of(response.status_code, response.content)
    return Unreachable(f"no answer to {ask.method} {ask.path}", hint="is the server running, and the address right?")


def pause(ask: Ask[Any], tries: int, response: httpx.Response | None, tries_max: int = TRIES) -> float | None:
    """Return the seconds after which to try again, ``None`` when there is no point. ``response`` is ``None`` when none came.

    ``Retry-After`` is honoured; without it the pause doubles, and is drawn at random so that clients do not come in step.
    """
    if tries >= tries_max:
        return None
    if response is None:
        return _backoff(tries) if ask.again else None
    status = response.status_code
    if status not in _AGAIN or (status not in _UNTOUCHED and not ask.again):
        return None
    told = response.headers.get("retry-after", "")
    return min(float(told), RETRY_AFTER_S_MAX) if told.isdigit() else _backoff(tries)


def _backoff(tries: int) -> float:
    return float(random.uniform(0.5, 1.0) * min(BACKOFF_S * 2.0**tries, BACKOFF_S_MAX))


class Lines:
    """The lines of a stream of Server-Sent Events on their way to changes. ``last`` is where a new stream begins."""

    def __init__(self, cursor: int | None) -> None:
        self.last = cursor
        self._id: int | None = None
        self._data: list[str] = []

    def take(self, line: str) -> Iterator[Change]:
        """Yield the change that the line completes, if it does."""
        if line:
            name, _, value = line.partition(":")
            if name == "data":
                self._data.append(value.removeprefix(" "))
            elif name == "id" and value.strip().isdigit():
                self._id = int(value)
            return
        if self._data:
            change = msgspec.json.decode("\n".join(self._data), type=Change)
            self._data = []
            self.last = change.sequence
            yield change
        elif self._id is not None:
            self.last = self._id

    def drop(self) -> None:
        """What came of an unfinished event is forgotten: the stream was cut."""
        self._data, self._id = [], None

    def headers(self) -> dict[str, str]:
        """Return what a new stream is asked with."""
        return {"accept": "text/event-stream"} | ({} if self.last is None else {"last-event-id": str(self.last)})
