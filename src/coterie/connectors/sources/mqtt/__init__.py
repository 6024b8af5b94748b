"""Topics of an MQTT broker as a source: a message is acknowledged to the broker only when it is durable."""

from coterie.connectors.sources.mqtt.config import CONTINUOUS, PASSING, Config, open_source

__all__ = ["CONTINUOUS", "PASSING", "Config", "open_source"]
