"""Content in Liquid, rendered strictly: what is not there is an error, unless the template asks or gives a default."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from liquid import BoundTemplate, Environment
from liquid.exceptions import LiquidError
from liquid.undefined import FalsyStrictUndefined

from coterie.errors import Problem, Terminal

OUTPUT_BYTES_MAX = 1 << 20
"""What one template may write."""
LOOPS_MAX = 100_000
"""How often the loops of one template may turn together."""


class _Absent(FalsyStrictUndefined):
    """Something that is not there: false in a condition, replaced by ``default``, an error where it is written."""

    force_liquid_default = True


class _Bounded(Environment):
    """Liquid with bounds, so that no template can hang a worker."""

    output_stream_limit = OUTPUT_BYTES_MAX
    loop_iteration_limit = LOOPS_MAX
    context_depth_limit = 30


_PLAIN = _Bounded(undefined=_Absent, autoescape=False)
_HTML = _Bounded(undefined=_Absent, autoescape=True)


@lru_cache(maxsize=1_024)
def _compiled(text: str, html: bool) -> BoundTemplate:
    return (_HTML if html else _PLAIN).from_string(text)


def render(text: str, context: Mapping[str, Any], *, html: bool = False, what: str = "template") -> str:
    """Return what the template ``text`` says of ``context``; in ``html`` every value is escaped. Raises: Terminal."""
    try:
        return _compiled(text, html).render(**context)
    except LiquidError as error:
        raise Terminal(f"{what} cannot be rendered: {_told(error)}", hint=_hint(error)) from error


def flaws(text: str, context: Mapping[str, Any], where: str, *, html: bool = False) -> list[Problem]:
    """Return what is wrong with a template when it is rendered with ``context``."""
    try:
        _compiled(text, html).render(**context)
    except LiquidError as error:
        return [Problem(f"the template cannot be rendered: {_told(error)}", where=where, hint=_hint(error))]
    return []


def named(text: str) -> frozenset[tuple[str, ...]]:
    """Return what a template names, as paths: ``("traits", "first_name")``; nothing of one that cannot be read.

    >>> named("Hi {{ traits.first_name }}")
    frozenset({('traits', 'first_name')})
    """
    try:
        found = _compiled(text, False).variable_segments()
    except LiquidError:
        return frozenset()
    return frozenset(tuple(map(str, path)) for path in found)


def context_of(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a template can name: the payload, with ``traits`` on top and dotted keys as nested ones.

    >>> context_of({"profile": {"id": "ada", "traits": {"address.city": "Oslo"}}})["traits"]["address"]["city"]
    'Oslo'
    """
    profile = dict(payload.get("profile") or {})
    traits = nested(profile.get("traits") or {})
    context = dict(payload)
    context |= {"profile": {**profile, "traits": traits}, "traits": traits}
    event = payload.get("event")
    context["event"] = None if event is None else {**event, "properties": nested(event["properties"])}
    context["gathered"] = {
        name: [{**one, "properties": nested(one["properties"])} for one in events]
        for name, events in (payload.get("gathered") or {}).items()
    }
    return context


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Return dotted keys as nested objects; where a value and an object claim one name, the dotted key stays as it is."""
    found: dict[str, Any] = {}
    for key in sorted(flat, key=lambda one: one.count(".")):
        *above, last = key.split(".")
        place = found
        for part in above:
            place = place.setdefault(part, {}) if isinstance(place, dict) else place
        if isinstance(place, dict) and all(isinstance(place, dict) for _ in above):
            place[last] = flat[key]
        else:
            found[key] = flat[key]
    return found


def _told(error: LiquidError) -> str:
    line = error.token.start_index if error.token is not None else None
    text = error.token.source.count("\n", 0, line) + 1 if error.token is not None and line is not None else None
    said = str(error.args[0] if error.args else error).splitlines()[0]
    return f"{said} (line {text})" if text is not None else said


def _hint(error: LiquidError) -> str:
    if "undefined" not in str(error):
        return ""
    return "not everybody has everything: write {{ name | default: 'there' }}, or {% if name %} around it"
