"""References to the environment, ``${NAME}``: secrets never stand in a file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, TypeAlias, TypeVar

import msgspec

from coterie.errors import InvalidDefinition, Problem, nearest
from coterie.segments.conditions.form import Flaw, Form
from coterie.segments.conditions.words import Word

F = TypeVar("F", bound=Form)
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def _refuse_plain(text: str) -> Flaw | None:
    if _REFERENCE.fullmatch(text):
        return None
    allowed = "a reference to the environment, such as ${SMTP_PASSWORD}"
    return Flaw("a secret does not stand in a file", received="…", allowed=allowed)


Secret: TypeAlias = Annotated[
    str, Word("a reference such as ${SMTP_PASSWORD}", _refuse_plain, {"pattern": r"^\$\{[A-Za-z_][A-Za-z0-9_]*\}$"})
]


def expand(text: str, environment: Mapping[str, str]) -> str:
    """Return ``text`` with every ``${NAME}`` replaced. Raises: InvalidDefinition when a name is not set."""
    missing = [name for name in _REFERENCE.findall(text) if name not in environment]
    if missing:
        raise InvalidDefinition([_unset(name, "", environment) for name in missing])
    return _REFERENCE.sub(lambda found: environment[found[1]], text)


def expanded(form: F, environment: Mapping[str, str]) -> F:
    """Return the form with every ``${NAME}`` in its texts replaced. Raises: InvalidDefinition when a name is not set."""
    return _replaced(form, environment)  # type: ignore[no-any-return]


def _replaced(value: Any, environment: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return expand(value, environment)
    if isinstance(value, Form):
        fields = {name: _replaced(one, environment) for name, one in msgspec.structs.asdict(value).items()}
        return msgspec.structs.replace(value, **fields)
    if isinstance(value, dict):
        return {key: _replaced(one, environment) for key, one in value.items()}
    return tuple(_replaced(one, environment) for one in value) if isinstance(value, tuple) else value


def named(form: Form, environment: Mapping[str, str]) -> dict[str, str]:
    """Return what the references of a form stand for → the reference as it is written."""
    texts = [text for _, text in _texts(msgspec.structs.asdict(form), "")]
    names = {name for text in texts for name in _REFERENCE.findall(text)}
    return {environment[name]: f"${{{name}}}" for name in names if environment.get(name)}


def unset(form: Form, where: str, environment: Mapping[str, str]) -> list[Problem]:
    """Return a problem for every reference of a form to a name that the environment does not set."""
    return [
        _unset(name, f"{where}: {path}", environment)
        for path, text in _texts(msgspec.structs.asdict(form), "")
        for name in _REFERENCE.findall(text)
        if name not in environment
    ]


def _unset(name: str, where: str, environment: Mapping[str, str]) -> Problem:
    hint = nearest(name, environment) or f"set {name} in the environment of the server"
    return Problem("the environment does not set this", where=where, received=f"${{{name}}}", hint=hint)


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield (path, text) of every text in a form."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Form):
        yield from _texts(msgspec.structs.asdict(value), path)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, tuple):
        for place, item in enumerate(value):
            yield from _texts(item, f"{path}[{place}]")
