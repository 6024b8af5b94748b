"""From a definition to what the readers read, and what cannot stand beside what."""

from __future__ import annotations

from typing import Any

import pytest

from coterie.errors import InvalidDefinition, NotFound
from coterie.segments import core
from coterie.segments.conditions.thresholds import Thresholds
from coterie.segments.definition import Context, Segment, lower_all
from coterie.segments.parse import load, parse
from tests.conftest import ROOT

EVERYONE = {"everyone": {}}
TOP = {"top": {"percent": 10, "by": {"kind": "sum", "property": "total", "event": "order"}, "thresholds": 3}}


def segment(key: str, when: Any = EVERYONE, **fields: Any) -> Segment:
    return parse({"key": key, "when": when, **fields})


def problems(*segments: Segment, context: Context | None = None) -> list[tuple[str, str]]:
    with pytest.raises(InvalidDefinition) as caught:
        lower_all(segments, context or Context())
    return [(problem.where, problem.what) for problem in caught.value.problems]


def test_defaults() -> None:
    plain = segment("a")
    assert (plain.title, plain.tags, plain.version, plain.universe, plain.refresh) == ("", (), 1, "all", "live")
    assert plain.is_live
    assert not plain.manual


def test_universe_and_hands_wrap_the_rule() -> None:
    node = segment("a", {"in_segment": "b"}, universe="identified", manual=True).lower().node
    by_hand = core.Trait("manual.a")
    rule = core.All(
        (
            core.Not(core.Holds(by_hand, core.Equals("out"))),
            core.Any((core.Holds(by_hand, core.Equals("in")), core.InSegment("b"))),
        )
    )
    assert node == core.All((core.KNOWN_BY_IDENTIFY, rule))


@pytest.mark.parametrize(
    ("own", "inner", "project", "used"),
    [
        (None, None, "Asia/Kolkata", "Asia/Kolkata"),
        ("Europe/Oslo", None, "Asia/Kolkata", "Europe/Oslo"),
        ("Europe/Oslo", "America/New_York", "Asia/Kolkata", "America/New_York"),
    ],
)
def test_nearest_time_zone_counts(own: str | None, inner: str | None, project: str, used: str) -> None:
    did = {"event": "x", "during": {"calendar": "week", "last": 2, "offset": 1}} | (
        {"time_zone": inner} if inner else {}
    )
    lowered = segment("a", {"did": did}, **({"time_zone": own} if own else {})).lower(Context(time_zone=project))
    assert isinstance(lowered.node, core.Compare)
    assert isinstance(lowered.node.term, core.Aggregate)
    assert lowered.node.term.window == core.Calendar("week", used, 2, 1)


def test_dates_begin_in_the_time_zone() -> None:
    when = {"trait": {"name": "x", "after": "2026-01-01"}}
    assert segment("a", when, time_zone="Asia/Kolkata").lower().node == core.Holds(
        core.Trait("x"), core.Moment(">=", 1767205800000000, "Asia/Kolkata")
    )


def test_examples_lower_together() -> None:
    catalog = lower_all(load(ROOT / "examples" / "segments"))
    assert len(catalog) >= 8
    assert list(catalog.keys).index("drifting-away") < list(catalog.keys).index("win-back")


def test_problems_between_definitions() -> None:
    scheduled = segment("nightly", refresh={"every": "1d"})
    told = problems(
        segment("a"),
        segment("a"),
        segment("b", {"in_segment": "nightly"}),
        scheduled,
        segment("c", {"not": {"any": [{"in_segment": "missing"}]}}),
        segment("d", TOP),
    )
    assert sorted(told) == [
        ("a", "two segments have this key"),
        ("b: when.in_segment", "a live segment refers to a scheduled one"),
        ("c: when.not.any[0].in_segment", "refers to a segment that does not exist"),
        ("d", "thresholds version 3 has not been published"),
    ]


def test_scheduled_segment_may_refer_to_both() -> None:
    by_night = segment("b", {"any": [{"in_segment": "a"}, {"in_segment": "live"}]}, refresh={"cron": "0 3 * * *"})
    assert len(lower_all([by_night, segment("a", refresh={"every": "1w"}), segment("live")])) == 3


def test_circle_is_refused() -> None:
    told = problems(segment("a", {"not": {"in_segment": "b"}}), segment("b", {"in_segment": "a"}))
    assert [what for _, what in told] == ["segments refer to each other in a circle"]
    assert [what for _, what in problems(segment("a", {"in_segment": "a"}))] == [
        "segments refer to each other in a circle"
    ]


def test_thresholds_are_those_of_the_named_version() -> None:
    published = {("d", 3): Thresholds(segment="d", version=3, cuts={"top": (310.5,)})}
    node = segment("d", TOP).lower(Context(thresholds=published)).node
    assert core.Compare(core.Aggregate("sum", core.Selector(("order",)), "total"), ">=", 310.5) in core.leaves(node)
    with pytest.raises(NotFound, match="coterie thresholds e"):
        segment("e", TOP).lower(Context(thresholds=published))
    unfit = {("d", 3): Thresholds(segment="d", version=3, cuts={"rfm": (1.0,)})}
    with pytest.raises(NotFound, match="do not fit"):
        segment("d", TOP).lower(Context(thresholds=unfit))


def test_empty_population_has_no_top() -> None:
    published = {("d", 3): Thresholds(segment="d", version=3, cuts={"top": ()})}
    assert segment("d", TOP).lower(Context(thresholds=published)).node == core.NEVER


def test_measures_cut_the_population() -> None:
    (top,) = segment("d", TOP).measures()
    assert top.name == "top"
    assert top.cuts([float(n) for n in range(1, 101)]) == (91.0,)
    assert top.cuts([]) == ()
    rfm = {"rfm": {"recency": [4, 5], "frequency": [1, 2], "event": "order", "within": "365d"}}
    recency, frequency = segment("e", {"all": [rfm, EVERYONE]}).measures()
    assert (recency.name, frequency.name) == ("recency", "frequency")
    assert frequency.cuts([1.0, 2.0, 3.0, 4.0, 5.0]) == (2.0, 3.0, 4.0, 5.0)
    best_two = {"top": {"count": 2, "by": {"kind": "count", "event": "order"}}}
    assert segment("f", best_two).measures()[0].cuts([1.0, 5.0, 3.0, 3.0]) == (3.0,)


def test_sentences() -> None:
    said = {one.key: one.says() for one in load(ROOT / "examples" / "segments")}
    assert said["high-intent-at-risk"] == (
        "People who in the last 30 days did add_to_cart and then no checkout_started for 24 hours or more."
    )
    assert said["new-buyers"] == (
        "Identified people who did order_completed for the first time in the last 7 days"
        " and who have given their consent to marketing."
    )
    assert said["quiet-newsletter"].startswith("Computed at cron 0 3 * * *: people who are on the list newsletter, who")
    assert said["win-back"].startswith("Apart from those put in or taken out by hand, people who are in the segment")
