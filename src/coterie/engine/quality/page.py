"""The report as one page of HTML that needs nothing else: findings, days, rules with Pointblank's own tables, reconciliations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import msgspec

from coterie.engine.project import Project
from coterie.engine.quality.alerts import day_text
from coterie.engine.quality.run import book_of, rows_of
from coterie.monitoring.measures import EVERY, Measured, Subject
from coterie.monitoring.terms import SEVERITIES
from coterie.segments.instants import from_us
from coterie.storage.quality.book import Kept

SHOWN_DAYS = 28
SHOWN_EVENTS = 40
"""Events of the newest day that are listed; those with findings and the most measures first."""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'"
"""What a browser may do with the page: show it, with its own styles, run nothing and fetch nothing; also when it is a file."""
STYLE = """
:root{color-scheme:light dark;--line:#8884;--dim:#888;--error:#b91c1c;--warning:#b45309;--info:#0369a1;--good:#15803d}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:1100px;padding:0 1rem}
h1{font-size:1.6rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}p.lead{color:var(--dim);margin:.2rem 0 1.2rem}
.own{border-collapse:collapse;width:100%}.own td,.own th{text-align:left;padding:.35rem .6rem .35rem 0;border-top:1px solid var(--line);vertical-align:top}
.own th{color:var(--dim);font-weight:400;border:0}.own .n{text-align:right;font-variant-numeric:tabular-nums}.own .day{white-space:nowrap}
.tag{border:1px solid currentColor;border-radius:1rem;padding:0 .5rem;font-size:.8rem;white-space:nowrap}
.error{color:var(--error)}.warning{color:var(--warning)}.info{color:var(--info)}.good{color:var(--good)}.dim{color:var(--dim)}
.days{width:100%;height:90px;display:block}.days rect{fill:var(--info)}.days rect.bad{fill:var(--error)}
.axis{display:flex;justify-content:space-between;color:var(--dim);font-size:.85rem}.key{display:inline-block;width:.7rem;height:.7rem;background:var(--error)}
details{border-top:1px solid var(--line);padding:.4rem 0}summary{cursor:pointer}.table{background:#fff;color:#222;overflow:auto;padding:.5rem;margin:.5rem 0}
"""


def page_of(project: Project) -> str:
    """Return the newest report. Everything that others sent is escaped."""
    book = book_of(project)
    runs = book.runs(1)
    findings = book.findings()
    days = book.days()
    last = max(days, default=0)
    recent = [one for one in findings if one.finding.day > last - SHOWN_DAYS]
    history = book.history(last - SHOWN_DAYS + 1, last + 1)
    rows = {day: rows_of(history.get(day, {})) for day in range(min(history, default=last + 1), last + 1)}
    run = (
        f"as of {_minute(runs[0].at)}; {len(days):,} days measured; {_summary(recent)}"
        if runs
        else "the checks have not run yet"
    )
    name = escape(project.settings.name)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="content-security-policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{name}: quality</title><style>{STYLE}</style><h1>{name}: quality</h1>"
        f"<p class=lead>{run}</p>"
        f"<h2>Findings of the last {SHOWN_DAYS} days</h2>{_findings(recent, bool(runs))}"
        f"<h2>Rows by day</h2>{_chart(rows, {one.finding.day for one in recent if not one.accepted_at})}"
        f"{_checked(history.get(last, {}), [one for one in recent if one.finding.day == last], last)}"
        f"{_rules(book.validations(last), last)}{_reconciled(book.reconciled())}</html>\n"
    )


def _summary(findings: Sequence[Kept]) -> str:
    """Return how many there are of each severity, in words."""
    open_ = [one.finding.severity for one in findings if not one.accepted_at]
    counts = [(open_.count(word), word) for word in reversed(SEVERITIES)]
    told = [f'<span class="{word}">{count} {word}{"s" if count > 1 and word != "info" else ""}</span>' for count, word in counts if count]  # fmt: skip
    return ", ".join(told) or '<span class="good">nothing is wrong</span>'


def _minute(at: int) -> str:
    """Return an instant as people read it, to the minute."""
    return from_us(at).strftime("%Y-%m-%d %H:%M UTC")


def _findings(findings: Sequence[Kept], has_run: bool) -> str:
    if not findings and not has_run:
        return "<p class=dim>The checks have not run yet: <code>coterie quality run</code>.</p>"
    if not findings:
        return '<p class="good">Every check passed.</p>'
    rows = "".join(_finding(one) for one in findings)
    return f"<table class=own><tr><th>day<th>severity<th>check<th>what<th>owner<th class=n>no.</tr>{rows}</table>"


def _finding(kept: Kept) -> str:
    one = kept.finding
    accepted = ' <span class="tag dim">accepted</span>' if kept.accepted_at else ""
    return (
        f'<tr><td class="day">{day_text(one.day)}<td><span class="tag {one.severity}">{one.severity}</span>'
        f"<td>{escape(one.check)}<br><span class=dim>{one.stage}</span><td>{escape(one.says)}{accepted}"
        f"<td>{escape(one.owner)}<td class=n>{kept.id}</tr>"
    )


def _chart(rows: Mapping[int, float], bad: set[int]) -> str:
    """Return the rows of each day as bars; days with findings are red. A day that is not over is not measured, and has no bar."""
    if not rows:
        return "<p class=dim>Nothing was measured yet.</p>"
    most, width = max(rows.values()) or 1.0, 1000 / len(rows)
    bars = "".join(
        f'<rect x="{number * width:.1f}" y="{90 - 86 * count / most:.1f}" width="{width * 0.8:.1f}" height="{86 * count / most + 1:.1f}"'
        f"{' class=bad' if day in bad else ''}><title>{day_text(day)}: {count:,.0f}</title></rect>"
        for number, (day, count) in enumerate(sorted(rows.items()))
    )
    first, last = min(rows), max(rows)
    key = ' · <span class="key"></span> days with findings' if bad & rows.keys() else ""
    late = sorted(day_text(day) for day in bad if day > last)
    begun = f" · {', '.join(late)} is not over" if late else ""
    return (
        f'<svg class=days viewBox="0 0 1000 90" preserveAspectRatio="none" role="img" aria-label="rows by day">{bars}</svg>'
        f"<div class=axis><span>{day_text(first)}</span><span>the longest bar is {most:,.0f} rows{key}{begun}</span>"
        f"<span>{day_text(last)}</span></div>"
    )


def _checked(measured: Measured, found: Sequence[Kept], day: int) -> str:
    """Return what was looked at on the newest day that is over: per stage and event, how much was measured and what was wrong."""
    if not measured:
        return ""
    groups: dict[tuple[str, str], list[Subject]] = {}
    for subject in measured:
        groups.setdefault((subject.stage, subject.event), []).append(subject)
    wrong = Counter((str(one.finding.stage), one.finding.event) for one in found if not one.accepted_at)
    lines = []
    for (stage, event), subjects in sorted(
        groups.items(), key=lambda group: (-wrong[group[0]], -len(group[1]), group[0])
    ):
        rows = measured.get(Subject(stage, event, "", "", "rows"))
        keys = len({one.property for one in subjects if one.property})
        count = wrong[stage, event]
        cells = (f"{rows.whole:,.0f}" if rows is not None else "", f"{keys:,}", f"{len(subjects):,}")
        word = f'<span class="error">{count} wrong</span>' if count else '<span class="good">nothing wrong</span>'
        name = "all events" if event == EVERY else event
        lines.append(
            f"<tr><td>{stage}<td>{escape(name)}{''.join(f'<td class=n>{one}' for one in cells)}<td>{word}</tr>"
        )
    more = f"<p class=dim>and {len(lines) - SHOWN_EVENTS:,} events more</p>" if len(lines) > SHOWN_EVENTS else ""
    head = "<tr><th>stage<th>event<th class=n>rows<th class=n>properties<th class=n>measures<th></tr>"
    return f"<h2>What was checked on {day_text(day)}</h2><table class=own>{head}{''.join(lines[:SHOWN_EVENTS])}</table>{more}"


def _rules(told: Sequence[bytes], day: int) -> str:
    """Return the rules of the newest day, each with the table that Pointblank makes of it."""
    if not told:
        return ""
    parts = [msgspec.json.decode(one) for one in told]
    return f"<h2>Rules on {day_text(day)}</h2>" + "".join(_rule(one) for one in parts)


def _rule(told: dict[str, Any]) -> str:
    steps = told["steps"]
    failed = sum(not one["passed"] for one in steps)
    key = escape(steps[0]["rule"]) if steps else "no rows"
    word = f'<span class="error">{failed} of {len(steps)} expectations not met</span>' if failed else '<span class="good">met</span>'  # fmt: skip
    return f'<details{" open" if failed else ""}><summary>{key}: {word}</summary><div class="table">{told["report"]}</div></details>'


def _reconciled(told: Sequence[tuple[str, int, int, bytes]]) -> str:
    if not told:
        return ""
    by_source: dict[str, list[dict[str, Any]]] = {}
    for source, day, _, text in told:
        by_source.setdefault(source, []).append({"day": day, **msgspec.json.decode(text)})
    rows = "".join(_source(source, days) for source, days in by_source.items())
    names = ("days", "at the source", "landed", "missing", "extra", "different")
    head = f"<tr><th>source{''.join(f'<th class=n>{name}' for name in names)}</tr>"
    return f"<h2>Reconciliation</h2><table class=own>{head}{rows}</table>"


def _source(source: str, days: Sequence[Mapping[str, Any]]) -> str:
    sums = [sum(one[word] for one in days) for word in ("there", "here", "missing", "extra", "different")]
    exact = not any(sums[2:])
    cells = "".join(f"<td class=n>{count:,}" for count in sums)
    return f'<tr><td class="{"good" if exact else "error"}">{escape(source)}<td class=n>{len(days)}{cells}</tr>'
