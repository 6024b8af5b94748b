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
        seed=1,
    ),
    Fault(
        "calendar windows end in UTC",
        "segments/batch/windows.py",
        "unit_at(now, window.unit, window.time_zone) - window.offset + 1, window.unit, window.time_zone",
        'unit_at(now, window.unit, "UTC") - window.offset + 1, window.unit, "UTC"',
        BATCH,
        seed=11,
    ),
    Fault(
        "days are counted in UTC",
        "segments/batch/aggregates.py",
        'local_day(column("occurred_at", "e"), term.time_zone,',
        'local_day(column("occurred_at", "e"), "UTC",',
        BATCH,
        seed=80,
    ),
    Fault(
        "the mean is over all events, numbers or not",
        "segments/batch/aggregates.py",
        "exp.Count(this=when(condition, _micros(source, term))))",
        "exp.Count(this=when(condition, integer(1))))",
        BATCH,
        seed=2,
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
        seed=2,
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
        seed=2,
    ),
    Fault(
        "a survivor does not get the loser's records",
        "segments/batch/identity.py",
        'return exp.Coalesce(this=column("canonical", ALIASES), expressions=[recorded])',
        "return recorded",
        BATCH,
        seed=3,
    ),
    Fault(
        "a merge takes effect one microsecond late",
        "segments/batch/identity.py",
        'exp.LTE(this=column("since", ALIASES)',
        'exp.LT(this=column("since", ALIASES)',
        BATCH,
        seed=12,
    ),
    Fault(
        "writing a trait again restarts its clock",
        "segments/batch/traits.py",
        'exp.NEQ(this=column("before", "t"), expression=column("raw", "t")),',
        "exp.true(),",
        BATCH,
        seed=20,
    ),
)

IN_LOWERING = (
    Fault(
        "at most excludes never",
        "segments/conditions/counts.py",
        "if self.at_least is not None or self.at_most is None:",
        "if True:",
        ("words_are_plain",),
        seed=7,
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
        seed=1,
    ),
)

IN_LIVE = (
    Fault(
        "an event still counts at the instant its window ends",
        "segments/live/evaluation.py",
        "return (True, at + span) if at > now - span else (False, HIGH)",
        "return (True, at + span + 1) if at >= now - span else (False, HIGH)",
        LIVE,
    ),
    Fault(
        "no timer is set for the end of a window",
        "segments/live/evaluation.py",
        "return (True, at + span) if at > now - span else (False, HIGH)",
        "return (True, HIGH) if at > now - span else (False, HIGH)",
        LIVE,
    ),
    Fault(
        "a deadline is reached one microsecond late",
        "segments/live/evaluation.py",
        "return (True, HIGH) if at <= now else (False, at)",
        "return (True, HIGH) if at < now else (False, at + 1)",
        LOG,
    ),
    Fault(
        "segments that refer to a changed one are not asked again",
        "segments/live/timers.py",
        "        state.scratch[plan[i]] = stamp",
        "        state.scratch[plan[i]] = 0",
        LIVE,
    ),
    Fault(
        "a duplicate counts again",
        "segments/live/duplicates.py",
        "        return repeated",
        "        return np.zeros_like(repeated)",
        LIVE,
    ),
    Fault(
        "a merge keeps the larger side's count",
        "segments/live/merging.py",
        "        state.rows[into] += state.rows[gone]\n",
        "        state.rows[into] = max(state.rows[into], state.rows[gone])\n",
        LIVE,
        seed=35,
    ),
    Fault(
        "a merge loses what the loser did lately",
        "segments/live/merging.py",
        "insert(state, into + slot, stride, at, key, value, floor, summed, plan[RUN_MOST])",
        "pass",
        LIVE,
        seed=12,
    ),
    Fault(
        "a loser stays in its segments",
        "segments/live/merging.py",
        "if is_member(state, gone, segment):",
        "if False:",
        LOG,
        seed=3,
    ),
    Fault(
        "the survivor takes the loser's bucket",
        "segments/live/merging.py",
        "    elif kind == K_HASH:\n        return",
        "    elif kind == K_HASH:\n        rows[into + slot] = rows[gone + slot]",
        LIVE,
        seed=5,
    ),
    Fault(
        "late events are dropped",
        "segments/live/stepping.py",
        "        if profile < 0:\n            continue",
        "        if profile < 0 or batch.columns[B_CAUSE, e] == 5:\n            continue",
        LIVE,
    ),
    Fault(
        "an event a minute old is late already",
        "segments/live/intake.py",
        "late = (received - occurred > self._limits.late_after_us)",
        "late = (received - occurred >= self._limits.late_after_us)",
        LOG,
    ),
    Fault(
        "among events of one instant the smaller key is the last",
        "segments/live/summaries.py",
        "at == known and key > rows[word + 1]",
        "at == known and key < rows[word + 1]",
        LIVE,
    ),
    Fault(
        "one instant too few is kept for a count",
        "segments/live/summaries.py",
        "    if at <= rows[word + n - 1]:\n        return False\n    i = n - 1",
        "    if at <= rows[word + n - 1]:\n        return False\n    i = max(n - 2, 0)",
        LIVE,
        seed=3,
    ),
    Fault(
        "a missing number is at least anything",
        "segments/live/summaries.py",
        "    return left >= right",
        "    return not left < right",
        LIVE,
        seed=4,
    ),
    Fault(
        "steps of a sequence may share an instant",
        "segments/live/sequences.py",
        "        if earlier < at:\n",
        "        if earlier <= at:\n",
        LIVE,
    ),
    Fault(
        "an absent event at the last step's own instant spoils",
        "segments/live/sequences.py",
        "entry >> CODE == code and arena[offset + 2 * j] > at:",
        "entry >> CODE == code and arena[offset + 2 * j] >= at:",
        LIVE,
        seed=4,
    ),
    Fault(
        "calendar windows begin in UTC",
        "segments/live/lowering.py",
        "draft.calendar(window.unit, window.time_zone)",
        'draft.calendar(window.unit, "UTC")',
        LIVE,
        seed=3,
    ),
    Fault(
        "what is forgotten stays in the sum",
        "segments/live/runs.py",
        "arena[offset + i * stride + 1] -= base",
        "arena[offset + i * stride + 1] -= 0",
        LIVE,
        seed=111,
    ),
    Fault(
        "a snapshot forgets which events it has seen",
        "segments/live/snapshots.py",
        "keys=(young.tobytes(), old.tobytes()),",
        'keys=(b"", b""),',
        ("snapshot_anywhere",),
    ),
    Fault(
        "the history of a new segment begins with its second record",
        "segments/live/edits.py",
        "batch, begin, end = arrivals.batch, 0, table.num_rows",
        "batch, begin, end = arrivals.batch, 1, table.num_rows",
        ("edits_are_beginnings",),
    ),
)

FAULTS: tuple[Fault, ...] = (*IN_BATCH, *IN_LIVE, *IN_LOWERING, *IN_ORACLE)
