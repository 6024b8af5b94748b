"""One event and the rules that touch it: its properties and identifiers made normal, or why it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from msgspec import Struct

from coterie.governance.normal import Beside, Unfit
from coterie.governance.parse import Ruled
from coterie.governance.samples import sample_of
from coterie.intake.stage import Incoming, Refused
from coterie.model import Value
from coterie.values import canonical

MADE = "made normal"
ORIGINAL = ".original"
ITEMS = "[]."
SAME: Any = object()
"""In place of a normal value that is the value itself."""

Identifiers: TypeAlias = tuple[tuple[str, str], ...]
Kinds: TypeAlias = "Mapping[str, tuple[Applied, ...]]"
"""Kind of identifier → the rules that make it normal."""


class Applied:
    """One rule at one property, with what it made of the texts that it met."""

    __slots__ = (
        "field", "inner", "is_dated", "is_plain", "keeps", "key", "known", "most", "normal", "otherwise", "outer", "reads", "sets",
    )  # fmt: skip

    def __init__(self, key: str, ruled: Ruled, most: int) -> None:
        self.key, self.normal, self.most = key, ruled.normal, most
        self.is_dated, self.reads, self.sets = ruled.normal.is_dated, ruled.normal.reads, ruled.normal.sets
        self.outer, _, self.inner = key.partition(ITEMS)
        """The property, and the field of each item of its list."""
        self.field = self.inner or key
        self.keeps = ruled.rule.keep_original
        self.is_plain = self.normal.is_plain and not self.inner
        self.otherwise = ruled.rule.otherwise
        self.known: dict[Any, Any] = {}

    def make(self, value: Value, beside: Beside, at: int) -> Any:
        """Return what becomes of a value: ``SAME``, the normal value, or ``Unfit``. Values of a list are made normal one by one."""
        if type(value) is str and not self.is_dated:
            key: Any = value if self.is_plain else (value, *(str(beside.get(one)) for one in self.reads))
            made = self.known.get(key)
            if made is None:
                if len(self.known) >= self.most:
                    self.known.clear()
                made = self.known[key] = self._made(value, beside, at)
            return made
        if type(value) is list and not any(isinstance(one, dict | list) for one in value):
            every = [self._made(one, beside, at) for one in value]
            unfit = next((one for one in every if type(one) is Unfit), None)
            if unfit is not None or all(one is SAME for one in every):
                return unfit or SAME
            return [old if new is SAME else new for old, new in zip(value, every, strict=True)]
        return self._made(value, beside, at)

    def _made(self, value: Value, beside: Beside, at: int) -> Any:
        made = self.normal.make(value, beside, at)
        return SAME if type(made) is type(value) and made == value else made


class Why(Struct, frozen=True):
    """Why an event is refused."""

    rule: Applied
    value: Value
    unfit: Unfit

    def of(self, event: Incoming) -> Refused:
        """Return the refusal of ``event``."""
        shown = sample_of(self.value, self.rule.normal.is_private)
        allowed = f"; allowed: {self.unfit.allowed}" if self.unfit.allowed else ""
        return Refused(event, self.unfit.reason, f"{self.rule.key}: {shown}{allowed}")


class Counts:
    """What is told of a batch: (kind, event, property) → how many, and a sample."""

    __slots__ = ("found",)

    def __init__(self) -> None:
        self.found: dict[tuple[str, str, str], list[Any]] = {}

    def add(self, kind: str, event: str, rule: Applied, value: Value, made: Value = None) -> None:
        """One more. The sample is the first of its kind."""
        entry = self.found.get((kind, event, rule.key))
        if entry is not None:
            entry[0] += 1
            return
        told = sample_of(value, rule.normal.is_private)
        told = told if made is None else f"{told} → {sample_of(made, rule.normal.is_private)}"
        self.found[kind, event, rule.key] = [1, told]


class Changes:
    """The properties of one event while rules are applied to them, each to what those before it left.

    What stands beside a changed value (its currency, its unit) says something else only when all rules were applied: so two
    amounts beside one currency are changed alike.
    """

    __slots__ = ("_at", "_later", "_told", "properties", "refused")

    def __init__(self, properties: dict[str, Value], at: int) -> None:
        self.properties, self._at = dict(properties), at
        self.refused: Why | None = None
        self._told: list[tuple[str, Applied, Value, Value]] = []
        self._later: dict[tuple[str, int, str], tuple[Value, bool]] = {}
        """(list, place of the item, property) or ("", −1, property) → (what it says afterwards, whether the original is kept)."""

    def apply(self, one: Applied) -> None:
        """One more rule is applied. The items of a list are copied before they are changed: events may share them."""
        value = self.properties.get(one.outer)
        if value is None or self.refused is not None:
            return
        if not one.inner:
            made = one.make(value, self.properties, self._at)
            if made is not SAME:
                self.put(one, self.properties, value, made)
        elif isinstance(value, list):
            self.properties[one.outer] = [self._item(one, place, item) for place, item in enumerate(value)]

    def _item(self, one: Applied, place: int, item: Value) -> Value:
        value = item.get(one.inner) if isinstance(item, dict) else None
        if value is None or not isinstance(item, dict):
            return item
        made = one.make(value, {**self.properties, **item}, self._at)
        if made is SAME:
            return item
        mended = dict(item)
        self.put(one, mended, value, made, place)
        return mended

    def put(self, one: Applied, into: dict[str, Value], value: Value, made: Any, place: int = -1) -> None:
        """What a rule made of a value is in its place; ``place`` is that of the item of a list."""
        key = one.field
        if type(made) is Unfit:
            if one.otherwise == "quarantine":
                self.refused = Why(one, value, made)
            elif one.otherwise == "drop":
                del into[key]
            self._told.append((made.reason, one, value, None))
            return
        into[key] = made
        if one.keeps:
            into.setdefault(key + ORIGINAL, value)
        for name, said in one.sets:
            where = (one.outer, place, name) if place >= 0 and name in into else ("", -1, name)
            self._later[where] = (said, one.keeps)
        self._told.append((MADE, one, value, made))

    def settled(self, event: str, counts: Counts) -> dict[str, Value] | None:
        """Return the properties after all rules, ``None`` when nothing was changed; what was done is counted."""
        if not self._told:
            return None
        for kind, one, value, made in self._told:
            counts.add(kind, event, one, value, made)
        for (outer, place, name), (said, kept) in self._later.items():
            into: Any = self.properties[outer][place] if outer else self.properties  # type: ignore[index]
            if kept and name in into and into[name] != said:
                into.setdefault(name + ORIGINAL, into[name])
            into[name] = said
        return self.properties


def changed_by(one: Applied, value: Value, properties: dict[str, Value], at: int) -> Changes | None:
    """Return the changes of an event by the first rule that changes anything, ``None`` when this one does not."""
    if one.inner:
        changes = Changes(properties, at)
        changes.apply(one)
        return changes
    made = one.make(value, properties, at)
    if made is SAME:
        return None
    changes = Changes(properties, at)
    changes.put(one, changes.properties, value, made)
    return changes


# ── identifiers ──────────────────────────────────────────────────────────────────────────────────────────────


def is_to_name(identifiers: Identifiers, kinds: Kinds) -> bool:
    """Return whether an identifier is not known to be normal."""
    for kind, value in identifiers:
        for one in kinds.get(kind, ()):
            if one.known.get(value) is not SAME:
                return True
    return False


def named(given: Identifiers, kinds: Kinds, event: Incoming, counts: Counts) -> Identifiers | Why:
    """Return the identifiers that are left, each normal and once, or why the event is refused."""
    fresh: list[tuple[str, str]] = []
    told: list[tuple[str, Applied, str]] = []
    last: Why | None = None
    for kind, value in given:
        kept: str | None = value
        for one in kinds.get(kind, ()):
            made = SAME if kept is None else one.make(kept, event.properties, event.occurred_at)
            if type(made) is Unfit:
                last = Why(one, kept, made)
                if one.otherwise == "quarantine":
                    return last
                told.append((made.reason, one, value))
                kept = None if one.otherwise == "drop" else kept
            elif made is not SAME:
                told.append((MADE, one, value))
                kept = made if isinstance(made, str) else canonical(made)
        fresh += [(kind, kept)] if kept is not None else []
    if not fresh and last is not None:
        return last
    for reason, one, value in told:
        counts.add(reason, event.name, one, sample_of(value, is_private=True))
    return tuple(dict.fromkeys(fresh))
