"""One event's plan, compiled: whether properties surely hold in less than a microsecond, and exactly what is wrong otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from coterie.model import Value
from coterie.taxonomy.event import EventPlan
from coterie.taxonomy.validation import ValidationError, Validator, validator_of
from coterie.taxonomy.violation import DEPRECATED, MISSING, RULE, UNKNOWN_PROPERTY, Violation, kind_of

CONTEXT = "context."
"""Properties that begin so were added from the context of the call: the plan need not name them."""
NAMES_MAX = 1_000
"""Names of one event's properties that are remembered."""


class Checker:
    """Judges the properties of one event. Cost: about 0.06 µs per property that is as planned, 10 µs for an event that is not."""

    def __init__(self, plan: EventPlan) -> None:
        self.plan = plan
        self._rules = {name: (one, validator_of(one.json_schema())) for name, one in plan.named.items()}
        self._all = None if plan.schema is None else validator_of({"type": "object", "allOf": [plan.schema]})
        self._quick: Validator | None = None if plan.deprecated else validator_of(_quick(plan))
        self._said = {name: one.says() for name, one in plan.named.items()}
        self._required = plan.required
        self._known = {name for name, one in plan.named.items() if not one.deprecated}
        """Names of which nothing is to be said; those from the context are added as they are met."""

    def holds(self, properties: Mapping[str, Value]) -> bool:
        """Return whether the event is surely as planned; ``False`` means: look closely."""
        if self._quick is None or (self._all is not None and None in properties.values()):
            return False
        if not properties.keys() <= self._known:
            others = properties.keys() - self._known
            if not all(name.startswith(CONTEXT) for name in others):
                return False
            if len(self._known) < NAMES_MAX:
                self._known |= others
        return self._quick.is_valid(properties)

    def violations(self, properties: Mapping[str, Value]) -> list[Violation]:
        """Return everything about the properties that is not as planned, properties in order, missing ones first."""
        return list(self._found(properties))

    def _found(self, properties: Mapping[str, Value]) -> Iterator[Violation]:
        if self.plan.deprecated:
            yield Violation(kind=DEPRECATED, event=self.plan.event)
        elif self._all is None and self._quick is not None and self._quick.is_valid(properties):
            # what the plan names is as planned: only other names are left
            others = [name for name in properties if name not in self._known]
            for name in others:
                if properties[name] is not None:
                    yield from self._of_property(name, properties[name])
            return
        for name in self._required:
            if properties.get(name) is None:
                yield Violation(kind=MISSING, event=self.plan.event, property=name, allowed=self._said[name])
        for name, value in properties.items():
            if value is not None:
                yield from self._of_property(name, value)
        if self._all is not None:
            yield from self._of_all({name: value for name, value in properties.items() if value is not None})

    def _of_property(self, name: str, value: Value) -> Iterator[Violation]:
        rule, validator = self._rules.get(name, (None, None))
        event = self.plan.event
        if rule is None or validator is None:
            if not name.startswith(CONTEXT):
                yield Violation(kind=UNKNOWN_PROPERTY, event=event, property=name, value=value)
            return
        if rule.deprecated:
            yield Violation(kind=DEPRECATED, event=event, property=name, value=value, is_personal=rule.is_personal)
        if not validator.is_valid(value):
            first = next(iter(validator.iter_errors(value)))
            kind = kind_of(_keyword(first)) if not first.instance_path else RULE
            yield Violation(
                kind=kind, event=event, property=name, value=value, is_personal=rule.is_personal, allowed=self._said[name]
            )  # fmt: skip

    def _of_all(self, properties: dict[str, Any]) -> Iterator[Violation]:
        assert self._all is not None
        for error in self._all.iter_errors(properties):
            name = str(error.instance_path[0]) if error.instance_path else ""
            keyword = _keyword(error)
            yield Violation(kind=RULE, event=self.plan.event, property=name, allowed=f"what schema says: {keyword}")


def _quick(plan: EventPlan) -> dict[str, Any]:
    """Return a schema that holds only where nothing is to be said of what the plan names; of what is deprecated it asks only whether it is there."""
    quick: dict[str, Any] = {
        "type": "object",
        "properties": {
            name: _not_null(one.json_schema()) if one.required else _or_null(one.json_schema())
            for name, one in plan.named.items()
            if not one.deprecated
        }
        | {name: _not_null({}) for name in plan.required if plan.named[name].deprecated},
        "required": list(plan.required),
    }
    return quick if plan.schema is None else {**quick, "allOf": [plan.schema]}


def _not_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a value that must be there."""
    return schema if "type" in schema else {"allOf": [schema, {"not": {"type": "null"}}]}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a value that may also be missing: ``null`` says so."""
    if schema.keys() & {"enum", "allOf"} or "type" not in schema:
        return {"anyOf": [{"type": "null"}, schema]} if schema else {}
    types = schema["type"]
    return {**schema, "type": [*([types] if isinstance(types, str) else types), "null"]}


def _keyword(error: ValidationError) -> str:
    return next((str(one) for one in reversed(error.schema_path) if isinstance(one, str)), "")
