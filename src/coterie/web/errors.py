"""The one shape of every error, whoever raises it."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from coterie.errors import CoterieError, InvalidDefinition, Overloaded, Problem, Transient
from coterie.web.logs import REQUEST

NAMES = {"CoterieError": "internal", "Problem": "invalid", "Transient": "unavailable", "Terminal": "failed_outside"}
"""Classes whose word differs from their name."""
RECEIVED_MAX = 500
"""Characters of what was received that an answer repeats."""


class ProblemTold(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is wrong at one place of what was sent."""

    message: str
    where: str | UnsetType = UNSET
    received: Any = UNSET
    allowed: str | UnsetType = UNSET
    hint: str | UnsetType = UNSET


class ErrorTold(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong: its kind, the words, the place, what was received and is allowed, what to do, whether to try again."""

    type: str
    message: str
    where: str | UnsetType = UNSET
    received: Any = UNSET
    allowed: str | UnsetType = UNSET
    hint: str | UnsetType = UNSET
    problems: tuple[ProblemTold, ...] | UnsetType = UNSET
    retry: bool | UnsetType = UNSET
    request_id: str | UnsetType = UNSET


class Refusal(Struct, frozen=True, kw_only=True):
    """The body of every answer that is no success."""

    error: ErrorTold


def document(error: CoterieError, request_id: str = "") -> Refusal:
    """Return what is answered for ``error``: no traces of the program, only what helps the caller."""
    problems = error.problems if isinstance(error, InvalidDefinition) else ()
    told = _problem(error) if isinstance(error, Problem) else None
    message = f"invalid definition, {_counted(len(problems))}" if problems else told.message if told else error.message
    return Refusal(
        error=ErrorTold(
            type=word(type(error)),
            message=message,
            where=told.where if told else UNSET,
            received=told.received if told else UNSET,
            allowed=told.allowed if told else UNSET,
            hint=error.hint or UNSET,
            problems=tuple(map(_problem, problems)) if problems else UNSET,
            retry=error.retry,
            request_id=request_id or REQUEST.get() or UNSET,
        )
    )


def word(kind: type[CoterieError]) -> str:
    """Return the machine-readable word of a kind of error.

    >>> from coterie.errors import NotFound
    >>> word(NotFound), word(Problem)
    ('not_found', 'invalid')
    """
    return NAMES.get(kind.__name__) or re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


def body_of(error: CoterieError, request_id: str = "") -> bytes:
    """Return the JSON text of ``document``; what cannot be told as JSON is told as Python writes it."""
    return msgspec.json.encode(document(error, request_id), enc_hook=repr)


def headers_of(error: CoterieError) -> list[tuple[bytes, bytes]]:
    """Return the headers that go with an error: when to come again, how to say who asks."""
    headers = [(b"content-type", b"application/json")]
    if isinstance(error, Overloaded):
        headers.append((b"retry-after", str(error.retry_after_s).encode()))
    elif isinstance(error, Transient):
        headers.append((b"retry-after", b"1"))
    if error.http_status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="coterie"'))
    return headers


def _problem(problem: Problem) -> ProblemTold:
    return ProblemTold(
        message=problem.what,
        where=problem.where or UNSET,
        received=UNSET if problem.received is None else _short(problem.received),
        allowed=problem.allowed or UNSET,
        hint=problem.hint or UNSET,
    )


def _short(received: Any) -> Any:
    """Return what was received, or its beginning when it is long."""
    if isinstance(received, bool | int | float):
        return received
    text = received if isinstance(received, str) else msgspec.json.encode(received, enc_hook=repr).decode()
    if len(text) > RECEIVED_MAX:
        return f"{text[:RECEIVED_MAX]}…"
    return received


def _counted(count: int) -> str:
    return f"{count} problem{'' if count == 1 else 's'}"
