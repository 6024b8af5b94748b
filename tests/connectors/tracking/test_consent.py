"""Consent as browsers signal it: a TC string, Global Privacy Control, and what is chosen by name; which overrules which."""

from __future__ import annotations

import json
from typing import Any

from coterie.connectors.sources.tracking import Options, decode, with_gpc
from coterie.limits import DEFAULT
from coterie.privacy.tcf import purposes_of

AT = 1_790_000_000_000_000
CORE = "CLcVDxRMWfGmWAVAHCENAXCkAKDAADnAABRgA5mdfCKZuYJez-NQm0TBMYA4oCAAGQYIAAAAAAEAIAEgAA"
"""A string of the examples of other decoders: purposes 1, 3, 9 and 10."""
OPTIONS = Options(tcf=(("analytics", (1, 9)), ("advertising", (3, 4))), gpc=("advertising", "sale"))


def consents(*calls: dict[str, Any], gpc: bool = False, options: Options = OPTIONS) -> list[tuple[str, dict[str, Any]]]:
    body = json.dumps(
        {"batch": [{"messageId": f"m{n}", "userId": "ada", **call} for n, call in enumerate(calls)]}
    ).encode()
    found = decode("batch", with_gpc(body) if gpc else body, AT, DEFAULT, options)
    assert not found.refused
    return [(one.id, one.properties) for one in found.events if one.name == "$set"]


def identified(**consent: Any) -> dict[str, Any]:
    return {"type": "identify", "traits": {}, "context": {"consent": consent}}


VIEW = {"type": "track", "event": "view"}


def test_a_tc_string_consents_to_the_purposes_that_stand_on_it() -> None:
    assert consents(identified(tcf=CORE)) == [("m0#consent", {"consent.analytics": True, "consent.advertising": False})]


def test_what_was_chosen_by_name_overrules_the_string() -> None:
    told = identified(tcf=CORE, categoryPreferences={"analytics": False, "mail": True})
    assert consents(told) == [
        ("m0#consent", {"consent.analytics": False, "consent.advertising": False, "consent.mail": True})
    ]


def test_a_string_that_is_none_says_nothing() -> None:
    for text in ("", "nonsense", CORE[:20], "B" + CORE[1:], "C" * 9_000, "\u00e9" * 60):
        assert consents(identified(tcf=text)) == []
        assert purposes_of(text) is None


def test_gpc_overrules_everything_in_its_message() -> None:
    told = consents(identified(categoryPreferences={"advertising": True, "mail": True}), gpc=True)
    assert told == [("m0#consent", {"consent.advertising": False, "consent.mail": True, "consent.sale": False})]
    told = consents(identified(gpc=True, categoryPreferences={"advertising": True}))
    assert told == [("m0#consent", {"consent.advertising": False, "consent.sale": False})]


def test_gpc_of_any_event_refuses_once_by_one_id() -> None:
    first, again = consents(VIEW, VIEW, gpc=True), consents(VIEW, gpc=True)
    assert first == again
    ((event_id, said),) = first
    assert event_id.startswith("gpc#")
    assert "ada" not in event_id
    assert said == {"consent.advertising": False, "consent.sale": False}
    assert consents({**VIEW, "context": {"consent": {"gpc": True}}}) == first


def test_a_project_may_leave_gpc_alone() -> None:
    assert consents(VIEW, gpc=True, options=Options(gpc=())) == []


def test_a_single_call_may_bear_the_signal() -> None:
    body = with_gpc(json.dumps({"event": "view", "userId": "ada", "messageId": "m"}).encode())
    names = [one.name for one in decode("track", body, AT, DEFAULT, OPTIONS).events]
    assert names == ["view", "$set"]


def test_without_the_signal_nothing_is_added() -> None:
    assert consents(VIEW, {**VIEW, "context": {"consent": {"gpc": False}}}, {**VIEW, "gpc": "yes"}) == []
