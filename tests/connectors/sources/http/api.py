"""A small interface over HTTP for tests: a list of orders by REST, in five kinds of pages, and by GraphQL, with every kind of trouble."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from graphql import build_schema, graphql_sync

TOKEN = "t0ken"
_SCHEMA = build_schema("""
    type Order { id: Int! customer: String total: Float updatedAt: String }
    type Edge { node: Order cursor: String }
    type PageInfo { endCursor: String hasNextPage: Boolean! }
    type Orders { edges: [Edge] nodes: [Order] pageInfo: PageInfo! }
    type Shop { orders(first: Int!, after: String, since: String): Orders }
    type Query { shop: Shop orders(first: Int!, after: String, since: String): Orders }
""")


def order(number: int, minute: int | None = None) -> dict[str, Any]:
    """Return an order; without ``minute``, three in a row changed at the same instant."""
    at = number // 3 if minute is None else minute
    return {
        "id": number, "customer": {"id": f"u{number % 5}"}, "total": number * 1.5,
        "updated_at": f"2026-01-01T{at // 60:02}:{at % 60:02}:00Z",
    }  # fmt: skip


class Answer(Exception):
    """An answer that is given in place of the usual one."""

    def __init__(self, status: int, body: Any = None, **headers: str) -> None:
        self.status, self.body = status, body
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        super().__init__(status)


class Api:
    """What the interface has and what it got. ``trouble`` may raise an ``Answer`` before anything else is done."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.orders: list[dict[str, Any]] = []
        self.got: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        self.trouble: Callable[[str, dict[str, Any], dict[str, str]], None] = lambda path, asked, headers: None
        self.tokens: list[str] = []
        self.size = 4
        self.cut = False

    def answer(self, path: str, asked: dict[str, Any], headers: dict[str, str]) -> tuple[Any, dict[str, str]]:
        """Return (body, headers) of an answer. Raises: Answer."""
        self.got.append((path, asked, headers))
        self.trouble(path, asked, headers)
        if path == "/token":
            return self._token(asked), {}
        if path == "/graphql":
            return self._graphql(asked), {}
        rows = [one for one in self.orders if one["updated_at"] >= str(asked.get("since", ""))]
        kind = path.strip("/").split("/")[0]
        if kind == "all":
            return rows, {}
        if kind == "page":
            return self._numbered(rows, asked), {}
        if kind == "offset":
            begin, size = int(asked.get("offset", 0)), int(asked["limit"])
            return {"data": {"items": rows[begin : begin + size]}, "total": len(rows)}, {}
        begin = int(asked.get("cursor") or asked.get("paging", {}).get("cursor") or 0)
        after = str(begin + self.size) if begin + self.size < len(rows) else None
        found = rows[begin : begin + self.size]
        more = {name: value for name, value in asked.items() if name not in ("cursor", "paging")}
        following = f"{path}?{urlencode({**more, 'cursor': after})}" if after else None
        if kind == "cursor":
            return {"items": found, "meta": {"next": after, "more": after is not None}}, {}
        if kind == "header":
            return found, {"x-next": after} if after else {}
        if kind == "link":
            return found, {"link": f'<{self.url}{following}>; rel="next"'} if following else {}
        if kind == "next":
            return {"value": found, "links": {"next": following}}, {}
        raise Answer(404, {"error": "no such list"})

    def _numbered(self, rows: list[dict[str, Any]], asked: dict[str, Any]) -> dict[str, Any]:
        number = int(asked.get("page", 1))
        begin = (number - 1) * self.size
        return {"items": rows[begin : begin + self.size], "pages": -(-len(rows) // self.size)}

    def _token(self, asked: dict[str, Any]) -> dict[str, Any]:
        if (asked.get("client_id"), asked.get("client_secret")) != ("us", "s3cret"):
            raise Answer(401, {"error": "invalid_client"})
        self.tokens.append(f"{TOKEN}{len(self.tokens)}")
        return {"access_token": self.tokens[-1], "expires_in": 3600}

    def _graphql(self, asked: dict[str, Any]) -> Any:
        def orders(_: Any, info: Any, first: int, after: str | None = None, since: str | None = None) -> Any:
            rows = [one for one in self.orders if one["updated_at"] >= (since or "")]
            begin = int(base64.b64decode(after)) if after else 0
            there = [{**one, "customer": one["customer"]["id"], "updatedAt": one["updated_at"]} for one in rows][
                begin : begin + first
            ]
            end = base64.b64encode(str(begin + len(there)).encode()).decode()
            info = {"endCursor": end if there else None, "hasNextPage": begin + first < len(rows)}
            return {"edges": [{"node": one} for one in there], "nodes": there, "pageInfo": info}

        root = {
            "orders": lambda info, **given: orders(None, info, **given),
            "shop": {"orders": lambda info, **given: orders(None, info, **given)},
        }
        done = graphql_sync(_SCHEMA, asked["query"], root, variable_values=asked.get("variables"))
        found: dict[str, Any] = {"data": done.data}
        if done.errors:
            raise Answer(200, {"errors": [one.formatted for one in done.errors]})
        return found


@contextmanager
def api() -> Iterator[Api]:
    """Yield an interface that answers."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # an answer leaves in one piece

        def do_GET(self) -> None:
            self._work({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            if self.headers.get_content_type() == "application/x-www-form-urlencoded":
                self._work({name: one[0] for name, one in parse_qs(body.decode()).items()})
            else:
                self._work(json.loads(body or b"{}"))

        def _work(self, body: dict[str, Any]) -> None:
            url = urlsplit(self.path)
            asked = {name: one[0] for name, one in parse_qs(url.query).items()} | body
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                told, more = served.answer(url.path, asked, headers)
                status = 200
            except Answer as answer:
                status, told, more = answer.status, answer.body, answer.headers
            data = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            if served.cut:
                self.wfile.write(data[: len(data) // 2])
                self.close_connection = True
            else:
                self.wfile.write(data)

        def log_message(self, *told: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = Api(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
