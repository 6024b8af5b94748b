"""The core nodes every condition lowers to: few, closed, and all that a reader has to understand.

An instant ``now`` and the events of one profile that have arrived by ``now`` give each node a truth value.
Two-valued logic: a test of a missing value is false, and ``Not`` is the plain complement.
All instants and durations are int64 microseconds. ``occurred_at <= now`` holds for every arrived event.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from coterie.limits import MINUTE_US

Scalar: TypeAlias = bool | int | float | str

# ── tests of one JSON value (a trait, or a property of one event) ─────────────────────────────────────────────
# None, "" and absence are all "missing": every test of a missing value is false.


class Exists(Struct, frozen=True, tag=True):
    """The value is there: not null and not empty text."""


class Equals(Struct, frozen=True, tag=True):
    """Same canonical JSON: 1 equals 1.0, but neither "1" nor true."""

    value: Scalar


class OneOf(Struct, frozen=True, tag=True):
    values: tuple[Scalar, ...]


class Order(Struct, frozen=True, tag=True):
    """A number compared with a number, as float64."""

    op: Literal["<", "<=", ">", ">="]
    number: float


class Text(Struct, frozen=True, tag=True):
    """Case-sensitive, on ``values.text_of`` (numbers and booleans by their JSON text)."""

    op: Literal["contains", "starts_with", "ends_with"]
    text: str


class Matches(Struct, frozen=True, tag=True):
    """RE2 finds ``pattern`` somewhere in ``values.text_of``."""

    pattern: str


class Includes(Struct, frozen=True, tag=True):
    """A list holds any, or all, of ``values`` (by canonical JSON)."""

    mode: Literal["any", "all"]
    values: tuple[Scalar, ...]


class Field(Struct, frozen=True, tag=True):
    """One key of an object passes (or, ``negate``, does not pass) a test."""

    key: str
    test: Test
    negate: bool = False


class Element(Struct, frozen=True, tag=True):
    """Some object of a list passes every field test; the fields are those of the same object."""

    where: tuple[Field, ...]


class Near(Struct, frozen=True, tag=True):
    """A point ``{"lat": …, "lon": …}`` (degrees) lies within ``within_m`` metres, great circle, R = 6,371,008.8 m."""

    lat: float
    lon: float
    within_m: float


class Version(Struct, frozen=True, tag=True):
    """Semantic version precedence (SemVer 2.0.0 §11). Text that is no semantic version is missing."""

    op: Literal["=", "<", "<=", ">", ">="]
    version: str


class Moment(Struct, frozen=True, tag=True):
    """The value, read as an instant (``instants.instant_of``), is before (<) or at or after (>=) ``at``."""

    op: Literal["<", ">="]
    at: int
    time_zone: str = "UTC"


Test: TypeAlias = Exists | Equals | OneOf | Order | Text | Matches | Includes | Element | Near | Version | Moment

# ── which events ─────────────────────────────────────────────────────────────────────────────────────────────


class Selector(Struct, frozen=True, tag=True):
    """Events by name and by their properties, all on the same event.

    ``names`` exact, or ``pattern`` a glob (``*`` and ``?``, case-sensitive); neither means any event. System events (``$…``)
    are selected only by exact name.
    """

    names: tuple[str, ...] = ()
    pattern: str = ""
    where: tuple[Field, ...] = ()


class Rolling(Struct, frozen=True, tag=True):
    """now − older < occurred_at ≤ now − newer. ``older_us`` None: since ever."""

    older_us: int | None = None
    newer_us: int = 0


class Absolute(Struct, frozen=True, tag=True):
    """after ≤ occurred_at < before; None is open."""

    after: int | None = None
    before: int | None = None


class Calendar(Struct, frozen=True, tag=True):
    """``count`` whole local units, the last of them ``offset`` units before the one that holds ``now``.

    ``count=1, offset=0`` is this unit so far; ``count=1, offset=1`` the one before. Weeks begin on Monday.
    """

    unit: Literal["day", "week", "month", "year"]
    time_zone: str = "UTC"
    count: int = 1
    offset: int = 0


Window: TypeAlias = Rolling | Absolute | Calendar
EVER = Rolling()

# ── terms ────────────────────────────────────────────────────────────────────────────────────────────────────

Kind: TypeAlias = Literal[
    "count",  # events; number, 0 when none
    "sum",  # of numeric property values, micro-units / 1e6; 0 when none
    "mean",  # sum / how many numeric values; missing when none
    "smallest",  # numeric; missing when none
    "largest",
    "distinct",  # how many different property values (missing ones do not count); 0 when none
    "repeats",  # the largest count of one property value; 0 when none
    "days",  # local dates (of ``time_zone``) with at least one event; 0 when none
    "sessions",  # runs of events of which each follows the one before by at most ``gap_us``; 0 when none
    "active_seconds",  # from the first to the last event of each session, added up, as float64 seconds; 0 when none
    "first",  # the property's JSON value on the first event by (occurred_at, event key); missing if it lacks it
    "latest",  # the same on the latest event
    "most_frequent",  # the property value with most events; among equals, the one whose latest event is latest
    "first_at",  # instant of the first event; missing when none
    "latest_at",
]
NUMERIC_KINDS = frozenset(
    {"count", "sum", "mean", "smallest", "largest", "distinct", "repeats", "days", "sessions", "active_seconds"}
)
ZERO_KINDS = frozenset({"count", "sum", "distinct", "repeats", "days", "sessions", "active_seconds"})
"""Kinds that are 0 when nothing was selected; the others are missing then."""
SESSION_KINDS = frozenset({"sessions", "active_seconds"})
SESSION_GAP_US = 30 * MINUTE_US
"""The usual gap after which a session has ended, as web analytics counts them."""
VALUE_KINDS = frozenset({"first", "latest", "most_frequent"})
INSTANT_KINDS = frozenset({"first_at", "latest_at"})


class Trait(Struct, frozen=True, tag=True):
    """The trait's value: last write wins by (occurred_at, event key) over $identify and $set events that carry the key."""

    name: str


class TraitSince(Struct, frozen=True, tag=True):
    """The instant since which the trait has held its present value: the earliest of the last run of equal writes."""

    name: str


class Aggregate(Struct, frozen=True, tag=True):
    """An aggregate over the selected events in a window. ``gap_us`` matters to ``SESSION_KINDS`` alone."""

    kind: Kind
    selector: Selector
    field: str = ""
    window: Window = EVER
    time_zone: str = "UTC"
    gap_us: int = SESSION_GAP_US


class Elapsed(Struct, frozen=True, tag=True):
    """now − instant, in microseconds (negative for an instant to come). Missing when the instant is.

    A trait is read as an instant by ``instants.instant_of(value, time_zone)``.
    """

    of: Trait | TraitSince | Aggregate
    time_zone: str = "UTC"


class Until(Struct, frozen=True, tag=True):
    """Calendar units from now to the trait's instant, by local calendar: today 0, tomorrow 1, last month −1.

    ``anniversary``: days until the next yearly return of the trait's month and day (0…365; 29 February returns on the 28th
    in common years).
    """

    of: Trait
    unit: Literal["day", "week", "month", "year", "anniversary"]
    time_zone: str = "UTC"


class Hash(Struct, frozen=True, tag=True):
    """The first 32 bits of md5("{salt}:{profile}") as a number, 0 ≤ h < 2³²: the same everywhere and for ever."""

    salt: str


NumberTerm: TypeAlias = Aggregate | Elapsed | Until | Hash
ValueTerm: TypeAlias = Trait | Aggregate

# ── nodes ────────────────────────────────────────────────────────────────────────────────────────────────────


class Compare(Struct, frozen=True, tag=True):
    """A number compared with a number, or with a numeric trait, as float64. Either side missing: false."""

    term: NumberTerm
    op: Literal["=", "<", "<=", ">", ">="]
    value: float | Trait


class Holds(Struct, frozen=True, tag=True):
    """A JSON value (a trait, or an aggregate of VALUE_KINDS) passes a test."""

    term: ValueTerm
    test: Test


class InSegment(Struct, frozen=True, tag=True):
    """The profile is in another segment at the same instant."""

    key: str


class Step(Struct, frozen=True, tag=True):
    """An event of a sequence, at most ``within_us`` after the step before it (None: any time after)."""

    selector: Selector
    within_us: int | None = None


class Absent(Struct, frozen=True, tag=True):
    """No such event since the last step, and the last step is at least ``for_us`` ago."""

    selector: Selector
    for_us: int


class Sequence(Struct, frozen=True, tag=True):
    """Steps at instants a1 < a2 < … < an with a(k) ≤ a(k−1) + within(k), all inside ``now − window < a ≤ now``.

    ``same`` names a property that must have the same (not missing) value on every step and on the absent event. With ``absent``: an ≤ now − for, and no
    absent event at b with an < b ≤ now.
    """

    steps: tuple[Step, ...]
    window_us: int | None = None
    same: str = ""
    absent: Absent | None = None


class All(Struct, frozen=True, tag=True):
    """Every item; true when empty."""

    items: tuple[Node, ...]


class Any(Struct, frozen=True, tag=True):
    """Some item; false when empty."""

    items: tuple[Node, ...]


class AtLeast(Struct, frozen=True, tag=True):
    """At least ``count`` of the items."""

    count: int
    items: tuple[Node, ...]


class Not(Struct, frozen=True, tag=True):
    item: Node


Leaf: TypeAlias = Compare | Holds | InSegment | Sequence
Node: TypeAlias = All | Any | AtLeast | Not | Leaf

ALWAYS = All(())
NEVER = Any(())
KNOWN_BY_IDENTIFY = Compare(Aggregate("count", Selector(names=("$identify",))), ">=", 1)
"""What ``universe: identified`` means."""


def leaves(node: Node) -> tuple[Leaf, ...]:
    """Return the leaves of ``node`` from left to right, repeats included."""
    if isinstance(node, All | Any | AtLeast):
        return tuple(leaf for item in node.items for leaf in leaves(item))
    if isinstance(node, Not):
        return leaves(node.item)
    return (node,)


def selectors(node: Node) -> tuple[Selector, ...]:
    """Return the selectors of every leaf of ``node``, from left to right, repeats included."""
    found: list[Selector] = []
    for leaf in leaves(node):
        if isinstance(leaf, Sequence):
            found += [step.selector for step in leaf.steps]
            found += [leaf.absent.selector] if leaf.absent else []
        elif isinstance(leaf, Compare | Holds):
            term = leaf.term.of if isinstance(leaf.term, Elapsed) else leaf.term
            found += [term.selector] if isinstance(term, Aggregate) else []
    return tuple(found)


def references(node: Node) -> frozenset[str]:
    """Return the keys of the segments that ``node`` refers to directly."""
    return frozenset(leaf.key for leaf in leaves(node) if isinstance(leaf, InSegment))
