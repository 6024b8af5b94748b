"""Each call of the Segment spec as the name and the properties of an event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from coterie.connectors.sources.tracking.contexts import Context, text_of_id
from coterie.connectors.sources.tracking.flat import flat
from coterie.connectors.sources.tracking.tracked import ALIAS, Refusal
from coterie.connectors.sources.tracking.wire import Call
from coterie.limits import Limits
from coterie.model import IDENTIFY, SET, SYSTEM_PREFIX, Value

Shape = tuple[str, dict[str, Value]]
CONSENT_EVENTS = frozenset({"Segment Consent Preference Updated", "Consent Preference Updated"})


def track(call: Call, context: Context, limits: Limits) -> Shape:
    """Return an event under the name it was given. Raises: Refusal without a name, or with one of ours."""
    name = call.event
    if not name or name.isspace():
        raise Refusal("event name is missing", "event", name, "the name of what happened")
    if name[0] == SYSTEM_PREFIX:
        raise Refusal("event name is reserved", "event", name, "a name that does not begin with $")
    return name, _joined(call.properties, context, limits)


def page(call: Call, context: Context, limits: Limits) -> Shape:
    """Return the event ``page``."""
    return "page", _named(call, context, limits)


def screen(call: Call, context: Context, limits: Limits) -> Shape:
    """Return the event ``screen``."""
    return "screen", _named(call, context, limits)


def identify(call: Call, context: Context, limits: Limits) -> Shape:
    """Return ``$identify`` with the traits; some SDKs send them in the context."""
    told: dict[str, Any] = {**(context.traits or {}), **(call.traits or {})}
    traits = flat(told, limits.property_depth_max, "traits")
    if context.time_zone and "time_zone" not in traits:
        traits["time_zone"] = context.time_zone
    return IDENTIFY, traits


def group(call: Call, context: Context, limits: Limits) -> Shape:
    """Return ``$set`` of the group's id and traits. Raises: Refusal without a groupId."""
    group_id = text_of_id(call.groupId, limits.identifier_length_max, "groupId")
    if not group_id:
        raise Refusal("group id is missing", "groupId", None, "text or a number")
    traits = flat(call.traits or {}, limits.property_depth_max, "traits")
    return SET, {"group_id": group_id, **{f"group.{key}": value for key, value in traits.items()}}


def alias(call: Call, context: Context, limits: Limits) -> Shape:
    """Return ``ALIAS``, which has no properties."""
    return ALIAS, {}


SHAPES: dict[str, Callable[[Call, Context, Limits], Shape]] = {
    "track": track, "identify": identify, "page": page, "screen": screen, "group": group, "alias": alias,
}  # fmt: skip


def previous_of(call: Call, limits: Limits) -> str:
    """Return the id that an alias call tells of the past. Raises: Refusal when a side is missing."""
    length_max = limits.identifier_length_max
    if not text_of_id(call.userId, length_max, "userId"):
        raise Refusal("alias is incomplete", "userId", None, "both userId and previousId")
    told = text_of_id(call.previousId, length_max, "previousId")
    told = told or text_of_id(call.anonymousId, length_max, "anonymousId")
    if not told:
        raise Refusal("alias is incomplete", "previousId", None, "both userId and previousId")
    return told


def _joined(properties: dict[str, Any] | None, context: Context, limits: Limits) -> dict[str, Value]:
    """Return the properties and what the context adds to them."""
    if not properties:
        return {**context.properties}
    told = flat(properties, limits.property_depth_max, "properties")
    return {**told, **context.properties} if context.properties else told


def _named(call: Call, context: Context, limits: Limits) -> dict[str, Value]:
    told = {**_joined(call.properties, context, limits)}
    if call.name:
        told["name"] = call.name
    if call.category:
        told["category"] = call.category
    return told
