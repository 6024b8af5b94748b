"""Exit codes of every command."""

from __future__ import annotations

OK = 0
FAILED = 1
INVALID = 2
NOT_FOUND = 3
DISAGREE = 4
REFUSED_ROWS = 5
VIOLATIONS = 6
BREAKING = 7
FINDINGS = 8
UNRECONCILED = 9
INTERRUPTED = 130

MEANINGS: dict[int, str] = {
    OK: "done",
    FAILED: "failed for a reason that no change of the input mends",
    INVALID: "invalid input: a definition, a mapping, an option or a file",
    NOT_FOUND: "not found: a project, a segment, a profile or a file",
    DISAGREE: "`verify` found readers that disagree",
    REFUSED_ROWS: "`ingest --strict` quarantined rows",
    VIOLATIONS: "`plan check` found events that break the tracking plan",
    BREAKING: "`plan diff` found a change that breaks senders and was not announced",
    FINDINGS: "`quality run` found something wrong that was not known before",
    UNRECONCILED: "`reconcile` found rows at a source that did not land, or other differences",
    INTERRUPTED: "interrupted from the keyboard",
}
"""Exit code → what it says, as documented."""
