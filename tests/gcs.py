"""Google Cloud Storage for tests: its JSON API, as pyarrow speaks it, and its XML API, as Delta Lake does, over one dictionary.

The emulators that can be installed speak one of the two. Nothing is authenticated; objects live in memory.
"""

from __future__ import annotations

import json
import sys
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

WHEN = "2026-01-01T00:00:00.000Z"
HTTP_WHEN = "Thu, 01 Jan 2026 00:00:00 GMT"


class Shelf:
    """Buckets of objects; every write of an object gives it a new generation."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.buckets: dict[str, dict[str, tuple[bytes, int]]] = {}
        self.uploads: dict[str, list[bytes]] = {}
        self.generation = 1000

    def put(self, bucket: str, name: str, data: bytes, wanted: str | None) -> int | None:
        """Return the new generation, ``None`` when the object is not of the ``wanted`` one (0: absent)."""
        with self.lock:
            have = self.buckets[bucket].get(name)
            if wanted is not None and int(wanted) != (have[1] if have else 0):
                return None
            self.generation += 1
            self.buckets[bucket][name] = (data, self.generation)
            return self.generation

    def names(self, bucket: str, prefix: str, delimiter: str, after: str) -> tuple[list[str], list[str]]:
        """Return (objects, common prefixes) below ``prefix``."""
        with self.lock:
            found = sorted(name for name in self.buckets[bucket] if name.startswith(prefix))
        folders: set[str] = set()
        if delimiter:
            cut = {name: name[len(prefix) :].split(delimiter) for name in found}
            folders = {prefix + parts[0] + delimiter for parts in cut.values() if len(parts) > 1}
            found = [name for name in found if len(cut[name]) == 1]
        return [name for name in found if name > after], sorted(folders)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    shelf: Shelf

    def log_message(self, *_: Any) -> None:
        """Nothing is told."""

    # ── answering ────────────────────────────────────────────────────────────────────────────────────────────

    def answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if "Content-Length" not in (headers or {}):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def tell(self, data: Any, status: int = 200) -> None:
        self.answer(status, json.dumps(data).encode(), {"Content-Type": "application/json"})

    def absent(self) -> None:
        self.tell({"error": {"code": 404, "message": "Not Found", "errors": [{"reason": "notFound"}]}}, 404)

    def send_object(self, data: bytes, generation: int) -> None:
        told = {"ETag": f'"{generation}"', "x-goog-generation": str(generation), "Last-Modified": HTTP_WHEN}
        asked = self.headers.get("Range", "")
        if not asked.startswith("bytes="):
            told["Content-Length"] = str(len(data))
            return self.answer(200, data, told)
        start_text, _, end_text = asked[6:].partition("-")
        start = int(start_text) if start_text else max(0, len(data) - int(end_text))
        end = min(int(end_text) + 1 if end_text and start_text else len(data), len(data))
        if start >= len(data):
            return self.answer(416, b"", {"Content-Range": f"bytes */{len(data)}"})
        told["Content-Range"] = f"bytes {start}-{end - 1}/{len(data)}"
        return self.answer(206, data[start:end], told)

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def handle_any(self) -> None:
        split = urlsplit(self.path)
        self.query = {name: values[0] for name, values in parse_qs(split.query, keep_blank_values=True).items()}
        self.data = self.body()
        path = split.path
        for head, work in (("/upload/storage/v1/b/", self.upload), ("/storage/v1/b", self.json_api)):
            if path.startswith(head):
                return work([unquote(one) for one in path[len(head) :].strip("/").split("/") if one])
        return self.xml_api(*(unquote(one) for one in path.lstrip("/").partition("/")[::2]))

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any  # noqa: N815

    # ── JSON ─────────────────────────────────────────────────────────────────────────────────────────────────

    def described(self, bucket: str, name: str) -> dict[str, Any]:
        data, generation = self.shelf.buckets[bucket][name]
        return {
            "kind": "storage#object", "bucket": bucket, "name": name, "size": str(len(data)), "updated": WHEN,
            "timeCreated": WHEN, "generation": str(generation), "metageneration": "1", "etag": str(generation),
        }  # fmt: skip

    def json_api(self, parts: list[str]) -> None:
        shelf = self.shelf
        if not parts:
            name = json.loads(self.data)["name"]
            shelf.buckets.setdefault(name, {})
            return self.tell({"kind": "storage#bucket", "name": name, "id": name, "timeCreated": WHEN, "updated": WHEN})
        bucket = parts[0]
        if bucket not in shelf.buckets:
            return self.absent()
        if len(parts) == 1:
            return self.tell({"kind": "storage#bucket", "name": bucket, "id": bucket, "timeCreated": WHEN})
        if len(parts) == 2:
            prefix, delimiter = self.query.get("prefix", ""), self.query.get("delimiter", "")
            names, folders = shelf.names(bucket, prefix, delimiter, "")
            items = [self.described(bucket, name) for name in names]
            return self.tell({"kind": "storage#objects", "items": items, "prefixes": folders})
        return self.json_object(bucket, "/".join(parts[2:]))

    def json_object(self, bucket: str, name: str) -> None:
        if name not in self.shelf.buckets[bucket]:
            return self.absent()
        if self.command == "DELETE":
            del self.shelf.buckets[bucket][name]
            return self.answer(204)
        if self.query.get("alt") == "media":
            return self.send_object(*self.shelf.buckets[bucket][name])
        return self.tell(self.described(bucket, name))

    def upload(self, parts: list[str]) -> None:
        bucket, wanted = parts[0], self.query.get("ifGenerationMatch")
        if upload := self.query.get("upload_id"):
            self.shelf.uploads[upload].append(self.data)
            told = self.headers.get("Content-Range", "")
            held = sum(map(len, self.shelf.uploads[upload]))
            if told.endswith("/*"):
                return self.answer(308, b"", {"Range": f"bytes=0-{held - 1}"} if held else {})
            return self.store(bucket, self.query["name"], b"".join(self.shelf.uploads.pop(upload)), wanted)
        kind = self.query.get("uploadType")
        name = self.query.get("name") or ""
        if kind == "resumable":
            name = name or json.loads(self.data)["name"]
            upload = uuid.uuid4().hex
            self.shelf.uploads[upload] = []
            where = f"http://{self.headers['Host']}{self.path.split('?')[0]}?name={name}&upload_id={upload}"
            return self.answer(200, b"", {"Location": where})
        if kind == "multipart":
            mark = self.headers["Content-Type"].split("boundary=")[1].strip("\"'").encode()
            first, second = self.data.split(b"--" + mark)[1:3]
            name = name or json.loads(first.split(b"\r\n\r\n", 1)[1])["name"]
            return self.store(bucket, name, second.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n"), wanted)
        return self.store(bucket, name, self.data, wanted)

    def store(self, bucket: str, name: str, data: bytes, wanted: str | None) -> None:
        if self.shelf.put(bucket, name, data, wanted) is None:
            return self.tell({"error": {"code": 412, "message": "Precondition Failed"}}, 412)
        return self.tell(self.described(bucket, name))

    # ── XML ──────────────────────────────────────────────────────────────────────────────────────────────────

    def xml_api(self, bucket: str, name: str) -> None:
        if bucket not in self.shelf.buckets:
            return self.answer(404)
        if not name:
            return self.xml_list(bucket)
        if self.command in ("PUT", "POST"):
            return self.xml_put(bucket, name)
        found = self.shelf.buckets[bucket].get(name)
        if found is None:
            return self.answer(404)
        if self.command == "DELETE":
            self.shelf.buckets[bucket].pop(name, None)
            return self.answer(204)
        if self.command == "HEAD":
            told = {"ETag": f'"{found[1]}"', "x-goog-generation": str(found[1]), "Last-Modified": HTTP_WHEN}
            return self.answer(200, b"", {**told, "Content-Length": str(len(found[0]))})
        return self.send_object(*found)

    def xml_put(self, bucket: str, name: str) -> None:
        uploads, query = self.shelf.uploads, self.query
        if "uploads" in query:
            upload = uuid.uuid4().hex
            uploads[upload] = []
            inner = f"<Bucket>{bucket}</Bucket><Key>{escape(name)}</Key><UploadId>{upload}</UploadId>"
            told = f"<InitiateMultipartUploadResult>{inner}</InitiateMultipartUploadResult>"
            return self.answer(200, told.encode())
        if "partNumber" in query:
            parts, number = uploads[query["uploadId"]], int(query["partNumber"])
            parts.extend([b""] * (number - len(parts)))
            parts[number - 1] = self.data
            return self.answer(200, b"", {"ETag": f'"{number}"'})
        data = self.data
        if "uploadId" in query:
            data = b"".join(uploads.pop(query["uploadId"]))
        elif source := self.headers.get("x-goog-copy-source"):
            from_bucket, _, from_name = unquote(source).lstrip("/").partition("/")
            data = self.shelf.buckets[from_bucket][from_name][0]
        generation = self.shelf.put(bucket, name, data, self.headers.get("x-goog-if-generation-match"))
        if generation is None:
            return self.answer(412)
        told = {"ETag": f'"{generation}"', "x-goog-generation": str(generation)}
        done = f'<CompleteMultipartUploadResult><ETag>"{generation}"</ETag></CompleteMultipartUploadResult>'
        return self.answer(200, done.encode() if "uploadId" in query else b"", told)

    def xml_list(self, bucket: str) -> None:
        after = self.query.get("start-after") or self.query.get("continuation-token") or ""
        names, folders = self.shelf.names(bucket, self.query.get("prefix", ""), self.query.get("delimiter", ""), after)
        parts = []
        for name in names:
            data, generation = self.shelf.buckets[bucket][name]
            parts.append(
                f"<Contents><Key>{escape(name)}</Key><Size>{len(data)}</Size><LastModified>{WHEN}</LastModified>"
                f'<ETag>"{generation}"</ETag><Generation>{generation}</Generation></Contents>'
            )
        parts += [f"<CommonPrefixes><Prefix>{escape(one)}</Prefix></CommonPrefixes>" for one in folders]
        body = f"<ListBucketResult><Name>{bucket}</Name><IsTruncated>false</IsTruncated>{''.join(parts)}</ListBucketResult>"
        self.answer(200, b'<?xml version="1.0" encoding="UTF-8"?>' + body.encode(), {"Content-Type": "application/xml"})


def serve(port: int, buckets: list[str]) -> None:
    """The buckets are served on a port of 127.0.0.1 until the process ends."""
    shelf = Shelf()
    shelf.buckets = {name: {} for name in buckets}
    ThreadingHTTPServer(("127.0.0.1", port), type("Bound", (Handler,), {"shelf": shelf})).serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2:])
