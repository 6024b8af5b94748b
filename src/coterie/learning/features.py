"""``Features``: a feature set over events, as a data frame, as of any instant."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from coterie.engine.frames import log_from
from coterie.engine.history import History
from coterie.engine.learning.tables import arrow_of, build, measured
from coterie.engine.project import Project
from coterie.features.definition import FeatureSet
from coterie.features.parse import parse, parse_text
from coterie.features.table import FeatureTable
from coterie.learning.estimator import Estimator
from coterie.notebook import Instant, given_back, merges_in, us
from coterie.segments.conditions.form import Context

Written: TypeAlias = "FeatureSet | Mapping[str, Any] | str | Path"


def feature_set_of(told: Written) -> FeatureSet:
    """Return the set that a struct, plain data, YAML text, or a file is. Raises: InvalidDefinition with every problem."""
    if isinstance(told, FeatureSet):
        return told
    if isinstance(told, Mapping):
        return parse(dict(told))
    if isinstance(told, str) and "\n" in told:
        return parse_text(told)
    file = Path(told)
    return parse_text(file.read_text(encoding="utf-8"), str(file))


class Features(Estimator):
    """Measures everybody in a table of events, or in a project's log, as of ``at`` (the last arrival when left out).

    ``definition`` is a feature set: plain data, YAML text, or a file. ``fit`` takes fifths and frequent categories from its people;
    ``transform`` measures with them, also at a later instant and other people. After ``fit``: ``feature_set_``, frozen.
    """

    def __init__(self, definition: Written, *, at: Instant = None, time_zone: str = "UTC") -> None:
        self.definition, self.at, self.time_zone = definition, at, time_zone

    def fit(self, events: Any, y: Any = None) -> Features:
        """Return the estimator with what it took of the people of ``events``. Raises: InvalidDefinition, Problem."""
        self.fit_transform(events)
        return self

    def transform(self, events: Any) -> Any:
        """Return (profile, each feature): a row for everybody, as the kind of table that came; Arrow for a project."""
        return self._told(events, self._built(events, self._fitted("feature_set_"))[0])

    def fit_transform(self, events: Any, y: Any = None) -> Any:
        """Return what ``transform`` does, after taking fifths and categories from the same people."""
        table, self.feature_set_ = self._built(events, feature_set_of(self.definition))
        return self._told(events, table)

    def _built(self, events: Any, feature_set: FeatureSet) -> tuple[FeatureTable, FeatureSet]:
        if isinstance(events, Project):
            moment = events.present() if self.at is None else us(self.at)
            found = build(events, feature_set, moment)
        else:
            log = log_from(events)
            moment = int(pc.max(log["received_at"]).as_py() or 0) if self.at is None else us(self.at)
            with History.over(log, merges_in(log)) as history:
                found = measured(history, feature_set, moment, context=Context(time_zone=self.time_zone))
        return found.table, found.feature_set

    def _told(self, events: Any, table: FeatureTable) -> Any:
        answer: pa.Table = arrow_of(table)
        return answer if isinstance(events, Project) else given_back(answer, events)
