"""One topic, read by offsets that are ours: every partition is assigned by hand, no consumer group decides anything.

A group's commits would be a second truth about what was read. The offsets travel with the events into Coterie's commit instead,
so that neither a crash nor a rebalance loses or repeats a message. librdkafka (confluent-kafka) fetches.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Message as Raw

from coterie.connectors.sources.failures import Absent, Unreachable
from coterie.connectors.sources.kafka.config import Config
from coterie.connectors.sources.kafka.faults import GONE, failure_of, refuses
from coterie.connectors.sources.messages import ENDS, Message, chunk_of_messages, shown
from coterie.connectors.sources.source import Page, Position, Sight
from coterie.errors import CoterieError
from coterie.segments.instants import instant_of, rfc3339

ANSWER_S = 10.0
"""How long the cluster may take to answer a question, and to let us in."""
PARTITIONS_EVERY_S = 15.0
"""Seconds between looks at whether the topic has more partitions."""
_LOOK_S = 1.0
_QUIET_S = 0.5
"""The longest wait for a message before an empty page."""
_TIMESTAMP_NONE = 0


class _Ends:
    """Where partitions end: their high watermarks, and which of them were read to their end.

    An end may lie behind the last message: markers of transactions have offsets too.
    """

    def __init__(self) -> None:
        self.high: dict[int, int] = {}
        self.reached: set[int] = set()

    def left(self, offsets: dict[int, int]) -> int:
        """Return how many offsets are still to be read, as far as is known."""
        return sum(max(end - offsets[one], 0) for one, end in self.high.items() if one not in self.reached)


class Topic:
    """The topic of ``config``. Position: ``{"offsets": {"<partition>": next offset}}``."""

    continuous = True

    def __init__(self, config: Config, name: str) -> None:
        self._config, self._name, self._start_ms = config, name, _start_ms(config.start)
        self._where = f"topic {config.topic} at {config.brokers}"
        self._refused: KafkaError | None = None
        self._down: KafkaError | None = None
        self._opened: Consumer | None = None

    def look(self) -> Sight:
        """Return how many messages lie in the topic, and the fields of a few. Raises: Unreachable, CredentialsRefused, Absent."""
        partitions = self._partitions()
        spans = {one: self._span(one) for one in partitions}
        rows = sum(high - low for low, high in spans.values())
        return Sight(what=f"topic {self._config.topic}, {len(partitions)} partitions, {rows:,} messages", rows=rows)

    def read(self, position: Position) -> Iterator[Page]:
        """Yield what lies behind the offsets, one partition to a page, then what comes."""
        offsets = {int(partition): offset for partition, offset in position.get("offsets", {}).items()}
        began = bool(offsets)
        looked, ends = -PARTITIONS_EVERY_S, _Ends()
        while True:
            if time.monotonic() - looked >= PARTITIONS_EVERY_S:
                looked = time.monotonic()
                fresh = sorted(set(self._partitions()) - offsets.keys())
                if fresh:
                    offsets.update(self._first(fresh, begun=began))
                    began = True
                if fresh or not ends.high:
                    self._assign(offsets)
                    ends.reached.clear()
                ends.high.update({one: self._span(one)[1] for one in offsets})
            found = self._fetch(ends)
            for partition, messages in found.items():
                offsets[partition] = messages[-1].offset() + 1
                yield self._page(partition, messages, offsets, ends)
            if not found:
                yield self._page(None, [], offsets, ends)

    def acknowledge(self, position: Position) -> None:
        """Nothing is told to the cluster: it keeps its messages as long as it keeps them."""

    def close(self) -> None:
        """No connection is open."""
        if self._opened is not None:
            opened, self._opened = self._opened, None
            opened.close()

    # ── asking ───────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _consumer(self) -> Consumer:
        if self._opened is None:
            self._opened = Consumer(_properties(self._config, self._tell))
        return self._opened

    def _tell(self, error: KafkaError) -> None:
        """Called by librdkafka when something is wrong with a connection; it goes on trying."""
        if refuses(error):
            self._refused = error
        elif error.code() == KafkaError._ALL_BROKERS_DOWN:
            self._down = error

    def _ask(self, question: Any) -> Any:
        """Return the answer of the cluster. Raises: what ``failures`` names."""
        try:
            return question()
        except KafkaException as raised:
            self._consumer.poll(0)
            raise self._failure(raised.args[0]) from raised

    def _failure(self, error: KafkaError) -> CoterieError:
        """Return the failure; a refusal by a connection says more than the time-out that followed from it."""
        refused, self._refused = self._refused, None
        return failure_of(refused or error, self._where)

    def _partitions(self) -> list[int]:
        name, until = self._config.topic, time.monotonic() + ANSWER_S
        while True:
            try:
                found = self._consumer.list_topics(name, _LOOK_S).topics[name]
                break
            except KafkaException as raised:
                self._consumer.poll(0)  # what is wrong with connections is told from here
                if self._refused is not None or time.monotonic() >= until:
                    raise self._failure(raised.args[0]) from raised
        if found.error is not None:
            raise failure_of(found.error, self._where)
        return sorted(found.partitions)

    def _span(self, partition: int) -> tuple[int, int]:
        """Return the partition's first offset and the one after its last."""
        asked = TopicPartition(self._config.topic, partition)
        found: tuple[int, int] | None = self._ask(lambda: self._consumer.get_watermark_offsets(asked, ANSWER_S))
        if found is None:
            raise Unreachable(f"{self._where}: partition {partition} has no leader")
        return found

    def _first(self, partitions: Sequence[int], *, begun: bool) -> dict[int, int]:
        """Return where partitions begin that were never read: one that was added to a topic, at its beginning."""
        if begun or self._start_ms == OFFSET_BEGINNING:
            return {one: self._span(one)[0] for one in partitions}
        if self._start_ms == OFFSET_END:
            return {one: self._span(one)[1] for one in partitions}
        asked = [TopicPartition(self._config.topic, one, self._start_ms) for one in partitions]
        found = self._ask(lambda: self._consumer.offsets_for_times(asked, ANSWER_S))
        late = {one.partition for one in found if one.offset < 0}
        told = {one.partition: one.offset for one in found if one.offset >= 0}
        return told | {one: self._span(one)[1] for one in sorted(late)}

    # ── fetching ─────────────────────────────────────────────────────────────────────────────────────────────

    def _assign(self, offsets: dict[int, int]) -> None:
        topic = self._config.topic
        self._ask(
            lambda: self._consumer.assign([TopicPartition(topic, one, at) for one, at in sorted(offsets.items())])
        )

    def _fetch(self, ends: _Ends) -> dict[int, list[Raw]]:
        """Return the messages that are there by their partition, after at most ``_QUIET_S``; in a backlog, full pages."""
        most, until = self._config.messages_max, time.monotonic() + _QUIET_S
        by_partition: dict[int, list[Raw]] = {}
        heard = False
        while not by_partition and (left := until - time.monotonic()) > 0:
            found = self._consumer.consume(1, left)
            if found and most > 1:
                found += self._consumer.consume(most - 1, 0.01)
            if self._refused is not None:
                raise self._failure(self._refused)
            self._sort(found, by_partition, ends)
            heard = heard or bool(found)
        if heard:
            self._down = None
        elif self._down is not None:
            down, self._down = self._down, None
            raise failure_of(down, self._where)
        return by_partition

    def _sort(self, found: Sequence[Raw], by_partition: dict[int, list[Raw]], ends: _Ends) -> None:
        """Messages are with those of their partition; ends that were reached are known. Raises: Absent, and what else was told."""
        for one in found:
            error = one.error()
            if error is None:
                by_partition.setdefault(one.partition(), []).append(one)
                ends.reached.discard(one.partition())
            elif error.code() == KafkaError._PARTITION_EOF:
                ends.reached.add(one.partition())
            elif error.code() in GONE:
                raise self._gone(one)
            else:
                raise failure_of(error, self._where)

    def _gone(self, one: Raw) -> Absent:
        low, high = self._span(one.partition())
        what = f"{self._where}: partition {one.partition()} holds the offsets {low} to {high}, not the one after the last read"
        hint = "retention deleted messages before they were read, or the topic was made anew: sources reset, then pull again"
        return Absent(what, hint=hint)

    def _page(self, partition: int | None, messages: list[Raw], offsets: dict[int, int], ends: _Ends) -> Page:
        left, seen = ends.left(offsets), sum(offsets.values())
        name = self._config.topic
        return Page(
            chunk=chunk_of_messages([_message(one, self._name) for one in messages]),
            position=_position(offsets),
            place=name if partition is None else f"{name}, partition {partition}",
            done=min(seen / (seen + left), 0.999) if left else 1.0,
        )


def _position(offsets: dict[int, int]) -> Position:
    return {"offsets": {str(partition): offset for partition, offset in sorted(offsets.items())}}


def _message(raw: Raw, name: str) -> Message:
    """Return the message. Its id holds its instant too: in a topic that was made anew, the same offset is another message."""
    kind, at_ms = raw.timestamp()
    told: dict[str, Any] = {"$topic": raw.topic(), "$partition": raw.partition(), "$offset": raw.offset()}
    if kind != _TIMESTAMP_NONE:
        told["$timestamp"] = rfc3339(at_ms * 1_000)
    if raw.key() is not None:
        told["$key"] = shown(raw.key())
    if raw.value() is None:
        told["$deleted"] = True
    for header, value in raw.headers() or ():
        told[f"$headers.{header}"] = None if value is None else shown(value)
    return Message(raw.offset(), f"{name}/{raw.partition()}/{raw.offset()}/{at_ms}", raw.value(), told)


def _start_ms(start: str) -> int:
    """Return the instant, or what stands for the two ends."""
    if start in ENDS:
        return int(OFFSET_BEGINNING if start == "earliest" else OFFSET_END)
    return (instant_of(start) or 0) // 1_000


def _properties(config: Config, tell: Any) -> dict[str, Any]:
    """Return what librdkafka is told."""
    secure = "SASL_" if config.username else ""
    told: dict[str, Any] = {
        "bootstrap.servers": config.brokers,
        "group.id": "coterie",  # demanded; nothing is ever committed to it
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
        "enable.partition.eof": True,
        "isolation.level": "read_committed",
        "check.crcs": True,
        "allow.auto.create.topics": False,
        "error_cb": tell,
        "log_level": 0,
        "security.protocol": f"{secure}{'SSL' if config.tls else 'PLAINTEXT'}",
        "reconnect.backoff.max.ms": 5_000,
        "queued.max.messages.kbytes": 65_536,
    }
    if config.username:
        told |= {"sasl.mechanism": config.sasl}
        told |= {"sasl.username": config.username, "sasl.password": config.password or ""}
    if config.ca_file:
        told["ssl.ca.location"] = config.ca_file
    return told
