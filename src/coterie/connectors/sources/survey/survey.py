"""A survey read from the source below it: rows of answers in, a row per response out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from msgspec import structs

from coterie.connectors.column import Refused
from coterie.connectors.rows import Chunk, chunk_of
from coterie.connectors.sources.failures import SchemaChanged
from coterie.connectors.sources.messages import ID
from coterie.connectors.sources.source import Page, Position, Sight, Source
from coterie.connectors.sources.survey.config import Config
from coterie.connectors.sources.survey.scoring import Scorer
from coterie.errors import LimitExceeded, Problem, nearest
from coterie.values import canonical

RESPONSES = 1_000
"""Responses of one page of a survey in long shape."""
ANSWERS_MAX = 5_000_000
"""Answers of a survey in long shape that are held while they are put together, about 1 GB."""
_Row = tuple[int, dict[str, Any]]


class Survey:
    """The survey of ``config``. Its position is that of the source below; in long shape with how many responses behind it."""

    continuous = False

    def __init__(self, config: Config, name: str, inner: Source) -> None:
        self._config, self._name, self._inner = config, name, inner
        self._scorer = Scorer(config)

    def look(self) -> Sight:
        """Return what the source below has."""
        return self._inner.look()

    def read(self, position: Position) -> Iterator[Page]:
        """Yield responses. Raises: SchemaChanged when a column of the survey is not there, and what the source below raises."""
        yield from self._long(position) if self._config.shape == "long" else self._wide(position)

    def acknowledge(self, position: Position) -> None:
        """The source below may forget what was kept."""
        if self._config.shape == "wide":
            self._inner.acknowledge(position)
        elif not position.get("done"):
            self._inner.acknowledge(position.get("at", {}))

    def close(self) -> None:
        """The source below is closed."""
        self._inner.close()

    # ── a row per person ─────────────────────────────────────────────────────────────────────────────────────

    def _wide(self, position: Position) -> Iterator[Page]:
        for page in self._inner.read(position):
            self._check(page, self._scorer.columns)
            rows, broken = _rows(page.chunk)
            yield structs.replace(page, chunk=self._scored(rows, broken))

    def _scored(self, rows: list[_Row], broken: list[tuple[int, str, str]]) -> Chunk:
        told: list[dict[str, Any]] = []
        numbers: list[int] = []
        for number, row in rows:
            try:
                scored = self._scorer.score(row)
            except Problem as problem:
                broken.append((number, canonical(row), " ".join(str(problem).split())))
                continue
            rest = {column: value for column, value in row.items() if column not in self._scorer.columns}
            told.append({**rest, **scored, ID: self._id(row)})
            numbers.append(number)
        chunk = chunk_of(told, id_column=ID)
        return structs.replace(chunk, numbers=np.array(numbers, dtype=np.int64), broken=tuple(broken))

    def _id(self, row: dict[str, Any]) -> str:
        """Return the id of a response: the same however often an export repeats it."""
        config = self._config
        columns = (config.response,) if config.response else (config.respondent, config.answered_at)
        text = canonical([str(row.get(one)) for one in columns])
        return f"{self._name}/{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}"

    # ── a row per answer ─────────────────────────────────────────────────────────────────────────────────────

    def _long(self, position: Position) -> Iterator[Page]:
        """Yield the responses of all that is there, in the order in which each begins.

        Position: ``at`` where the source below was, ``until`` where it was at its end, and how many responses are ``done``.
        """
        start, done = position.get("at", {}), position.get("done", 0)
        responses, broken, end = self._gathered(start, position.get("until"))
        place = f"survey {self._config.survey or self._name}"
        while done < len(responses) or broken:
            some = responses[done : done + RESPONSES]
            chunk = self._scored(list(enumerate(some, done + 1)), broken)
            done, broken = done + len(some), []
            whole = done >= len(responses)
            following = {"at": end} if whole else {"at": start, "until": end, "done": done}
            yield Page(chunk=chunk, position=following, place=place, done=done / max(len(responses), 1))
        yield Page(chunk=chunk_of([], id_column=ID), position={"at": end}, place=place, done=1.0)

    def _gathered(
        self, start: Position, until: Position | None
    ) -> tuple[list[dict[str, Any]], list[tuple[int, str, str]], Position]:
        """Return the answers put together by response, what could not be read, and where the source below ended."""
        config, end, count = self._config, start, 0
        asked, said = config.question or "", config.answer or ""
        found: dict[str, dict[str, Any]] = {}
        broken: list[tuple[int, str, str]] = []
        for page in self._inner.read(start):
            self._check(page, frozenset((asked, said)))
            rows, spoilt = _rows(page.chunk)
            broken += spoilt
            count += len(rows)
            if count > ANSWERS_MAX:
                hint = "split the export, or let it come in the wide shape"
                raise LimitExceeded(f"the survey has more than {ANSWERS_MAX:,} answers", hint=hint)
            for _, row in rows:
                question, answer = row.pop(asked, None), row.pop(said, None)
                response = found.setdefault(self._id(row), row)
                if question in self._scorer.columns:
                    response[question] = answer
            end = page.position
            if until is not None and end == until:
                break
        return list(found.values()), broken, end

    def _check(self, page: Page, needed: frozenset[str]) -> None:
        """Every column that the survey reads is there. Raises: SchemaChanged."""
        if page.chunk.sparse or not len(page.chunk.numbers):
            return
        config = self._config
        wanted = needed | {one for one in (config.respondent, config.answered_at, config.response) if one}
        gone = sorted(wanted - page.chunk.columns.keys())
        if gone:
            known = sorted(page.chunk.columns)
            hint = nearest(gone[0], known) or "a question may be renamed: change items: to what it is now"
            what = f"{page.place}: the survey reads columns that are not there: {', '.join(gone)}; there are: {', '.join(known)}"
            raise SchemaChanged(what, hint=hint)


def _rows(chunk: Chunk) -> tuple[list[_Row], list[tuple[int, str, str]]]:
    """Return the rows as dicts with their numbers, and those that cannot be read."""
    good: list[_Row] = []
    broken = list(chunk.broken)
    for place, number in enumerate(chunk.numbers.tolist()):
        row = {name: column.at(place) for name, column in chunk.columns.items()}
        spoilt = next((f"{name}: {one.why}" for name, one in row.items() if isinstance(one, Refused)), "")
        if spoilt:
            broken.append((number, chunk.row(place), spoilt))
        else:
            good.append((number, {name: one for name, one in row.items() if one is not None}))
    return good, broken
