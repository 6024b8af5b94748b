"""The running parts' own numbers as the figures that ``/metrics`` names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from coterie.clock import Clock
from coterie.limits import SECOND_US
from coterie.web.metrics import Histograms, Value

Figures = Mapping[str, Value]


def of_journal(journal: Any, runner: Any, clock: Clock) -> Callable[[], Figures]:
    """Return the reading of the journal, and of how far the runner is behind it."""

    def read() -> Figures:
        position = runner.status().journal_position
        oldest = journal.read(position, entries_max=1) if journal.head > position else []
        return {
            "coterie_journal_bytes": journal.size_bytes(),
            "coterie_journal_entries_total": journal.head,
            "coterie_lag_entries": max(journal.head - position, 0),
            "coterie_lag_seconds": max(clock.now() - oldest[0].received_at, 0) / SECOND_US if oldest else 0.0,
            "coterie_overloaded_total": journal.tallies()["overloaded"],
        }

    return read


def of_runner(runner: Any) -> Callable[[], Figures]:
    """Return the reading of the runner: what it did, how long it took, and what it holds."""

    def read() -> Figures:
        status, told = runner.status(), runner.tallies()
        found: dict[str, Value] = {
            "coterie_ready": float(status.ready),
            "coterie_recovery_progress": status.progress,
            "coterie_events_total": told.events,
            "coterie_events_duplicate_total": told.duplicates,
            "coterie_events_suppressed_total": told.suppressed,
            "coterie_quarantined_total": {(reason,): count for reason, count in told.refused_reasons.items()},
            "coterie_remarks_total": told.remarks,
            "coterie_commits_total": told.commits,
            "coterie_commit_seconds": Histograms(told.commit_histogram, told.commit_seconds),
            "coterie_step_seconds_total": told.step_seconds,
            "coterie_freshness_seconds": Histograms(told.freshness_histogram, told.freshness_seconds_total),
            "coterie_changes_total": told.changes,
            "coterie_profiles": told.live.get("profiles", 0),
            "coterie_live_total": {(what,): count for what, count in told.live.items() if what != "profiles"},
            "coterie_failed_events_total": told.failed_events,
            "coterie_state_bytes": told.state_bytes,
            "coterie_waiting_rows": told.arrivals_rows,
            "coterie_snapshots_total": told.snapshots,
            "coterie_snapshot_age_seconds": told.snapshot_age_seconds,
            "coterie_clock_jumps_total": {("back",): told.clock_backwards, ("forward",): told.clock_forwards},
        }
        if status.ready:
            found["coterie_members"] = {(key,): size for key, size in runner.counts().items()}
        return found

    return read


def when_ready(runner: Any, read: Callable[[], Figures]) -> Callable[[], Figures]:
    """Return a reading that says nothing while the runner recovers."""
    return lambda: read() if runner.status().ready else {}


def of_sources(followers: Any, clock: Clock) -> Callable[[], Figures]:
    """Return the reading of the sources that are read by this server."""

    def read() -> Figures:
        found = followers.health()
        return {
            "coterie_source_up": {(one.name,): float(not one.error) for one in found},
            "coterie_source_rows_total": {(one.name,): one.rows for one in found},
            "coterie_source_events_total": {(one.name,): one.events for one in found},
            "coterie_source_refused_total": {(one.name,): one.refused for one in found},
            "coterie_source_age_seconds": {
                (one.name,): max(clock.now() - one.read_at, 0) / SECOND_US for one in found if one.read_at
            },
        }

    return read


def of_edges(caches: Sequence[Any], webhooks: Any) -> Callable[[], Figures]:
    """Return the reading of the caches that are kept in step, and of webhooks that came in."""

    def read() -> Figures:
        copies = [one.health() for one in caches]
        return {
            "coterie_webhook_answers_total": {
                (name, str(status)): n for (name, status), n in webhooks.tallies().items()
            },
            "coterie_cache_up": {(one.name,): float(one.up) for one in copies},
            "coterie_cache_lag_changes": {(one.name,): one.lag_changes for one in copies},
            "coterie_cache_lag_rows": {(one.name,): one.lag_rows for one in copies},
            "coterie_cache_lag_seconds": {(one.name,): one.lag_seconds for one in copies},
            "coterie_cache_rebuilds_total": {(one.name,): one.rebuilds for one in copies},
        }

    return read


def of_watch(watch: Any) -> Callable[[], Figures]:
    """Return the reading of the checks of the data."""

    def read() -> Figures:
        health = watch.health()
        return {
            "coterie_quality_findings": {
                (word,): health.findings.get(word, 0) for word in ("info", "warning", "error")
            },
            "coterie_quality_runs_total": health.runs,
            "coterie_quality_age_seconds": watch.age_s(),
        }

    return read


def of_drift(watch: Any) -> Callable[[], Figures]:
    """Return the reading of the watch over models and rates."""

    def read() -> Figures:
        health = watch.health()
        return {
            "coterie_drift_looks_total": health.looks,
            "coterie_drift_stale_models": len(health.stale),
            "coterie_drift_rate_alarms": len(health.alarms),
        }

    return read
