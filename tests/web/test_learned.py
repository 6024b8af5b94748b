"""A server that learns: features, a fit, publication, members of a condition, scores, drift, models from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coterie.limits import DAY_US
from coterie.segments.instants import rfc3339
from tests.engine.learning.planted import NOW, kind_of, planted
from tests.servers import wait_until
from tests.serving import Serving

SETTINGS = "present: clock\nserver: {port: 0, log_format: json, clock: manual}\n"
REGULARS = "key: regulars\nwhen:\n  cluster: {model: buyers, in: [%s]}\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder: Path = tmp_path_factory.mktemp("learned") / "shop"
    planted(folder, {"segments/known.yaml": "key: known\nwhen: {did: {event: order}}\n"}, SETTINGS)
    with Serving(folder) as one:
        moved = one.admin.post("/v1/clock", json={"at": rfc3339(NOW)})
        assert moved.status_code == 200, moved.text
        assert one.admin.post("/v1/definitions/apply").status_code == 200
        yield one


def read(server: Serving, path: str, **asked: Any) -> Any:
    answer = server.reading.get(f"/v1/{path}", params=asked, timeout=120)
    assert answer.status_code == 200, answer.text
    return answer.json()


def do(server: Serving, path: str, **asked: Any) -> Any:
    answer = server.admin.post(f"/v1/{path}", params=asked, timeout=120)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_features_are_told_and_measured(server: Serving) -> None:
    (told,) = read(server, "features")["rows"]
    assert (told["key"], [one["name"] for one in told["features"]]) == ("rfm", ["recency", "frequency", "monetary"])
    summary = read(server, "features/rfm/summary")
    assert summary["people"] == 90
    first = read(server, "features/rfm/rows", limit=60)
    rest = read(server, "features/rfm/rows", limit=60, at=first["at"], cursor=first["next"])
    assert len({one["profile"] for one in (*first["rows"], *rest["rows"])}) == 90
    assert rest["next"] is None
    assert server.reading.get("/v1/features/rfm/page").headers["content-type"].startswith("text/html")
    assert server.reading.get("/v1/features/rmf").status_code == 404


def test_a_model_is_fitted_published_asked_and_withdrawn(server: Serving) -> None:
    assert {one["key"]: one["state"] for one in read(server, "models")["rows"]}["buyers"] == "not fitted"
    assert server.reading.post("/v1/models/clusters/buyers/fit").status_code == 403
    fitted = do(server, "models/clusters/buyers/fit")
    assert (fitted["version"], fitted["people"], fitted["signer"]) == (1, 90, "this project")
    told = read(server, "clusters/buyers", members=True)
    assert [one["size"] for one in told["clusters"]] == [30, 30, 30]
    regular = next(one for one in told["clusters"] if kind_of(one["typical"][0]["profile"]) == "regular")
    assert do(server, "models/clusters/buyers/publish")["people"] == 90
    text = REGULARS % regular["key"]
    made = server.admin.put("/v1/segments/regulars", content=text, headers={"content-type": "application/yaml"})
    assert made.status_code == 200, made.text
    members = read(server, "segments/regulars/members", limit=100)["rows"]
    assert {kind_of(one["profile"]) for one in members} == {"regular"}
    assert len(members) == 30
    profile = read(server, "profiles/regular-00")
    assert profile["traits"]["cluster.buyers"]["value"] == regular["key"]
    assert [one["deed"] for one in read(server, "models/clusters/buyers/history")["rows"]] == ["published", "saved"]
    do(server, "models/clusters/buyers/withdraw")
    wait_until(lambda: not read(server, "segments/regulars/members")["rows"], what="everybody to leave")
    audited = {one["action"] for one in server.admin.get("/v1/audit").json()["rows"]}
    assert {"model.fit", "model.publish", "model.withdraw"} <= audited


def test_long_work_is_begun_followed_and_found_again(server: Serving) -> None:
    begun = server.admin.post("/v1/models/clusters/buyers/fit", params={"background": True})
    assert begun.status_code == 202, begun.text
    assert (begun.json()["action"], begun.json()["subject"]) == ("model.fit", "clusters:buyers")
    place = begun.headers["location"]

    def job() -> Any:
        return server.admin.get(place).json()

    wait_until(lambda: job()["state"] not in ("waiting", "running"), what="the fit to end")
    done = job()
    assert done["state"] == "done", done
    assert done["result"]["people"] == 90
    unwritten = server.admin.post("/v1/models/value/buyers/fit", params={"background": True}).json()
    wait_until(lambda: server.admin.get(f"/v1/jobs/{unwritten['id']}").json()["state"] == "failed", what="it to fail")
    assert [one["state"] for one in server.admin.get("/v1/jobs").json()["rows"]] == ["failed", "done"]
    assert server.admin.delete(place).json() == done, "it is over"
    assert server.admin.get("/v1/jobs/0").status_code == 404
    assert server.reading.get("/v1/jobs").status_code == 403
    assert server.admin.delete(f"/v1/models/clusters/buyers/versions/{done['result']['version']}").status_code == 200


def test_a_rule_is_written_among_the_segments_and_nowhere_else(server: Serving) -> None:
    told = do(server, "models/clusters/buyers/fit")
    cluster = read(server, "clusters/buyers", version=told["version"])["clusters"][0]["key"]
    for key in ("../coterie", "../features/rfm", "a b"):
        path = f"/v1/clusters/buyers/clusters/{cluster}/segment"
        answer = server.admin.post(path, params={"segment": key, "version": told["version"]})
        assert (answer.status_code, "not a segment key" in answer.text) == (422, True), answer.text


def test_values_are_scored_and_shown(server: Serving) -> None:
    assert do(server, "models/value/worth/fit")["version"] == 1
    scores = read(server, "scores/value/worth", limit=5)
    assert (scores["people"], len(scores["rows"])) == (90, 5)
    assert kind_of(scores["rows"][0]["profile"]) == "regular"
    assert server.reading.get("/v1/scores/value/worth/page").text.startswith("<!doctype html>")


def test_drift_is_looked_at_and_kept(server: Serving) -> None:
    do(server, "models/clusters/buyers/fit", at=rfc3339(NOW - 65 * DAY_US))
    assert read(server, "drift/buyers")["rows"] == []
    look = do(server, "drift/buyers/looks")
    assert len(look["windows"]) >= 2
    assert isinstance(look["judgement"]["is_stale"], bool)
    assert len(read(server, "drift/buyers")["rows"]) == 1
    for path in ("drift/buyers/page", "clusters/buyers/page"):
        page = server.reading.get(f"/v1/{path}", timeout=120)
        assert page.text.startswith("<!doctype html>"), page.text[:300]


def test_a_model_comes_back_as_a_file_only_with_a_trusted_key(server: Serving) -> None:
    do(server, "models/clusters/buyers/fit")
    newest = read(server, "models")["rows"][0]["versions"][-1]
    file = server.reading.get("/v1/models/clusters/buyers/file", params={"version": newest}).content
    gone = server.admin.delete(f"/v1/models/clusters/buyers/versions/{newest}")
    assert gone.status_code == 200, gone.text
    spoilt = server.admin.post("/v1/models/files", content=file.replace(b'"people": 90', b'"people": 91'))
    assert spoilt.status_code == 422
    assert "changed after it was signed" in spoilt.text
    assert server.admin.post("/v1/models/files", content=file + b" " * (2 << 20)).json()["version"] == newest
    assert server.admin.post("/v1/models/files", content=b" " * ((1 << 24) + 1)).status_code == 413
    assert server.admin.post("/v1/models/files", content=file).status_code == 409
    assert server.admin.post("/v1/models/keys", json={"key": "no key", "name": "x"}).status_code == 422
    key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    assert server.admin.post("/v1/models/keys", json={"key": key, "name": "the other shop"}).status_code == 200
    assert [one["name"] for one in read(server, "models/keys")["trusted"]] == ["the other shop"]
    assert server.admin.delete(f"/v1/models/keys/{key}").status_code == 200


def test_an_erasure_clears_who_was_where(server: Serving) -> None:
    do(server, "models/clusters/buyers/fit")
    before = read(server, "clusters/buyers", members=True)
    someone = next(one["profile"] for one in before["clusters"][0]["typical"])
    asked = {"profiles": [someone], "reason": "asked"}
    answer = server.admin.post("/v1/privacy/erasures", json=asked, timeout=60)
    assert answer.status_code in (200, 202), answer.text
    wait_until(lambda: someone not in str(read(server, "clusters/buyers", members=True)), what="the person to go")
