"""What each cluster is, as sections of a report."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from coterie.clusters.explanation.bounds import spoken
from coterie.clusters.explanation.explain import IN_SHORT, NO_RULE
from coterie.clusters.explanation.facts import Difference, Explained, Explanation, ShortRule
from coterie.engine.learning.pictures.clusters import profile_picture
from coterie.engine.learning.reports.page import Section, bar, said, table

SHOWN = 12
"""Differences of each cluster that are in its table."""


def overview(explanation: Explanation, keys: Sequence[str], names: Sequence[str]) -> Section:
    """Return all clusters in one table, greatest first, and their profiles as a heat-map."""
    rows = [
        (
            f"<b>{escape(names[one.cluster])}</b><br><code>{escape(keys[one.cluster])}</code>", f"{one.size:,}", f"{one.share:.1%}",
            bar(one.share), said(one.revenue_share, ".1%"),
            said(one.rule.fidelity.f1, ".2f") if isinstance(one.rule, ShortRule) else said(one.rule),
        )
        for one in sorted(explanation.clusters, key=lambda one: -one.size)
    ]  # fmt: skip
    body = table(("cluster", "people", "share", "", "share of revenue", "rule (F1)"), rows)
    if explanation.noise:
        body += f"<p class=dim>{explanation.noise:,} of {explanation.people:,} people are in no cluster.</p>"
    return Section(title="Clusters", body=body, pictures=(profile_picture(explanation, names),))


def details(explanation: Explanation, keys: Sequence[str], names: Sequence[str]) -> Section:
    """Return a paragraph, the differences with their intervals and the rule of each cluster."""
    ordered = sorted(explanation.clusters, key=lambda one: -one.size)
    return Section(
        title="One by one", body="".join(_cluster(one, keys[one.cluster], names[one.cluster]) for one in ordered)
    )


def _cluster(one: Explained, key: str, name: str) -> str:
    chips = [
        f"<div><b>{one.size:,}</b> <span>people</span></div>",
        f"<div><b>{one.share:.1%}</b> <span>of all</span></div>",
    ]
    if isinstance(one.revenue_share, float):
        chips.append(f"<div><b>{one.revenue_share:.1%}</b> <span>of the revenue</span></div>")
    rows = [_difference(each) for each in one.differences[:SHOWN]]
    head = (
        "feature",
        "members",
        "others",
        "apart (standard deviations)",
        "95 % interval",
        "above others in pairs",
        "95 % interval",
    )
    suggested = f"<p class=dim>Its features suggest the name “{escape(one.name)}”.</p>" if one.name != name else ""
    return (
        f"<article><h3>{escape(name)} <code>{escape(key)}</code></h3><div class=chips>{''.join(chips)}</div>"
        f"<p class=words>{escape(_without_rule(one.says))}</p>{suggested}{_rule(one)}"
        f"<details><summary>What is different, with intervals</summary>{table(head, rows)}</details></article>"
    )


def _difference(one: Difference) -> tuple[str, ...]:
    feature = spoken(one.column) if one.level is None else f"{spoken(one.column)}: {one.level}"
    title = f" <span class=dim>{escape(one.title)}</span>" if one.title != one.column else ""
    values = (one.median, one.median_elsewhere) if one.level is None else (one.mean, one.elsewhere)
    form = ",.4g" if one.level is None else ".1%"
    unit = f" <span class=dim>{escape(one.unit)}</span>" if one.unit else ""
    return (
        escape(feature) + unit + title, format(values[0], form), format(values[1], form), f"{one.difference:+.2f}",
        f"{one.low:+.2f} to {one.high:+.2f}", f"{one.exceeds:.1%}", f"{one.exceeds_low:.1%} to {one.exceeds_high:.1%}",
    )  # fmt: skip


def _without_rule(says: str) -> str:
    """Return a cluster's paragraph without its rule, which stands below it."""
    return says.partition(f" {IN_SHORT}")[0].partition(f" {NO_RULE}")[0]


def _rule(one: Explained) -> str:
    if not isinstance(one.rule, ShortRule):
        return f"<p class=dim>No short rule: {escape(one.rule.reason)}.</p>"
    found = one.rule.fidelity
    return (
        f"<p><b>Short rule:</b> {escape(one.rule.says)}. <span class=dim>It picks {found.people:,} people, finds {found.recall:.0%} of the members; "
        f"{found.precision:.0%} of whom it picks are members (F1 {found.f1:.2f}, accuracy {found.accuracy:.1%}).</span></p>"
    )
