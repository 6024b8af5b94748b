"""The language from Python, with the same words: every function returns what the YAML of that word is read into.

Words that Python reserves carry an underscore: ``in_``, ``is_``, ``for_``, ``all_``, ``any_``, ``not_``.

>>> cart = then_not(first="add_to_cart", absent="checkout_started", for_="24h")
>>> segment("at-risk", when=all_(cart, not_(trait("plan", equals="pro")))).says()
'People who did add_to_cart and then no checkout_started for 24 hours or more, and whose plan is not "pro".'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from coterie.segments.conditions.form import Condition, spelled
from coterie.segments.definition import Segment
from coterie.segments.parse.files import parse, parse_condition

Events: TypeAlias = "str | Sequence[str] | Mapping[str, Any]"
"""An event name, several, or a mapping of picker fields."""


def segment(key: str, /, *, when: Condition, **fields: Any) -> Segment:
    """Return a definition; InvalidDefinition with every problem at once."""
    return parse({"key": key, **_words(fields), "when": when})


def condition(word: str, body: Any = None, /, **fields: Any) -> Condition:
    """Return the condition ``word``: of its fields, or of its bare value. For words that have no function here."""
    return _condition(word, fields if body is None else body)


def trait(name: str, /, **operators: Any) -> Condition:
    return _condition("trait", {"name": name, **operators})


def date(trait: str, /, **words: Any) -> Condition:
    return _condition("date", {"trait": trait, **words})


def has_been(trait: str, /, *, equals: Any, **words: Any) -> Condition:
    return _condition("has_been", {"trait": trait, "equals": equals, **words})


def in_list(key: str, /) -> Condition:
    return _condition("in_list", key)


def consented(purpose: str, /, *, default: str) -> Condition:
    return _condition("consented", {"purpose": purpose, "default": default})


def cluster(model: str, /, **words: Any) -> Condition:
    return _condition("cluster", {"model": model, **words})


def did(event: Events | None = None, /, **words: Any) -> Condition:
    return _condition("did", _picked(event) | words)


def did_not(event: Events | None = None, /, **words: Any) -> Condition:
    return _condition("did_not", _picked(event) | words)


def aggregate(kind: str, property: str | None = None, /, *, event: Events | None = None, **words: Any) -> Condition:
    return _condition("aggregate", measure(kind, property, event=event, **words))


def measure(kind: str, property: str | None = None, /, *, event: Events | None = None, **words: Any) -> dict[str, Any]:
    """Return the data of an aggregate without bounds, as ``top(by=…)`` takes it."""
    of = {} if property is None else {"property": property}
    return {"kind": kind, **of, **_picked(event), **_words(words)}


def first_time(event: Events | None = None, /, *, within: str, **words: Any) -> Condition:
    return _condition("first_time", _picked(event) | {"within": within} | words)


def last_time(event: Events | None = None, /, **words: Any) -> Condition:
    return _condition("last_time", _picked(event) | words)


def stopped(event: Events | None = None, /, *, active_within: str, silent_for: str, **words: Any) -> Condition:
    return _condition("stopped", _picked(event) | {"active_within": active_within, "silent_for": silent_for} | words)


def returned(event: Events | None = None, /, *, within: str, after_silence: str, **words: Any) -> Condition:
    return _condition("returned", _picked(event) | {"within": within, "after_silence": after_silence} | words)


def regularly(event: Events | None = None, /, *, every: str, in_: int, of_last: int, **words: Any) -> Condition:
    return _condition("regularly", _picked(event) | {"every": every, "in": in_, "of_last": of_last} | words)


def inactive(event: Events | None = None, /, *, for_: str, **words: Any) -> Condition:
    return _condition("inactive", {"for": for_} | _picked(event) | words)


def step(event: Events | None = None, /, **words: Any) -> dict[str, Any]:
    """Return the data of one step of a sequence."""
    return _picked(event) | _words(words)


def then(*steps: Events, **words: Any) -> Condition:
    return _condition("then", {"steps": [_picked(one) for one in steps], **words})


def then_not(
    *steps: Events, first: Events | None = None, absent: Events, for_: str, **words: Any
) -> Condition:  # fmt: skip
    begins: dict[str, Any] = {"steps": [_picked(one) for one in steps]} if steps else {}
    if first is not None:
        begins["first"] = _picked(first)
    return _condition("then_not", begins | {"absent": _picked(absent), "for": for_} | words)


def top(*, by: Mapping[str, Any], **words: Any) -> Condition:
    return _condition("top", {**words, "by": dict(by)})


def rfm(event: Events | None = None, /, **words: Any) -> Condition:
    return _condition("rfm", _picked(event) | words)


def bucket(percent: float, /, *, salt: str) -> Condition:
    return _condition("bucket", {"percent": percent, "salt": salt})


def in_segment(key: str, /) -> Condition:
    return _condition("in_segment", key)


def all_(*conditions: Condition) -> Condition:
    return _condition("all", list(conditions))


def any_(*conditions: Condition) -> Condition:
    return _condition("any", list(conditions))


def none(*conditions: Condition) -> Condition:
    return _condition("none", list(conditions))


def not_(condition: Condition, /) -> Condition:
    return _condition("not", condition)


def at_least_of(count: int, /, *conditions: Condition) -> Condition:
    return _condition("at_least_of", {"count": count, "of": list(conditions)})


def everyone() -> Condition:
    return _condition("everyone", {})


def _condition(word: str, body: Any) -> Condition:
    return parse_condition({word: _words(body) if isinstance(body, dict) else body})


def _picked(event: Events | None) -> dict[str, Any]:
    if event is None:
        return {}
    if isinstance(event, Mapping):
        return _words(event)
    return {"event": event if isinstance(event, str) else list(event)}


def _words(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields under their written names, those of mappings inside too; what is ``None`` is not said."""
    return {
        spelled(name): _words(value) if isinstance(value, dict) and name not in _OPEN else value
        for name, value in fields.items()
        if value is not None
    }


_OPEN = frozenset({"where", "has", "element"})
"""Fields whose keys are names of people's own making."""
