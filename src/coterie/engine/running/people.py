"""What triggers ask about people, answered from inside the commit: after the batch that is being committed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from coterie.identity.identities import Identities
from coterie.model import Identifier, Value
from coterie.storage.state import memberships, profiles
from coterie.storage.state.database import Connection


class CommittedPeople:
    """Implements ``triggers.people.People`` on one connection and the identities of the same state."""

    def __init__(self, connection: Connection, identities: Identities) -> None:
        self._connection, self._identities = connection, identities

    def canonical(self, profile: str) -> str:
        """Return the profile that ``profile`` belongs to, itself if it was never absorbed."""
        return self._identities.canonical(profile)

    def known_as(self, profile: str) -> Sequence[str]:
        """Return every profile id that belongs to a canonical profile, its own among them."""
        return self._identities.members_of(profile)

    def traits(self, profile: str) -> Mapping[str, Value]:
        """Return the traits of a canonical profile that have a value."""
        row = profiles.canonical(self._connection, profile)
        return {} if row is None else {name: one[0] for name, one in row.traits.items() if one[0] not in (None, "")}

    def identifiers(self, profile: str) -> Sequence[Identifier]:
        """Return the identifiers of a canonical profile."""
        return self._identities.identifiers_of(profile)

    def segments(self, profile: str) -> Collection[str]:
        """Return the keys of the segments that a canonical profile is in."""
        return [row[0] for row in memberships.of_profile(self._connection, profile)]
