"""Headers that a source sends, looked at before they are sent: what is wrong with one must not be told with its text."""

from __future__ import annotations

import re
from collections.abc import Mapping

from coterie.errors import InvalidDefinition, Problem

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_TEXT = re.compile(r"[!-~]([ -~\t]*[!-~])?|")


def check_headers(headers: Mapping[str, str], where: str) -> None:
    """Every header can be sent. Raises: InvalidDefinition, without the texts: they may be secrets.

    >>> check_headers({"X-Key": "abc\\n"}, "headers")
    Traceback (most recent call last):
    coterie.errors.InvalidDefinition: ...
    """
    problems = [
        Problem(
            "not a header that can be sent", where=f"{where}.{name}", allowed="printable ASCII",
            hint="is there a line break at the end of what the environment holds?",
        )
        for name, text in headers.items()
        if not (_NAME.fullmatch(name) and is_sendable(text))
    ]  # fmt: skip
    if problems:
        raise InvalidDefinition(problems)


def is_sendable(text: str | bytes) -> bool:
    """Return whether a text can be that of a header.

    >>> is_sendable("Bearer abc"), is_sendable(b"Bearer abc\\n")
    (True, False)
    """
    return _TEXT.fullmatch(text if isinstance(text, str) else text.decode("latin-1")) is not None
