"""One broker: what it delivers is acknowledged to it only after the journal has it for good.

paho is used as it is, because it is the client that lets acknowledgements be given by hand (aiomqtt, which is built on it,
acknowledges a message before anybody has seen it).
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

import paho.mqtt.client as paho
from msgspec import Struct
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from coterie.connectors.sources.failures import CredentialsRefused, RateLimited, Unreachable
from coterie.connectors.sources.messages import VALUE, Message, chunk_of_messages, shown
from coterie.connectors.sources.mqtt.config import Config, address_of
from coterie.connectors.sources.mqtt.memory import Memory, content_of
from coterie.connectors.sources.mqtt.topic import topic_of
from coterie.connectors.sources.source import Page, Position, Sight
from coterie.errors import CoterieError
from coterie.limits import DEFAULT, Limits
from coterie.segments.instants import rfc3339

ANSWER_S = 10.0
"""How long the broker may take to let us in."""
_QUIET_S = 0.5
_GROUP_S = 0.02
"""A page waits so long for what follows a first message."""
_REFUSED_FROM = 128
_LIMITED = frozenset({"Quota exceeded", "Connection rate exceeded", "Server busy"})
_AWAY = frozenset({"Server unavailable", "Server shutting down", "Use another server", "Server moved"})


class _Arrived(Struct, frozen=True):
    packet: int
    qos: int
    again: bool
    topic: str
    payload: bytes
    at: int


class Broker:
    """The broker of ``config``. Position: ``{"page": number, "seen": {packet id and content: id}}``.

    The broker itself keeps what was not acknowledged: a persistent session with QoS 1.
    """

    continuous = True

    def __init__(self, config: Config, name: str, limits: Limits = DEFAULT) -> None:
        self._config, self._name = config, name
        self._host, self._port = address_of(config.broker, config.tls)
        self._where = f"broker {self._host}:{self._port}"
        self._topics = [topic_of(one) for one in config.topics]
        self._queue: queue.Queue[_Arrived] = queue.Queue(limits.mqtt_waiting_max)
        self._waiting: deque[tuple[int, list[_Arrived]]] = deque()
        self._pages = 0
        self._client: paho.Client | None = None
        self._subscribed, self._closing = threading.Event(), threading.Event()
        self._failure: CoterieError | None = None

    def look(self) -> Sight:
        """Return which topics the broker lets us hear. Raises: Unreachable, CredentialsRefused."""
        self._connect()
        self.close()
        return Sight(what=f"{self._where}, topics {', '.join(self._config.topics)}")

    def read(self, position: Position) -> Iterator[Page]:
        """Yield what comes. Raises: Unreachable when the connection breaks; the broker keeps what comes meanwhile."""
        memory = Memory(position.get("seen", {}))
        self._connect()
        self._pages, told = position.get("page", 0), position
        while True:
            group = self._group()
            if not group and self._failure is not None:
                failure, self._failure = self._failure, None
                raise failure
            page = self._page(group, memory, told)
            told = page.position
            yield page

    def acknowledge(self, position: Position) -> None:
        """The broker forgets the messages of this page and of those before it."""
        client = self._client
        while client is not None and self._waiting and self._waiting[0][0] <= position.get("page", 0):
            for one in self._waiting.popleft()[1]:
                client.ack(one.packet, one.qos)

    def close(self) -> None:
        """No connection is open; the broker keeps what was not acknowledged."""
        client, self._client = self._client, None
        if client is not None:
            self._closing.set()
            client.disconnect()
            client.loop_stop()
            self._waiting.clear()

    # ── on the caller's thread ───────────────────────────────────────────────────────────────────────────────

    def _connect(self) -> None:
        """Messages are on their way. Raises: what ``failures`` names."""
        self.close()
        self._queue = queue.Queue(self._queue.maxsize)
        self._failure = None
        self._subscribed.clear()
        self._closing.clear()
        client = self._made()
        try:
            client.connect(self._host, self._port, self._config.keepalive)
        except OSError as error:
            raise Unreachable(f"{self._where}: {error}", hint="look at broker and tls") from error
        self._client = client
        client.loop_start()
        until = time.monotonic() + ANSWER_S
        while not self._subscribed.wait(0.02) and self._failure is None and time.monotonic() < until:
            pass
        failure = self._failure or (
            None if self._subscribed.is_set() else Unreachable(f"{self._where} does not answer")
        )
        if failure is not None:
            self.close()
            raise failure

    def _made(self) -> paho.Client:
        config = self._config
        name = config.client_id or f"coterie-{self._name}"
        client = paho.Client(
            CallbackAPIVersion.VERSION2, name, clean_session=False, manual_ack=True, reconnect_on_failure=False
        )
        client.connect_timeout = ANSWER_S
        if config.username:
            client.username_pw_set(config.username, config.password)
        if config.tls:
            client.tls_set(ca_certs=config.ca_file or None)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_subscribe, client.on_message = self._on_subscribe, self._on_message
        return client

    def _group(self) -> list[_Arrived]:
        """Return what came, a page at most; nothing after a short while."""
        group: list[_Arrived] = []
        wait_s = _QUIET_S
        while len(group) < self._config.messages_max:
            try:
                group.append(self._queue.get(timeout=wait_s))
            except queue.Empty:
                break
            wait_s = _GROUP_S
        return group

    def _page(self, group: list[_Arrived], memory: Memory, before: Position) -> Page:
        """Return what came as a page; an empty one leaves the position as it is."""
        position = before
        messages = [self._message(number, one, memory) for number, one in enumerate(group, 1)]
        if group:
            self._pages += 1
            self._waiting.append((self._pages, group))
            position = {"page": self._pages, "seen": memory.latest(2 * len(group))}
        return Page(
            chunk=chunk_of_messages(messages),
            position=position,
            place=f"{self._host}, page {self._pages}",
            done=0.0 if group else 1.0,
        )

    def _message(self, number: int, one: _Arrived, memory: Memory) -> Message:
        """Return the row of a message: named parts of the topic are columns, and say more than fields of the payload."""
        name = memory.name(one.packet, one.topic, one.payload, again=one.again)
        parts = next((found for topic in self._topics if (found := topic.match(one.topic)) is not None), {})
        told: dict[str, Any] = {
            **parts,
            "$topic": one.topic,
            "$received_at": rfc3339(one.at),
            "$content": f"{self._name}/{content_of(one.topic, one.payload)}",
        }
        body: bytes | None = one.payload
        if self._config.payload == "text":
            told[VALUE], body = shown(one.payload), None
        return Message(number, f"{self._name}/{name}", body, told)

    # ── on paho's thread ─────────────────────────────────────────────────────────────────────────────────────

    def _on_connect(self, client: paho.Client, _: Any, __: Any, reason: ReasonCode, ___: Any) -> None:
        if reason.is_failure:
            self._failure = self._refusal(str(reason), f"{self._where} refuses the connection: {reason}")
        else:
            client.subscribe([(topic.filter, 1) for topic in self._topics])

    def _on_subscribe(self, _: paho.Client, __: Any, ___: int, codes: list[ReasonCode], ____: Any) -> None:
        refused = [
            topic.filter for topic, code in zip(self._topics, codes, strict=False) if code.value >= _REFUSED_FROM
        ]
        if refused:
            what = f"{self._where} refuses the topics {', '.join(refused)}"
            self._failure = CredentialsRefused(what, hint="let this user read them")
        else:
            self._subscribed.set()

    def _on_disconnect(self, _: paho.Client, __: Any, ___: Any, reason: ReasonCode, ____: Any) -> None:
        if not self._closing.is_set() and self._failure is None:
            self._failure = self._refusal(str(reason), f"{self._where}: the connection was lost: {reason}")

    def _refusal(self, reason: str, what: str) -> CoterieError:
        if reason in _LIMITED:
            return RateLimited(what, retry_after_s=5.0)
        if "lost" in what or reason in _AWAY:
            return Unreachable(what)
        return CredentialsRefused(what, hint="look at username, password and client_id")

    def _on_message(self, client: paho.Client, __: Any, message: paho.MQTTMessage) -> None:
        if message.retain:
            # The last value of the past, sent again at every connect: not something that happens now.
            client.ack(message.mid, message.qos)
            return
        payload, at = bytes(message.payload), time.time_ns() // 1_000
        arrived = _Arrived(message.mid, message.qos, message.dup, message.topic, payload, at)
        while not self._closing.is_set():
            try:
                self._queue.put(arrived, timeout=0.5)
                return
            except queue.Full:
                continue  # reading on only when there is room lets the broker wait, which keeps what comes
