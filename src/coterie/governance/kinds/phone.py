"""Phone numbers as E.164: ``+4740123456``."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal

from coterie.governance.kinds.country import code_of
from coterie.governance.kinds.places import Region
from coterie.governance.normal import Beside, Normal, Unfit
from coterie.model import Value
from coterie.segments.conditions.form import Form
from coterie.segments.conditions.words import Doc, Name
from coterie.values import text_of


class Phone(Form, frozen=True, kw_only=True):
    """How phone numbers are read."""

    region: Annotated[
        Region | None,
        Doc("Country (two letters) of numbers without a country code; without it they cannot be made normal."),
    ] = None
    region_in: Annotated[
        Name | None, Doc("Property beside it that names the country; `region` counts where it does not.")
    ] = None
    check: Annotated[
        Literal["valid", "possible"],
        Doc("`valid`, when not said: the number lies in a range that is in use. `possible`: its length is right."),
    ] = "valid"


def prepared(form: Phone) -> Normal:
    """Return what the rule does. Cost: about 50 µs for a number that was not met before. Source: libphonenumber."""
    import phonenumbers

    is_good = phonenumbers.is_valid_number if form.check == "valid" else phonenumbers.is_possible_number
    unfit = Unfit("not a phone number", "a number with its country code, such as +47 401 23 456")

    def make(value: Value, beside: Beside, at: int) -> Value | Unfit:
        region = form.region
        if form.region_in is not None:
            region = code_of(beside.get(form.region_in)) or region
        text = text_of(value)
        if text is None or len(text) > 40:
            return unfit
        if text.startswith("00"):
            text = f"+{text[2:]}"
        try:
            found = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            return unfit
        if not is_good(found):
            return unfit
        return str(phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164))

    return Normal(make, reads=(form.region_in,) if form.region_in else (), is_private=True)


def national_of(number: str, regions: Collection[str]) -> str:
    """Return the digits of a number (``+4791234567``) as it is written in one of some countries, without what is dialled before it; empty
    when it belongs to none of them."""
    import phonenumbers

    try:
        found = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ""
    told = phonenumbers.region_codes_for_country_code(found.country_code or 0)
    return "" if frozenset(told).isdisjoint(regions) else str(found.national_number)
