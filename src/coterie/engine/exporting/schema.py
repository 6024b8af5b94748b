"""The star schema in words: its tables, their columns and what they mean. Documentation and tests read it too."""

from __future__ import annotations

from msgspec import Struct


class Field(Struct, frozen=True):
    """A column that every export has."""

    name: str
    type: str
    """integer, text, boolean, instant (UTC) or date."""
    means: str


class Table(Struct, frozen=True):
    """A table. ``open``: further columns follow, one for each trait or typed property."""

    name: str
    means: str
    fields: tuple[Field, ...]
    open: str = ""


DATES = Table(
    "dates",
    "One row per day of the project's time zone, from the first event to the export.",
    (
        Field("date_key", "integer", "yyyymmdd: what the other tables refer to"),
        Field("date", "date", "the day"),
        Field("year", "integer", "calendar year"),
        Field("quarter", "integer", "1 to 4"),
        Field("month", "integer", "1 to 12"),
        Field("month_name", "text", "January …"),
        Field("iso_year", "integer", "year of the ISO week"),
        Field("iso_week", "integer", "1 to 53"),
        Field("day", "integer", "day of the month"),
        Field("weekday", "integer", "1 is Monday"),
        Field("weekday_name", "text", "Monday …"),
        Field("is_weekend", "boolean", "Saturday or Sunday"),
    ),
)
PROFILES = Table(
    "profiles",
    "One row per person as known now; ids that were merged count as one.",
    (
        Field("profile_key", "integer", "what facts refer to: the same in every export"),
        Field("profile", "text", "the person's id"),
        Field("first_seen", "instant", "arrival of the first record"),
    ),
    open="trait_<name>: the person's traits as they are now",
)
SEGMENTS = Table(
    "segments",
    "One row per segment in use.",
    (
        Field("segment_key", "integer", "what memberships refer to"),
        Field("segment", "text", "its key"),
        Field("name", "text", "its name"),
        Field("version", "integer", "version in force, 0 when none was applied"),
        Field("says", "text", "its rule as an English sentence"),
        Field("size", "integer", "members at the end of the export"),
    ),
)
EVENTS = Table(
    "events",
    "One row per event, as its person's who it belongs to now. Records of Coterie itself (names with $) are left out.",
    (
        Field("event_id", "text", "the event's id"),
        Field("profile_key", "integer", "→ profiles"),
        Field("date_key", "integer", "→ dates, the local day on which it happened"),
        Field("occurred_at", "instant", "when it happened"),
        Field("received_at", "instant", "when it arrived"),
        Field("event", "text", "its name"),
        Field("source", "text", "where it came from"),
        Field("properties", "text", "all of its properties as JSON"),
    ),
    open="p_<name>: properties that have one type everywhere, the 40 most frequent",
)
MEMBERSHIPS = Table(
    "memberships",
    "One row per stay in a segment. Without a change log (no server, no replay) present members only, with no entry.",
    (
        Field("segment_key", "integer", "→ segments"),
        Field("profile_key", "integer", "→ profiles"),
        Field("version", "integer", "version of the definition at the entry"),
        Field("entered_at", "instant", "when the stay began"),
        Field("exited_at", "instant", "when it ended, empty while it lasts"),
        Field("entered_date_key", "integer", "→ dates"),
        Field("exited_date_key", "integer", "→ dates"),
        Field("entered_cause", "text", "event, timer, trait, merge, edit, late …"),
        Field("exited_cause", "text", "the same of the end"),
        Field("is_member", "boolean", "whether the stay lasts"),
    ),
)
TABLES = (DATES, PROFILES, SEGMENTS, EVENTS, MEMBERSHIPS)
