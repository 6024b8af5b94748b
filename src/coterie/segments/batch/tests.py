"""The SQL of every test of one JSON value: what ``segments/holds.py`` says, as a condition. Unknown counts as false."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlglot import exp

from coterie.segments.batch.dates import instant_within
from coterie.segments.batch.dialects import DuckDB
from coterie.segments.batch.instants import Instants
from coterie.segments.batch.sql import (
    Sql,
    call,
    compare,
    double,
    every,
    minus,
    negation,
    over,
    plus,
    some,
    substring,
    text,
    times,
)
from coterie.segments.batch.values import Json, ValueSql
from coterie.segments.batch.versions import version_holds
from coterie.segments.core import (
    Element,
    Equals,
    Exists,
    Field,
    Includes,
    Matches,
    Moment,
    Near,
    OneOf,
    Order,
    Test,
    Text,
    Version,
)
from coterie.segments.holds import RADIANS, half_chord_limit


class Tester:
    """Turns tests into conditions, in one dialect and at the statement's instants."""

    def __init__(self, dialect: DuckDB, instants: Instants) -> None:
        self.dialect = dialect
        self.instants = instants

    def holds(self, test: Test, value: ValueSql) -> Sql:
        """Return whether ``value`` passes ``test``; never true for a missing value."""
        return _MEANINGS[type(test)](self, test, value)

    def passes(self, where: Sequence[Field], value_of: Callable[[str], ValueSql]) -> list[Sql]:
        """Return one condition per field."""
        conditions = [(field, self.holds(field.test, value_of(field.key))) for field in where]
        return [negation(condition) if field.negate else condition for field, condition in conditions]

    def _exists(self, test: Exists, value: ValueSql) -> Sql:
        return value.present()

    def _equals(self, test: Equals, value: ValueSql) -> Sql:
        return value.equals(test.value)

    def _one_of(self, test: OneOf, value: ValueSql) -> Sql:
        return some([value.equals(one) for one in test.values])

    def _order(self, test: Order, value: ValueSql) -> Sql:
        return compare(value.number(), test.op, double(float(test.number)))

    def _text(self, test: Text, value: ValueSql) -> Sql:
        found = value.text()
        if not test.text:
            return exp.not_(exp.Is(this=found, expression=exp.null()))
        if test.op == "contains":
            return exp.GT(this=exp.StrPosition(this=found, substr=text(test.text)), expression=exp.Literal.number(0))
        if test.op == "starts_with":
            return exp.StartsWith(this=found, expression=text(test.text))
        return exp.EndsWith(this=found, expression=text(test.text))

    def _matches(self, test: Matches, value: ValueSql) -> Sql:
        return self.dialect.matches(value.text(), test.pattern)

    def _includes(self, test: Includes, value: ValueSql) -> Sql:
        if not isinstance(value, Json):
            return exp.false()

        def has(one: Any) -> Sql:
            return self.dialect.some_item(value.raw(), lambda item: Json(item, self.dialect).is_item(one))

        if test.mode == "any":
            return self.dialect.some_item(
                value.raw(), lambda item: some([Json(item, self.dialect).is_item(one) for one in test.values])
            )
        return every([_is(value.raw(), "["), *(has(one) for one in test.values)])

    def _element(self, test: Element, value: ValueSql) -> Sql:
        if not isinstance(value, Json):
            return exp.false()

        def passes(item: Sql) -> Sql:
            fields = self.passes(test.where, lambda key: Json(self.dialect.member(item.copy(), key), self.dialect))
            return every([_is(item.copy(), "{"), *fields])

        return self.dialect.some_item(value.raw(), passes)

    def _near(self, test: Near, value: ValueSql) -> Sql:
        if not isinstance(value, Json):
            return exp.false()
        lat, lon = (self.dialect.number(self.dialect.member(value.raw(), key)) for key in ("lat", "lon"))
        limit = half_chord_limit(test.within_m)
        near = compare(_haversine(test, lat, lon), "<=", double(min(limit, 2.0)))
        return every([_is(value.raw(), "{"), near])

    def _version(self, test: Version, value: ValueSql) -> Sql:
        return version_holds(test, value, self.dialect)

    def _moment(self, test: Moment, value: ValueSql) -> Sql:
        low, high = (None, test.at) if test.op == "<" else (test.at, None)
        return instant_within(value, lambda now: low, lambda now: high, test.time_zone, self.instants, self.dialect)


def _is(raw: Sql, bracket: str) -> Sql:
    return compare(substring(raw, 1, 1), "=", text(bracket))


def _haversine(test: Near, lat: Sql, lon: Sql) -> Sql:
    """Return ``holds.half_chord``, the same operations in the same order."""
    k = double(RADIANS)

    def sine_of_half(value: Sql, degrees: float) -> Sql:
        # the test's side is rounded once, in Python
        return call("SIN", over(minus(times(value.copy(), k.copy()), double(degrees * RADIANS)), double(2.0)))

    s, t = sine_of_half(lat, test.lat), sine_of_half(lon, test.lon)
    cosines = times(call("COS", double(test.lat * RADIANS)), call("COS", times(lat.copy(), k.copy())))
    return plus(times(s, s.copy()), times(cosines, times(t, t.copy())))


_MEANINGS: dict[type, Callable[[Tester, Any, ValueSql], Sql]] = {
    Exists: Tester._exists,
    Equals: Tester._equals,
    OneOf: Tester._one_of,
    Order: Tester._order,
    Text: Tester._text,
    Matches: Tester._matches,
    Includes: Tester._includes,
    Element: Tester._element,
    Near: Tester._near,
    Version: Tester._version,
    Moment: Tester._moment,
}
