"""The context of an event, flat: where it happened and on what, without what only describes the sender."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from coterie.connectors.sources.tracking.flat import flat
from coterie.connectors.sources.tracking.tracked import Options, Refusal
from coterie.limits import Limits
from coterie.model import Value
from coterie.privacy.tcf import consent_of, purposes_of

_KEPT = ("page", "campaign", "os", "locale", "timezone", "app", "screen", "location", "network")
_CACHED_BYTES_MAX, _CACHED_MAX = 4_096, 4_096
_KIND_LENGTH_MAX = 64


class Context(Struct, frozen=True, gc=False):
    """What a context says: properties under ``context.``, identifiers, and what identify and consent use."""

    properties: dict[str, Value]
    identifiers: tuple[tuple[str, str], ...] = ()
    time_zone: str = ""
    consent: dict[str, Value] | None = None
    gpc: bool = False
    """Whether the context bears the signal Global Privacy Control."""
    traits: dict[str, Any] | None = None


NOTHING = Context({})


class Contexts:
    """Contexts by their bytes: a batch repeats few, and each is read once. Cost: 0.1 µs for a known one."""

    def __init__(self, options: Options, limits: Limits) -> None:
        self._options, self._limits = options, limits
        self.known: dict[bytes, Context] = {b"": NOTHING, b"null": NOTHING}
        """Those read before; bounded."""

    def of(self, raw: bytes) -> Context:
        """Return what the JSON text of a context says. Raises: Refusal when it is no object."""
        found = self.known.get(raw)
        if found is not None:
            return found
        found = self._read(raw)
        if len(raw) <= _CACHED_BYTES_MAX:
            if len(self.known) >= _CACHED_MAX:
                self.known = {b"": NOTHING, b"null": NOTHING}
            self.known[raw] = found
        return found

    def _read(self, raw: bytes) -> Context:
        try:
            told = msgspec.json.decode(raw)
        except (ValueError, RecursionError) as error:
            raise Refusal("not JSON", "context", None, "a JSON object", str(error)) from None
        if not isinstance(told, dict):
            raise Refusal("wrong type", "context", told, "an object")
        zone, traits = told.get("timezone"), told.get("traits")
        return Context(
            properties=self._properties(told),
            identifiers=_identifiers(told, self._limits.identifier_length_max),
            time_zone=zone if isinstance(zone, str) else "",
            consent=_consent(told.get("consent"), self._options),
            gpc=_gpc(told.get("consent")),
            traits=traits if isinstance(traits, dict) and traits else None,
        )

    def _properties(self, told: dict[str, Any]) -> dict[str, Value]:
        kept = {f"context.{key}": told[key] for key in _KEPT if key in told}
        device = told.get("device")
        if isinstance(device, dict) and "type" in device:
            kept["context.device.type"] = device["type"]
        if self._options.keep_ip and "ip" in told:
            kept["context.ip"] = told["ip"]
        if self._options.keep_user_agent and "userAgent" in told:
            kept["context.userAgent"] = told["userAgent"]
        found = flat(kept, self._limits.property_depth_max + 1, "context")
        return {key: value for key, value in found.items() if value is not None}


def _identifiers(told: dict[str, Any], length_max: int) -> tuple[tuple[str, str], ...]:
    found: dict[tuple[str, str], None] = {}
    external = told.get("externalIds")
    for one in external if isinstance(external, list) else ():
        if isinstance(one, dict):
            kind, value = one.get("type"), text_of_id(one.get("id"), length_max, "context.externalIds.id")
            if isinstance(kind, str) and kind and value and len(kind) <= _KIND_LENGTH_MAX and ":" not in kind:
                found[(kind, value)] = None
    device = told.get("device")
    if isinstance(device, dict):
        for key, kind in (("id", "device_id"), ("advertisingId", "advertising_id")):
            value = text_of_id(device.get(key), length_max, f"context.device.{key}")
            if value:
                found[(kind, value)] = None
    return tuple(found)


def text_of_id(value: Any, length_max: int, where: str) -> str:
    """Return an identifier as text; empty when it is absent, blank or no text and no number. Raises: Refusal when too long."""
    if type(value) is not str:
        if value is None or isinstance(value, bool) or not isinstance(value, int | float):
            return ""
        value = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    if len(value) > length_max:
        raise Refusal("identifier is too long", where, value, f"at most {length_max} characters")
    return "" if value.isspace() else value


def _gpc(told: Any) -> bool:
    return isinstance(told, dict) and told.get("gpc") is True


def _consent(told: Any, options: Options) -> dict[str, Value] | None:
    """Return what a context says of consent: its TC string, overruled by what was chosen by name, overruled by GPC."""
    if not isinstance(told, dict):
        return None
    found: dict[str, Value] = {}
    string, preferences = told.get("tcf"), told.get("categoryPreferences")
    purposes = purposes_of(string) if isinstance(string, str) else None
    if purposes is not None:
        found |= {f"consent.{key}": given for key, given in consent_of(purposes, dict(options.tcf)).items()}
    if isinstance(preferences, dict):
        found |= {f"consent.{key}": value for key, value in preferences.items() if isinstance(value, bool)}
    return found | refusal_of(options) if found and _gpc(told) else found or None


def refusal_of(options: Options) -> dict[str, Value]:
    """Return what Global Privacy Control says of consent."""
    return {f"consent.{purpose}": False for purpose in options.gpc}
