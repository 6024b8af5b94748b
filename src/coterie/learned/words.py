"""The small values that models are written with: keys, a number of clusters, an event or a picker of events."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from coterie.segments.conditions.form import Form
from coterie.segments.conditions.picker import Picker
from coterie.segments.conditions.words import Name, whole
from coterie.triggers.words import key_word

ModelKey: TypeAlias = Annotated[str, key_word("a model key")]
FeatureSetKey: TypeAlias = Annotated[str, key_word("a feature set key")]
ClusterCount: TypeAlias = Literal["auto"] | Annotated[int, whole(1, 100)]


class Events(Form, frozen=True, kw_only=True):
    """Picks events as segments do: by name, pattern and properties."""

    picker: Picker

    def says(self) -> str:
        return self.picker.says()


Picked: TypeAlias = Events | Name
"""An event's name, or which events in full."""


def events_of(told: Picked) -> Events:
    """Return which events are meant: a bare name is that event."""
    return told if isinstance(told, Events) else Events(picker=Picker(event=told))
