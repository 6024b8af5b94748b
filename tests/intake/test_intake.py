"""Stages one after the other: what a later one refuses is kept as it came, so that it can be sent again."""

from __future__ import annotations

from coterie.connectors.sources.tracking.tracked import Tracked
from coterie.governance.parse import parse_text
from coterie.governance.standardise import Standardise
from coterie.intake.intake import Intake
from coterie.taxonomy.parse import plan_of
from coterie.taxonomy.stage import PlanStage

GRAMS = """
key: parcels
rules:
  - {property: weight, unit: {to: kg, from: g}}
  - {identifier: email, email: true}
"""
POLICY = "on_violation: quarantine"


def intake(maximum: float) -> Intake:
    event = f"event: parcel\nproperties: {{weight: {{type: number, maximum: {maximum}}}}}"
    return Intake((Standardise(parse_text(GRAMS)), PlanStage(plan_of([("plan.yaml", POLICY), ("parcel.yaml", event)]))))


def parcel(grams: int) -> Tracked:
    return Tracked(f"p{grams}", "parcel", (("email", "Ada@Example.com"),), 0, {"weight": grams})


def test_what_a_later_stage_refuses_is_as_it_came() -> None:
    passed = intake(10).take([parcel(500), parcel(20_000)], "till", 0)
    assert [one.properties for one in passed.events] == [{"weight": 0.5}]
    (refused,) = passed.refused
    assert refused.event.properties == {"weight": 20_000}
    assert refused.event.identifiers == (("email", "Ada@Example.com"),)
    assert "20; allowed: number, maximum 10" in refused.detail


def test_it_is_made_normal_once_when_it_is_sent_again() -> None:
    (refused,) = intake(10).take([parcel(20_000)], "till", 0).refused
    (event,) = intake(100).take([refused.event], "till", 0).events
    assert event.properties == {"weight": 20}
    assert event.identifiers == (("email", "ada@example.com"),)
