"""Matches over HTTP: proposed, looked at, accepted, rejected."""

from __future__ import annotations

from coterie.engine import matching
from coterie.engine.project import Project
from coterie.identity.matching.proposal import Proposal, Step, proposal_id
from tests.serving import Serving
from tests.web.conftest import send, track


def proposed(server: Serving, one: str, other: str) -> str:
    """Return the id of a match that a run of the batch job might have left."""
    steps = (Step("prior", "", "", "any two people", -10.0), Step("surname", "ng", "ng", "the same", 16.0))
    match = Proposal(proposal_id(one, other), one, other, 0.98, 6.0, steps)
    matching.store_of(Project(server.folder)).put([match], 1_790_000_000_000_000)
    return match.id


def test_a_match_is_accepted_and_taken_back(server: Serving) -> None:
    send(server, track("order_completed", "mo-1"), track("seen", "mo-2"))
    match = proposed(server, "mo-1", "mo-2")
    (row,) = server.reading.get("/v1/matches").json()["rows"]
    assert (row["id"], row["state"], row["survivor"], row["loser"]) == (match, "proposed", "mo-1", "mo-2")
    assert sum(step["weight"] for step in row["steps"]) == row["weight"]
    assert server.reading.get(f"/v1/matches/{match}").json() == row
    done = server.admin.post(f"/v1/matches/{match}/accept", json={})
    assert done.status_code == 200, done.text
    assert (done.json()["state"], done.json()["decided_by"]) == ("accepted", "first admin key")
    assert server.reading.get("/v1/profiles/mo-2").json()["profile"] == "mo-1"
    merges = server.reading.get("/v1/profiles/mo-1/identity").json()["merges"]
    assert [one["because"] for one in merges] == [f"match:{match}"]
    assert server.reading.get("/v1/matches").json()["rows"] == []
    (audited,) = server.admin.get("/v1/audit", params={"subject": f"match:{match}"}).json()["rows"]
    assert audited["action"] == "match.accept"


def test_a_match_is_rejected(server: Serving) -> None:
    send(server, track("seen", "no-1"), track("seen", "no-2"))
    match = proposed(server, "no-1", "no-2")
    assert server.admin.post(f"/v1/matches/{match}/reject").json()["state"] == "rejected"
    assert server.reading.get("/v1/profiles/no-2").json()["profile"] == "no-2"
    assert [one["id"] for one in server.reading.get("/v1/matches", params={"state": "rejected"}).json()["rows"]] == [
        match
    ]
    for path in ("/v1/matches/none", "/v1/matches/a%20b"):
        assert server.reading.get(path).status_code == 404
    assert server.admin.post(f"/v1/matches/{match}/accept", json={"survivor": "somebody"}).status_code == 422
    assert server.reading.post(f"/v1/matches/{match}/accept", json={}).status_code == 403
