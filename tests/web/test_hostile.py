"""What must not happen to a server, whoever asks: no route without its scope, no secret of a source in anything that it says, no webhook that harms it."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from coterie.web.api.application import document_text
from tests.servers import free_port, wait_until
from tests.serving import Serving

DOCUMENT: dict[str, Any] = json.loads(document_text())
OPERATIONS = [
    (method, path, one["x-scope"])
    for path, operations in DOCUMENT["paths"].items()
    for method, one in operations.items()
]
KEY, IN_PATH = "sk_live_SECRET99", "path_SECRET77"
PORT = free_port()
MAPPED = "mapping: {profile: customer, occurred_at: at, event: order, id: id}\n"
FILES = {
    "sources/open.yaml": "kind: webhook\nsignature: {kind: none}\nmapping: {event: seen, identifiers: {user_id: who}, occurred_at: $received_at}\n",
    "sources/api.yaml": f'kind: rest\nurl: "http://127.0.0.1:{PORT}/${{IN_PATH}}/orders"\nkey: id\nheaders: {{X-Key: "${{KEY}}"}}\n{MAPPED}',
    "sources/table.yaml": f'kind: postgresql\nurl: "postgresql://me:${{KEY}}@127.0.0.1:{PORT}/db"\ntable: t\nkey: id\n{MAPPED}',
    "sources/sheet.yaml": f'kind: sheet\nurl: "http://127.0.0.1:{PORT}/${{IN_PATH}}?key=${{KEY}}"\n{MAPPED}',
    "segments/seers.yaml": "key: seers\ntitle: '<img src=x onerror=alert(1)>'\nwhen: {did: {event: seen}}\n",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("hostile") / "shop"
    with Serving(folder, files=FILES, environment={"KEY": KEY, "IN_PATH": IN_PATH}) as one:
        yield one


def push(server: Serving, content: Any, **headers: str) -> httpx.Response:
    return httpx.post(f"{server.url}/v1/webhooks/open", content=content, headers=headers, timeout=30)


def test_every_route_asks_for_a_key_of_its_scope(server: Serving) -> None:
    nobody = httpx.Client(base_url=server.url)
    for method, path, scope in OPERATIONS:
        asked = (method.upper(), re.sub(r"\{[^}]+\}", "x", path))
        assert nobody.request(*asked).status_code == 401, asked
        assert server.writing.request(*asked).status_code == 403, asked
        if scope == "admin":
            assert server.reading.request(*asked).status_code == 403, asked


def test_whatever_changes_something_or_tells_everything_of_a_person_is_for_admins() -> None:
    asking = {"/v1/standards/try"}
    for method, path, scope in OPERATIONS:
        if path.startswith("/v1/privacy/") or (method in ("put", "delete") and "/v1/" in path):
            assert scope == "admin", (method, path)
        if method == "post" and re.match(r"/v1/(sources|quality|intake|reconciliations|catalogue|tracking)", path):
            assert scope == "admin" or path in asking, (method, path)


def test_no_secret_of_a_source_is_in_anything_that_the_server_says(server: Serving) -> None:
    told = ""
    for name in ("api", "table", "sheet"):
        assert server.admin.post(f"/v1/sources/{name}/pull").status_code == 200
        wait_until(lambda name=name: server.reading.get(f"/v1/sources/{name}").json()["now"]["error"] != "")  # type: ignore[misc]
        told += server.reading.get(f"/v1/sources/{name}").text
        failed = server.admin.post(f"/v1/reconciliations/{name}")
        assert failed.status_code in (502, 503)
        told += failed.text
        assert server.admin.post(f"/v1/sources/{name}/reset").status_code == 200
    assert "${IN_PATH}/orders" in told
    pages = ("/v1/sources", "/v1/audit", "/v1/quarantine", "/metrics", "/readyz", "/v1/status", "/v1/intake/remarks")
    said = [told, server.said(), *(server.admin.get(page).text for page in pages)]
    kept = [path.read_bytes() for path in (server.folder / ".coterie").rglob("*") if path.is_file()]
    assert [one for text in said for one in re.findall(f".{{0,200}}(?:{KEY}|{IN_PATH}).*", text)] == []
    assert not any(secret.encode() in one for one in kept for secret in (KEY, IN_PATH))


def test_what_a_stranger_pushes_is_bounded_and_kept_apart(server: Serving) -> None:
    for body, media in (
        (b"[" * 100_000, "application/json"),
        (b'{"a":' * 900 + b"1" + b"}" * 900, "application/json"),
        (b"a=1&" * 3_000, "application/x-www-form-urlencoded"),
        (b"\xff\xfe\x00", "application/json"),
    ):
        answer = push(server, body, **{"content-type": media})
        assert (answer.status_code, answer.json()["success"]) == (200, False), body[:10]
    large = (b"x" * 1_000_000 for _ in range(100))
    assert push(server, b"x" * 3_000_000).status_code == 413
    with contextlib.suppress(httpx.WriteError):  # answered and closed before all was sent
        assert push(server, large).status_code == 413
    wide = {"who": "ada", **{f"k{number}": number for number in range(10_000)}}
    assert push(server, json.dumps(wide)).status_code == 200
    assert push(server, b'{"who": "ada"}').json()["success"]
    assert '"a request failed"' not in server.said()


@pytest.mark.parametrize(
    "name", ["%C3%A9", "..%2Fopen", "open%00", "%3Cscript%3E", "x" * 3_000, "open/../open", "$%7BKEY%7D"]
)
def test_a_webhook_that_is_not_there_is_not_found(name: str, server: Serving) -> None:
    answer = httpx.post(f"{server.url}/v1/webhooks/{name}", content=b"{}")
    assert answer.status_code in (404, 200 if name.endswith("/open") else 404)
    assert answer.headers["content-type"].startswith("application/json")
    assert KEY not in answer.text


def test_pages_run_nothing_that_others_named(server: Serving) -> None:
    event = "<script>alert(1)</script>"
    calls = [
        {
            "type": "track",
            "event": event,
            "userId": "a",
            "messageId": "m1",
            "properties": {"<img src=x onerror=a>": "</script><b>"},
        }
    ]
    assert server.writing.post("/v1/batch", json={"batch": calls}).status_code == 200
    wait_until(lambda: event in server.reading.get("/v1/catalogue", params={"limit": 1000}).text)
    assert server.admin.post("/v1/quality/runs").status_code == 200
    for path in ("/v1/catalogue/page", "/v1/quality/page"):
        page = server.reading.get(path)
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "script-src 'unsafe" not in policy
        assert not re.search(r"<script>alert|<img|</script><b>", page.text), path
        assert not re.search(r"""(src|href)=["']?(https?:)?//""", page.text), path
