"""How far a kept clustering has drifted, as sections of a report: the judgement, and five things apart."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from coterie.engine.learning.drift.report import DriftReport
from coterie.engine.learning.pictures.change import drift_picture, lines_picture, migration_picture
from coterie.engine.learning.pictures.picture import Picture
from coterie.engine.learning.reports.page import Section, said, table
from coterie.model import Undetermined
from coterie.monitoring.drift.features import EVERYONE
from coterie.monitoring.drift.judgement import Window
from coterie.segments.instants import rfc3339


def drift_sections(found: DriftReport, titles: Mapping[str, str]) -> list[Section]:
    """Return the report's sections; ``titles`` are the clusters' names by key."""
    return [
        _judgement(found), _validity(found), _sizes(found, titles), _features(found), _moves(found.windows[-1], titles), _outcomes(found, titles),
    ]  # fmt: skip


def _day(at: int) -> str:
    return rfc3339(at)[:10]


def _judgement(found: DriftReport) -> Section:
    judged = found.judgement
    word = '<b class="error">stale: fit it again</b>' if judged.is_stale else '<b class="good">it still holds</b>'
    reasons = "".join(f"<li>{escape(one)}</li>" for one in judged.reasons)
    rows = [
        (
            _day(window.at),
            f'<span class="{"error" if remark.stale else "warning"}">{escape(remark.aspect)}</span>',
            escape(remark.what),
        )
        for window, remarks in zip(found.windows, judged.remarks, strict=True)
        for remark in remarks
    ]
    told = table(("window until", "aspect", "what"), rows, 3) if rows else '<p class="good">No window has a remark.</p>'
    return Section(title="Judgement", body=f"<p>{word}</p><ul>{reasons}</ul>{told}")


def _validity(found: DriftReport) -> Section:
    rows = []
    lines: list[tuple[str, float]] = []
    for window in found.windows:
        if window.validity is None:
            continue
        one = window.validity
        rows.append((
            _day(window.at), f"{one.people:,}", said(one.agreement, ".3f"), said(one.noise_floor, ".3f"), said(one.inertia_ratio, ".2f"),
            said(one.far_share, ".1%"),
        ))  # fmt: skip
        if not isinstance(one.agreement, Undetermined):
            lines.append((_day(window.at), one.agreement))
    head = (
        "window until",
        "people",
        "agreement with a fresh fit",
        "agreement of fits with themselves",
        "spread (1: as at the fit)",
        "far from every centre",
    )
    caption = "The adjusted Rand index of the frozen clusters and fresh ones of the same people: 1 is the same, 0 as by chance."
    pictures = (
        (lines_picture({"agreement": lines}, "agreement", "Agreement with a fresh fit", caption),)
        if len(lines) > 1
        else ()
    )
    return Section(title="Does the model still fit?", body=table(head, rows), pictures=pictures)


def _sizes(found: DriftReport, titles: Mapping[str, str]) -> Section:
    last = found.windows[-1].sizes
    rows = [
        (
            escape(titles.get(key, key) or "in no cluster"),
            f"{last.counts[key][0]:,}",
            f"{last.counts[key][1]:,}",
            f"{before:.1%}",
            f"{now:.1%}",
        )
        for key, (before, now) in last.shares().items()
    ]
    body = f"<p>PSI of the shares: {said(last.psi, '.4f')} (worth a look from {last.bound:g}).</p>"
    shares = {
        titles.get(key, key) or "in no cluster": [
            (_day(one.at), one.sizes.shares()[key][1]) for one in found.windows if key in one.sizes.counts
        ]
        for key in last.counts
    }
    caption = "Share of the people in each cluster at the end of each window."
    pictures = (lines_picture(shares, "sizes", "Shares by window", caption),) if len(found.windows) > 1 else ()
    head = ("cluster", "at the fit", "now", "share at the fit", "share now")
    return Section(title="Sizes", body=body + table(head, rows), pictures=pictures)


def _features(found: DriftReport) -> Section:
    values: dict[str, dict[str, float]] = {}
    bounds: list[float] = []
    for window in found.windows:
        for one in window.features:
            if one.segment == EVERYONE and not isinstance(one.distance, Undetermined):
                values.setdefault(one.feature, {})[_day(window.at)] = one.distance
                bounds.append(one.bound)
    if not values:
        return Section(title="Features", body="<p class=dim>Nothing was measured.</p>")
    picture = drift_picture(values, min(bounds), measure="distance", title="Drift of features, everyone")
    return Section(title="Features", pictures=(picture,))


def _moves(window: Window, titles: Mapping[str, str]) -> Section:
    if window.migration is None:
        return Section(title="Migration", body="<p class=dim>Nobody is there at both instants.</p>")
    moves = window.migration
    rows = [(escape(titles.get(key, key)), said(share, ".1%")) for key, share in moves.retention().items()]
    body = f"<p>{said(moves.stayed(), '.1%')} of those in a cluster at both ends of the last window are where they were.</p>"
    return Section(
        title="Migration", body=body + table(("cluster", "stayed"), rows), pictures=(moves_picture(moves, titles),)
    )


def moves_picture(moves: object, titles: Mapping[str, str]) -> Picture:
    """Return a migration as a heat-map with the clusters' names."""
    from coterie.monitoring.drift.migration import Migration

    assert isinstance(moves, Migration)

    def name(key: str) -> str:
        return titles.get(key, key) or "in no cluster"

    return migration_picture(moves.counts, [name(key) for key in moves.before], [name(key) for key in moves.after])


def _outcomes(found: DriftReport, titles: Mapping[str, str]) -> Section:
    rows = []
    for one in found.windows[-1].outcomes:
        values = (
            (said(one.values), "")
            if isinstance(one.values, Undetermined)
            else tuple(f"{value:,.4g}" for value in one.values)
        )
        mark = ' <span class="warning">moved</span>' if one.is_beyond else ""
        rows.append(
            (
                escape(titles.get(one.segment, one.segment) or "everyone") + mark,
                escape(one.outcome),
                *values,
                said(one.effect, "+.2f"),
            )
        )
    body = (
        table(("cluster", "outcome", "before", "now", "effect"), rows, 2)
        if rows
        else "<p class=dim>No outcome was asked for.</p>"
    )
    return Section(title="Outcomes", body=body)
