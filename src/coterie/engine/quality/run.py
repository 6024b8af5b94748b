"""One run of the checks: days that are new are measured, days that are over are judged once, today as far as it has come."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from coterie.engine.project import HIDDEN, Project
from coterie.engine.quality import beside
from coterie.engine.quality import rules as rule_files
from coterie.engine.quality.rules import Rule
from coterie.engine.quality.validation import stale, validate
from coterie.limits import DAY_US, HOUR_US
from coterie.monitoring.finding import Finding
from coterie.monitoring.judgement import judge, owned, unspoilt, watched
from coterie.monitoring.measures import EVERY, Measured, Observation, Subject
from coterie.monitoring.tuning import LEVELS
from coterie.storage.quality.book import Book, Kept, Run
from coterie.storage.quality.measuring import measure, newest, rows_by_day
from coterie.storage.state.database import Connection

CHUNK_ROWS = 5_000_000
"""Rows of the days that are measured in one pass."""
FORGOTTEN_DAYS = 366
"""Measures and findings are kept so long."""
RULE_DAYS = 7
"""A rule that is new looks back so many days."""
NEARLY_US = HOUR_US
"""Where the present is the end of the log, its last day counts as over when it reaches into the last hour."""


class Report(Struct, frozen=True, kw_only=True):
    """What a run did."""

    at: int
    rows: int
    """Rows of the log in the days that were measured now."""
    measured: int
    judged: int
    """Days that were looked at and are over."""
    findings: list[Kept]
    """Everything found on the days that were judged, and today."""
    new: list[Kept]
    """Those of them that were not known before."""
    seconds: float


def book_of(project: Project) -> Book:
    """Return the book of a project."""
    return Book(project.root / HIDDEN / "quality.db")


def run(
    project: Project,
    at: int,
    *,
    owners: Mapping[str, str] | None = None,
    threads: int = 2,
    state: Connection | None = None,
    slack_us: int | None = None,
) -> Report:
    """Return what is wrong with the days that were not judged yet, up to the instant ``at``.

    ``owners``: event → who answers for it. ``state``: the committed state, when somebody has it open already. ``slack_us``: a
    day counts as over so long before its end; an hour when not said and the present is the end of the log.
    Raises: InvalidDefinition for rules. Cost: about 5 µs per event of days that are new, and a tenth of a second per day.
    """
    began = time.perf_counter()
    rules = rule_files.load(project.root)
    slack = slack_us if slack_us is not None else NEARLY_US if project.settings.present == "log" else 0
    return _Checking(project, at, rules, owners or {}, threads, state, slack).run(began)


class _Checking:
    def __init__(
        self, project: Project, at: int, rules: Mapping[str, Rule], owners: Mapping[str, str], threads: int,
        state: Connection | None, slack_us: int,
    ) -> None:  # fmt: skip
        self._project, self._at, self._rules, self._owners, self._threads = project, at, rules, owners, threads
        self._settings = project.settings.quality
        self._book = book_of(project)
        self._files = project.events.files()
        self._state = state
        self._today = (at + slack_us) // DAY_US
        """The first day that is not over."""
        self._found: list[Kept] = []
        self._new: list[Kept] = []

    def run(self, began: float) -> Report:
        rows = rows_by_day(self._files, self._today - self._settings.history_days)
        first = max(min(rows, default=self._today), self._today - self._settings.history_days)
        known = self._book.days()
        days = range(first, self._today)
        fresh = [day for day in days if known.get(day, (-1, False))[0] != rows.get(day, 0)]
        for part in _parts(fresh, rows):
            self._measure(part, rows)
        waiting = [day for day in days if day in fresh or not known.get(day, (0, False))[1]]
        history = self._book.history(first - self._settings.history_days, self._today)
        for day in waiting:
            self._judge(day, history)
        if rows.get(self._today, 0) or rows:
            self._judge_today(history)
        self._book.forget(self._today - FORGOTTEN_DAYS)
        seconds = time.perf_counter() - began
        told = Run(at=self._at, seconds=seconds, measured=len(fresh), judged=len(waiting), findings=len(self._found))
        self._book.ran(told)
        return Report(
            at=self._at, rows=sum(rows.get(day, 0) for day in fresh), measured=len(fresh), judged=len(waiting),
            findings=self._found, new=self._new, seconds=seconds,
        )  # fmt: skip

    def _measure(self, days: Sequence[int], rows: Mapping[int, int]) -> None:
        found = measure(self._files, days[0], days[-1] + 1, threads=self._threads)
        told = {day: found.get(day, {}) for day in days}
        beside.add(self._project, told, self._state)
        self._book.keep({day: watched(one, self._settings.ignore) for day, one in told.items()}, rows)

    def _judge(self, day: int, history: Mapping[int, Measured]) -> None:
        findings = [*self._anomalies(day, history.get(day, {}), history), *self._validated(day)]
        self._record(day, findings, over=True)

    def _judge_today(self, history: Mapping[int, Measured]) -> None:
        """Look at the day that is not over: what is there, and whether it is silent. Its measures are not kept."""
        day = self._today
        found = measure(self._files, day, day + 1, threads=self._threads).get(day, {})
        told: dict[int, dict[Subject, Observation]] = {day: dict(found)}
        beside.add(self._project, told, self._state)
        hours = max(0, min(23, (self._at - day * DAY_US) // HOUR_US))
        findings = self._anomalies(day, watched(told[day], self._settings.ignore), history, hours)
        for rule in self._rules.values():
            if rule.fresh_within is not None:
                late = stale(rule, newest(self._files, rule.event, rule.source or ""), self._at, self._settings.owner)
                findings += [late] if late is not None else []
        self._record(day, findings, over=False)

    def _anomalies(self, day: int, today: Measured, history: Mapping[int, Measured], until: int = 24) -> list[Finding]:
        flagged: dict[int, set[Subject]] = {}
        for one in self._book.findings(day - self._settings.history_days, day):
            if not one.accepted_at and not one.finding.rule:
                flagged.setdefault(one.finding.day, set()).add(one.finding.subject())
        before = unspoilt(history, flagged, day)
        found = judge(today, before, day, LEVELS[self._settings.sensitivity], until=until)
        return owned(found, self._owners, self._settings.owner)

    def _validated(self, day: int) -> list[Finding]:
        findings: list[Finding] = []
        told: list[tuple[str, bytes]] = []
        if day < self._today - RULE_DAYS:
            return []
        for rule in self._rules.values():
            if not rule.expect and rule.rows_at_least is None and rule.rows_at_most is None:
                continue
            owner = self._owners.get(rule.event, "") or self._settings.owner
            done = validate(rule, self._files, day, owner, report=day == self._today - 1)
            findings += done.findings
            kept = {"steps": done.steps, "report": done.report}
            told.append((rule.key, msgspec.json.encode(kept)))
        self._book.keep_validations(day, told)
        return findings

    def _record(self, day: int, findings: Sequence[Finding], *, over: bool) -> None:
        self._new += self._book.record(day, findings, self._at, over=over)
        self._found += self._book.findings(day, day + 1)


def _parts(days: Sequence[int], rows: Mapping[int, int]) -> list[list[int]]:
    """Return the days in runs without gaps, none of too many rows."""
    found: list[list[int]] = []
    held = 0
    for day in days:
        if found and day == found[-1][-1] + 1 and held + rows.get(day, 0) <= CHUNK_ROWS:
            found[-1].append(day)
            held += rows.get(day, 0)
        else:
            found.append([day])
            held = rows.get(day, 0)
    return found


def rows_of(measured: Measured) -> float:
    """Return all rows of a measured day."""
    one = measured.get(Subject("land", EVERY, "", "", "rows"))
    return one.whole if one is not None else 0.0
