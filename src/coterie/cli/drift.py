"""``coterie drift``: whether segments and models still describe the people, and what is done when they do not."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coterie.cli.reported import Wanted, reported
from coterie.cli.session import Session, instant_at
from coterie.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coterie.engine.learning.drift.looking import Looking
    from coterie.engine.learning.drift.rates import SegmentAlarm
    from coterie.engine.learning.drift.report import Wish
    from coterie.engine.project import Project
    from coterie.learned.artefact import Artefact

AT = click.option("--at", "when", help="The end of the last window (default: the project's present).")


@click.group("drift")
def command() -> None:
    """Compare the people of now with those a model was fitted on: sizes, features, migration, validity, outcomes."""


@command.command("report")
@click.argument("key")
@click.option("--version", type=int, help="A version (default: the published one, else the newest).")
@AT
@click.option("--window", help="Span of one window, such as 30d (default: as the model's file says).")
@click.option("--windows", type=click.IntRange(1, 60), default=None, help="How many windows back.")
@click.option("--conversion", metavar="EVENT", help="Event that counts as success (default: as the model's file says).")
@click.option("--value", "values", multiple=True, metavar="TRAIT", help="Trait whose mean is watched; may be repeated.")
@click.option("--tests", is_flag=True, help="Add the p-values of Kolmogorov-Smirnov and chi-square tests.")
@reported
@click.pass_obj
def report(
    session: Session,
    key: str,
    version: int | None,
    when: str | None,
    window: str | None,
    windows: int | None,
    conversion: str | None,
    values: tuple[str, ...],
    tests: bool,
    page: Path | None,
    folder: Path | None,
) -> int:
    """Show how far the clusters KEY have drifted since they were fitted. Exit code 8 when the model is stale."""
    from coterie.cli.exits import FINDINGS, OK
    from coterie.engine.learning.drift import looking, report

    project = session.project()
    artefact = _artefact(project, key, version)
    with looking.Looking(project, artefact) as look, _progress(session, f"drift of {key}") as told:
        wish = _wish(session, project, look, when, window, windows, conversion, values, tests)
        found = report.report(look, wish, told)
    Wanted(page, folder).write(session, "drift", project, found)
    if session.as_json:
        from coterie.engine.learning.telling import plain

        session.answer(plain(found))
    else:
        from coterie.cli.drift_shown import show_report

        show_report(session, found, {group.key: group.title for group in look.fitted.groups})
    return FINDINGS if found.judgement.is_stale else OK


@command.command("segments")
@click.argument("keys", nargs=-1, required=True)
@click.option("--since", required=True, help="The instant of the reference, such as 2026-01-01 or 90d (ago).")
@AT
@click.option("--features", "feature_set", help="Feature set whose features are compared.")
@click.option("--conversion", metavar="EVENT", help="Event that counts as success within the window.")
@click.option("--value", "values", multiple=True, metavar="TRAIT", help="Trait whose mean is watched; may be repeated.")
@click.pass_obj
def segments(
    session: Session,
    keys: tuple[str, ...],
    since: str,
    when: str | None,
    feature_set: str | None,
    conversion: str | None,
    values: tuple[str, ...],
) -> int:
    """Show how the segments KEYS have drifted between two instants. Exit code 8 when something is beyond its bound."""
    from coterie.cli.exits import FINDINGS, OK
    from coterie.engine.learning.drift.looking import Outcomes
    from coterie.engine.learning.drift.segments import look_at_segments
    from coterie.engine.when import instant
    from coterie.segments.core import Selector

    project = session.project()
    at = instant_at(session, project, when)
    reference = instant(since, at, project.wall(), project.settings.time_zone)
    asked = Outcomes(conversion=None if conversion is None else Selector(names=(conversion,)), traits=values)
    found = look_at_segments(project, keys, reference, at, feature_set=feature_set, outcomes=asked)
    if session.as_json:
        from coterie.engine.learning.telling import plain

        session.answer(plain(found))
    else:
        from coterie.cli.drift_shown import show_segments

        show_segments(session, found)
    return FINDINGS if any(one.remarks for one in found) else OK


@command.command("history")
@click.argument("key")
@click.pass_obj
def history(session: Session, key: str) -> None:
    """List the looks at the model KEY, the newest first, and what was decided."""
    from coterie.engine.learning.drift.keeping import book_of

    project = session.project()
    _artefact(project, key, None)
    found = tuple(reversed(book_of(project, key).looks()))
    if session.as_json:
        session.answer(found)
    else:
        from coterie.cli.drift_shown import show_history

        show_history(session, key, found)


@command.command("watch")
@click.argument("keys", nargs=-1)
@click.option("--days", type=click.IntRange(15, 366), default=60, show_default=True, help="How many days back.")
@AT
@click.pass_obj
def watch(session: Session, keys: tuple[str, ...], days: int, when: str | None) -> int:
    """Show where entries or exits per hour of segments changed, by two streaming detectors. Exit code 8 when any did."""
    from coterie.cli.exits import FINDINGS, OK
    from coterie.engine.learning.drift.rates import segment_alarms
    from coterie.limits import DAY_US

    project = session.project()
    at = instant_at(session, project, when)
    found = segment_alarms(project, at - days * DAY_US, at, keys)
    if session.as_json:
        session.answer(
            [{"segment": one.segment, "direction": one.direction, "says": one.says, **_alarm(one)} for one in found]
        )
    else:
        from coterie.cli.drift_shown import show_alarms

        show_alarms(session, found, days)
    return FINDINGS if found else OK


def _alarm(one: SegmentAlarm) -> dict[str, Any]:
    return {name: getattr(one.alarm, name) for name in ("detector", "at", "before", "now")}


@command.command("recalibrate")
@click.argument("key")
@AT
@click.option("--force", is_flag=True, help="Fit and compare also when the model is not stale.")
@click.pass_obj
def recalibrate(session: Session, key: str, when: str | None, force: bool) -> int:
    """Look at the drift of KEY and do what its policy says: tell, fit anew and wait for a person, or promote the better one."""
    from coterie.cli.exits import FINDINGS, OK
    from coterie.engine.learning.drift import recalibration
    from coterie.engine.learning.drift.keeping import keep_recalibrated
    from coterie.engine.learning.publishing import publish_clusters
    from coterie.engine.learning.telling import plain

    project = session.project()
    at = instant_at(session, project, when)
    with _progress(session, f"recalibrating {key}") as told:
        found = recalibration.recalibrate(
            project, key, at, publish=lambda version: publish_clusters(project, key, version, by="rule"), by="cli", force=force, told=told
        )  # fmt: skip
    keep_recalibrated(project, found)
    if session.as_json:
        session.answer(plain(found))
    else:
        from coterie.cli.drift_shown import show_recalibrated

        show_recalibrated(session, found)
    return FINDINGS if found.decision in ("told", "waiting") else OK


@command.command("promote")
@click.argument("key")
@click.argument("version", type=int)
@click.pass_obj
def promote(session: Session, key: str, version: int) -> None:
    """Publish the refit VERSION of KEY that waits for a decision."""
    _decided(session, key, version, promote=True)


@command.command("keep")
@click.argument("key")
@click.argument("version", type=int)
@click.pass_obj
def keep(session: Session, key: str, version: int) -> None:
    """Leave the published version of KEY in force: the refit VERSION is not taken."""
    _decided(session, key, version, promote=False)


def _decided(session: Session, key: str, version: int, *, promote: bool) -> None:
    from coterie.engine.learning.drift.recalibration import decide
    from coterie.engine.learning.publishing import publish_clusters

    project = session.project()
    with _progress(session, f"publishing {key}") as told:
        now = decide(
            project, key, version, promote=promote, by="cli", at=project.wall(),
            publish=lambda one: publish_clusters(project, key, one, by="cli", told=told),
        )  # fmt: skip
    if session.as_json:
        session.answer({"model": key, "published": now, "promoted": promote})
    else:
        session.console().print(f"version [bold]{now}[/] of {key} is in force")


# ── shared ───────────────────────────────────────────────────────────────────────────────────────────────────


def _artefact(project: Project, key: str, version: int | None) -> Artefact:
    from coterie.engine.learning.drift.recalibration import published_or_newest
    from coterie.engine.learning.models import models_of

    return published_or_newest(project, key) if version is None else models_of(project).load("clusters", key, version)


def _wish(
    session: Session, project: Project, look: Looking, when: str | None, window: str | None, windows: int | None,
    conversion: str | None, values: tuple[str, ...], tests: bool,
) -> Wish:  # fmt: skip
    from msgspec.structs import replace

    from coterie.engine.learning.drift.report import wish_of

    wish = wish_of(look.artefact, instant_at(session, project, when), look)
    outcomes = wish.outcomes
    if conversion is not None:
        outcomes = replace(outcomes, conversion=look.selector(conversion))
    if values:
        outcomes = replace(outcomes, traits=values)
    changes: dict[str, Any] = {"outcomes": outcomes, "tests": tests}
    if window is not None:
        changes["window_us"] = _span(window)
    if windows is not None:
        changes["windows"] = windows
    return replace(wish, **changes)


def _span(text: str) -> int:
    """Return the microseconds of a written duration. Raises: Problem."""
    from coterie.segments.durations import us_of

    try:
        return us_of(text)
    except ValueError as error:
        allowed = 'a whole number above 0 and s, m, h, d or w, such as "30d"'
        raise Problem("not a duration", where="--window", received=text, allowed=allowed) from error


@contextmanager
def _progress(session: Session, title: str) -> Iterator[Callable[[str, float], None]]:
    with session.progress(title, 1.0) as bar:
        yield lambda doing, share: bar.move(share, doing)
