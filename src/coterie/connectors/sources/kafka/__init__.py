"""A Kafka topic as a source: offsets belong to Coterie's commits, so no message is lost or counted twice."""

from coterie.connectors.sources.kafka.config import CONTINUOUS, Config, open_source

__all__ = ["CONTINUOUS", "Config", "open_source"]
