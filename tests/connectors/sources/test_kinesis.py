"""The Kinesis source against moto's server: shards, resharding, refusals. Throttling comes from a small server of its own."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import boto3
import httpx
import msgspec
import pytest

from coterie.connectors.secrets import expanded
from coterie.connectors.sources.failures import Absent, CredentialsRefused, RateLimited, Unreachable
from coterie.connectors.sources.kinds import Setting, kind_of
from coterie.connectors.sources.kinesis import Config, open_source
from coterie.connectors.sources.kinesis.stream import Stream
from coterie.connectors.sources.source import Page
from coterie.segments.parse.folder import form_of
from tests.connectors.sources.contract import keeps_order, pages, refuses
from tests.servers import Server, free_port, running

REGION = "eu-north-1"
KEYS = {"aws_access_key_id": "id", "aws_secret_access_key": "secret", "region_name": REGION}


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    log = tmp_path_factory.mktemp("moto") / "moto.log"
    with running(Server([sys.executable, "-m", "moto.server", "-p", str(port)], port, log, 60)):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coterie.connectors.sources.kinesis.stream.READ_EVERY_S", 0.01)


def client(aws: str) -> Any:
    return boto3.client("kinesis", endpoint_url=aws, **KEYS)


def made(aws: str, name: str, shards: int = 1) -> Any:
    one = client(aws)
    one.create_stream(StreamName=name, ShardCount=shards)
    return one


def put(kinesis: Any, name: str, numbers: range, key: str = "k", **more: Any) -> None:
    records = [{"Data": msgspec.json.encode({"n": n}), "PartitionKey": key, **more} for n in numbers]
    for at in range(0, len(records), 500):
        assert not kinesis.put_records(StreamName=name, Records=records[at : at + 500])["FailedRecordCount"]


def opened(aws: str, stream: str, **more: Any) -> Stream:
    said = {
        "stream": stream, "region": REGION, "endpoint": aws, "access_key": "${ID}", "secret_key": "${SECRET}",
        "records_max": 40, **more,
    }  # fmt: skip
    said = {name: one for name, one in said.items() if one is not None}
    config = expanded(form_of(Config, said), {"ID": "id", "SECRET": "secret"})
    return open_source(config, Setting(name="shop", root=Path(), folder=Path()))


def told(found: list[Page], column: str = "n") -> list[Any]:
    return [page.chunk.columns[column].at(row) for page in found for row in range(len(page.chunk.numbers))]


def test_a_record_is_a_row_and_a_bad_one_stays_whole(aws: str) -> None:
    kinesis = made(aws, "rows")
    put(kinesis, "rows", range(1), "ada")
    kinesis.put_record(StreamName="rows", Data=b"\xf3\x89\x9a\xc2zz", PartitionKey="k")
    source = opened(aws, "rows")
    assert source.look().what == "stream rows, 1 shards"
    page, silent = pages(source)[:2]
    row = msgspec.json.decode(page.chunk.row(0))
    assert (row["n"], row["$key"], row["$shard"]) == (0, "ada", "shardId-000000000000")
    assert row["$id"] == f"shop/shardId-000000000000/{row['$sequence']}"
    assert row["$timestamp"].endswith("Z")
    assert "Producer Library" in page.chunk.broken[0][2]
    assert page.chunk.id_column == "$id"
    assert (page.done, silent.done) == (0.0, 1.0)


def test_stops_lose_and_double_nothing(aws: str) -> None:
    put(made(aws, "order"), "order", range(250))
    keeps_order(lambda: opened(aws, "order"), 250, rounds=3)


class _Aws:
    """Shards as AWS keeps them after a split and a merge: closed ones hold what they had, and their last iterator is none.

    (moto moves the records of a closed shard to its children instead.)
    """

    def __init__(self) -> None:
        self.parents = {"1-root": (), "2-low": ("1-root",), "3-high": ("1-root",), "4-one": ("2-low", "3-high")}
        self.kept = {"1-root": range(50), "2-low": range(50, 80), "3-high": range(80, 100), "4-one": range(100, 120)}

    def listed(self) -> dict[str, tuple[str, ...]]:
        return dict(self.parents)

    def iterator(self, shard: str, after: str, start: int) -> str:
        return str(int(after) + 1 if after else self.kept[shard].start)

    def records(self, iterator: str, shard: str) -> dict[str, Any]:
        end = self.kept[shard].stop
        found = range(int(iterator), min(int(iterator) + 16, end))
        following = None if found.stop == end and shard != "4-one" else str(found.stop)
        told = [{"SequenceNumber": str(n), "Data": msgspec.json.encode({"n": n})} for n in found]
        return {"Records": told, "NextShardIterator": following, "MillisBehindLatest": 0}


def resharded() -> Stream:
    source, aws = opened("http://127.0.0.1:1", "split"), _Aws()
    source.listed, source.iterator, source.records = aws.listed, aws.iterator, aws.records  # type: ignore[method-assign]
    return source


def test_children_are_read_after_their_parents_and_nothing_is_lost_at_any_stop() -> None:
    whole = told(pages(resharded(), until=120))
    assert sorted(whole) == list(range(120))
    assert whole[:50] == list(range(50))
    assert whole[100:] == list(range(100, 120))
    for patience in (1, 2, 3):
        kept: list[int] = []
        position: Any = {}
        while len(kept) < 120:
            for number, page in enumerate(resharded().read(position), 1):
                kept += told([page])
                position = msgspec.json.decode(msgspec.json.encode(page.position))
                if number == patience:
                    break
        assert sorted(kept) == list(range(120))
        assert kept[:50] == list(range(50))
    assert position["shards"] == {"1-root": None, "2-low": None, "3-high": None, "4-one": "119"}


def test_the_first_reading_begins_where_it_was_told(aws: str) -> None:
    kinesis = made(aws, "begin")
    put(kinesis, "begin", range(3))
    source = opened(aws, "begin", start="latest")
    reading = source.read({})
    first = next(reading)
    assert (told([first]), first.done) == ([], 1.0)
    # A crash before the first record came: what was sent meanwhile is read, because the beginning is part of the position.
    put(kinesis, "begin", range(3, 5))
    assert told(pages(opened(aws, "begin", start="latest"), first.position, until=2)) == [3, 4]
    assert told(pages(opened(aws, "begin", start="2020-01-01"), until=5)) == [0, 1, 2, 3, 4]


def test_an_iterator_that_expired_is_asked_for_anew(aws: str) -> None:
    from botocore.exceptions import ClientError

    kinesis = made(aws, "slow")
    put(kinesis, "slow", range(5))
    source = opened(aws, "slow")
    reading = source.read({})
    assert told([next(reading)]) == [0, 1, 2, 3, 4]
    records, failures = source.records, [ClientError({"Error": {"Code": "ExpiredIteratorException"}}, "GetRecords")]

    def once(iterator: str, shard: str) -> Any:
        for failure in failures:
            failures.clear()
            raise failure
        return records(iterator, shard)

    source.records = once  # type: ignore[method-assign]
    put(kinesis, "slow", range(5, 7))
    assert told([next(reading)]) == [5, 6]
    assert not failures


def test_every_failure_has_its_name(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    refuses(Absent, lambda: opened(aws, "nowhere").look(), "nowhere")
    refuses(Absent, lambda: pages(opened(aws, "nowhere")), "nowhere")
    refuses(Unreachable, lambda: opened("http://127.0.0.1:1", "s").look(), "127.0.0.1:1")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    refuses(CredentialsRefused, lambda: opened(aws, "s", access_key=None, secret_key=None).look(), "credentials")
    made(aws, "locked")
    # From now on moto looks at who asks, as AWS does.
    httpx.post(f"{aws}/moto-api/reset-auth", content=b"0").raise_for_status()
    try:
        refuses(CredentialsRefused, lambda: opened(aws, "locked").look(), "InvalidClientTokenId")
    finally:
        httpx.post(f"{aws}/moto-api/reset-auth", content=b"1000000").raise_for_status()


def test_a_stream_that_was_made_anew_or_forgot_is_an_error_not_a_gap(aws: str) -> None:
    put(made(aws, "anew"), "anew", range(1))
    gone = {"from": 0, "shards": {"shardId-000000000009": "49500000000000000000000000000000000000000000000000000009"}}
    refuses(Absent, lambda: pages(opened(aws, "anew"), gone), "no longer holds the shards shardId-000000000009")
    ended = {"from": 0, "shards": {"shardId-000000000009": None}}
    found = pages(opened(aws, "anew"), ended, until=1)
    assert told(found) == [0]
    assert "shardId-000000000009" not in found[-1].position["shards"]


class _Throttled(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        body = b'{"__type": "ProvisionedThroughputExceededException", "message": "Rate exceeded for shard"}'
        self.send_response(400)
        self.send_header("content-type", "application/x-amz-json-1.1")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing is printed."""


def test_a_stream_that_asks_for_patience_is_given_it() -> None:
    server = HTTPServer(("127.0.0.1", 0), _Throttled)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        error = refuses(RateLimited, lambda: pages(opened(address, "busy")), "Rate exceeded")
        assert error.retry
    finally:
        server.shutdown()
        server.server_close()


def test_a_kinesis_stream_has_no_schedule() -> None:
    assert kind_of("kinesis").continuous
