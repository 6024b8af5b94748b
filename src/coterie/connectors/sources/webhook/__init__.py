"""Webhooks that others send: proved by their signature, turned into rows, and kept before they are answered."""

from coterie.connectors.sources.webhook.config import PUSHED, Config, open_source

__all__ = ["PUSHED", "Config", "open_source"]
