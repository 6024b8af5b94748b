"""Coterie from a notebook: plain functions over tables. Arrow, Polars or pandas in, the same kind out.

Events are any table with the columns ``profile``, ``name`` and ``occurred_at``. ``received_at`` (else as occurred),
``event_id`` (else by content) and ``properties`` (JSON text or a struct) are optional; every other column is a property.
A ``Project`` in place of the table means its log. Definitions are segments, a path, YAML text, plain data, or several.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from coterie.engine.frames import INSTANT, log_from
from coterie.engine.project import Project
from coterie.engine.readers import all_three
from coterie.engine.records import event_of
from coterie.errors import NotFound, Problem, nearest
from coterie.identity.merges import Merges, decision_of
from coterie.model import MERGE, UNMERGE
from coterie.segments.catalog import Catalog
from coterie.segments.definition import Context, Segment, lower_all
from coterie.segments.explain import Explanation
from coterie.segments.explain import explain as explain_events
from coterie.segments.instants import instant_of, to_us
from coterie.segments.parse import load, parse, parse_text

Definitions: TypeAlias = "Segment | str | Path | Mapping[str, Any] | Sequence[Segment | str | Path | Mapping[str, Any]]"
Instant: TypeAlias = "int | str | date | datetime | None"
Table: TypeAlias = Any
_CHANGE_COLUMNS = ("segment", "version", "profile", "direction", "at", "cause", "event_id", "position")


def given_back(answer: pa.Table, like: Any) -> Any:
    """Return ``answer`` as the kind of table that ``like`` is; Arrow for anything that is neither Polars nor pandas."""
    home = type(like).__module__.partition(".")[0]
    if home == "polars":
        from polars import from_arrow

        return from_arrow(answer)
    return answer.to_pandas() if home == "pandas" else answer


class _Question:
    """Definitions, lowered, over events that were given as a table or as a project."""

    def __init__(self, definitions: Definitions | None, events: Any, time_zone: str = "") -> None:
        self._given = None if isinstance(events, Project) else events
        if isinstance(events, Project):
            from coterie.engine import definitions as of_project

            known = of_project.candidates(events) if definitions is None else segments_of(definitions)
            context = of_project.context(events)
            self.log = events.events.scan()
        else:
            if definitions is None:
                raise Problem("definitions are missing", allowed="segments, a path, YAML text, or plain data")
            known, context = segments_of(definitions), Context(time_zone=time_zone or "UTC")
            self.log = log_from(events)
        self.segments = {segment.key: segment for segment in known}
        self.catalog: Catalog = lower_all(known, context)

    def key(self, key: str | None) -> str:
        """Return the segment that is asked about: the only one, the named one, or the last of those given."""
        if key is None:
            return list(self.segments)[-1]
        if key not in self.segments:
            raise NotFound(f"no segment {key!r}", hint=nearest(key, self.segments))
        return key

    def at(self, instant: Instant) -> int:
        if instant is None:
            return int(pc.max(self.log["received_at"]).as_py() or 0)
        return us(instant)

    def merges(self) -> Merges:
        return merges_in(self.log)

    def give(self, answer: pa.Table) -> Table:
        return given_back(answer, self._given)


def merges_in(log: pa.Table) -> Merges:
    """Return the merges of a log, and what undid them."""
    decisions = pc.is_in(log["name"], pa.array([MERGE, UNMERGE]))
    found = (decision_of(event_of(row), row["position"]) for row in log.filter(decisions).to_pylist())
    return Merges(decision for decision in found if decision is not None)


def us(instant: int | str | date | datetime) -> int:
    """Return an instant as µs since 1970 UTC: µs already, RFC 3339 text or a date, a date, or a datetime (naive: UTC)."""
    if isinstance(instant, int):
        return instant
    if isinstance(instant, datetime):
        return to_us(instant if instant.tzinfo else instant.replace(tzinfo=UTC))
    text = instant.isoformat() if isinstance(instant, date) else instant
    at = instant_of(text)
    if at is None:
        raise Problem("not an instant", received=instant, allowed="2026-01-31, 2026-01-31T10:00:00Z, a datetime, or µs")
    return at


def segments_of(definitions: Definitions) -> list[Segment]:
    """Return the segments that ``definitions`` are. Raises: InvalidDefinition with every problem of one definition."""
    if isinstance(definitions, Segment):
        return [definitions]
    if isinstance(definitions, Path):
        return load(definitions)
    if isinstance(definitions, str):
        return [parse_text(definitions)] if "\n" in definitions else load(Path(definitions))
    if isinstance(definitions, Mapping):
        return [parse(dict(definitions))]
    return [segment for one in definitions for segment in segments_of(one)]


def members(
    definitions: Definitions | None,
    events: Any,
    at: Instant = None,
    *,
    key: str | None = None,
    knowledge: str = "then",
    time_zone: str = "",
) -> Table:
    """Return (profile) of the members at ``at`` (the last arrival when left out), sorted, as SQL finds them.

    ``key`` names the segment when several are given; else it is the last.
    """
    asked = _Question(definitions, events, time_zone)
    found = _sql(asked, asked.key(key), [asked.at(at)], knowledge)
    return asked.give(pa.table({"profile": pa.array(sorted(found["profile"].to_pylist()), pa.string())}))


def size_over_time(
    definitions: Definitions | None,
    events: Any,
    instants: Sequence[Instant] | int = 60,
    *,
    key: str | None = None,
    time_zone: str = "",
) -> Table:
    """Return (at, size) at each of ``instants``, or at so many evenly spread over the log."""
    from coterie.engine.preview import instants_between

    asked = _Question(definitions, events, time_zone)
    chosen = (
        instants_between(int(pc.min(asked.log["received_at"]).as_py() or 0), asked.at(None), instants)
        if isinstance(instants, int)
        else [asked.at(one) for one in instants]
    )
    found = _sql(asked, asked.key(key), chosen, "then")
    counts: dict[int, int] = {}
    for moment in found["at"].to_pylist():
        counts[moment] = counts.get(moment, 0) + 1
    sizes = pa.array([counts.get(one, 0) for one in chosen], pa.int64())
    return asked.give(pa.table({"at": pa.array(chosen, pa.int64()).cast(INSTANT), "size": sizes}))


def evaluate(definitions: Definitions | None, events: Any, at: Instant = None, *, time_zone: str = "") -> Table:
    """Return one row per known profile and one boolean column per segment: who is in what at ``at``."""
    asked = _Question(definitions, events, time_zone)
    moment = asked.at(at)
    merges = asked.merges()
    arrived = asked.log.filter(pc.less_equal(asked.log["received_at"], moment))
    known = sorted({merges.canonical(one, moment) for one in pc.unique(arrived["profile"]).to_pylist()})
    columns: dict[str, Any] = {"profile": pa.array(known, pa.string())}
    for key in asked.segments:
        inside = set(_sql(asked, key, [moment], "then")["profile"].to_pylist())
        columns[key] = pa.array([one in inside for one in known], pa.bool_())
    return asked.give(pa.table(columns))


def explain(
    definitions: Definitions | None,
    events: Any,
    profile: str,
    at: Instant = None,
    *,
    key: str | None = None,
    time_zone: str = "",
) -> Explanation:
    """Return why ``profile`` is in the segment at ``at`` or not; ``.text()`` of it is for reading."""
    asked = _Question(definitions, events, time_zone)
    name, moment = asked.key(key), asked.at(at)
    owner = asked.merges().canonical(profile, moment)
    records = [event_of(row) for row in asked.log.to_pylist()]
    return explain_events(asked.catalog, records, name, owner, moment, sentence=asked.segments[name].says())


def verify(
    definitions: Definitions | None, events: Any, instants: Iterable[Instant] = (None,), *, time_zone: str = ""
) -> Table:
    """Return (segment, at, oracle, batch, live, agree): members as each of the three readers counts them, and whether the
    members are the same."""
    asked = _Question(definitions, events, time_zone)
    moments = sorted({asked.at(one) for one in instants})
    said = all_three(asked.catalog, [event_of(row) for row in asked.log.to_pylist()], moments)
    rows = [
        {
            "segment": key,
            "at": at,
            **{reader: len(found[key, at]) for reader, found in said.items()},
            "agree": said["oracle"][key, at] == said["batch"][key, at] == said["live"][key, at],
        }
        for key in asked.segments
        for at in moments
    ]
    answer = pa.Table.from_pylist(rows)
    return asked.give(answer.set_column(1, "at", answer["at"].cast(INSTANT)))


def replay(definitions: Definitions | None, events: Any, until: Instant = None, *, time_zone: str = "") -> Table:
    """Return every membership change of the history until ``until``: segment, version, profile, direction, at, cause,
    event_id, position."""
    from coterie.segments.live import Live

    asked = _Question(definitions, events, time_zone)
    moment = asked.at(until)
    live = Live(asked.catalog, history=lambda profiles: [asked.log])
    log = asked.log.filter(pc.less_equal(asked.log["received_at"], moment))
    plain = [_plain(one.table()) for one in (live.apply(log), live.advance(max(moment, live.now)))]
    return asked.give(pa.concat_tables(plain))


def _plain(changes: pa.Table) -> pa.Table:
    ids = changes["event_id"] if "event_id" in changes.column_names else pa.array([""] * changes.num_rows, pa.string())
    columns = {name: changes[name].cast(pa.string()) for name in ("segment", "profile", "direction", "cause")} | {
        "version": changes["version"],
        "at": changes["at"].cast(INSTANT),
        "event_id": ids,
        "position": changes["position"],
    }
    return pa.table({name: columns[name] for name in _CHANGE_COLUMNS})


def _sql(asked: _Question, key: str, instants: Sequence[int], knowledge: str) -> pa.Table:
    from coterie.segments.batch import statement
    from coterie.storage.duck import Duck

    if knowledge not in ("then", "now"):
        raise Problem("unknown word", where="knowledge", received=knowledge, allowed="then | now")
    with Duck() as duck:
        relation = duck.add_log(asked.log, merges=asked.merges().intervals())
        return duck.run(
            statement(
                asked.catalog, key, instants, relation=relation, knowledge="now" if knowledge == "now" else "then"
            )
        )
