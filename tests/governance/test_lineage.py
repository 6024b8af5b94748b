"""What flows where, and what definitions read."""

from __future__ import annotations

import base64
import hashlib
import re

from coterie.governance.catalogue import Catalogue, Field, types_in
from coterie.governance.lineage import Lineage, Node
from coterie.governance.page import POLICY, page_of
from coterie.governance.reading import Asked, of_segment, of_trigger
from coterie.governance.samples import sample_of
from coterie.segments.parse import parse as segment_of
from coterie.triggers.parse import parse as trigger_of

SOURCE, EVENT, PROPERTY = Node("source", "web"), Node("event", "order"), Node("property", "order.total")
SEGMENT, OTHER, TRIGGER = Node("segment", "vip"), Node("segment", "vip-lapsed"), Node("trigger", "thanks")


def flow() -> Lineage:
    return Lineage([(SOURCE, EVENT), (EVENT, PROPERTY), (PROPERTY, SEGMENT), (SEGMENT, OTHER), (SEGMENT, TRIGGER)])


def test_what_is_above_and_below_is_told_in_the_order_of_the_flow() -> None:
    lineage = flow()
    assert lineage.origins(SEGMENT) == (SOURCE, EVENT, PROPERTY)
    assert lineage.reached(EVENT) == (PROPERTY, SEGMENT, OTHER, TRIGGER)
    assert (lineage.above(SEGMENT), lineage.below(SEGMENT)) == ((PROPERTY,), (OTHER, TRIGGER))
    assert lineage.reached(TRIGGER) == () == lineage.origins(SOURCE)


def test_circles_end() -> None:
    lineage = Lineage([(SEGMENT, OTHER), (OTHER, SEGMENT), (SEGMENT, SEGMENT)])
    assert lineage.reached(SEGMENT) == (OTHER,)


def test_a_segment_reads_events_properties_traits_and_segments_wherever_they_stand() -> None:
    found = of_segment(
        segment_of(
            {
                "key": "deep",
                "when": {
                    "all": [
                        {"did": {"event": "order", "where": {"total": {"greater_than": 10}}, "within": "30d"}},
                        {"any": [{"trait": {"name": "plan", "equals": "pro"}}, {"in_segment": "vip"}]},
                        {
                            "then_not": {
                                "first": {"event": "cart"},
                                "absent": {"event": "order"},
                                "for": "1d",
                                "same": "cart_id",
                            }
                        },
                        {"not": {"did": {"like": "page*", "within": "7d"}}},
                    ]
                },
            }
        )
        .lower()
        .node
    )
    assert Asked(("order",), "", ("total",)) in found.events
    assert Asked(("cart",), "", ("cart_id",)) in found.events
    assert Asked(("order",), "", ("cart_id",)) in found.events
    assert Asked((), "page*", ()) in found.events
    assert found.traits == ("plan",)
    assert found.segments == ("vip",)


def test_names_and_patterns_mean_events_that_are_known() -> None:
    assert Asked(("order",)).among(["view"]) == ("order",)
    assert Asked(pattern="page*").among(["page_a", "view", "$set"]) == ("page_a",)
    assert Asked().among(["view", "$set"]) == ("view",)


def test_a_trigger_reads_what_its_templates_and_its_rules_name() -> None:
    trigger = trigger_of(
        {
            "key": "thanks", "when": {"event": "order", "where": {"total": {"greater_than": 5}}}, "key_by": "order_id",
            "if": {"in_segment": "vip"}, "consent": "marketing", "destination": "mail",
            "gather": {"cart": {"event": "cart", "same": "order_id"}},
        }
    )  # fmt: skip
    found = of_trigger(
        trigger, [("traits", "first_name"), ("event", "properties", "shop"), ("profile", "traits", "a", "b")]
    )
    assert found.events[0] == Asked(("order",), "", ("total", "order_id", "shop"))
    assert Asked(("cart",), "", ("order_id",)) in found.events
    assert set(found.traits) == {"first_name", "a.b", "consent.marketing"}
    assert found.segments == ("vip",)


def test_types_of_a_structure() -> None:
    told = '{"a":"UBIGINT","b":"BIGINT","c":"DOUBLE","d":"VARCHAR","e":"NULL","f":["VARCHAR"],"g":{"lat":"DOUBLE","lon":"DOUBLE"},"h":"BOOLEAN"}'
    assert types_in(told) == {
        "a": "integer", "b": "integer", "c": "number", "d": "text", "f": "list", "g": "point", "h": "boolean",
    }  # fmt: skip


def test_samples_never_tell_an_address_or_a_number() -> None:
    for text in ("ada@example.com", "+47 401 23 456", "call 40123456 now", "(040) 123-456"):
        shown = sample_of(text)
        assert not any(digit in shown for digit in "0123")
        assert "ada" not in shown
    assert sample_of("Norge") == "Norge"
    assert sample_of("2026-01-31") == "2026-01-31"
    assert sample_of(12.5) == "12.5"
    assert len(sample_of("x" * 500)) == 60


def test_the_page_escapes_what_others_sent() -> None:
    one = Field(kind="event", name="<script>alert(1)</script>", examples=("<b>",), count=1)
    page = page_of(Catalogue((one,), flow(), 1, 1, 1), "Shop & Co", 0)
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert "Shop &amp; Co" in page


def test_a_browser_runs_the_script_of_the_page_and_no_other() -> None:
    page = page_of(Catalogue((), flow(), 1, 1, 1), "Shop", 0)
    assert f'content="{POLICY}"' in page
    assert "unsafe" not in POLICY
    for tag in ("style", "script"):
        (inside,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in POLICY
    assert " style=" not in page
    assert not re.search(r"\bon[a-z]+=\"", page)
