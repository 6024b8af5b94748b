"""What people are compared by: traits become columns, written so that equal things look equal."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

import msgspec
import pyarrow as pa
from msgspec import Struct

from coterie.errors import InvalidDefinition, Problem
from coterie.model import Value

Comparing: TypeAlias = Literal["exact", "name", "email", "date", "code", "text"]
ID = "unique_id"


class Field(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One column of people."""

    field: str
    """Its name in proposals."""
    traits: tuple[str, ...]
    """The traits it is read from; the first one that a person has counts."""
    compare: Comparing = "text"
    """How values are held against each other: ``exact`` (or not), ``name`` and ``text`` (alike in writing), ``email`` (whole,
    or the part before @), ``date`` (off by a typo, a month, a year), ``code`` (one character off)."""


FIELDS = (
    Field(field="email", traits=("email",), compare="email"),
    Field(field="phone", traits=("phone", "mobile"), compare="code"),
    Field(field="first_name", traits=("first_name", "firstName", "firstname", "given_name"), compare="name"),
    Field(field="last_name", traits=("last_name", "lastName", "lastname", "surname", "family_name"), compare="name"),
    Field(field="birthday", traits=("birthday", "birth_date", "date_of_birth", "dob"), compare="date"),
    Field(
        field="postcode",
        traits=("postcode", "postal_code", "zip", "address.postalCode", "address.postal_code", "address.zip"),
        compare="code",
    ),
    Field(field="street", traits=("street", "address.street"), compare="text"),
    Field(field="city", traits=("city", "address.city"), compare="exact"),
)
"""The columns when a project names none: the traits of the Segment spec and their usual spellings."""


class Matching(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How matches are looked for. In coterie.yaml: ``identity: {matching: …}``."""

    fields: tuple[Field, ...] = FIELDS
    block_on: tuple[tuple[str, ...], ...] = (
        ("email",), ("phone",), ("first_name", "last_name"), ("last_name", "birthday"), ("first_name", "birthday"),
        ("last_name", "postcode"), ("birthday", "postcode"),
    )  # fmt: skip
    """Only people who agree in all of one of these are compared."""
    sure: tuple[tuple[str, ...], ...] = (("email",), ("phone",), ("first_name", "last_name", "birthday"))
    """Who agrees in all of one of these is nearly always the same: from them the share of matches is estimated."""
    sure_share: float = 0.7
    """Share of all matches that ``sure`` finds, about."""
    train_on: tuple[tuple[str, ...], ...] = (("first_name", "last_name"), ("birthday",), ("postcode",))
    """Weights are estimated among people who agree in one of these, which should be the same people and strangers alike."""
    propose_above: float = 0.9
    """Pairs at least this probable are proposed."""
    accept_above: float | None = None
    """Pairs at least this probable are accepted without being asked; None: none is."""
    seed: int = 1
    """The same people and the same seed give the same proposals."""
    people_max: int = 2_000_000
    """More people than this are refused: a run would take hours."""


def matching_of(data: Any, where: str = "coterie.yaml: identity.matching") -> Matching:
    """Return what the settings say about matching. Raises: InvalidDefinition."""
    try:
        found = msgspec.convert(data or {}, Matching)
    except msgspec.ValidationError as error:
        raise InvalidDefinition([Problem(str(error), where=where, received=data)]) from error
    known = {field.field for field in found.fields}
    told = [block for name in ("block_on", "sure", "train_on") for block in (data or {}).get(name, ())]
    wrong = sorted({one for block in told for one in block} - known)
    if wrong:
        allowed = ", ".join(sorted(known))
        raise InvalidDefinition([Problem("unknown field", where=where, received=wrong, allowed=allowed)])
    return found


class Person(Struct, frozen=True):
    """A profile and what it says of itself."""

    profile: str
    traits: Mapping[str, Value]


def people_table(people: Iterable[Person], fields: Iterable[Field]) -> pa.Table:
    """Return people as columns of normal text, those with at least two fields, sorted by profile."""
    fields = list(fields)
    rows: list[dict[str, str | None]] = []
    for person in people:
        row: dict[str, str | None] = {field.field: _value(person.traits, field) for field in fields}
        if sum(value is not None for value in row.values()) >= 2:
            rows.append({ID: person.profile, **row})
    rows.sort(key=lambda row: row[ID] or "")
    schema = pa.schema([(name, pa.string()) for name in (ID, *(field.field for field in fields))])
    return pa.Table.from_pylist(rows, schema)


def _value(traits: Mapping[str, Value], field: Field) -> str | None:
    for name in field.traits:
        value = traits.get(name)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            written = normal_text(str(value), field.compare)
            if written:
                return written
    return None


def normal_text(value: str, compare: Comparing) -> str:
    """Return a value as it is compared: small letters without accents and stray signs; codes as letters and digits; ISO days.

    >>> normal_text("  José-María ", "name"), normal_text("EC1A 1BB", "code"), normal_text("1990-02-03T00:00:00Z", "date")
    ('jose maria', 'ec1a1bb', '1990-02-03')
    """
    plain = unicodedata.normalize("NFKD", value.strip().lower())
    plain = "".join(one for one in plain if not unicodedata.combining(one))
    if compare == "date":
        found = re.match(r"\d{4}-\d{2}-\d{2}", plain)
        return found.group() if found else ""
    if compare == "code":
        return "".join(one for one in plain if one.isalnum())
    if compare == "email":
        return plain if "@" in plain else ""
    return " ".join(re.sub(r"[^\w@.]+", " ", plain).split())
