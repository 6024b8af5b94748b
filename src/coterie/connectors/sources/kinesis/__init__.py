"""A Kinesis stream as a source: sequence numbers belong to Coterie's commits, and parents are read before their children."""

from coterie.connectors.sources.kinesis.config import CONTINUOUS, Config, open_source

__all__ = ["CONTINUOUS", "Config", "open_source"]
