"""Rules on the rows of a day, by Pointblank, and its report as a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from msgspec import Struct

from coterie.engine.quality.rules import Expect, Rule
from coterie.limits import DAY_US
from coterie.monitoring.finding import Finding
from coterie.monitoring.terms import Check, Severity, Stage
from coterie.segments.durations import us_of
from coterie.storage.duck import Files
from coterie.storage.quality.measuring import stage_of
from coterie.storage.quality.rows import As, Columns, rows_of

ROWS_MAX = 2_000_000
"""Rows of one rule and day that are validated; of more, so many chosen by hash."""


class Step(Struct, frozen=True, kw_only=True):
    """One expectation on one day."""

    rule: str
    check: str
    property: str
    says: str
    rows: int
    failed: int
    may_fail: float
    passed: bool


class Validated(Struct, frozen=True, kw_only=True):
    """What became of a rule on a day."""

    steps: list[Step]
    findings: list[Finding]
    report: str
    """Pointblank's report, HTML; empty when there was nothing to validate."""


class _Planned(Struct, frozen=True):
    check: Check
    property: str
    column: str
    how: As
    says: str
    add: Any
    """Validation, column → validation with one step more."""


def validate(rule: Rule, files: Files, day: int, owner: str = "", *, report: bool = True) -> Validated:
    """Return what became of a rule on the rows that arrived on ``day``; with ``report`` also Pointblank's page about it.

    Cost: about half a second per million rows and five expectations, and one second for the page.
    """
    plans = [one for key, expect in (rule.expect or {}).items() for one in _plans(key, expect)]
    origins = {
        f"{key} (seen)": (expect.seen_in, us_of(expect.within))
        for key, expect in (rule.expect or {}).items()
        if expect.seen_in
    }
    columns = Columns({one.column: (one.property, one.how) for one in plans}, origins)
    table = rows_of(files, rule.event, rule.source or "", day, columns, ROWS_MAX)
    steps, findings, page = [], _of_rows(rule, table.num_rows, day, owner), ""
    if plans and table.num_rows:
        page, counts = _interrogated(rule, plans, table, day, report)
        for one, failed in zip(plans, counts, strict=True):
            may_fail = (rule.expect or {})[one.property].may_fail
            passed = failed <= may_fail * table.num_rows
            told = Step(
                rule=rule.key, check=str(one.check), property=one.property, says=one.says, rows=table.num_rows,
                failed=failed, may_fail=may_fail, passed=passed,
            )  # fmt: skip
            steps.append(told)
            if not passed:
                findings.append(_finding(rule, told, one.check, day, owner))
    return Validated(steps=steps, findings=findings, report=page)


def _plans(key: str, expect: Expect) -> list[_Planned]:
    text, numeric, kind, seen = key, f"{key} (number)", f"{key} (type)", f"{key} (seen)"
    found: list[_Planned] = []
    if expect.required:
        found.append(
            _Planned(Check.COMPLETENESS, key, text, "text", f"{key} has a value", lambda v, c: v.col_vals_not_null(c))
        )
    if expect.type:
        word = expect.type
        found.append(_Planned(Check.SCHEMA, key, kind, "type", f"{key} is a {word}", lambda v, c: v.col_vals_in_set(c, [word, None])))  # fmt: skip
    if expect.between:
        low, high = expect.between
        found.append(_Planned(Check.RANGE, key, numeric, "number", f"{key} lies between {low:g} and {high:g}", lambda v, c: v.col_vals_between(c, low, high, na_pass=True)))  # fmt: skip
    if expect.one_of:
        words = [*expect.one_of]
        found.append(_Planned(Check.RANGE, key, text, "text", f"{key} is one of {', '.join(words)}", lambda v, c: v.col_vals_in_set(c, [*words, None])))  # fmt: skip
    if expect.matches:
        pattern = f"^(?:{expect.matches})$"
        found.append(_Planned(Check.FORMAT, key, text, "text", f"{key} matches {expect.matches}", lambda v, c: v.col_vals_regex(c, pattern, na_pass=True)))  # fmt: skip
    if expect.unique:
        found.append(_Planned(Check.UNIQUENESS, key, text, "text", f"{key} is unique", lambda v, c: v.rows_distinct(c, pre=lambda rows: rows.drop_nulls(c))))  # fmt: skip
    if expect.seen_in:
        says = f"{key} was seen in {expect.seen_in} within {expect.within}"
        found.append(_Planned(Check.REFERENCE, key, seen, "seen", says, lambda v, c: v.col_vals_eq(c, 1)))
    return found


def _interrogated(rule: Rule, plans: Sequence[_Planned], table: Any, day: int, report: bool) -> tuple[str, list[int]]:
    """Return (the page, empty unless asked for; rows that failed each step)."""
    import pointblank
    import polars

    label = f"{rule.title or rule.key} · {rule.event} · {date.fromordinal(719_163 + day)}"
    validation = pointblank.Validate(polars.DataFrame(table), tbl_name=rule.event, label=label)
    for one in plans:
        validation = one.add(validation, one.column)
        validation.validation_info[-1].brief = one.says
    done = validation.interrogate(collect_extracts=False)
    failed: Mapping[int, int] = done.n_failed()
    title = f"{rule.key}: {rule.title or rule.event}"
    page = done.get_tabular_report(title=title).as_raw_html() if report else ""
    counts = [failed[number + 1] for number in range(len(plans))]
    return page, [
        table.num_rows if count is None else int(count) for count in counts
    ]  # None: it could not be evaluated


def _finding(rule: Rule, step: Step, check: Check, day: int, owner: str) -> Finding:
    share = step.failed / step.rows
    allowed = f"{step.may_fail:.2%} may be" if step.may_fail else "none may be"
    return Finding(
        day=day, check=check, stage=Stage(stage_of(rule.event)), severity=Severity(rule.severity), event=rule.event,
        property=step.property, source=rule.source or "", measure=step.says, rule=rule.key, owner=rule.owner or owner,
        says=f"{rule.key}: {step.says} — not so in {step.failed:,} of {step.rows:,} rows ({share:.2%}); {allowed}",
        received=share, expected=step.may_fail, rows=step.failed,
    )  # fmt: skip


def _of_rows(rule: Rule, rows: int, day: int, owner: str) -> list[Finding]:
    """Return what is wrong with the number of rows of a day."""
    few = rule.rows_at_least is not None and rows < rule.rows_at_least
    many = rule.rows_at_most is not None and rows > rule.rows_at_most
    if not few and not many:
        return []
    bound = rule.rows_at_least if few else rule.rows_at_most
    word = "at least" if few else "at most"
    return [
        Finding(
            day=day, check=Check.VOLUME, stage=Stage(stage_of(rule.event)), severity=Severity(rule.severity),
            event=rule.event, source=rule.source or "", measure="rows", rule=rule.key, owner=rule.owner or owner,
            says=f"{rule.key}: {rows:,} rows of {rule.event}; {word} {bound:,} are expected",
            received=rows, expected=float(bound or 0), rows=rows,
        )
    ]  # fmt: skip


def stale(rule: Rule, newest: int, at: int, owner: str = "") -> Finding | None:
    """Return the finding that the newest row of a rule's event is too old at the instant ``at`` (µs), or ``None``."""
    if rule.fresh_within is None or at - newest <= us_of(rule.fresh_within):
        return None
    hours = (at - newest) / 3.6e9
    age = f"{hours:,.1f} h old" if newest else "nowhere"
    return Finding(
        day=at // DAY_US, check=Check.FRESHNESS, stage=Stage(stage_of(rule.event)), severity=Severity(rule.severity),
        event=rule.event, source=rule.source or "", measure="fresh", rule=rule.key, owner=rule.owner or owner,
        says=f"{rule.key}: the newest {rule.event} is {age}; {rule.fresh_within} is the most", received=hours,
        expected=us_of(rule.fresh_within) / 3.6e9,
    )  # fmt: skip
