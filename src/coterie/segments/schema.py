"""The language as JSON Schema (draft 2020-12), from the same forms the walker reads: editors complete and check with it.

The schema is as strict as JSON Schema can be. Rules between values (a window that ends before it begins), time zones
and regular expressions are checked by ``parse`` alone.
"""

from __future__ import annotations

import inspect
import itertools
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from coterie.segments.conditions import CONDITIONS
from coterie.segments.conditions.form import Choice, Form
from coterie.segments.definition import Segment
from coterie.segments.parse.slots import Kind, Slot, kinds, slots

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TYPES: dict[Any, str] = {bool: "boolean", int: "integer", float: "number", str: "string", dict: "object"}
Json = dict[str, Any]


def json_schema() -> Json:
    """Return the schema of a definition file."""
    return schema_of("Coterie segment", Segment)


def schema_of(title: str, *forms: type[Form]) -> Json:
    """Return the schema of a file that holds one of ``forms``."""
    writer = _Writer()
    roots = [writer.form(form) for form in forms]
    root = roots[0] if len(roots) == 1 else {"oneOf": roots}
    return {
        "$schema": DRAFT,
        "title": title,
        **root,
        "$defs": dict(sorted(writer.definitions.items())),
    }


def text_of(schema: Json) -> str:
    """Return a schema as the text that is published."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def schema_text() -> str:
    """Return the schema of segments as the text that is published."""
    return text_of(json_schema())


class _Writer:
    """Collects the schema of every form under ``$defs``."""

    def __init__(self) -> None:
        self.definitions: dict[str, Json] = {}

    def form(self, form: type[Form]) -> Json:
        properties: Json = {}
        required: list[str] = []
        rules: list[Json] = []
        self._gather(form, properties, required, rules, set())
        schema: Json = {"type": "object", "properties": properties, "additionalProperties": False}
        if required:
            schema["required"] = required
        if rules:
            schema["allOf"] = rules
        return schema

    def _gather(
        self, form: type[Form], properties: Json, required: list[str], rules: list[Json], claimed: set[str]
    ) -> None:
        for slot in slots(form):
            if form.switch is not None and slot.name in form.switch.cases:
                continue
            if slot.spread is not None:
                self._gather(slot.spread, properties, required, rules, claimed)
            elif slot.key not in claimed:
                claimed.add(slot.key)
                properties[slot.key] = self._slot(slot)
                required += [slot.key] if slot.required else []
        rules += [rule for choice in form.choices for rule in _choice(choice, claimed)]
        if form.switch is not None:
            self._switch(form, properties, rules, claimed)

    def _switch(self, form: type[Form], properties: Json, rules: list[Json], claimed: set[str]) -> None:
        """Add the keys of the switched forms, and one if-then for each of them."""
        assert form.switch is not None
        cases = {slot.name: slot.spread for slot in slots(form) if slot.name in form.switch.cases}
        inner: dict[str, tuple[Json, list[Json]]] = {}
        for name, spread in cases.items():
            own: Json = {}
            own_rules: list[Json] = []
            if spread is not None:
                self._gather(spread, own, [], own_rules, set(claimed))
            inner[name] = (own, own_rules)
        everything = list(dict.fromkeys(key for own, _ in inner.values() for key in own))
        properties |= dict.fromkeys(everything, True)
        for name, (own, own_rules) in inner.items():
            rules.append(
                {
                    "if": {"properties": {form.switch.key: {"enum": list(form.switch.cases[name])}}},
                    "then": {"properties": {key: own.get(key, False) for key in everything}, "allOf": own_rules},
                }
            )

    def _slot(self, slot: Slot) -> Json:
        schema = self._any(kinds(slot.annotation))
        return {"description": slot.doc, **schema} if slot.doc else schema

    def _any(self, alternatives: Iterable[Kind]) -> Json:
        options = [self._kind(kind) for kind in alternatives]
        return options[0] if len(options) == 1 else {"anyOf": options}

    def _kind(self, kind: Kind) -> Json:
        if kind.literals:
            return {"enum": list(kind.literals)}
        if kind.is_condition:
            return self._ref("condition", self._condition)
        if kind.form is not None:
            form = kind.form
            return self._ref(form.__name__, lambda: self.form(form))
        if kind.mapping:
            names = self._any(kinds(kind.mapping[0]))
            values = self._any(kinds(kind.mapping[1]))
            return {"type": "object", "minProperties": 1, "propertyNames": names, "additionalProperties": values}
        if kind.is_open_list:
            least = {} if kind.may_be_empty else {"minItems": 1}
            return {"type": "array", **least, "items": self._any(kinds(kind.items[0]))}
        if kind.is_list:
            count = len(kind.items)
            items = [self._any(kinds(item)) for item in kind.items]
            return {"type": "array", "prefixItems": items, "minItems": count, "maxItems": count}
        return {"type": _TYPES[kind.base], **(kind.word.schema if kind.word is not None else {})}

    def _ref(self, name: str, write: Any) -> Json:
        if name not in self.definitions:
            self.definitions[name] = {}
            self.definitions[name] = write()
        return {"$ref": f"#/$defs/{name}"}

    def _condition(self) -> Json:
        words: Json = {}
        for word, kind in CONDITIONS.items():
            first = (inspect.getdoc(kind) or "").split("\n\n")[0].replace("\n", " ")
            body = (
                self._slot(slots(kind)[0]) if kind.bare else self._ref(kind.__name__, lambda kind=kind: self.form(kind))
            )
            words[word] = {**body, "description": first}
        return {
            "description": "One condition: a mapping with exactly one key, its word.",
            "type": "object",
            "properties": words,
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
        }


def _choice(choice: Choice, claimed: set[str]) -> list[Json]:
    """Return the rules of a choice among the keys that a form has."""
    groups = [[key for key in group if key in claimed] for group in choice.groups]
    names = [key for group in groups for key in group]
    rules: list[Json] = []
    if choice.least:
        rules.append({"anyOf": [{"required": [key]} for key in names]})
    if choice.most == 1:
        rules += [
            {"not": {"required": [key, other]}}
            for group, rest in itertools.combinations(groups, 2)
            for key in group
            for other in rest
        ]
    return rules


def main(path: str) -> None:
    """Write the schema to ``path``."""
    Path(path).write_text(schema_text(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "docs/segment.schema.json")
