"""One tree of errors. Each says what, where, what was received, what is allowed, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


class CoterieError(Exception):
    """Every error of Coterie. ``http_status`` is what the web edge answers, ``retry`` whether trying again can help."""

    http_status = 500
    retry = False
    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message if not hint else f"{message}\n  hint: {hint}")
        self.message = message
        self.hint = hint


class Problem(CoterieError):
    """One thing that is wrong at one place of an input: the unit that validation collects."""

    http_status = 422
    exit_code = 2

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        received: object = None,
        allowed: str = "",
        hint: str = "",
    ) -> None:
        self.what, self.where, self.received, self.allowed = what, where, received, allowed
        parts = [f"{where}: {what}" if where else what]
        if received is not None:
            parts.append(f"  received: {received!r}")
        if allowed:
            parts.append(f"  allowed:  {allowed}")
        super().__init__("\n".join(parts), hint=hint)


class InvalidDefinition(CoterieError):
    """A definition was refused. ``problems`` holds every reason at once."""

    http_status = 422
    exit_code = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}"
        super().__init__("\n".join([f"invalid definition, {count}:", *(str(p) for p in problems)]))


class NotFound(CoterieError):
    """A named thing (segment, profile, file, project) does not exist."""

    http_status = 404
    exit_code = 3


class Unauthorized(CoterieError):
    """Nobody said who asks: no key, or one that does not work (any more)."""

    http_status = 401


class Forbidden(CoterieError):
    """Who asks may not do this."""

    http_status = 403


class Conflict(CoterieError):
    """What was asked does not fit the present state: it was changed meanwhile, or this server does not do it."""

    http_status = 409


class TimedOut(CoterieError):
    """What was waited for did not come in time."""

    http_status = 504
    retry = True


class Unsupported(CoterieError):
    """A reader cannot carry this definition. Raised when it is saved, never when it is read."""

    http_status = 422
    exit_code = 2


class Disagreement(CoterieError):
    """Two readers gave different answers for one definition."""

    exit_code = 4


class Held(CoterieError):
    """The project is held by a server that runs; whoever writes to it does so through that server."""

    http_status = 409
    exit_code = 5


class LimitExceeded(CoterieError):
    """A documented bound of ``limits.py`` was hit where nothing could be dropped."""

    http_status = 413


class Transient(CoterieError):
    """The outside world failed in a way that a later try may not."""

    http_status = 503
    retry = True


class Overloaded(CoterieError):
    """More came than can be taken in now. ``retry_after_s`` is when to try again; nothing of it was kept."""

    http_status = 429
    retry = True

    def __init__(self, message: str, *, retry_after_s: int = 1, hint: str = "") -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message, hint=hint)


class Terminal(CoterieError):
    """The outside world failed in a way that no retry mends."""

    http_status = 502


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint naming the known word closest to ``word``, or an empty string."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else ""


def not_installed(what: str, extra: str) -> Problem:
    """Return the problem of a library that is not there: what needs it, and the extra that brings it."""
    return Problem(f"{what} needs libraries that are not installed", hint=f"pip install 'coterie[{extra}]'")
