"""Copies, sections, pages and outlooks of a live reader through its public door."""

from __future__ import annotations

import pytest

from coterie.errors import CoterieError
from coterie.limits import DAY_US, HOUR_US, Limits
from coterie.segments.catalog import Catalog
from coterie.segments.core import Aggregate, All, Compare, Equals, Holds, InSegment, Node, Not, Rolling, Selector, Trait
from coterie.segments.live import Live
from coterie.segments.live.copies import HANDFUL
from tests.segments.live.arrivals import START, event, random_events, table, told

VIEW = Selector(names=("view",))
NODES: dict[str, Node] = {
    "lately": Compare(Aggregate("count", VIEW, window=Rolling(DAY_US)), ">=", 1),
    "quiet": Not(InSegment("lately")),
    "same": Compare(Aggregate("repeats", VIEW, "sku", Rolling(DAY_US)), ">=", 3),
    "pro": Holds(Trait("plan"), Equals("pro")),
}


def busy(people: int = 30) -> Live:
    live = Live(Catalog.of(NODES))
    live.apply(table(random_events(4, 500, people, ("view", "cart"))))
    return live


def test_what_happens_to_a_reader_does_not_happen_to_its_copy() -> None:
    live = busy()
    copy, data = live.copy(), live.snapshot()
    later = [event(1_000 + i, f"new{i}", "view", 90 * HOUR_US + i, sku=f"s{i}", plan=i) for i in range(200)]
    live.apply(table(later, 1_000))
    live.edit(Catalog.of({"lately": NODES["lately"]}), [], live.now)
    assert copy.snapshot() == data
    other = busy()
    assert told(copy.apply(table(later, 1_000))) == told(other.apply(table(later, 1_000)))
    assert copy.snapshot() == other.snapshot()


def test_sections_are_frozen_and_make_the_same_reader() -> None:
    live = busy()
    data, sections = live.snapshot(), dict(live.sections())
    live.apply(table([event(1_000 + i, f"new{i}", "view", 90 * HOUR_US + i, sku="x") for i in range(50)], 1_000))
    written = {name: bytes(memoryview(part).cast("B")) for name, part in sections.items()}
    restored = Live.from_sections(Catalog.of(NODES), written)
    assert restored.snapshot() == data
    assert restored.counts() == {key: len(restored.members(key)) for key in NODES}


def test_more_texts_than_one_section_holds() -> None:
    live = Live(Catalog.of({"same": NODES["same"]}))
    count = 2 * HANDFUL + 3
    live.apply(table([event(i, f"p{i}", "view", i, sku=f"s{i}") for i in range(count)]))
    restored = Live.from_sections(Catalog.of({"same": NODES["same"]}), dict(live.sections()))
    assert restored.profiles.texts == live.profiles.texts
    assert restored.snapshot() == live.snapshot()


def test_numbers_as_ids() -> None:
    live = Live(Catalog.of(NODES))
    live.apply(table(random_events(5, 300, 20, ("view",)), numeric=True))
    data = live.snapshot()
    assert not live.member("lately", 10**9), "asking for a stranger makes nobody"
    assert live.outlook("lately", 10**9) is None
    assert live.snapshot() == data
    assert Live.from_sections(Catalog.of(NODES), dict(live.sections())).snapshot() == data
    assert live.copy().snapshot() == data


def test_sections_of_other_definitions_or_limits_are_refused() -> None:
    sections = dict(busy().sections())
    with pytest.raises(CoterieError, match="other definitions"):
        Live.from_sections(Catalog.of({"pro": NODES["pro"]}), sections)
    with pytest.raises(CoterieError, match="another shape"):
        Live.from_sections(Catalog.of(NODES), sections, Limits(run_entries_max=100))
    with pytest.raises(CoterieError, match="no state"):
        Live.from_sections(Catalog.of(NODES), {**sections, "about": b"nonsense"})
    again = Live.from_sections(Catalog.of(NODES), sections, Limits(duplicate_keys_max=4_096))
    assert told(again.apply(table(random_events(4, 500, 30, ("view", "cart")), 500)[-1:])) == []


def test_members_come_in_pages() -> None:
    live = Live(Catalog.of(NODES))
    live.apply(table([event(i, f"p{i}", "view" if i % 3 else "cart", i) for i in range(1_000)]))
    expected = live.members("lately")
    found: list[str] = []
    after: int | None = -1
    while after is not None:
        rows, ids, after = live.member_page("lately", after, 64)
        assert len(rows) == len(ids) <= 64
        found += ids
    assert sorted(found) == expected
    assert len(set(found)) == len(found)
    assert live.member_page("pro", -1, 10)[1:] == ([], None)


def test_an_outlook_follows_references_and_changes_nothing() -> None:
    both = All((Not(InSegment("lately")), Compare(Aggregate("count", VIEW), ">=", 1)))
    live = Live(Catalog.of({"lately": NODES["lately"], "gone": both, "pro": NODES["pro"]}))
    live.apply(table([event(0, "ann", "view", 0), event(1, "ann", "view", HOUR_US), event(2, "bob", "cart", HOUR_US)]))
    data = live.snapshot()
    assert live.outlook("gone", "ann") == live.outlook("lately", "ann") == START + HOUR_US + DAY_US
    assert live.outlook("gone", "bob") is None
    assert live.outlook("pro", "ann") is None
    assert live.outlook("pro", "stranger") is None
    assert live.snapshot() == data
    live.apply(table([event(3, "bob", "$merge", 2 * HOUR_US, loser="ann")], 3))
    assert live.outlook("lately", "ann") is None, "an absorbed id has no outlook of its own"
    assert live.outlook("lately", "bob") == START + HOUR_US + DAY_US
