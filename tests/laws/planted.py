"""The mistakes that the laws must notice: one text of one file becomes another, and the first law named should object.

A text that is gone from its file fails the test loudly: whoever changes that line says here what the mistake looks like now.
"""

from __future__ import annotations

from tests.laws.faults import Fault

BATCH = ("batch_is_oracle",)
LIVE = ("live_is_oracle",)
LOG = ("changes_are_predicted",)
EXAMPLES = ("examples_hold",)

IN_BATCH = (
    Fault(
        "the far edge of a rolling window counts",
        "segments/batch/windows.py",
        "None if older is None else now - older + 1",
        "None if older is None else now - older",
        BATCH,
    ),
    Fault(
        "the near edge of a shifted window does not count",
        "segments/batch/windows.py",
        "now - newer + 1 if newer > 0",
        "now - newer if newer > 0",
        BATCH,
    ),
    Fault(
        "calendar windows end in UTC",
        "segments/batch/windows.py",
        "unit_at(now, window.unit, window.time_zone) - window.offset + 1, window.unit, window.time_zone",
        'unit_at(now, window.unit, "UTC") - window.offset + 1, window.unit, "UTC"',
        BATCH,
    ),
    Fault(
        "days are counted in UTC",
        "segments/batch/aggregates.py",
        'local_day(column("occurred_at", "e"), term.time_zone,',
        'local_day(column("occurred_at", "e"), "UTC",',
        BATCH,
    ),
    Fault(
        "the mean is over all events, numbers or not",
        "segments/batch/aggregates.py",
        "exp.Count(this=when(condition, _micros(source, term))))",
        "exp.Count(this=when(condition, integer(1))))",
        BATCH,
    ),
    Fault(
        "distinct counts missing values",
        "segments/batch/aggregates.py",
        "_count_distinct(when(condition, source.value(term.field).key()))",
        '_count_distinct(when(condition, exp.Coalesce(this=source.value(term.field).key(), expressions=[text("")])))',
        BATCH,
    ),
    Fault(
        "steps of a sequence may share an instant",
        "segments/batch/sequence.py",
        'end=integer(1), end_side="PRECEDING"',
        'end=integer(0), end_side="PRECEDING"',
        BATCH,
    ),
    Fault(
        "an absent event at the deadline or before does not spoil",
        "segments/batch/sequence.py",
        "found.append(some([unknown, exp.LTE(this=spoiler, expression=last.copy())]))",
        "found.append(some([unknown, exp.LTE(this=spoiler, expression=exp.Add(this=last.copy(), expression=integer(sequence.absent.for_us)))]))",
        BATCH,
    ),
    Fault(
        "the last write wins by arrival",
        "segments/batch/source.py",
        'return column("occurred_at", "e"), column("event_key", "e")',
        'return column("received_at", "e"), column("event_key", "e")',
        BATCH,
    ),
    Fault(
        "ties are broken by position",
        "segments/batch/source.py",
        'return column("occurred_at", "e"), column("event_key", "e")',
        'return column("occurred_at", "e"), column("position", "e")',
        BATCH,
    ),
    Fault(
        "late events are known before they arrive",
        "segments/batch/source.py",
        'seen = "received_at" if self.knowledge == "then" else "occurred_at"',
        'seen = "occurred_at"',
        BATCH,
    ),
    Fault(
        "hindsight waits for arrivals",
        "segments/batch/source.py",
        'seen = "received_at" if self.knowledge == "then" else "occurred_at"',
        'seen = "received_at"',
        ("hindsight",),
    ),
    Fault(
        "not of unknown is unknown",
        "segments/batch/sql.py",
        "return exp.not_(sure(condition))",
        "return exp.not_(condition)",
        BATCH,
    ),
    Fault(
        "a survivor does not get the loser's records",
        "segments/batch/identity.py",
        'return exp.Coalesce(this=column("canonical", ALIASES), expressions=[recorded])',
        "return recorded",
        BATCH,
    ),
    Fault(
        "a merge takes effect one microsecond late",
        "segments/batch/identity.py",
        'exp.LTE(this=column("since", ALIASES)',
        'exp.LT(this=column("since", ALIASES)',
        BATCH,
    ),
    Fault(
        "writing a trait again restarts its clock",
        "segments/batch/traits.py",
        'exp.NEQ(this=column("before", "t"), expression=column("raw", "t")),',
        "exp.true(),",
        BATCH,
    ),
)

IN_LOWERING = (
    Fault(
        "at most excludes never",
        "segments/conditions/counts.py",
        "if self.at_least is not None or self.at_most is None:",
        "if True:",
        EXAMPLES,
    ),
    Fault(
        "stopped forgets to ask for silence",
        "segments/conditions/stopped.py",
        'core.Compare(since, "=", 0.0)',
        'core.Compare(since, ">=", 0.0)',
        EXAMPLES,
    ),
    Fault(
        "first time asks for the latest",
        "segments/conditions/first_time.py",
        'core.Aggregate("first_at"',
        'core.Aggregate("latest_at"',
        EXAMPLES,
    ),
    Fault(
        "then_not forgets what ties the steps",
        "segments/conditions/then_not.py",
        'window, self.same or "", absent)',
        'window, "", absent)',
        EXAMPLES,
    ),
    Fault(
        "consent by default outlives its withdrawal",
        "segments/conditions/consented.py",
        "return core.Not(core.Holds(consent, core.Equals(False)))",
        "return core.ALWAYS",
        EXAMPLES,
    ),
)

IN_ORACLE = (
    Fault(
        "no timer is set for the far edge of a window",
        "segments/oracle/windows.py",
        "left = () if window.older_us is None else (occurred_at + window.older_us,)",
        "left = ()",
        ("nothing_else_changes",),
    ),
)

FAULTS: tuple[Fault, ...] = (*IN_BATCH, *IN_LOWERING, *IN_ORACLE)
