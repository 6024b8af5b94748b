"""What becomes of violations: for the whole plan, for one event, for one source; the nearest word counts."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Annotated

from msgspec import Struct

from coterie.segments.conditions.form import Form
from coterie.segments.conditions.words import Doc, Name
from coterie.taxonomy.words import Action, EventAction


class Handling(Form, frozen=True, kw_only=True):
    """What becomes of violations of properties. What is not said here is said further out."""

    on_violation: Annotated[
        Action | None,
        Doc("A property that is wrong or missing: `allow`, `flag`, `drop` (the property is left out), `quarantine`."),
    ] = None
    on_unknown_property: Annotated[Action | None, Doc("A property that the plan does not name: the same words.")] = None


class SourceHandling(Form, frozen=True, kw_only=True):
    """What becomes of violations of one source."""

    on_violation: Annotated[Action | None, Doc("A property that is wrong or missing.")] = None
    on_unknown_property: Annotated[Action | None, Doc("A property that the plan does not name.")] = None
    on_unknown_event: Annotated[
        EventAction | None, Doc("An event that the plan does not name: `allow`, `flag`, `quarantine`.")
    ] = None


class Policy(Form, frozen=True, kw_only=True):
    """The file ``tracking/plan.yaml``: what holds for every event that does not say otherwise."""

    description: Annotated[str, Doc("What the plan is for.")] = ""
    owner: Annotated[str, Doc("Who answers for events that name nobody.")] = ""
    on_violation: Annotated[Action, Doc("A property that is wrong or missing; `flag` when not said.")] = "flag"
    on_unknown_property: Annotated[
        Action, Doc("A property that the plan does not name; `flag` when not said.")
    ] = "flag"  # fmt: skip
    on_unknown_event: Annotated[
        EventAction, Doc("An event that the plan does not name: `allow`, `flag`, `quarantine`; `flag` when not said.")
    ] = "flag"
    sources: Annotated[
        dict[Name, SourceHandling] | None,
        Doc("Otherwise for a source: its name, the name or id of a key, or a pattern such as `web-*`."),
    ] = None


class Decided(Struct, frozen=True):
    """What becomes of the violations of one event from one source."""

    violation: Action
    unknown_property: Action


def for_source(sources: Mapping[str, SourceHandling] | None, names: tuple[str, ...]) -> SourceHandling:
    """Return what is said of a source that is known under ``names``: exactly, else by the first pattern that fits."""
    told = sources or {}
    for name in names:
        if name in told:
            return told[name]
    fitting = (one for pattern, one in told.items() for name in names if fnmatchcase(name, pattern))
    return next(fitting, SourceHandling())
