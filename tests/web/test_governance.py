"""Rules, the intake and the catalogue over HTTP, on a running server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import Serving
from tests.web.conftest import BUYERS, send, track

RULES = """\
key: shop
rules:
  - {property: country, country: alpha-2, otherwise: quarantine}
  - {identifier: email, trait: email, email: {tag: drop}}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    files = {"segments/buyers.yaml": BUYERS, "governance/shop.yaml": RULES}
    with Serving(tmp_path_factory.mktemp("governed") / "shop", files=files) as one:
        assert one.admin.post("/v1/definitions/apply").status_code == 200
        yield one


def identify(user: str, **traits: str) -> dict[str, object]:
    return {"type": "identify", "userId": user, "traits": traits}


def test_values_are_normal_before_identity_and_so_people_meet(server: Serving) -> None:
    send(server, identify("ann", email="Ann+shop@Example.com"), identify("anne", email="ann@example.com"))
    found = [server.reading.get(f"/v1/profiles/{user}").json() for user in ("ann", "anne")]
    assert {one["traits"]["email"]["value"] for one in found} == {"ann@example.com"}
    known = server.reading.get("/v1/profiles/email:ann@example.com").json()
    assert known["profile"] in {one["profile"] for one in found}


def test_an_event_that_a_rule_refuses_waits_in_quarantine_until_the_rule_is_mended(server: Serving) -> None:
    send(server, track("order_completed", "bob", country="Narnia", total=5))
    rows = server.reading.get("/v1/quarantine", params={"reason": "not a country"}).json()["rows"]
    assert [row["row"]["properties"]["country"] for row in rows] == ["Narnia"]
    assert "Narnia" in rows[0]["detail"]
    assert server.reading.get("/v1/profiles/bob").status_code == 404
    assert server.admin.post("/v1/quarantine/replay").json()["sent"] == 0
    file = server.folder / "governance" / "shop.yaml"
    file.write_text(RULES.replace("otherwise: quarantine", "otherwise: drop"))
    assert server.admin.post("/v1/intake/reload").status_code == 200
    assert server.admin.post("/v1/quarantine/replay").json()["sent"] == 1
    (order,) = server.reading.get("/v1/profiles/bob/timeline").json()["rows"]
    assert (order["name"], order["properties"]) == ("order_completed", {"total": 5})
    file.write_text(RULES)
    assert server.admin.post("/v1/intake/reload").status_code == 200


def test_remarks_are_counted_in_the_commit(server: Serving) -> None:
    send(server, track("order_completed", "cy", country="Norway"), track("order_completed", "cy", country="Norway"))
    rows = server.reading.get("/v1/intake/remarks", params={"stage": "standardise"}).json()["rows"]
    (found,) = [one for one in rows if (one["property"], one["kind"]) == ("country", "made normal")]
    assert (found["count"], found["sample"]) == (2, "Norway → NO")
    assert not any("nn" in one["sample"].lower() for one in rows if one["property"] == "email")


def test_new_rules_are_in_force_when_the_intake_is_read_again(server: Serving) -> None:
    assert server.reading.get("/v1/intake").json()["stages"][0] == "standardise"
    file = server.folder / "governance" / "shop.yaml"
    file.write_text(RULES + "  - {property: colour, event: order_completed, text: upper}\n")
    send(server, track("order_completed", "dee", colour="red"))
    assert server.reading.post("/v1/intake/reload").status_code == 403
    assert server.admin.post("/v1/intake/reload").json()["stages"][0] == "standardise"
    send(server, track("order_completed", "dee", colour="blue"))
    found = server.reading.get("/v1/profiles/dee/timeline").json()["rows"]
    assert {one["properties"]["colour"] for one in found if "colour" in one["properties"]} == {"red", "BLUE"}
    audited = server.admin.get("/v1/audit", params={"subject": "intake"}).json()["rows"]
    assert {one["action"] for one in audited} == {"intake.reload"}
    file.write_text(RULES + "  - {property: colour, text: louder}\n")
    refused = server.admin.post("/v1/intake/reload")
    assert refused.status_code == 422
    assert "lower, upper, title" in refused.text
    file.write_text(RULES)
    assert server.admin.post("/v1/intake/reload").status_code == 200


def test_rules_are_tried_before_they_are_written(server: Serving) -> None:
    body = {"event": "view", "properties": {"weight": "500 g", "paid_at": 5}}
    text = "key: t\nrules:\n  - {property: weight, unit: kg}\n"
    found = server.reading.post("/v1/standards/try", json={**body, "standard": text}).json()
    assert found["changes"] == [{"name": "weight", "received": "500 g", "value": 0.5}]
    assert server.reading.post("/v1/standards/try", json=body).json()["changes"] == []
    wrong = server.reading.post("/v1/standards/try", json={**body, "standard": text.replace("kg", "bananas")})
    assert wrong.status_code == 422
    assert [one["kind"] for one in server.reading.get("/v1/standards").json()["rows"]] == ["country", "email"]


def test_the_catalogue_tells_fields_lineage_and_a_page(server: Serving) -> None:
    send(server, track("order_completed", "eve", country="NO"))
    rows = server.reading.get("/v1/catalogue", params={"kind": "event"}).json()["rows"]
    assert {"order_completed", "$identify"} <= {one["name"] for one in rows}
    one = server.reading.get("/v1/catalogue/event/order_completed").json()
    assert one["goes_to"][-1] == "segment:buyers"
    assert one["field"]["sources"] == ["first write key"]
    edges = server.reading.get("/v1/catalogue/lineage").json()["rows"]
    assert {"source": "event:order_completed", "target": "segment:buyers"} in edges
    page = server.reading.get("/v1/catalogue/page")
    assert page.headers["content-type"].startswith("text/html")
    assert "order_completed.country" in page.text
    assert server.reading.get("/v1/catalogue/event/none").status_code == 404
    assert server.reading.get("/v1/catalogue/trait/email").json()["field"]["pii"] == "direct"


def test_wrong_rules_stop_a_start_with_every_problem(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no such unit"):
        Serving(
            tmp_path / "shop", files={"governance/a.yaml": "key: a\nrules:\n  - {property: a, unit: bananas}\n"}
        ).start()
