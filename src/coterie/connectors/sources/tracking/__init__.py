"""What tracking SDKs send (the Segment spec): bodies of requests in, events and refusals with reasons out.

``decode`` is a pure function of a journal entry: the same entry gives the same events for ever.
"""

from coterie.connectors.sources.tracking.decoding import decode
from coterie.connectors.sources.tracking.inspection import Inspected, check, inspect
from coterie.connectors.sources.tracking.tracked import ALIAS, Decoded, Options, Refused, Tracked
from coterie.connectors.sources.tracking.wire import with_gpc

__all__ = ["ALIAS", "Decoded", "Inspected", "Options", "Refused", "Tracked", "check", "decode", "inspect", "with_gpc"]
