"""The paths that official SDKs call, and what the body is there."""

from __future__ import annotations

METRICS = "metrics"
"""What analytics.js tells of itself: taken, not kept."""
_WORDS = {
    "track": "track", "t": "track",
    "identify": "identify", "i": "identify",
    "page": "page", "p": "page",
    "screen": "screen", "s": "screen",
    "group": "group", "g": "group",
    "alias": "alias", "a": "alias",
    "batch": "batch", "b": "batch", "import": "batch",
    "m": METRICS,
}  # fmt: skip
PATHS: dict[str, str] = {
    f"{prefix}/{word}{end}": route
    for word, route in _WORDS.items()
    for prefix in ("/v1", "")
    for end in ("", "/")
    if prefix or word != "m"
} | {"/beacon/v1/batch": "batch"}
"""Path → route: with and without ``/v1``, because clients differ in what they take for the host; RudderStack's beacon too."""
