"""What a form's fields accept, read from its type annotations once: for the walker, the writer and the schema."""

from __future__ import annotations

import types
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Struct

from coterie.segments.conditions.form import Condition, Form
from coterie.segments.conditions.words import Doc, MayBeEmpty, Unwritten, Word


class Kind(Struct, frozen=True, eq=False):
    """One alternative of a field: a Python type taken apart once, and the rule that narrows it.

    ``items`` are the annotations of a fixed list's items, or the one of every item of an open list; ``mapping`` are those of a
    mapping's keys and values.
    """

    base: Any
    word: Word | None
    may_be_empty: bool
    form: type[Form] | None
    literals: tuple[Any, ...]
    items: tuple[Any, ...]
    is_open_list: bool
    mapping: tuple[Any, ...]
    is_condition: bool

    @property
    def is_list(self) -> bool:
        return bool(self.items)

    def accepts(self, raw: Any) -> bool:
        """Return whether ``raw`` has the outer shape of this alternative."""
        if self.literals:
            return isinstance(raw, str | bool)
        if self.form is not None:
            return isinstance(raw, (dict, self.form))
        if self.mapping:
            return isinstance(raw, dict)
        if self.is_list:
            return isinstance(raw, list | tuple)
        if self.base is bool or isinstance(raw, bool):
            return self.base is bool and isinstance(raw, bool)
        if self.base is float:
            return isinstance(raw, int | float)
        return isinstance(raw, self.base)

    def says(self) -> str:
        """Return what is accepted, in words."""
        if self.literals:
            return ", ".join(str(item).lower() if isinstance(item, bool) else str(item) for item in self.literals)
        if self.is_condition:
            return "a condition"
        if self.form is not None or self.mapping:
            return "a mapping"
        if self.is_list:
            inner = says_kinds(self.items[0])
            return f"a list, each {inner}" if self.is_open_list else f"a list of {len(self.items)}, each {inner}"
        if self.word is not None:
            return self.word.name
        return {bool: "true or false", int: "a whole number", float: "a number", str: "text"}[self.base]


class Slot(Struct, frozen=True, eq=False):
    """One field of a form. ``spread`` is the form whose keys it lends."""

    name: str
    key: str
    annotation: Any
    required: bool
    default: Any
    doc: str = ""
    spread: type[Form] | None = None


@cache
def kinds(annotation: Any) -> tuple[Kind, ...]:
    """Return the alternatives of an annotation, without ``None``."""
    word, may_be_empty = None, False
    while get_origin(annotation) is Annotated:
        for extra in annotation.__metadata__:
            word = extra if isinstance(extra, Word) else word
            may_be_empty = may_be_empty or isinstance(extra, MayBeEmpty)
        annotation = annotation.__origin__
    if get_origin(annotation) in (Union, types.UnionType):
        inner = [kind for part in get_args(annotation) if part is not type(None) for kind in kinds(part)]
        return tuple(_kind(kind.base, kind.word or word, kind.may_be_empty or may_be_empty) for kind in inner)
    return (_kind(annotation, word, may_be_empty),)


def _kind(base: Any, word: Word | None, may_be_empty: bool) -> Kind:
    origin, args = get_origin(base), get_args(base)
    return Kind(
        base=base,
        word=word,
        may_be_empty=may_be_empty,
        form=base if isinstance(base, type) and issubclass(base, Form) else None,
        literals=args if origin is Literal else (),
        items=tuple(arg for arg in args if arg is not Ellipsis) if origin is tuple else (),
        is_open_list=origin is tuple and Ellipsis in args,
        mapping=args if origin is dict else (),
        is_condition=base is Condition,
    )


_SCALARS = ("true or false", "a whole number", "a number", "text")


def says_kinds(annotation: Any) -> str:
    """Return everything an annotation accepts, in words."""
    said = list(dict.fromkeys(kind.says() for kind in kinds(annotation)))
    if said[: len(_SCALARS)] == list(_SCALARS):
        said = ["a value (text, a number, true or false)", *said[len(_SCALARS) :]]
    return " or ".join(said)


def _docs(annotation: Any) -> list[Any]:
    found: list[Any] = []
    while get_origin(annotation) is Annotated:
        found += annotation.__metadata__
        annotation = annotation.__origin__
    return found


@cache
def slots(form: type[Form]) -> tuple[Slot, ...]:
    """Return the fields of a form as the language sees them."""
    found = []
    for field in msgspec.structs.fields(form):
        extras = _docs(field.type)
        if any(isinstance(extra, Unwritten) for extra in extras):
            continue
        (only, *more) = kinds(field.type)
        spread = only.form if not more and only.form is not None and only.form.spread else None
        doc = next((extra.text for extra in extras if isinstance(extra, Doc)), "")
        found.append(
            Slot(field.name, field.encode_name, field.type, field.required, _default(field), doc, spread)
        )  # fmt: skip
    return tuple(found)


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not NODEFAULT:
        return field.default_factory()
    return None if field.default is NODEFAULT else field.default


@cache
def keys(form: type[Form]) -> tuple[str, ...]:
    """Return every key that may be written in a form, those of its spread forms included."""
    found: list[str] = []
    for slot in slots(form):
        found += keys(slot.spread) if slot.spread is not None else (slot.key,)
    return tuple(dict.fromkeys(found))
