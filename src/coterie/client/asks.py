"""Every request of the clients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote

import msgspec

from coterie.client.answers import Change, Member, Page, Plan, Profile, Segment
from coterie.client.wire import Ask, query_of

After = int | Literal["latest"] | None
"""A journal position that the answer includes, or everything sent so far."""


def _path(*parts: str) -> str:
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)


def profile(ident: str, *, outlook: bool, identifiers: bool, after: After) -> Ask[Profile]:
    include = ",".join(word for word, wanted in (("identifiers", identifiers), ("outlook", outlook)) if wanted)
    return Ask(
        method="GET", path=_path("profiles", ident), answer=Profile, query=query_of(include=include, after=after)
    )


def segments(cursor: str | None, after: After) -> Ask[Page[Segment]]:
    return Ask(method="GET", path="/v1/segments", answer=Page[Segment], query=query_of(cursor=cursor, after=after))


def segment(key: str, after: After) -> Ask[Segment]:
    return Ask(method="GET", path=_path("segments", key), answer=Segment, query=query_of(after=after))


def members(key: str, cursor: str | None, limit: int, at: str, after: After) -> Ask[Page[Member]]:
    query = query_of(cursor=cursor, limit=limit, at=at, after=after)
    return Ask(method="GET", path=_path("segments", key, "members"), answer=Page[Member], query=query)


def changes(cursor: str | None, limit: int, segment: str, profile: str, after: After) -> Ask[Page[Change]]:
    query = query_of(cursor=cursor, limit=limit, segment=segment, profile=profile, after=after)
    return Ask(method="GET", path="/v1/changes", answer=Page[Change], query=query)


def put_segment(definition: str | Mapping[str, Any], dry_run: bool) -> Ask[Plan]:
    """Return the request that makes or changes a segment, given as YAML text or as data."""
    if isinstance(definition, str):
        found = [line for line in definition.splitlines() if line.startswith("key:")]
        key = found[0].partition(":")[2].partition(" #")[0].strip().strip("\"'") if found else ""
        body, kind = definition.encode(), "application/yaml"
    else:
        key, body, kind = str(definition.get("key", "")), msgspec.json.encode(definition), "application/json"
    path = _path("segments", key or "-")
    return Ask(method="PUT", path=path, answer=Plan, query=query_of(dry_run=dry_run), body=body, content_type=kind)


def delete_segment(key: str, dry_run: bool) -> Ask[Plan]:
    return Ask(method="DELETE", path=_path("segments", key), answer=Plan, query=query_of(dry_run=dry_run))


def batch(events: Sequence[Mapping[str, Any]]) -> Ask[dict[str, Any]]:
    """Return the request that sends events; every one has a message id, so that sending it twice does no harm."""
    body = msgspec.json.encode({"batch": list(events)})
    return Ask(method="POST", path="/v1/batch", answer=dict[str, Any], body=body)


def plain(method: str, path: str, body: Any, query: Mapping[str, Any]) -> Ask[Any]:
    """Return a request to any address of the interface."""
    told = None if body is None else msgspec.json.encode(body)
    again = method.upper() != "POST"
    return Ask(method=method.upper(), path=path, answer=Any, query=query_of(**query), body=told, again=again)
