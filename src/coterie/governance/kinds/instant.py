"""Instants and dates, whatever the time zone and the notation they came in."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Literal

from coterie.governance.normal import Beside, Normal, Unfit
from coterie.model import Value
from coterie.segments.conditions.form import Check, Flaw, Form
from coterie.segments.conditions.words import Doc, Name, Text, TimeZone
from coterie.segments.conditions.zones import known_zones
from coterie.segments.instants import HORIZON, from_us, instant_of, rfc3339, to_us, zone

_UNFIT = Unfit("not an instant", "ISO 8601, or one of the rule's formats")
_OFTEN = re.compile(r"[\dTtWZz:.,+ -]{10,40}", re.ASCII)
"""Characters of instants in the other notations of ISO 8601."""
_TRIED = datetime(2026, 11, 22, 21, 45, 33, tzinfo=UTC)
PER_SECOND = {"s": 1_000_000, "ms": 1_000, "us": 1}


def _refuse_dateless(formats: tuple[str, ...] | None) -> Flaw | None:
    for one in formats or ():
        try:
            is_date = datetime.strptime(_TRIED.strftime(one), one).date() == _TRIED.date()
        except (ValueError, re.error):
            is_date = False
        if not is_date:
            allowed = "a notation of a whole date, such as %d.%m.%Y %H:%M"
            return Flaw("not a notation of dates", "formats", received=one, allowed=allowed)
    return None


class Moment(Form, frozen=True, kw_only=True):
    """How instants are read and written."""

    checks: ClassVar[tuple[Check, ...]] = (Check(("formats",), _refuse_dateless),)

    to: Annotated[
        Literal["instant", "date"], Doc("`instant`, when not said: RFC 3339 in UTC. `date`: the date in `zone`.")
    ] = "instant"
    zone: Annotated[TimeZone, Doc("Time zone of texts without an offset; UTC when not said.")] = "UTC"
    zone_in: Annotated[
        Name | None, Doc("Property beside it that names the time zone; `zone` counts where it does not.")
    ] = None
    formats: Annotated[
        tuple[Text, ...] | None, Doc('Further notations, such as "%d.%m.%Y %H:%M"; ISO 8601 is always read.')
    ] = None
    numbers: Annotated[
        Literal["s", "ms", "us"] | None, Doc("What numbers count since 1970; without it numbers cannot be made normal.")
    ] = None


def prepared(form: Moment) -> Normal:
    """Return what the rule does. Cost: 2 to 10 µs for a text that was not met before."""

    def make(value: Value, beside: Beside, at: int) -> Value | Unfit:
        told = beside.get(form.zone_in) if form.zone_in is not None else None
        name = told if isinstance(told, str) and told in known_zones() else form.zone
        found = _read(value, name, form)
        if found is None or not HORIZON[0] <= from_us(found).year < HORIZON[1]:
            return _UNFIT
        if form.to == "date":
            return from_us(found).astimezone(zone(name)).date().isoformat()
        return rfc3339(found)

    return Normal(make, reads=(form.zone_in,) if form.zone_in else ())


def _read(value: Value, name: str, form: Moment) -> int | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        if form.numbers is None or abs(value) > 1e17:
            return None
        at = round(value * PER_SECOND[form.numbers])
        return at if abs(at) < 7e15 else None
    if not isinstance(value, str):
        return None
    text = value.strip()
    found = _iso(text, name)
    return found if found is not None else _by_formats(text, name, form.formats or ())


def _iso(text: str, name: str) -> int | None:
    at = instant_of(text, name)
    if at is None:
        return _seldom(text, name)
    if len(text) == 10 or text.endswith("Z") or text[-6] in "+-":
        return at
    return _local(from_us(at), name)


def _seldom(text: str, name: str) -> int | None:
    """Return the instant of a text in another notation of ISO 8601: nanoseconds, ``+0100``, ``20260701T1200``; µs are kept."""
    if not _OFTEN.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return to_us(moment.astimezone(UTC)) if moment.tzinfo else _local(moment, name)
    except (ValueError, OverflowError):
        return None


def _by_formats(text: str, name: str, formats: tuple[str, ...]) -> int | None:
    for one in formats:
        try:
            moment = datetime.strptime(text, one)
        except ValueError:
            continue
        return to_us(moment.astimezone(UTC)) if moment.tzinfo else _local(moment, name)
    return None


def _local(moment: datetime, name: str) -> int:
    """Return the instant at which clocks of a time zone show ``moment``, the earlier of two."""
    return to_us(moment.replace(tzinfo=zone(name)).astimezone(UTC))
