"""One property of an event as the plan writes it, in the words of JSON Schema."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from coterie.segments.conditions.form import Check, Flaw, Form
from coterie.segments.conditions.words import Doc, Number, Plain, Regex, whole
from coterie.taxonomy.validation import validator_of
from coterie.taxonomy.words import PERSONAL, Format, Pii, Schema, Type

_NUMERIC = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_TEXTUAL = ("pattern", "format", "minLength", "maxLength")
ENUM_SHOWN = 10
"""Values of an enumeration that are told."""


def _types_of(told: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return (told,) if isinstance(told, str) else told or ()


def _refuse_order(minimum: float | None, maximum: float | None) -> Flaw | None:
    if minimum is not None and maximum is not None and minimum > maximum:
        return Flaw("the range is empty", "maximum", received=maximum, allowed=f"at least {minimum}")
    return None


def _refuse_idle(name: str, fitting: tuple[str, ...]) -> Any:
    def refuse(told: Any, value: object) -> Flaw | None:
        types = _types_of(told)
        if value is None or not types or set(types) & set(fitting):
            return None
        allowed = f"beside type: {' or '.join(fitting)}"
        return Flaw(f"{name} says nothing about this type", name, received=" or ".join(types), allowed=allowed)

    return refuse


def _refuse_unheld(name: str) -> Any:
    """Return a rule for a word that JSON Schema, or its regular expressions, may not take although it is written well."""

    def refuse(value: Any) -> Flaw | None:
        if value is None:
            return None
        if name == "pattern" and "[:" in value:
            return Flaw("classes with names mean another thing in JSON Schema", name, received=value,
                        allowed=r"\p{L}, \d, \w, [a-z]")  # fmt: skip
        try:
            validator_of({name: value})
        except ValueError as error:
            told = str(error).splitlines()[0]
            return Flaw(f"JSON Schema does not take it ({told})", name, received=value)
        return None

    return refuse


def _refuse_nested(told: Any, schema: dict[str, Any] | None) -> Flaw | None:
    if "object" in _types_of(told) and schema is not None and "properties" in schema:
        keys = set(schema["properties"])
        if keys - {"lat", "lon"}:
            return Flaw("properties are flat", "schema", received=", ".join(sorted(map(str, keys))),
                        allowed="a property of its own for each", hint="write address.city: {...} beside the others")  # fmt: skip
    return None


def _refuse_enum(told: Any, enum: tuple[Any, ...] | None) -> Flaw | None:
    types = _types_of(told)
    if enum is None or not types:
        return None
    wrong = [value for value in enum if type_of(value) not in types and not (type_of(value) == "integer" and "number" in types)]  # fmt: skip
    return Flaw("a value of another type", "enum", received=wrong[0], allowed=" or ".join(types)) if wrong else None


class Property(Form, frozen=True, kw_only=True):
    """A property: what its values are, and whose they are."""

    checks: ClassVar[tuple[Check, ...]] = (
        Check(("minimum", "maximum"), _refuse_order),
        Check(("type", "schema"), _refuse_nested),
        Check(("type", "enum"), _refuse_enum),
        *(Check(("type", name), _refuse_idle(name, ("number", "integer"))) for name in _NUMERIC),
        *(Check(("type", name), _refuse_idle(name, ("string",))) for name in _TEXTUAL),
        Check(("type", "items"), _refuse_idle("items", ("array",))),
        *(Check((name,), _refuse_unheld(name)) for name in ("pattern", "multipleOf")),
    )

    type: Annotated[
        Type | tuple[Type, ...] | None, Doc("Its type, or a list of types; any when not said. `integer` takes 2.0 too.")
    ] = None
    required: Annotated[bool, Doc("Whether every event has it, with a value.")] = False
    enum: Annotated[tuple[Plain, ...] | None, Doc("The values it may have.")] = None
    pattern: Annotated[Regex | None, Doc("A regular expression (RE2) that its text contains; `^…$` for all of it.")] = (
        None
    )
    format: Annotated[Format | None, Doc("What its text is.")] = None
    minimum: Annotated[Number | None, Doc("The smallest number.")] = None
    maximum: Annotated[Number | None, Doc("The largest number.")] = None
    exclusiveMinimum: Annotated[Number | None, Doc("Numbers are above it.")] = None  # noqa: N815 - JSON Schema's words
    exclusiveMaximum: Annotated[Number | None, Doc("Numbers are below it.")] = None  # noqa: N815
    multipleOf: Annotated[Number | None, Doc("Numbers are whole multiples of it.")] = None  # noqa: N815
    minLength: Annotated[int | None, whole(0), Doc("The fewest characters.")] = None  # noqa: N815
    maxLength: Annotated[int | None, whole(0), Doc("The most characters.")] = None  # noqa: N815
    items: Annotated[Schema | None, Doc("JSON Schema of every item of a list.")] = None
    schema: Annotated[Schema | None, Doc("JSON Schema of the value, for what the other words cannot say.")] = None
    pii: Annotated[
        Pii,
        Doc("Whether it tells who somebody is: `none`, `indirect`, `direct`, `sensitive`. Samples of it are masked."),
    ] = "none"
    description: Annotated[str, Doc("What it means.")] = ""
    deprecated: Annotated[bool, Doc("Whether senders should stop sending it; it stays allowed.")] = False

    @property
    def types(self) -> tuple[str, ...]:
        """Return the types it may have; none means any."""
        return _types_of(self.type)

    @property
    def is_personal(self) -> bool:
        """Return whether its values are shown nowhere outside the person's own record."""
        return self.pii in PERSONAL

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of a value that is there."""
        found: dict[str, Any] = {}
        if self.type is not None:
            found["type"] = self.type if isinstance(self.type, str) else list(self.type)
        if self.enum is not None:
            found["enum"] = list(self.enum)
        for name in (*_TEXTUAL, *_NUMERIC, "items"):
            if (value := getattr(self, name)) is not None:
                found[name] = value
        if self.schema is not None:
            found = {**found, "allOf": [self.schema]} if found else dict(self.schema)
        return found

    def says(self) -> str:
        """Return in words what its values are.

        >>> Property(type="number", minimum=0).says()
        'number, minimum 0'
        """
        parts = [" or ".join(self.types)] if self.types else []
        if self.enum is not None:
            shown = ", ".join(str(value) for value in self.enum[:ENUM_SHOWN])
            parts.append(f"one of {shown}{', …' if len(self.enum) > ENUM_SHOWN else ''}")
        told = [(name, getattr(self, name)) for name in (*_TEXTUAL, *_NUMERIC)]
        parts += [f"{name} {value}" for name, value in told if value is not None]
        parts += [name for name in ("items", "schema") if getattr(self, name) is not None]
        return ", ".join(parts) or "any value"


def type_of(value: object) -> str:
    """Return the type of a JSON value as JSON Schema names it.

    >>> [type_of(one) for one in (True, 1, 1.5, "a", [], {}, None)]
    ['boolean', 'integer', 'number', 'string', 'array', 'object', 'null']
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "integer" if value.is_integer() else "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list | tuple) else "object"
