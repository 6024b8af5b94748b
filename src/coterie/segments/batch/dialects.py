"""What differs between SQL engines: JSON, regular expressions, md5, lists, and the value at the extreme of an order.

Everything else is one tree that SQLGlot renders. A dialect that cannot say something raises ``Unsupported``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp

from coterie.errors import Unsupported, nearest
from coterie.segments.batch.patterns import java_pattern
from coterie.segments.batch.sql import Sql, call, column, integer, substring, text, when

Condition = Callable[[Sql], Sql]


class DuckDB:
    """DuckDB; the other dialects say what they do otherwise."""

    name = "duckdb"

    def member(self, document: Sql, key: str) -> Sql:
        """Return the JSON text of an object's member; NULL when the key is absent, 'null' when it is null."""
        return exp.cast(call("JSON_EXTRACT", document, text(pointer(key))), "text")

    def unquoted(self, raw: Sql) -> Sql:
        """Return the characters of a JSON string."""
        return call("JSON_EXTRACT_STRING", raw, text("$"))

    def quoted(self, value: Sql) -> Sql:
        """Return the JSON text of a character string."""
        return exp.cast(call("TO_JSON", value), "text")

    def number(self, raw: Sql) -> Sql:
        """Return the float64 of a JSON number; NULL for any other JSON text."""
        return exp.TryCast(this=raw, to=exp.DataType.build("double"), safe=True, requires_string=True)

    def total(self, whole: Sql) -> Sql:
        """Return the aggregate: the exact sum of 64-bit integers, in more bits than 64."""
        return exp.Sum(this=whole)

    def whole(self, digits: Sql) -> Sql:
        """Return the integer of decimal digits; NULL for other text."""
        return exp.TryCast(this=digits, to=exp.DataType.build("bigint"), safe=True, requires_string=True)

    def day(self, date: Sql) -> Sql:
        """Return the days since 1970 of a YYYY-MM-DD text; NULL when there is no such day."""
        parsed = exp.TryCast(this=date, to=exp.DataType.build("date"), safe=True, requires_string=True)
        return exp.DateDiff(this=parsed, expression=exp.cast(text("1970-01-01"), "date"), unit=exp.var("DAY"))

    def matches(self, value: Sql, pattern: str) -> Sql:
        """Return whether RE2 finds ``pattern`` somewhere in ``value``."""
        return exp.RegexpLike(this=value, expression=text(pattern))

    def part(self, value: Sql, separator: str, index: int) -> Sql:
        """Return the ``index``-th part (from 1) of a separated text; empty when there are fewer."""
        return call("SPLIT_PART", value, text(separator), integer(index))

    def bucket(self, value: Sql) -> Sql:
        """Return the first 32 bits of the md5 of ``value`` as an integer."""
        return exp.cast(exp.DPipe(this=text("0x"), expression=substring(exp.MD5(this=value), 1, 8)), "bigint")

    def some_item(self, raw: Sql, condition: Condition) -> Sql:
        """Return whether a JSON list has an item whose JSON text fulfils ``condition``; false or NULL for no list."""
        items = exp.cast(call("JSON_EXTRACT", raw, text("$[*]")), exp.DataType.build("text[]", dialect="duckdb"))
        found = call("LIST_FILTER", items, _lambda(condition))
        return exp.and_(_is_list(raw), exp.GT(this=call("LEN", found), expression=integer(0)))

    def extreme(self, value: Sql, order: tuple[Sql, Sql], condition: Sql, *, latest: bool) -> Sql:
        """Return the aggregate: the value (never NULL) first or last by ``order`` among rows that fulfil ``condition``."""
        name = "ARG_MAX" if latest else "ARG_MIN"
        return call(name, when(condition, value), exp.Tuple(expressions=[one.copy() for one in order]))

    def haversine(self, name: str, value: Sql) -> Sql:
        return call(name, value)

    def finished(self, select: exp.Query) -> exp.Query:
        """Return the statement with the settings the engine needs to mean it."""
        return select

    def render(self, select: exp.Query) -> str:
        return self.finished(select).sql(dialect=self.name, pretty=True)


class Spark(DuckDB):
    """Spark 4, ANSI mode or not."""

    name = "spark"

    def member(self, document: Sql, key: str) -> Sql:
        members = call("FROM_JSON", document, text("MAP<STRING, VARIANT>"))
        return call("TO_JSON", call("TRY_ELEMENT_AT", members, text(key)))

    def unquoted(self, raw: Sql) -> Sql:
        return call("GET_JSON_OBJECT", raw, text("$"))

    def quoted(self, value: Sql) -> Sql:
        return call("TO_JSON", call("TO_VARIANT_OBJECT", value))

    def total(self, whole: Sql) -> Sql:
        return exp.Sum(this=exp.cast(whole, "decimal(38, 0)"))

    def matches(self, value: Sql, pattern: str) -> Sql:
        return exp.RegexpLike(this=value, expression=text(java_pattern(pattern)))

    def bucket(self, value: Sql) -> Sql:
        digits = substring(exp.MD5(this=value), 1, 8)
        return exp.cast(call("CONV", digits, integer(16), integer(10)), "bigint")

    def some_item(self, raw: Sql, condition: Condition) -> Sql:
        items = call("FROM_JSON", raw, text("ARRAY<VARIANT>"))
        found = call("EXISTS", items, _lambda(lambda item: condition(call("TO_JSON", item))))
        return exp.and_(_is_list(raw), found)

    def extreme(self, value: Sql, order: tuple[Sql, Sql], condition: Sql, *, latest: bool) -> Sql:
        # a NULL order is not compared by MAX_BY, so rows outside the condition fall away
        name = "MAX_BY" if latest else "MIN_BY"
        return call(name, value, when(condition, call("STRUCT", *(one.copy() for one in order))))


class ClickHouse(DuckDB):
    name = "clickhouse"

    def member(self, document: Sql, key: str) -> Sql:
        return call("nullIf", call("JSONExtractRaw", document, text(key)), text(""))

    def unquoted(self, raw: Sql) -> Sql:
        return call("JSONExtractString", raw)

    def quoted(self, value: Sql) -> Sql:
        return call("toJSONString", value)

    def number(self, raw: Sql) -> Sql:
        return call("toFloat64OrNull", raw)

    def total(self, whole: Sql) -> Sql:
        return exp.Sum(this=call("toInt128", whole))

    def whole(self, digits: Sql) -> Sql:
        return call("toInt64OrNull", digits)

    def day(self, date: Sql) -> Sql:
        return call("toInt64", call("toDate32OrNull", date))

    def part(self, value: Sql, separator: str, index: int) -> Sql:
        return call("arrayElement", call("splitByString", text(separator), value), integer(index))

    def bucket(self, value: Sql) -> Sql:
        first = call("reverse", call("substring", call("MD5", value), integer(1), integer(4)))
        return exp.cast(call("reinterpretAsUInt32", first), "bigint")

    def some_item(self, raw: Sql, condition: Condition) -> Sql:
        items = call("JSONExtractArrayRaw", call("ifNull", raw, text("")))
        found = call("arrayExists", _lambda(condition), items)
        return exp.and_(_is_list(raw), found)

    def extreme(self, value: Sql, order: tuple[Sql, Sql], condition: Sql, *, latest: bool) -> Sql:
        found = call("argMaxIf" if latest else "argMinIf", value, call("tuple", *(o.copy() for o in order)), condition)
        return when(exp.GT(this=call("countIf", condition.copy()), expression=integer(0)), found)

    def finished(self, select: exp.Query) -> exp.Query:
        # outer joins must give NULL, as everywhere else
        select = select.copy()
        select.set("settings", [exp.EQ(this=exp.column("join_use_nulls"), expression=integer(1))])
        return select


class BigQuery(DuckDB):
    name = "bigquery"

    def member(self, document: Sql, key: str) -> Sql:
        escaped = key.replace("\\", "\\\\").replace('"', '\\"')
        return call("JSON_QUERY", document, text(f'$."{escaped}"'))

    def unquoted(self, raw: Sql) -> Sql:
        return call("JSON_VALUE", raw)

    def quoted(self, value: Sql) -> Sql:
        return call("TO_JSON_STRING", value)

    def part(self, value: Sql, separator: str, index: int) -> Sql:
        parts = call("SPLIT", value, text(separator))
        item = exp.Bracket(this=parts, expressions=[integer(index - 1)], offset=0, safe=True)
        return exp.Coalesce(this=item, expressions=[text("")])

    def bucket(self, value: Sql) -> Sql:
        digits = substring(exp.MD5(this=value), 1, 8)
        return exp.cast(exp.Concat(expressions=[text("0x"), digits]), "bigint")

    def some_item(self, raw: Sql, condition: Condition) -> Sql:
        items = exp.Unnest(
            expressions=[call("JSON_QUERY_ARRAY", raw)], alias=exp.TableAlias(columns=[exp.to_identifier("item")])
        )
        found = exp.Exists(this=exp.select("1").from_(items).where(condition(exp.column("item"))))
        return exp.and_(_is_list(raw), found)

    def extreme(self, value: Sql, order: tuple[Sql, Sql], condition: Sql, *, latest: bool) -> Sql:
        places = [exp.Ordered(this=one.copy(), desc=latest, nulls_first=not latest) for one in order]
        ordered = exp.Order(this=when(condition, value), expressions=places)
        first = exp.ArrayAgg(this=exp.Limit(this=ordered, expression=integer(1)))
        return exp.Bracket(this=exp.IgnoreNulls(this=first), expressions=[integer(0)], offset=0, safe=True)


class Snowflake(DuckDB):
    name = "snowflake"

    def member(self, document: Sql, key: str) -> Sql:
        return call("TO_JSON", call("GET", call("PARSE_JSON", document), text(key)))

    def unquoted(self, raw: Sql) -> Sql:
        return exp.cast(call("PARSE_JSON", raw), "text")

    def quoted(self, value: Sql) -> Sql:
        return call("TO_JSON", call("TO_VARIANT", value))

    def matches(self, value: Sql, pattern: str) -> Sql:
        for unknown in ("(?", r"\p", r"\P", r"\pN"):
            if unknown in pattern:
                raise Unsupported(
                    f"Snowflake's regular expressions cannot say {unknown!r} in {pattern!r}",
                    hint="write the pattern without it, or run this segment on another engine",
                )
        return exp.GT(this=call("REGEXP_INSTR", value, text(pattern)), expression=integer(0))

    def bucket(self, value: Sql) -> Sql:
        return call("TO_NUMBER", substring(exp.MD5(this=value), 1, 8), text("XXXXXXXX"))

    def some_item(self, raw: Sql, condition: Condition) -> Sql:
        items = exp.cast(call("PARSE_JSON", raw), "array")
        found = call("FILTER", items, _lambda(lambda item: condition(call("TO_JSON", item))))
        return when(_is_list(raw), exp.GT(this=call("ARRAY_SIZE", found), expression=integer(0)))

    def extreme(self, value: Sql, order: tuple[Sql, Sql], condition: Sql, *, latest: bool) -> Sql:
        places = [exp.Ordered(this=one.copy(), desc=latest, nulls_first=latest) for one in order]
        every = exp.WithinGroup(
            this=exp.ArrayAgg(this=when(condition, value), nulls_excluded=True),
            expression=exp.Order(expressions=places),
        )
        return exp.cast(call("GET", every, integer(0)), "text")


DIALECTS: Mapping[str, type[DuckDB]] = {one.name: one for one in (DuckDB, Spark, ClickHouse, BigQuery, Snowflake)}


def dialect_of(name: str) -> DuckDB:
    """Return the dialect called ``name``."""
    if name not in DIALECTS:
        raise Unsupported(f"no SQL dialect {name!r}; known are {', '.join(DIALECTS)}", hint=nearest(name, DIALECTS))
    return DIALECTS[name]()


def pointer(key: str) -> str:
    """Return the JSON pointer (RFC 6901) to a top-level key, whatever characters it has."""
    return "/" + key.replace("~", "~0").replace("/", "~1")


def _lambda(condition: Condition) -> Sql:
    item = exp.to_identifier("item")
    return exp.Lambda(this=condition(exp.column("item")), expressions=[item])


def _is_list(raw: Sql) -> Sql:
    return exp.EQ(this=substring(raw, 1, 1), expression=text("["))


__all__ = ["DIALECTS", "DuckDB", "column", "dialect_of", "pointer"]
