"""Rules that make values normal, as they are written in ``governance/<key>.yaml``."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal, TypeAlias

from coterie.governance.kinds import (  # fmt: skip
    boolean,
    country,
    currency,
    email,
    instant,
    language,
    number,
    phone,
    text,
    unit,
    vocabulary,
)
from coterie.governance.kinds.boolean import Boolean
from coterie.governance.kinds.country import Country
from coterie.governance.kinds.currency import Currency
from coterie.governance.kinds.email import Email
from coterie.governance.kinds.instant import Moment
from coterie.governance.kinds.language import Language
from coterie.governance.kinds.number import Number
from coterie.governance.kinds.phone import Phone
from coterie.governance.kinds.places import Region
from coterie.governance.kinds.text import Wording
from coterie.governance.kinds.unit import Unit
from coterie.governance.kinds.vocabulary import Vocabulary
from coterie.governance.normal import Normal, Texts
from coterie.segments.conditions.form import Check, Choice, Flaw, Form
from coterie.segments.conditions.words import Doc, Name
from coterie.triggers.words import key_word

Names: TypeAlias = Name | tuple[Name, ...]
WORDS = (
    "text",
    "number",
    "boolean",
    "instant",
    "unit",
    "currency",
    "phone",
    "email",
    "country",
    "language",
    "vocabulary",
)
"""Kinds of rules, in the order in which they are told."""
_OF_ITEMS = re.compile(r"(?:(?!\[\]).)+\[\]\.(?:(?!\[\]).)+")
Otherwise: TypeAlias = Literal["keep", "drop", "quarantine"]


def _event_of_what(event: object, property_: object) -> Flaw | None:
    if event is not None and property_ is None:
        return Flaw("only properties are of events", "event", received=event, allowed="property beside it",
                    hint="traits and identifiers are made normal wherever they come from; narrow them with source")  # fmt: skip
    return None


def _original_of_what(keep_original: bool, property_: object, trait: object) -> Flaw | None:
    if keep_original and property_ is None and trait is None:
        return Flaw("the original of an identifier is not kept", "keep_original", allowed="property or trait beside it")
    return None


def _in_one_list(property_: str | tuple[str, ...] | None) -> Flaw | None:
    for name in names_in(property_):
        if "[]" in name and not _OF_ITEMS.fullmatch(name):
            allowed = "a property, or one of the items of one list: products[].price"
            return Flaw("no property can be called so", "property", received=name, allowed=allowed)
    return None


class Rule(Form, frozen=True, kw_only=True):
    """One rule: of what, only where, its kind, and what becomes of a value that cannot be made normal."""

    choices: ClassVar[tuple[Choice, ...]] = (
        Choice((("property",), ("trait",), ("identifier",)), least=1, most=3),
        Choice(tuple((word,) for word in WORDS), least=1),
    )
    checks: ClassVar[tuple[Check, ...]] = (
        Check(("event", "property_"), _event_of_what),
        Check(("keep_original", "property_", "trait"), _original_of_what),
        Check(("property_",), _in_one_list),
    )

    property_: Annotated[
        Names | None, Doc("Properties of events; `products[].price` is the price of each item of a list.")
    ] = None
    trait: Annotated[Names | None, Doc("Traits of people.")] = None
    identifier: Annotated[Names | None, Doc("Kinds of identifiers, such as email or phone.")] = None
    event: Annotated[Names | None, Doc("Only properties of these events; `*` and `?` stand for any characters.")] = None
    source: Annotated[
        Names | None, Doc("Only what comes from these sources, mappings or keys; `*` and `?` stand for any characters.")
    ] = None
    text: Annotated[Wording | Literal["lower", "upper", "title"] | Literal[True] | None, Doc("Text, trimmed; the bare word is its case.")] = None  # fmt: skip
    number: Annotated[Number | Literal[True] | None, Doc("A number that may have come as text.")] = None
    boolean: Annotated[Boolean | Literal[True] | None, Doc("True or false, in whatever words.")] = None
    instant: Annotated[Moment | Literal[True] | None, Doc("An instant or a date.")] = None
    unit: Annotated[Unit | Name | None, Doc("A measure; bare is the unit.")] = None
    currency: Annotated[Currency | None, Doc("An amount of money.")] = None
    phone: Annotated[Phone | Region | None, Doc("A phone number; bare is the country of numbers without its code.")] = (
        None
    )
    email: Annotated[Email | Literal[True] | None, Doc("An e-mail address.")] = None
    country: Annotated[Country | Literal["alpha-2", "alpha-3", "numeric", "name"] | None, Doc("A country; bare is the code that is written.")] = None  # fmt: skip
    language: Annotated[Language | Literal["language", "locale"] | None, Doc("A language; bare is the code that is written.")] = None  # fmt: skip
    vocabulary: Annotated[Vocabulary | None, Doc("One of a set of terms.")] = None
    otherwise: Annotated[
        Otherwise,
        Doc("Of a value that cannot be made normal: `keep` it as it is (when not said), `drop` it, or `quarantine` the event. It is counted in each case."),
    ] = "keep"  # fmt: skip
    keep_original: Annotated[bool, Doc("Whether a value that was changed is kept too, as `<name>.original`.")] = False

    @property
    def word(self) -> str:
        """Return its kind."""
        return next(word for word in WORDS if getattr(self, word) is not None)

    def files(self) -> tuple[str, ...]:
        """Return the files of ``governance/`` that it reads."""
        told = self.currency.rates if self.currency else self.vocabulary.file if self.vocabulary else None
        return (told,) if told else ()

    def names(self, of: Literal["property", "trait", "identifier"]) -> tuple[str, ...]:
        """Return the properties, traits or identifiers that it is about."""
        return names_in({"property": self.property_, "trait": self.trait, "identifier": self.identifier}[of])


class Standard(Form, frozen=True, kw_only=True):
    """Rules that belong together, in the order in which they are applied."""

    key: Annotated[Annotated[str, key_word("a key of rules")], Doc("Its name; the file is `governance/<key>.yaml`.")]
    title: Annotated[str, Doc("Its name for people.")] = ""
    description: Annotated[str, Doc("What it is for.")] = ""
    owner: Annotated[str, Doc("Who answers for it.")] = ""
    rules: Annotated[tuple[Rule, ...], Doc("The rules.")]


def names_in(told: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """Return one name or several as several."""
    return (told,) if isinstance(told, str) else told or ()


def normal_of(rule: Rule, texts: Texts) -> Normal:
    """Return what a rule does to a value. Raises: Problem, InvalidDefinition for a unit or a file that is none."""
    if rule.currency is not None:
        return currency.prepared(rule.currency, texts)
    if rule.vocabulary is not None:
        return vocabulary.prepared(rule.vocabulary, texts)
    if rule.unit is not None:
        return unit.prepared(Unit(to=rule.unit) if isinstance(rule.unit, str) else rule.unit)
    if rule.phone is not None:
        return phone.prepared(Phone(region=rule.phone) if isinstance(rule.phone, str) else rule.phone)
    if rule.country is not None:
        return country.prepared(Country(to=rule.country) if isinstance(rule.country, str) else rule.country)
    if rule.language is not None:
        return language.prepared(Language(to=rule.language) if isinstance(rule.language, str) else rule.language)
    if rule.text is not None:
        return text.prepared(_wording(rule.text))
    if rule.email is not None:
        return email.prepared(Email() if rule.email is True else rule.email)
    if rule.instant is not None:
        return instant.prepared(Moment() if rule.instant is True else rule.instant)
    if rule.boolean is not None:
        return boolean.prepared(Boolean() if rule.boolean is True else rule.boolean)
    return number.prepared(Number() if rule.number is True or rule.number is None else rule.number)


def _wording(told: Wording | str | bool) -> Wording:
    if isinstance(told, Wording):
        return told
    return Wording(case=told) if isinstance(told, str) else Wording()  # type: ignore[arg-type]
