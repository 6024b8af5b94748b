"""Drafts say no more than there is evidence for."""

from __future__ import annotations

from coterie.taxonomy.checker import Checker
from coterie.taxonomy.draft import Seen, draft_of, file_of


def drafted(one: Seen, events: int = 1000) -> dict[str, object]:
    """Return what the draft says about the property, without what it leaves open."""
    found = draft_of("e", events, [one]).event.named[one.name]
    return {name: getattr(found, name) for name in ("type", "required", "enum", "format", "minimum", "pii")}


def test_evidence_makes_it_strict() -> None:
    assert drafted(Seen(name="total", types={"integer": 300, "number": 700}, smallest=0.5)) == {
        "type": "number", "required": True, "enum": None, "format": None, "minimum": 0, "pii": "none",
    }  # fmt: skip
    assert drafted(Seen(name="currency", types={"string": 999}, values=("EUR", "NOK"), distinct=2)) == {
        "type": "string", "required": False, "enum": ("EUR", "NOK"), "format": None, "minimum": None, "pii": "none",
    }  # fmt: skip
    assert drafted(Seen(name="at", types={"string": 999}, formats=("date-time",)))["format"] == "date-time"


def test_little_evidence_leaves_it_open() -> None:
    assert drafted(Seen(name="total", types={"number": 3}, smallest=1), events=3) == {
        "type": "number", "required": False, "enum": None, "format": None, "minimum": None, "pii": "none",
    }  # fmt: skip
    assert drafted(Seen(name="word", types={"string": 30}, values=("a", "b", "c"), distinct=3))["enum"] is None
    assert drafted(Seen(name="email", types={"string": 900}, values=("a@b.no", "c@d.no")))["enum"] is None
    assert drafted(Seen(name="temperature", types={"number": 900}, smallest=-4.0))["minimum"] is None


def test_a_few_odd_values_are_told_not_taken_over() -> None:
    draft = draft_of("e", 1000, [Seen(name="total", types={"number": 998, "string": 2}, smallest=0)])
    assert draft.event.named["total"].type == "number"
    assert draft.remarks == ("total: 2 of 1,000 values are string; taken for a mistake",)
    whole = draft_of("e", 1000, [Seen(name="total", types={"integer": 998, "number": 2}, smallest=0)])
    assert (whole.event.named["total"].type, whole.remarks) == ("number", ())
    mixed = draft_of("e", 1000, [Seen(name="total", types={"number": 900, "string": 100})])
    assert (mixed.event.named["total"].type, mixed.remarks) == (("number", "string"), ())
    assert not Checker(mixed.event).violations({"total": "12"})


def test_files_have_names_of_their_own() -> None:
    assert file_of("Order Completed", ["order-completed"]) == "Order-Completed-2"
    assert file_of("../../etc/passwd") == "etc-passwd"
    assert file_of("***") == "event"
    assert len(file_of("注" * 300).encode()) < 200


def test_names_that_nobody_would_plan_are_left_out_and_told() -> None:
    seen = [Seen(name=name, types={"number": 5}) for name in ("", "\n", *(f"score_{number}" for number in range(600)))]
    draft = draft_of("e", 1000, [*seen, Seen(name="total", types={"number": 1000})])
    assert len(draft.event.named) == 200
    assert "total" in draft.event.named
    assert draft.remarks == (
        "a property without a name is left out",
        "401 more properties are left out, such as score_278; do names hold ids?",
    )
