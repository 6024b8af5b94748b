"""Coterie from Python: send events, ask who people are, follow what changes. ``Client`` waits, ``AsyncClient`` is awaited."""

from coterie.client.answers import Change, Member, Profile, Segment
from coterie.client.asynchronous import AsyncClient
from coterie.client.synchronous import Client
from coterie.client.wire import Refused, Unreachable

__all__ = ["AsyncClient", "Change", "Client", "Member", "Profile", "Refused", "Segment", "Unreachable"]
