"""A first plan drawn from what history holds: strict where there is evidence, open where there is none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from coterie.model import Value
from coterie.taxonomy.event import EventPlan
from coterie.taxonomy.parse import POLICY_FILE
from coterie.taxonomy.property import Property
from coterie.taxonomy.words import Format, Pii, Type

EVIDENCE_MIN = 20
"""Values below which nothing but the type is concluded."""
ENUM_MAX = 20
"""A text with at most so many different values, each seen ``EVIDENCE_MIN`` times on average, is an enumeration."""
ODD_SHARE = 0.005
"""A type that fewer values than this share have is taken for a mistake of senders, and told."""
PROPERTIES_MAX = 200
"""Properties of one event that are drafted, the most frequent ones; names that hold ids (``score_4711``) are without end."""
FILE_NAME_MAX = 60
"""Characters of the name of a file: few file systems take more than 255 bytes."""
_DIRECT = re.compile(r"(^|[._])(e?mail|phone|mobile|(first|last|full|user|sur)_?name|ssn|passport)([._]|$)")
_INDIRECT = re.compile(
    r"(^|[._])(ip|birth\w*|dob|age|gender|post_?(al_)?code|zip|street|address|lat|lon|device_id)([._]|$)"
)
_SENSITIVE = re.compile(r"(^|[._])(iban|card_?number|account_?number|religion|health\w*|diagnos\w*|ethnic\w*)([._]|$)")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Seen(Struct, frozen=True, kw_only=True):
    """What history holds of one property of one event. ``types`` counts the values by their type of JSON Schema."""

    name: str
    types: dict[str, int]
    distinct: int = 0
    """Different values, about."""
    values: tuple[Value, ...] | None = None
    """All of them where there are few."""
    smallest: float | None = None
    formats: tuple[str, ...] = ()
    """Formats that every text has."""

    @property
    def present(self) -> int:
        """Return how many events have it with a value."""
        return sum(self.types.values())


class Draft(Struct, frozen=True, kw_only=True):
    """A drafted event, and what a person should look at."""

    event: EventPlan
    events: int
    remarks: tuple[str, ...] = ()


def draft_of(event: str, events: int, seen: Sequence[Seen]) -> Draft:
    """Return the plan of an event that was seen ``events`` times with these properties.

    Properties whose names are blank, or that are more than anybody would plan, are left out, and told.
    """
    remarks: list[str] = []
    named = [one for one in seen if one.name.strip()]
    if len(named) < len(seen):
        remarks.append("a property without a name is left out")
    if len(named) > PROPERTIES_MAX:
        named.sort(key=lambda one: (-one.present, one.name))
        rest = named[PROPERTIES_MAX:]
        remarks.append(f"{len(rest):,} more properties are left out, such as {rest[0].name}; do names hold ids?")
        del named[PROPERTIES_MAX:]
    properties = {one.name: _property(one, events, remarks) for one in sorted(named, key=lambda one: one.name)}
    return Draft(event=EventPlan(event=event, properties=properties or None), events=events, remarks=tuple(remarks))


def _property(one: Seen, events: int, remarks: list[str]) -> Property:
    counts = dict(one.types)
    if "number" in counts:  # 24.0 is written as 24: whole numbers among numbers are numbers
        counts["number"] += counts.pop("integer", 0)
    odd = [name for name, count in counts.items() if count < ODD_SHARE * one.present]
    for name in odd:
        remarks.append(f"{one.name}: {counts[name]:,} of {one.present:,} values are {name}; taken for a mistake")
    types = tuple(sorted(counts.keys() - set(odd)))
    pii = pii_of(one.name, one.formats)
    strong = one.present >= EVIDENCE_MIN
    text = types == ("string",)
    formats: tuple[Format, ...] = one.formats if text and strong and not odd else ()  # type: ignore[assignment]
    enum = _enum(one) if text and pii == "none" and not formats else None
    numeric = set(types) <= {"number", "integer"} and bool(types)
    kinds: tuple[Type, ...] = types  # type: ignore[assignment]
    return Property(
        type=kinds[0] if len(kinds) == 1 else kinds or None,
        required=strong and one.present == events,
        enum=enum,
        format=formats[0] if formats else None,
        minimum=0 if numeric and strong and one.smallest is not None and one.smallest >= 0 else None,
        pii=pii,
    )


def _enum(one: Seen) -> tuple[str, ...] | None:
    if one.values is None or not 2 <= len(one.values) <= ENUM_MAX or one.present < EVIDENCE_MIN * len(one.values):
        return None
    texts = tuple(sorted(value for value in one.values if isinstance(value, str)))
    return texts if all(texts) else None


def pii_of(name: str, formats: Sequence[str] = ()) -> Pii:
    """Return the class of personal data that a property's name suggests: a guess to be looked at.

    >>> [pii_of(one) for one in ("email", "shipping.firstName", "zip_code", "iban", "sku")]
    ['direct', 'direct', 'indirect', 'sensitive', 'none']
    """
    words = _CAMEL.sub("_", name).lower()
    if _SENSITIVE.search(words):
        return "sensitive"
    if _DIRECT.search(words) or "email" in formats:
        return "direct"
    return "indirect" if _INDIRECT.search(words) else "none"


def file_of(event: str, taken: Iterable[str] = ()) -> str:
    """Return the name of a file for an event, without its ending, that is none of ``taken``.

    >>> file_of("Order Completed"), file_of("$identify"), file_of("plan")
    ('Order-Completed', 'identify', 'plan-event')
    """
    slug = re.sub(r"[^\w.-]+", "-", event)[:FILE_NAME_MAX].strip("-.") or "event"
    slug = f"{slug}-event" if slug == POLICY_FILE else slug
    names, number, known = slug, 2, {one.lower() for one in taken}
    while names.lower() in known:
        names, number = f"{slug}-{number}", number + 1
    return names
