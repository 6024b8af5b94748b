"""One stream, read shard by shard from sequence numbers that are ours."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config as Manners
from botocore.exceptions import ClientError

from coterie.connectors.sources.failures import Absent
from coterie.connectors.sources.kinesis.config import Config
from coterie.connectors.sources.kinesis.faults import told
from coterie.connectors.sources.messages import Message, chunk_of_messages
from coterie.connectors.sources.source import Page, Position, Sight
from coterie.segments.instants import instant_of, rfc3339, to_us

SHARDS_EVERY_S = 30.0
"""Seconds between looks at whether the stream was resharded, beside those when a shard ends."""
READ_EVERY_S = 0.21
"""Seconds between two reads of one shard: a stream grants five a second."""
_ANSWER_S = 10
_NUMBER = (1 << 62) - 1


class Stream:
    """The stream of ``config``. Position: ``{"from": ms, "shards": {id: last sequence number, or null: read to its end}}``."""

    continuous = True

    def __init__(self, config: Config, name: str) -> None:
        self.config, self._name = config, name
        self.where = f"stream {config.stream} in {config.region}"
        self._made: Any = None

    def look(self) -> Sight:
        """Return how many shards there are. Raises: Unreachable, CredentialsRefused, Absent."""
        shards = self.listed()
        return Sight(what=f"stream {self.config.stream}, {len(shards)} shards")

    def read(self, position: Position) -> Iterator[Page]:
        """Yield what lies behind the sequence numbers, one shard to a page, then what comes."""
        reading = _Reading(self, position.get("from", _start_ms(self.config.start)), position.get("shards", {}))
        while True:
            yield from reading.round()

    def acknowledge(self, position: Position) -> None:
        """Nothing is told to the stream: it keeps its records as long as it keeps them."""

    def close(self) -> None:
        """No connection is open."""
        if self._made is not None:
            made, self._made = self._made, None
            made.close()

    # ── what a reading asks ──────────────────────────────────────────────────────────────────────────────────

    @property
    def _client(self) -> Any:
        if self._made is None:
            config = self.config
            manners = Manners(
                connect_timeout=_ANSWER_S, read_timeout=_ANSWER_S, retries={"total_max_attempts": 2, "mode": "standard"}
            )
            with told(self.where):
                self._made = boto3.client(
                    "kinesis", region_name=config.region, endpoint_url=config.endpoint or None, config=manners,
                    aws_access_key_id=config.access_key, aws_secret_access_key=config.secret_key,
                )  # fmt: skip
        return self._made

    def listed(self) -> dict[str, tuple[str, ...]]:
        """Return every shard that is still kept, with its parents."""
        client, found = self._client, dict[str, tuple[str, ...]]()
        asked: dict[str, str] = {"StreamName": self.config.stream}
        while asked:
            with told(self.where):
                answer = client.list_shards(**asked)
            for one in answer["Shards"]:
                parents = (one.get("ParentShardId"), one.get("AdjacentParentShardId"))
                found[one["ShardId"]] = tuple(parent for parent in parents if parent)
            asked = {"NextToken": answer["NextToken"]} if answer.get("NextToken") else {}
        return found

    def iterator(self, shard: str, after: str, start: int) -> str:
        """Return where reading a shard goes on. Raises: Absent when the stream does not know the sequence number."""
        if after:
            where: dict[str, Any] = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": after}
        elif start > 0:
            where = {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": datetime.fromtimestamp(start / 1e3, UTC)}
        else:
            where = {"ShardIteratorType": "TRIM_HORIZON"}
        with told(f"{self.where}, {shard}"):
            answer = self._client.get_shard_iterator(StreamName=self.config.stream, ShardId=shard, **where)
        return str(answer["ShardIterator"])

    def records(self, iterator: str, shard: str) -> Mapping[str, Any]:
        """Return the next records of a shard. Raises: ClientError when the iterator is older than five minutes."""
        with told(f"{self.where}, {shard}"):
            answer: Mapping[str, Any] = self._client.get_records(ShardIterator=iterator, Limit=self.config.records_max)
        return answer

    def message(self, record: Mapping[str, Any], shard: str) -> Message:
        """Return a record as a message; its sequence number is more than 64 bits, so rows bear the end of it."""
        sequence = record["SequenceNumber"]
        at = record.get("ApproximateArrivalTimestamp")
        columns = {
            "$shard": shard,
            "$sequence": sequence,
            "$key": record.get("PartitionKey"),
            "$timestamp": None if at is None else rfc3339(to_us(at)),
        }
        return Message(int(sequence) & _NUMBER, f"{self._name}/{shard}/{sequence}", bytes(record["Data"]), columns)


class _Reading:
    """One reading of a stream: which shards are open to it, and how far each is."""

    def __init__(self, stream: Stream, start: int, shards: Mapping[str, str | None]) -> None:
        self._stream, self._start = stream, start
        self._after: dict[str, str | None] = dict(shards)
        self._iterators: dict[str, str] = {}
        self._parents: dict[str, tuple[str, ...]] = {}
        self._looked = self._read_at = -SHARDS_EVERY_S

    def round(self) -> Iterator[Page]:
        """Yield a page for each shard that has something, else one that is empty."""
        if time.monotonic() - self._looked >= SHARDS_EVERY_S:
            self._look()
        time.sleep(max(0.0, self._read_at + READ_EVERY_S - time.monotonic()))
        self._read_at = time.monotonic()
        silent, behind = True, False
        for shard in self._open():
            answer = self._read(shard)
            behind = behind or bool(answer.get("MillisBehindLatest"))
            following = answer.get("NextShardIterator")
            records = answer["Records"]
            if records:
                self._after[shard] = records[-1]["SequenceNumber"]
            if following:
                self._iterators[shard] = following
            else:
                self._after[shard] = None
                self._iterators.pop(shard, None)
                self._looked = -SHARDS_EVERY_S
            if records or not following:
                silent = False
                yield self._page(shard, records, done=0.0)
        if silent:
            yield self._page("", [], done=0.0 if behind else 1.0)

    def _look(self) -> None:
        """The shards are known; those that were read to their end and are no longer kept are forgotten."""
        self._looked = time.monotonic()
        self._parents = self._stream.listed()
        gone = [shard for shard in self._after if shard not in self._parents]
        lost = [shard for shard in gone if self._after[shard] is not None]
        if lost:
            hint = "retention deleted records before they were read: sources reset, then pull again"
            raise Absent(f"{self._stream.where} no longer holds the shards {', '.join(lost)}", hint=hint)
        for shard in gone:
            del self._after[shard]

    def _open(self) -> list[str]:
        """Return the shards to read: not at their end, and no parent has anything left that came before."""
        unread = {shard for shard in self._parents if self._after.get(shard, "") is not None}
        return sorted(shard for shard in unread if not unread.intersection(self._parents[shard]))

    def _read(self, shard: str) -> Mapping[str, Any]:
        iterator = self._iterators.get(shard)
        if iterator is not None:
            try:
                return self._stream.records(iterator, shard)
            except ClientError:
                pass  # five minutes old: asked for anew
        self._iterators[shard] = self._stream.iterator(shard, self._after.get(shard) or "", self._start)
        return self._stream.records(self._iterators[shard], shard)

    def _page(self, shard: str, records: list[Any], *, done: float) -> Page:
        stream = self._stream
        return Page(
            chunk=chunk_of_messages([stream.message(one, shard) for one in records]),
            position={"from": self._start, "shards": dict(self._after)},
            place=f"{stream.config.stream}, {shard}" if shard else stream.config.stream,
            done=done,
        )


def _start_ms(start: str) -> int:
    """Return the instant of the first record that is wanted, 0 for all that are kept."""
    if start == "earliest":
        return 0
    return time.time_ns() // 1_000_000 if start == "latest" else (instant_of(start) or 0) // 1_000
