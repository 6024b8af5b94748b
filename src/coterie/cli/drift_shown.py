"""How ``coterie drift`` draws its answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from coterie.cli.session import Session
from coterie.cli.tables import plain_table

if TYPE_CHECKING:
    from coterie.engine.learning.drift.rates import SegmentAlarm
    from coterie.engine.learning.drift.recalibration import Recalibrated
    from coterie.engine.learning.drift.report import DriftReport
    from coterie.engine.learning.drift.segments import SegmentDrift
    from coterie.monitoring.drift.judgement import Remark, Window
    from coterie.storage.drift_book import Look


def show_report(session: Session, found: DriftReport, titles: Mapping[str, str]) -> None:
    """Every window, the clusters of the last one, and the judgement are on the screen."""
    from coterie.segments.instants import rfc3339

    console = session.console()
    names = ("people", "sizes (PSI)", "features", "stayed", "agreement", "inertia", "far")
    table = plain_table("window until", *names, "remarks", right=(*names, "remarks"))
    for window, remarks in zip(found.windows, found.judgement.remarks, strict=True):
        told = _figures(window)
        people = f"{sum(now for _, now in window.sizes.counts.values()):,}"
        marks = str(len(remarks)) if not any(one.stale for one in remarks) else f"[red]{len(remarks)}[/]"
        table.add_row(rfc3339(window.at)[:10], people, *told, marks if remarks else "")
    console.print(table)
    _show_clusters(session, found.windows[-1], titles)
    _show_remarks(session, found.judgement.remarks[-1])
    if found.judgement.is_stale:
        console.print(f"[bold red]stale[/]: try a refit beside it: coterie drift recalibrate {found.model} --force")
    else:
        console.print("[green]the model still describes the people[/]")


def _figures(window: Window) -> list[str]:
    from coterie.monitoring.drift.features import drifting_share

    validity, moves = window.validity, window.migration
    return [
        _number(window.sizes.psi, "{:.3f}"),
        _number(drifting_share(window.features), "{:.0%}"),
        _number(None if moves is None else moves.stayed(), "{:.0%}"),
        _number(None if validity is None else validity.agreement, "{:.2f}"),
        _number(None if validity is None else validity.inertia_ratio, "{:.2f}"),
        _number(None if validity is None else validity.far_share, "{:.1%}"),
    ]


def _number(value: object, form: str) -> str:
    return form.format(value) if isinstance(value, float) else "–"


def _show_clusters(session: Session, window: Window, titles: Mapping[str, str]) -> None:
    from rich.markup import escape

    retention = {} if window.migration is None else window.migration.retention()
    names = sorted({one.outcome for one in window.outcomes})
    columns = ("share before", "share now", "still there", *names)
    table = plain_table("cluster", *columns, right=columns)
    outcomes = {(one.segment, one.outcome): one.values for one in window.outcomes}
    for key, (before, now) in window.sizes.shares().items():
        cells = []
        for name in names:
            values = outcomes.get((key, name))
            cells.append(f"{values[0]:.3g} → {values[1]:.3g}" if isinstance(values, tuple) else "–")
        kept = _number(retention.get(key), "{:.0%}")
        table.add_row(escape(titles.get(key) or key), f"{before:.1%}", f"{now:.1%}", kept, *cells)
    session.console().print(table)


def _show_remarks(session: Session, remarks: Sequence[Remark]) -> None:
    from rich.markup import escape

    for one in remarks:
        colour = "red" if one.stale else "yellow"
        session.console().print(f"[{colour}]![/] [dim]{one.aspect}[/]  {escape(one.what)}")


def show_segments(session: Session, found: Sequence[SegmentDrift]) -> None:
    """Every segment's size, who stayed, and what is beyond its bound are on the screen."""
    from rich.markup import escape

    right = ("people before", "people now", "share before", "share now", "stayed")
    table = plain_table("segment", *right, right=right)
    for one in found:
        counts, shares = one.window.sizes.counts, one.window.sizes.shares()
        before, now = counts.get(one.segment, (0, 0))
        share = shares.get(one.segment, (0.0, 0.0))
        retention = {} if one.window.migration is None else one.window.migration.retention()
        kept = _number(retention.get(one.segment), "{:.0%}")
        table.add_row(
            escape(one.title or one.segment), f"{before:,}", f"{now:,}", f"{share[0]:.1%}", f"{share[1]:.1%}", kept
        )
    session.console().print(table)
    for one in found:
        _show_remarks(session, one.remarks)


def show_history(session: Session, key: str, found: Sequence[Look]) -> None:
    """Every look is on the screen, the newest first."""
    from rich.markup import escape

    from coterie.segments.instants import rfc3339

    if not found:
        session.console().print(f"nobody looked yet: coterie drift recalibrate {key}")
        return
    table = plain_table("looked at", "version", "sizes (PSI)", "agreement", "state", "decision", right=("version",))
    for one in found:
        state = "[red]stale[/]" if one.is_stale else "[green]valid[/]"
        decision = one.decision + (f" (version {one.candidate})" if one.candidate else "")
        figures = [f"{one.figures[name]:.3f}" if name in one.figures else "–" for name in ("size_psi", "agreement")]
        table.add_row(rfc3339(one.at)[:16], str(one.version), *figures, state, decision)
    session.console().print(table)
    for text in found[0].remarks:
        session.console().print(f"[yellow]![/] {escape(text)}")


def show_alarms(session: Session, found: Sequence[SegmentAlarm], days: int) -> None:
    """Every alarm is on the screen, in the order of time."""
    from rich.markup import escape

    from coterie.segments.instants import rfc3339

    if not found:
        session.console().print(f"[green]no rate of a segment changed in {days} days[/]")
        return
    table = plain_table("at", "detector", "what")
    for one in found:
        table.add_row(rfc3339(one.alarm.at)[:16], one.alarm.detector.replace("_", "–"), escape(one.says))
    session.console().print(table)


def show_recalibrated(session: Session, found: Recalibrated) -> None:
    """What was found, what was fitted, and what is in force now are on the screen."""
    from rich.markup import escape

    console = session.console()
    _show_remarks(session, found.report.judgement.remarks[-1])
    if found.compared is not None and found.candidate is not None:
        for text in found.compared.words:
            console.print(f"  {escape(text)}")
        if isinstance(found.separation, tuple):
            before, after = found.separation
            console.print(
                f"  silhouette {before:.3f} → {after:.3f} (version {found.version} → {found.candidate}), on the people of now"
            )
    said = {
        "fresh": f"[green]version {found.version} of {found.model} still holds[/]",
        "told": f"[red]stale[/]; the policy leaves it to you: coterie drift recalibrate {found.model} --force",
        "waiting": f"version {found.candidate} waits: coterie drift promote {found.model} {found.candidate}, or keep",
        "promoted": f"[green]version {found.candidate} is in force[/]",
        "kept": f"version {found.version} stays in force: the refit does not separate people better",
    }
    console.print(said[found.decision])
