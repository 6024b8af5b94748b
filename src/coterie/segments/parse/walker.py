"""Data → forms, collecting every problem on the way instead of stopping at the first."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from coterie.limits import DEFAULT, Limits
from coterie.segments.conditions import CONDITIONS
from coterie.segments.conditions.form import Choice, Flaw, Form, Spoken
from coterie.segments.conditions.places import DefinitionProblem, Lines, Path, place
from coterie.segments.parse.slots import Kind, Slot, keys, kinds, says_kinds, slots
from coterie.segments.parse.synonyms import meant_by, suggested

_ENCODABLE = re.compile("[^\x00\ud800-\udfff]*")
_NUMERIC = re.compile(r"-?[0-9]+(\.[0-9]+)?")


class Bad:
    """In place of a value that could not be read; its problem has been told."""


BAD: Final = Bad()


class _Keys(Struct):
    """What is known of one mapping's keys: those a form took, and those that wrong keys were meant to be."""

    claimed: set[str]
    meant: set[str]


class Walker:
    """Reads the data of one definition. ``problems`` grows as it walks."""

    def __init__(self, file: str = "", lines: Lines | None = None, limits: Limits = DEFAULT) -> None:
        self.problems: list[DefinitionProblem] = []
        self._file, self._lines, self._limits = file, lines or {}, limits
        self._depth = 0

    def tell(self, path: Path, flaw: Flaw) -> Bad:
        """Note a problem at ``path``; the flaw's own key leads on from there."""
        self.problems.append(place(flaw, path, self._file, self._lines))
        return BAD

    # ── values ────────────────────────────────────────────────────────────────────────────────────────────────

    def read(self, annotation: Any, raw: Any, path: Path) -> Any:
        """Return the value ``raw`` stands for, or BAD."""
        alternatives = kinds(annotation)
        if any(kind.is_condition for kind in alternatives):
            return self.condition(raw, path)
        fitting = [kind for kind in alternatives if kind.accepts(raw)]
        if not fitting:
            return self._misfit(annotation, raw, path)
        kind = fitting[0]
        if kind.literals:
            return self._literal(alternatives, raw, path)
        if kind.form is not None:
            return self.form(kind.form, raw, path)
        if kind.mapping:
            return self._mapping(kind, raw, path)
        if kind.is_list:
            return self._list(kind, raw, path)
        if isinstance(raw, str) and not _ENCODABLE.fullmatch(raw):
            return self.tell(
                path, Flaw("a character that no store can hold", received=raw, allowed="Unicode text without NUL")
            )
        flaw = kind.word.refuse(raw) if kind.word is not None else None
        return raw if flaw is None else self.tell(path, flaw)

    def _misfit(self, annotation: Any, raw: Any, path: Path) -> Bad:
        allowed = says_kinds(annotation)
        if raw is None:
            return self.tell(path, Flaw("nothing is written here", allowed=allowed))
        is_number = isinstance(raw, int | float) and not isinstance(raw, bool)
        hint = ""
        if isinstance(raw, list | tuple) and any(kind.form and "in" in keys(kind.form) for kind in kinds(annotation)):
            hint = "for one of several values write {in: [...]}"
        elif is_number and "a duration" in allowed:
            hint = f"add a unit, such as {raw}d"
        elif is_number and any(kind.base is str for kind in kinds(annotation)):
            hint = f'for text put it in quotes: "{raw}"'
        elif (
            isinstance(raw, str) and _NUMERIC.fullmatch(raw) and any(k.base in (int, float) for k in kinds(annotation))
        ):
            hint = f"write {raw} without quotes"
        return self.tell(path, Flaw("wrong type", received=shown(raw), allowed=allowed, hint=hint))

    def _literal(self, alternatives: tuple[Kind, ...], raw: Any, path: Path) -> Any:
        words = [word for kind in alternatives for word in kind.literals]
        if any(type(raw) is type(word) and raw == word for word in words):
            return raw
        others = [kind.says() for kind in alternatives if not kind.literals]
        allowed = ", ".join([*(str(w).lower() if isinstance(w, bool) else str(w) for w in words), *others])
        hint = suggested(str(raw), [word for word in words if isinstance(word, str)])
        if raw is False and words == [True]:
            hint = "leave it out, or use its opposite"
        return self.tell(path, Flaw("not one of the allowed words", received=raw, allowed=allowed, hint=hint))

    def _list(self, kind: Kind, raw: Any, path: Path) -> Any:
        if not raw and not kind.may_be_empty:
            return self.tell(path, Flaw("an empty list", allowed=kind.says()))
        if not kind.is_open_list and len(raw) != len(kind.items):
            return self.tell(path, Flaw("wrong length", received=shown(raw), allowed=kind.says()))
        inner = kind.items * len(raw) if kind.is_open_list else kind.items
        values = [self.read(one, item, (*path, i)) for i, (one, item) in enumerate(zip(inner, raw, strict=True))]
        return BAD if any(value is BAD for value in values) else tuple(values)

    def _mapping(self, kind: Kind, raw: Mapping[Any, Any], path: Path) -> Any:
        if not raw:
            return self.tell(path, Flaw("an empty mapping", allowed="at least one key"))
        values: dict[str, Any] = {}
        for key, item in raw.items():
            good = self.read(kind.mapping[0], key, (*path, str(key)))
            value = self.read(kind.mapping[1], item, (*path, str(key)))
            values[str(key)] = BAD if good is BAD else value
        return BAD if any(value is BAD for value in values.values()) else values

    # ── conditions ────────────────────────────────────────────────────────────────────────────────────────────

    def condition(self, raw: Any, path: Path) -> Any:
        """Return the condition ``raw`` stands for: a mapping with one key, its word."""
        if isinstance(raw, Spoken):
            return raw
        if not isinstance(raw, dict) or len(raw) != 1:
            return self._no_condition(raw, path)
        ((word, body),) = raw.items()
        kind = CONDITIONS.get(word) if isinstance(word, str) else None
        if kind is None:
            allowed = ", ".join(CONDITIONS)
            return self.tell(
                (*path, str(word)),
                Flaw("not a condition", received=word, allowed=allowed, hint=suggested(str(word), CONDITIONS)),
            )
        if self._depth >= self._limits.condition_depth_max:
            allowed = f"at most {self._limits.condition_depth_max} conditions inside each other"
            return self.tell(path, Flaw("nested too deeply", allowed=allowed, hint="split it with in_segment"))
        self._depth += 1
        try:
            return self._body(kind, body, (*path, word))
        finally:
            self._depth -= 1

    def _no_condition(self, raw: Any, path: Path) -> Bad:
        allowed = "a mapping with exactly one key, the condition's word"
        if isinstance(raw, str) and raw in CONDITIONS:
            return self.tell(
                path, Flaw("a word without its mapping", received=raw, allowed=allowed, hint=f"write {raw}: {{}}")
            )
        if isinstance(raw, dict) and len(raw) > 1:
            hint = "to join conditions write all: [...] or any: [...], each as its own list item"
            return self.tell(path, Flaw("more than one key", received=list(raw), allowed=allowed, hint=hint))
        if isinstance(raw, list):
            return self.tell(path, Flaw("a list", allowed=allowed, hint="write all: [...] or any: [...]"))
        hint = "for everyone write everyone: {}" if not raw else ""
        return self.tell(path, Flaw("not a condition", received=shown(raw), allowed=allowed, hint=hint))

    def _body(self, kind: type[Spoken], body: Any, path: Path) -> Any:
        if not kind.bare:
            return self.form(kind, body, path)
        (slot,) = slots(kind)
        value = self.read(slot.annotation, body, path)
        return BAD if value is BAD else kind(**{slot.name: value})

    # ── forms ─────────────────────────────────────────────────────────────────────────────────────────────────

    def form(self, kind: type[Form], raw: Any, path: Path) -> Any:
        """Return the form ``raw`` stands for, or BAD after every problem in it was told."""
        if isinstance(raw, kind):
            return raw
        if not isinstance(raw, dict):
            return self.tell(
                path, Flaw("wrong type", received=shown(raw), allowed=f"a mapping with {', '.join(keys(kind))}")
            )
        allowed = [key for key in keys(kind) if not self._is_off(kind, key, raw)]
        meant = {self._unknown(kind, key, allowed, path, raw) for key in raw if key not in allowed}
        return self._fill(kind, raw, path, _Keys(set(), meant))

    def _is_off(self, kind: type[Form], key: str, raw: Mapping[Any, Any]) -> bool:
        """Return whether ``key`` belongs only to spread forms that the switch turned off."""
        owners = [slot for slot in slots(kind) if key in (keys(slot.spread) if slot.spread else (slot.key,))]
        return all(slot.spread is not None and not self._is_on(kind, slot, raw) for slot in owners)

    def _is_on(self, kind: type[Form], slot: Slot, raw: Mapping[Any, Any]) -> bool:
        switch = kind.switch
        if switch is None or slot.name not in switch.cases:
            return True
        chosen = raw.get(switch.key)
        known = any(chosen in words for words in switch.cases.values() if isinstance(chosen, str))
        return not known or chosen in switch.cases[slot.name]

    def _unknown(self, kind: type[Form], key: Any, allowed: list[str], path: Path, raw: Mapping[Any, Any]) -> str:
        """Tell of an unknown key; return the word it was probably meant to be, so that its absence is not told too."""
        if not isinstance(key, str):
            self.tell((*path, str(key)), Flaw("a key that is no text", received=key, allowed=", ".join(allowed)))
            return ""
        meant = meant_by(key, [word for word in allowed if word not in raw])
        hint = f"did you mean {meant!r}?" if meant else ""
        if key in keys(kind) and kind.switch is not None:
            hint = f"{key} does not go with {kind.switch.key}: {raw.get(kind.switch.key)}"
        elif not hint and key in CONDITIONS:
            hint = f"{key} is a condition of its own: join them with all"
        self.tell((*path, key), Flaw("unknown key", received=key, allowed=", ".join(allowed), hint=hint))
        return meant

    def _fill(self, kind: type[Form], raw: Mapping[Any, Any], path: Path, seen: _Keys) -> Any:
        """Return the form from those keys of ``raw`` that no form before it claimed."""
        written = {key for key in raw if isinstance(key, str)} - seen.claimed
        values: dict[str, Any] = {}
        for slot in slots(kind):
            if slot.spread is not None:
                is_read = self._is_on(kind, slot, raw) and self._is_known(kind, slot, raw)
                values[slot.name] = self._fill(slot.spread, raw, path, seen) if is_read else None
                seen.claimed.update(keys(slot.spread) if is_read else ())
            elif slot.key in written:
                values[slot.name] = self.read(slot.annotation, raw[slot.key], (*path, slot.key))
                seen.claimed.add(slot.key)
            elif slot.required:
                values[slot.name] = BAD if slot.key in seen.meant else self._missing(kind, slot, path)
            else:
                values[slot.name] = slot.default
        good = self._rules(kind, values, written, path, seen.meant)
        return kind(**values) if good and not any(value is BAD for value in values.values()) else BAD

    def _is_known(self, kind: type[Form], slot: Slot, raw: Mapping[Any, Any]) -> bool:
        """Return whether the switch that decides over ``slot`` stands on one of its words."""
        switch = kind.switch
        if switch is None or slot.name not in switch.cases:
            return True
        return any(raw.get(switch.key) == word for words in switch.cases.values() for word in words)

    def _missing(self, kind: type[Form], slot: Slot, path: Path) -> Bad:
        hint = kind.hints[slot.key]() if slot.key in kind.hints else ""
        return self.tell((*path, slot.key), Flaw("missing", allowed=says_kinds(slot.annotation), hint=hint))

    def _rules(
        self, kind: type[Form], values: Mapping[str, Any], written: set[str], path: Path, meant: set[str]
    ) -> bool:
        told = len(self.problems)
        for choice in kind.choices:
            self._choose(choice, written, path, meant)
        for check in kind.checks:
            arguments = [values[field] for field in check.fields]
            if not any(argument is BAD for argument in arguments):
                found = check.refuse(*arguments)
                for flaw in found if isinstance(found, list) else [found] if found is not None else []:
                    self.tell(path, flaw)
        return len(self.problems) == told

    def _choose(self, choice: Choice, written: set[str], path: Path, meant: set[str]) -> None:
        used = [group for group in choice.groups if written & set(group)]
        names = ", ".join(" with ".join(group) for group in choice.groups)
        if len(used) < choice.least:
            if any(meant & set(group) for group in choice.groups):
                return
            number = "one" if choice.most == 1 else "at least one"
            self.tell(path, Flaw("something is missing", allowed=f"{number} of {names}", hint=choice.hint))
        elif len(used) > choice.most:
            received = [key for group in used for key in group if key in written]
            flaw = Flaw("these exclude each other", received=received, allowed=f"one of {names}", hint=choice.hint)
            self.tell(path, flaw)


def shown(raw: Any) -> Any:
    """Return ``raw``, or its beginning when it is long."""
    text = repr(raw)
    return raw if len(text) <= 120 else f"{text[:117]}..."
