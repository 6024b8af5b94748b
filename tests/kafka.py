"""A real Kafka broker for tests: one node that is broker and controller, from the jars of Maven Central."""

from __future__ import annotations

import base64
import os
import socket
import subprocess
import uuid
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from tests.servers import Server, binary, wait_until

VERSION = "3.9.1"
USER, PASSWORD = "coterie", "a-long-word"
START_S = 60.0
_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>broker</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
"""
_PROPERTIES = """process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},LOCKED://127.0.0.1:{locked},CONTROLLER://127.0.0.1:{controller}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,LOCKED:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
sasl.enabled.mechanisms=PLAIN
listener.name.locked.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
user_{user}="{password}";
log.dirs={logs}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
offsets.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=200
"""


def jars() -> Path:
    """Return the folder of the broker's jars; they are fetched once for this user. Skips without Maven or its repository."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "coterie-tests" / f"kafka-{VERSION}"
    if (home / "complete").exists():
        return home
    maven = binary("mvn", "maven")
    home.mkdir(parents=True, exist_ok=True)
    (home / "pom.xml").write_text(_POM)
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={home}", "-DincludeScope=runtime"]
    done = subprocess.run([maven, "-q", "-B", "-f", str(home / "pom.xml"), *goal], capture_output=True, timeout=300)
    if done.returncode:
        pytest.skip(f"the jars of Kafka {VERSION} cannot be fetched: {done.stdout.decode()[-300:]}")
    (home / "complete").touch()
    return home


def free_ports(count: int) -> list[int]:
    """Return different ports that nobody listens on."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


class Broker(Server):
    """A broker: open at ``port``, for ``USER`` with ``PASSWORD`` at ``locked``."""

    def __init__(self, folder: Path) -> None:
        java, classes = binary("java", "openjdk-17-jre-headless"), f"{jars()}/*"
        port, self.locked, controller = free_ports(3)
        file = folder / "server.properties"
        file.write_text(
            _PROPERTIES.format(
                port=port, locked=self.locked, controller=controller, user=USER, password=PASSWORD, logs=folder / "logs"
            )
        )
        machine = [java, "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", classes]
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        form = [*machine, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(file)]
        done = subprocess.run(form, capture_output=True, text=True, timeout=START_S)
        assert done.returncode == 0, done.stdout + done.stderr
        super().__init__([*machine, "kafka.Kafka", str(file)], port, folder / "kafka.log", START_S)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def topic(self, name: str, partitions: int = 1, config: Mapping[str, str] | None = None) -> str:
        """The topic exists and has a leader."""
        admin = AdminClient({"bootstrap.servers": self.address, "socket.timeout.ms": 5_000, "log_level": 0})

        def made() -> bool:
            try:
                admin.create_topics([NewTopic(name, partitions, 1, config=dict(config or {}))])[name].result(5)
            except (KafkaException, TimeoutError) as error:
                return "already exists" in str(error)
            return True

        wait_until(made, START_S, f"topic {name}")
        wait_until(lambda: len(admin.list_topics(name, 5).topics[name].partitions) == partitions)
        return name

    def send(self, topic: str, values: Iterable[bytes | None], **more: object) -> None:
        """The messages lie in the topic, those of one call in their order; ``more`` are fields such as key and partition."""
        producer = Producer({"bootstrap.servers": self.address, "max.in.flight": 1, "linger.ms": 0, "log_level": 0})
        failures: list[object] = []
        for value in values:
            producer.produce(
                topic, value, on_delivery=lambda error, _: failures.append(error) if error else None, **more
            )
        assert producer.flush(20) == 0
        assert not failures, failures
