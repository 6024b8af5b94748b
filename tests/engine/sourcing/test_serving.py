"""A server that reads a source: on its schedule, when asked, through crashes and troubles, nothing lost and nothing twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from coterie.engine.project import Project
from tests.servers import wait_until
from tests.serving import Serving

SOURCE = """
kind: files
path: in/*.csv
{every}
mapping:
  identifiers: {{user_id: who, email: mail}}
  occurred_at: at
  event: bought
  properties: {{n: {{column: n, type: integer}}}}
"""


def rows(first: int, end: int, header: bool = True, day: int = 1) -> str:
    told = "".join(f"p{n % 5},p{n % 5}@x.org,2026-01-{day:02d}T00:00:00,{n % 40}\n" for n in range(first, end))
    return f"who,mail,at,n\n{told}" if header else told


def source(server: Serving, name: str = "shop") -> dict[str, Any]:
    found: dict[str, Any] = server.reading.get(f"/v1/sources/{name}").json()
    return found


def numbers(folder: Path) -> list[int]:
    log = Project(folder).events.scan(names=["bought"])
    return sorted(int(one["properties"][5:-1]) for one in log.to_pylist())


def test_a_server_reads_on_through_crashes(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text(rows(0, 100))
    with Serving(tmp_path, files={"sources/shop.yaml": SOURCE.format(every="every: 1s")}) as server:
        wait_until(lambda: source(server)["events"] == 100, what=server.said()[-2000:])
        with (tmp_path / "in" / "a.csv").open("a") as file:
            file.write(rows(100, 150, header=False))
        wait_until(lambda: source(server)["events"] == 150)
        server.kill()
        (tmp_path / "in" / "b.csv").write_text(rows(150, 200, day=2) + "nobody,,never,1\n")
        server.start()
        wait_until(lambda: source(server)["events"] == 200)
        told = source(server)
        assert (told["refused"], told["label"], told["kind"]) == (1, "source:shop", "files")
        metrics = server.reading.get("/metrics").text
        assert 'coterie_source_up{source="shop"} 1.0' in metrics
        assert 'coterie_source_rows_total{source="shop"} 51.0' in metrics
        waiting = server.reading.get("/v1/quarantine").json()["rows"]
        assert [(one["source"], one["reason"]) for one in waiting] == [("source:shop", "occurred_at cannot be read")]
        assert server.reading.get("/v1/profiles/email:p3@x.org").json()["profile"] == "p3"
        server.stop()
    assert numbers(tmp_path) == sorted(n % 40 for n in range(200))
    assert {one["source"] for one in Project(tmp_path).events.scan(names=["bought"]).to_pylist()} == {"source:shop"}


def test_by_hand_asked_reset_and_read_anew(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text(rows(0, 60))
    with Serving(tmp_path, files={"sources/shop.yaml": SOURCE.format(every="")}) as server:
        assert source(server)["now"]["phase"] == "waiting"
        assert server.reading.get("/v1/sources/shop").json()["events"] == 0
        assert server.admin.post("/v1/sources/shop/pull").is_success
        wait_until(lambda: source(server)["events"] == 60)
        assert server.admin.post("/v1/sources/shop/reset").json()["position"] == {}
        assert server.admin.post("/v1/sources/shop/pull").is_success
        wait_until(lambda: source(server)["events"] == 60)
        (tmp_path / "sources" / "more.yaml").write_text("kind: nothing\n")
        refused = server.admin.post("/v1/sources/reload")
        assert refused.status_code == 422
        assert "no such kind of source" in refused.text
        (tmp_path / "sources" / "more.yaml").write_text(SOURCE.format(every="enabled: false"))
        assert [one["name"] for one in server.admin.post("/v1/sources/reload").json()["rows"]] == ["more", "shop"]
        assert source(server, "more")["now"]["phase"] == "off"
        assert server.admin.post("/v1/sources/more/pull").status_code == 409
        assert server.reading.get("/v1/sources/mare").status_code == 404
        server.stop()
    assert numbers(tmp_path) == sorted(n % 40 for n in range(60))


def test_a_damaged_state_keeps_the_position(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text(rows(0, 50))
    files = {"sources/shop.yaml": SOURCE.format(every="every: 1s")}
    with Serving(tmp_path, files=files) as server:
        wait_until(lambda: source(server)["events"] == 50)
        server.stop()
        state = tmp_path / ".coterie" / "state.db"
        whole = state.read_bytes()
        state.write_bytes(whole[:-4096])
        with (tmp_path / "in" / "a.csv").open("a") as file:
            file.write(rows(50, 60, header=False))
        server.start()
        wait_until(lambda: source(server)["now"]["events"] >= 10)
        assert "set aside" in server.reading.get("/readyz").text
        server.stop()
    assert numbers(tmp_path) == sorted(n % 40 for n in range(60))


def test_refused_rows_pass_the_mended_mapping(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text(rows(0, 5) + "p1,p1@x.org,05.01.2026,7\n" * 2)
    files = {"sources/shop.yaml": SOURCE.format(every="every: 1s")}
    with Serving(tmp_path, files=files) as server:
        wait_until(lambda: source(server)["refused"] == 2)
        again = server.admin.post("/v1/sources/shop/replay").json()
        assert (again["sent"], again["refused"]) == (0, 2)
        mended = SOURCE.format(every="every: 1s").replace(
            "occurred_at: at", "occurred_at: {column: at, format: '%d.%m.%Y'}"
        )
        (tmp_path / "sources" / "shop.yaml").write_text(mended)
        assert server.admin.post("/v1/sources/reload").is_success
        assert server.admin.post("/v1/sources/shop/replay").json()["sent"] == 2
        assert server.reading.get("/v1/quarantine").json()["rows"] == []
        assert server.admin.post("/v1/sources/shop/reset").is_success
        wait_until(lambda: source(server)["events"] == 7)
        server.stop()
    assert numbers(tmp_path) == [0, 1, 2, 3, 4, 7, 7]


def test_trouble_is_told_and_passes(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text(rows(0, 10) + "p0,p0@x.org")
    unset = SOURCE.format(every="every: 1s").replace("in/*.csv", "${NOT_SET_ANYWHERE}/*.csv")
    files = {"sources/shop.yaml": SOURCE.format(every="every: 1s"), "sources/unset.yaml": unset}
    with Serving(tmp_path, files=files) as server:
        wait_until(lambda: source(server, "unset")["now"]["phase"] == "failed", what=server.said()[-2000:])
        (told,) = [one for one in server.reading.get("/readyz").json()["warnings"] if "unset" in one]
        assert "the environment does not set this" in told
        wait_until(lambda: source(server)["now"]["error_kind"] == "Truncated", what=server.said()[-2000:])
        assert source(server)["now"]["phase"] == "resting"
        wait_until(lambda: source(server)["events"] == 10)
        assert any("source shop" in one for one in server.reading.get("/readyz").json()["warnings"])
        assert 'coterie_source_up{source="shop"} 0.0' in server.reading.get("/metrics").text
        (tmp_path / "in" / "a.csv").write_text(rows(0, 20))
        server.admin.post("/v1/sources/shop/pull")
        wait_until(lambda: source(server)["events"] == 20)
        wait_until(lambda: not source(server)["now"]["error"])
        (tmp_path / "in" / "a.csv").write_text("other,columns\n" + "1,2\n" * 30)
        wait_until(lambda: source(server)["now"]["error_kind"] == "SchemaChanged")
        assert source(server)["now"]["phase"] == "failed"
        server.stop()
