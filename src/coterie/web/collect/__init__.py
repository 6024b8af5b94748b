"""The way in for events: the HTTP API of the Segment spec as raw ASGI, because every event passes here."""

from coterie.web.collect.collect import Collect
from coterie.web.collect.ports import KeyFound, Keys, Limiter, Store

__all__ = ["Collect", "KeyFound", "Keys", "Limiter", "Store"]
