"""The kind ``sheet``: a table at an address of the web, as spreadsheets publish it (CSV, TSV or Excel).

It is asked with the tag that it had last, so that a sheet that did not change costs one small answer. With ``key`` only the rows
that are new, changed or gone are told; without, every row is, and those that are known already add nothing.
"""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import pyarrow as pa
from msgspec import structs

from coterie.clock import SystemClock
from coterie.connectors.destinations.webhook import retry_after_s
from coterie.connectors.rows import Chunk
from coterie.connectors.sources.compared import Compared, Comparing
from coterie.connectors.sources.cut import FINE, pieces
from coterie.connectors.sources.failures import (
    Absent,
    CredentialsRefused,
    RateLimited,
    Truncated,
    Unreachable,
    Unreadable,
)
from coterie.connectors.sources.folder.files import last_number
from coterie.connectors.sources.folder.troubles import trouble
from coterie.connectors.sources.headers import check_headers
from coterie.connectors.sources.kinds import Setting
from coterie.connectors.sources.source import Page, Position, Sight, Source
from coterie.errors import Problem
from coterie.limits import SECOND_US
from coterie.segments.conditions.form import Form
from coterie.segments.conditions.words import Doc, Duration, Name, Text
from coterie.segments.durations import us_of

FORMATS = {"csv": "csv", "tab-separated": "tsv", "spreadsheetml": "xlsx", "ms-excel": "xls", "opendocument": "ods"}
"""What a content type contains → ending of the file that it would be."""
REDIRECTS_MAX = 5
_SIGN_IN = ("accounts.google.com", "login.microsoftonline.com", "login.live.com")


class Config(Form, frozen=True, kw_only=True):
    """A table that somebody keeps in a spreadsheet."""

    url: Annotated[
        Text,
        Doc("Where it is published, such as `https://docs.google.com/spreadsheets/d/…/export?format=csv&gid=0`."),
    ]
    key: Annotated[
        Name | tuple[Name, ...] | None,
        Doc(
            "Columns that tell rows apart; with them changes of a row are told, else every row counts by what it says."
        ),
    ] = None
    removals: Annotated[bool, Doc("Whether rows that are gone are told (`$change: removed`); needs `key`.")] = False
    sheet: Annotated[Text | None, Doc("The sheet of an Excel file; the first when not said.")] = None
    headers: Annotated[
        dict[Name, Text] | None, Doc("Headers of the request: `Authorization: Bearer ${SHEETS_TOKEN}`.")
    ] = None
    timeout: Annotated[Duration, Doc("How long an answer may take; 60s when not said.")] = "60s"


def open_source(config: Config, setting: Setting) -> Source:
    """Return the sheet, not yet asked for."""
    return SheetSource(config, setting)


class SheetSource:
    """One sheet at its address."""

    continuous = False

    def __init__(self, config: Config, setting: Setting) -> None:
        self._config, self._setting = config, setting
        self._layout = structs.replace(setting.layout, sheet=config.sheet or setting.layout.sheet)
        check_headers(config.headers or {}, f"sources/{setting.name}.yaml: headers")
        self._client = httpx.Client(timeout=us_of(config.timeout) / SECOND_US)
        parts = urlsplit(config.url)
        self._place = f"{parts.hostname}{parts.path}"
        self._compared: Compared | None = None

    def look(self) -> Sight:
        found = self._fetched("")
        assert found is not None  # nothing is left out when no tag is sent
        chunks = list(self._chunks(*found[:2]))
        rows = sum(len(one.numbers) for one in chunks)
        columns = dict.fromkeys((name for one in chunks[:1] for name in one.columns), "")
        return Sight(what=f"{self._place}, {rows:,} rows, {len(columns)} columns", columns=columns, rows=rows)

    def read(self, position: Position) -> Iterator[Page]:
        found = self._fetched(str(position.get("tag", "")))
        if found is None:
            return
        content, kind, tag = found
        digest = hashlib.blake2b(content, digest_size=12).hexdigest()
        if position.get("digest") == digest:
            return
        chunks = list(self._chunks(content, kind))
        now = {"tag": tag, "digest": digest}
        key = (self._config.key,) if isinstance(self._config.key, str) else self._config.key
        yield from self._compare(chunks, key, position, now) if key else self._all(chunks, position, now)

    def acknowledge(self, position: Position) -> None:
        """What was compared counts from now on."""
        if self._compared is not None and "compared" in position:
            self._compared.acknowledge(position["compared"])

    def close(self) -> None:
        """No connection is open."""
        self._client.close()
        if self._compared is not None:
            self._compared.close()

    # ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _all(self, chunks: list[Chunk], position: Position, now: dict[str, str]) -> Iterator[Page]:
        """Yield every row, or, of a reading that was broken off, those that are left; a sheet that changed meanwhile begins anew."""
        done = int(position["row"]) if position.get("of") == now["digest"] else 0
        rows = max((last_number(one) for one in chunks), default=0)
        kept = {name: value for name, value in position.items() if name in ("tag", "digest")}
        for chunk in chunks:
            last = last_number(chunk)
            if last > done:
                at: dict[str, Any] = {**kept, "of": now["digest"], "row": last}
                yield Page(chunk=chunk, position=now if last == rows else at, place=self._place, done=last / rows)
        if not rows or done >= rows:
            yield Page(chunk=_NOTHING, position=now, place=self._place, done=1.0)

    def _compare(
        self, chunks: list[Chunk], key: tuple[str, ...], position: Position, now: dict[str, str]
    ) -> Iterator[Page]:
        """Yield what changed since the reading before; at its end, the rows that could not be cut into columns."""
        if self._compared is not None:
            self._compared.close()
        how = Comparing(key=key, removals=self._config.removals, limit=self._setting.limits.source_page_rows)
        self._compared = Compared(_Table(chunks, self._place), how, self._setting.folder, self._setting.name)
        kept = {name: value for name, value in position.items() if name in ("tag", "digest")}
        compared, broken = dict(position.get("compared", {})), tuple(one for chunk in chunks for one in chunk.broken)
        for page in self._compared.pages(compared):
            compared = dict(page.position)
            ended = "after" not in compared and "gone" not in compared
            yield structs.replace(page, position={**(now if ended and not broken else kept), "compared": compared})
        if broken:
            told = {**now, **({"compared": compared} if compared else {})}
            yield Page(chunk=structs.replace(_NOTHING, broken=broken), position=told, place=self._place, done=1.0)

    def _chunks(self, content: bytes, kind: str) -> Iterator[Chunk]:
        """Yield the rows of the sheet. Raises: Truncated, Unreadable."""
        try:
            yield from pieces(io.BytesIO(content), f"sheet.{kind}", self._layout, FINE)
        except Problem as error:
            raise Unreadable(f"{self._place}: {error.what}", hint=error.hint) from error
        except (OSError, pa.ArrowException) as error:
            raise trouble(error, self._place) from error

    # ── asking ───────────────────────────────────────────────────────────────────────────────────────────────

    def _fetched(self, tag: str) -> tuple[bytes, str, str] | None:
        """Return the content, its format and its tag, ``None`` when it is what it was. Raises: the failures."""
        url = httpx.URL(self._config.url)
        try:
            for _ in range(REDIRECTS_MAX + 1):
                with self._client.stream("GET", url, headers=self._headers(url, tag)) as response:
                    if response.next_request is not None:
                        url = self._further(response.url, response.next_request.url)
                        continue
                    if response.status_code == 304:
                        return None
                    self._judge(response)
                    return self._read(response), self._kind(response), response.headers.get("etag", "")
        except httpx.RemoteProtocolError as error:
            raise Truncated(f"{self._place}: the answer was cut off: {error}") from error
        except httpx.InvalidURL as error:
            raise Absent(f"{self._place}: not an address: {error}") from error
        except httpx.HTTPError as error:
            raise Unreachable(f"{self._place}: no answer: {error or type(error).__name__}") from error
        raise Unreadable(f"{self._place}: more than {REDIRECTS_MAX} redirects in a row")

    def _headers(self, url: httpx.URL, tag: str) -> dict[str, str]:
        """Return what is told a host: what may be a secret is told the one that was configured, and nobody it sends us on to."""
        mine = httpx.URL(self._config.url)
        told = dict(self._config.headers or {}) if url.host == mine.host and url.port == mine.port else {}
        return {**told, "If-None-Match": tag} if tag else told

    def _further(self, url: httpx.URL, after: httpx.URL) -> httpx.URL:
        """Return where we are sent on to. Raises: Unreadable when that is no way that others cannot listen on."""
        if url.scheme == "https" and after.scheme != "https":
            raise Unreadable(f"{self._place}: sent on to {after.host} without encryption")
        return after

    def _read(self, response: httpx.Response) -> bytes:
        limits, content, began = self._setting.limits, bytearray(), time.monotonic()
        bound, patience_s = limits.source_answer_bytes_max, limits.source_answer_s_max
        for piece in response.iter_bytes():
            content += piece
            if len(content) > bound:
                raise Unreadable(f"{self._place}: longer than {bound:,} bytes", hint="export it as a file, kind: files")
            if time.monotonic() - began > patience_s:
                raise Unreachable(f"{self._place}: the answer did not end within {patience_s} s")
        return bytes(content)

    def _judge(self, response: httpx.Response) -> None:
        status, told = response.status_code, f"{self._place}: answered {response.status_code}"
        if status == 429:
            after = retry_after_s(response.headers.get("retry-after", ""), SystemClock().now())
            raise RateLimited(told, retry_after_s=after or 0.0, hint="ask less often: every: 15m")
        if status in (401, 403, 407) or response.url.host in _SIGN_IN:
            hint = "share the sheet with everybody who has the link, or give a token: headers: {Authorization: …}"
            raise CredentialsRefused(told, hint=hint)
        if status in (404, 410):
            raise Absent(told, hint="was the sheet moved, or is it published no more?")
        if status >= 500 or status in (408, 425):
            raise Unreachable(told)
        if status != 200:
            raise Unreadable(told)

    def _kind(self, response: httpx.Response) -> str:
        said = response.headers.get("content-type", "").lower()
        if "html" in said:
            hint = "publish it as CSV: the address ends in format=csv or output=csv"
            raise Unreadable(f"{self._place}: a page for people came instead of a table", hint=hint)
        return next((ending for word, ending in FORMATS.items() if word in said), "csv")


class _Table:
    """The rows of a sheet, to be compared."""

    name = "sheet"

    def __init__(self, chunks: list[Chunk], place: str) -> None:
        self.place = place
        self.sparse = any(one.sparse for one in chunks)
        self._chunks = chunks

    def count(self) -> int:
        return sum(len(one.numbers) for one in self._chunks)

    def page(self, after: Any) -> tuple[list[dict[str, Any]], Any]:
        number = int(after or 0)
        if number >= len(self._chunks):
            return [], None
        chunk = self._chunks[number]
        rows = [{name: column.at(row) for name, column in chunk.columns.items()} for row in range(len(chunk.numbers))]
        return rows, number + 1 if number + 1 < len(self._chunks) else None


_NOTHING = Chunk(columns={}, numbers=np.empty(0, dtype=np.int64), sparse=True)
