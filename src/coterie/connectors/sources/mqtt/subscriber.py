"""The subscriber: what a broker delivers is acknowledged to it only after the journal has it for good.

paho is used as it is, because it is the client that lets acknowledgements be given by hand (aiomqtt, which is built on it,
acknowledges a message before anybody has seen it).
"""

from __future__ import annotations

import logging
import os
import queue
import random
import threading
import uuid
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any

import msgspec
import paho.mqtt.client as paho
from msgspec import Struct
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from coterie.connectors.sources.mqtt.message import Rules, shown
from coterie.connectors.sources.mqtt.section import Broker
from coterie.connectors.sources.tracking.decoding import REFUSED
from coterie.connectors.sources.tracking.tracked import Refused
from coterie.errors import InvalidDefinition, Overloaded, Problem, Transient
from coterie.limits import DEFAULT, Limits

Append = Callable[[str, str, bytes], int]
"""``Journal.append_now``: (route, source, body) → position, once durable."""

_log = logging.getLogger("coterie.mqtt")
_REMEMBERED_MAX = 10_000
_REFUSED_FROM = 128
_WAIT_MAX_S = 30


class Health(Struct, frozen=True, kw_only=True):
    """How a subscriber is."""

    key: str
    address: str
    connected: bool
    error: str
    """Why it is not connected, or what the broker refused; empty when all is well."""
    waiting: int
    """Messages that were received and are not durable yet."""
    tallies: dict[str, int]
    """Since the start: received, events, refused, redelivered, retained, connects, appends, delays."""


class _Waiting(Struct):
    connect: int
    mid: int
    qos: int
    again: bool
    topic: str
    payload: bytes


class Subscriber:
    """One broker's messages in the journal. ``start`` and ``stop`` once each."""

    def __init__(self, key: str, broker: Broker, append: Append, limits: Limits = DEFAULT) -> None:
        self._key, self._broker, self._append, self._limits = key, broker, append, limits
        self._rules = Rules(key, broker)
        self._queue: queue.Queue[_Waiting] = queue.Queue(limits.mqtt_waiting_max)
        self._ids: OrderedDict[tuple[int, str, bytes], str] = OrderedDict()
        self._connect, self._connected, self._error = 0, False, "not connected yet"
        self._stopping = threading.Event()
        self._writer = threading.Thread(target=self._write, name=f"mqtt-{key}", daemon=True)
        self._tallies: Counter[str] = Counter()
        self._client = self._made()

    def start(self) -> None:
        """Messages are on their way; a broker that is away is tried again with growing pauses for as long as it takes."""
        self._writer.start()
        self._client.connect_async(self._broker.host, self._broker.port, self._broker.keepalive_s)
        self._client.loop_start()

    def stop(self) -> None:
        """What was received is durable and acknowledged, or stays with the broker for the next start."""
        self._stopping.set()
        self._writer.join(_WAIT_MAX_S)
        self._client.disconnect()
        self._client.loop_stop()

    def health(self) -> Health:
        """Return how it is. Cost: no I/O."""
        return Health(
            key=self._key,
            address=f"{self._broker.host}:{self._broker.port}",
            connected=self._connected,
            error=self._error,
            waiting=self._queue.qsize(),
            tallies=dict(self._tallies),
        )

    # ── on paho's thread ─────────────────────────────────────────────────────────────────────────────────────

    def _made(self) -> paho.Client:
        broker = self._broker
        name = broker.client_id or f"coterie-{self._key}"
        client = paho.Client(CallbackAPIVersion.VERSION2, name, clean_session=False, manual_ack=True)
        if broker.username:
            client.username_pw_set(broker.username, _secret(broker.password_env, self._key))
        if broker.tls:
            client.tls_set(ca_certs=broker.ca_file or None)
        client.reconnect_delay_set(1, _WAIT_MAX_S)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_connect_fail, client.on_subscribe = self._on_connect_fail, self._on_subscribe
        client.on_message = self._on_message
        return client

    def _on_connect(self, client: paho.Client, _: Any, __: Any, reason: ReasonCode, ___: Any) -> None:
        if reason.is_failure:
            self._tell(f"the broker refuses the connection: {reason}")
            return
        self._connect += 1
        self._connected, self._error = True, ""
        self._tallies["connects"] += 1
        client.subscribe([(asked, 1) for asked in self._rules.filters])

    def _on_connect_fail(self, _: paho.Client, __: Any) -> None:
        self._tell("the broker does not answer")

    def _on_disconnect(self, _: paho.Client, __: Any, ___: Any, reason: ReasonCode, ____: Any) -> None:
        self._connected = False
        if not self._stopping.is_set():
            self._tell(f"the connection was lost: {reason}")

    def _on_subscribe(self, _: paho.Client, __: Any, ___: int, codes: list[ReasonCode], ____: Any) -> None:
        refused = [
            asked for asked, code in zip(self._rules.filters, codes, strict=False) if code.value >= _REFUSED_FROM
        ]
        if refused:
            self._tell(f"the broker refuses the topics {', '.join(refused)}")

    def _on_message(self, _: paho.Client, __: Any, message: paho.MQTTMessage) -> None:
        self._tallies["received"] += 1
        waiting = _Waiting(self._connect, message.mid, message.qos, message.dup, message.topic, bytes(message.payload))
        if message.retain:
            # The last value of the past, sent again at every connect: not something that happens now.
            self._tallies["retained"] += 1
            self._client.ack(message.mid, message.qos)
            return
        while not self._stopping.is_set():
            try:
                self._queue.put(waiting, timeout=0.5)
                return
            except queue.Full:
                # Reading on only when there is room lets the broker wait, which keeps what it has not got through.
                self._tallies["delays"] += 1

    def _tell(self, what: str) -> None:
        if what != self._error:
            _log.warning("mqtt %s (%s:%d): %s", self._key, self._broker.host, self._broker.port, what)
        self._error = what

    # ── on the writer's thread ───────────────────────────────────────────────────────────────────────────────

    def _write(self) -> None:
        while True:
            group = self._group()
            if group:
                if not self._keep(group):
                    return
            elif self._stopping.is_set():
                return

    def _group(self) -> list[_Waiting]:
        """Return what waits, bounded as one request of the tracking API is; nothing after a short while."""
        group: list[_Waiting] = []
        size, size_max = 0, self._limits.batch_bytes_max // 2
        while len(group) < self._limits.batch_events_max and size < size_max:
            try:
                one = self._queue.get(timeout=0.05) if not group else self._queue.get_nowait()
            except queue.Empty:
                break
            group.append(one)
            size += len(one.payload) + len(one.topic)
        return group

    def _keep(self, group: list[_Waiting]) -> bool:
        """Return whether the group is durable and acknowledged; ``False`` when it had to be left to the broker."""
        events: list[dict[str, Any]] = []
        refused: list[Refused] = []
        for one in group:
            try:
                events.append(self._event(one))
            except Problem as problem:
                refused.append(self._refused(one, problem, len(refused)))
        if events and not self._stored("batch", msgspec.json.encode({"batch": events})):
            return False
        if refused and not self._stored(REFUSED, msgspec.json.encode(refused)):
            return False
        self._tallies["events"] += len(events)
        self._tallies["refused"] += len(refused)
        for one in group:
            # After a reconnect the broker counts anew and sends again what it heard no word of.
            if one.connect == self._connect:
                self._client.ack(one.mid, one.qos)
        return True

    def _event(self, one: _Waiting) -> dict[str, Any]:
        reading = self._rules.read(one.topic, one.payload)
        if one.again:
            self._tallies["redelivered"] += 1
        if not reading.lasting:
            reading.event["messageId"] = self._fleeting(one)
        return reading.event

    def _fleeting(self, one: _Waiting) -> str:
        """Return an id for a message that has neither an id nor a time: the same again while this process remembers it."""
        place = (one.mid, one.topic, one.payload)
        known = self._ids.get(place) if one.again else None
        made = known or f"mqtt-{uuid.uuid4().hex}"
        self._ids[place] = made
        while len(self._ids) > _REMEMBERED_MAX:
            self._ids.popitem(last=False)
        return made

    def _refused(self, one: _Waiting, problem: Problem, index: int) -> Refused:
        """Return the refusal of a message; its row is an event that lacks only what could not be read."""
        text = shown(one.payload)
        cut = len(text) > self._limits.event_bytes_max
        told = {"topic": one.topic, "payload": text[: self._limits.event_bytes_max], **({"cut": True} if cut else {})}
        return Refused(
            index=index,
            reason=problem.what,
            where=f"{one.topic}: {problem.where}",
            received=str(problem.received)[:200],
            allowed=problem.allowed,
            hint=problem.hint,
            row=msgspec.json.encode({"type": "track", "event": None, "properties": told}).decode(),
        )

    def _stored(self, route: str, body: bytes) -> bool:
        """Return whether the journal has it; tries again until it does or this is stopped."""
        pause_s = 0.1
        while True:
            try:
                self._append(route, f"mqtt:{self._key}", body)
                self._tallies["appends"] += 1
                return True
            except Overloaded as error:
                wait_s = float(error.retry_after_s)
            except Transient:
                pause_s = wait_s = min(pause_s * 2, _WAIT_MAX_S)
            self._tallies["delays"] += 1
            if self._stopping.wait(wait_s * random.uniform(0.5, 1)):
                return False


def _secret(name: str, key: str) -> str | None:
    if not name:
        return None
    if name not in os.environ:
        hint = f"export {name}=… before the server starts"
        where = f"coterie.yaml: mqtt.{key}.password_env"
        raise InvalidDefinition([Problem("no such variable in the environment", where=where, received=name, hint=hint)])
    return os.environ[name]
