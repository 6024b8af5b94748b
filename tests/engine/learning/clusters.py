"""Models of clusters made by hand, and the law of their records: each says what the model says of all that had arrived by it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from coterie.clusters.fitted import FittedClusters, Group
from coterie.clusters.labels import Rule
from coterie.engine import definitions
from coterie.engine.learning.models import models_of
from coterie.engine.learning.standing import Standing, standing
from coterie.engine.project import Project
from coterie.features.preparation.preparation import NumberStep, Preparation
from coterie.learned.artefact import Artefact
from coterie.learned.parse import parse
from coterie.model import SET, Event
from coterie.segments.oracle import Oracle
from coterie.segments.parse.written import data_of

FEATURES: dict[str, Any] = {
    "key": "habits",
    "features": {
        "views": {"aggregate": {"kind": "count", "event": "view"}},
        "spent": {"aggregate": {"kind": "sum", "property": "total", "event": "order", "within": "1d"}},
        "quiet": {"since": {"of": "latest", "event": "any", "in": "hours"}},
    },
}
MODEL: dict[str, Any] = {
    "key": "habits", "kind": "clusters", "features": "habits", "k": 3, "live": {"every": "1h", "tolerance": 0.01},
}  # fmt: skip
KEYS = ("lookers", "buyers", "sleepers")
CENTRES = ((1.5, 0.0, 0.0), (1.0, 3.0, 0.0), (0.5, 0.5, 3.0))


def artefact(
    centres: Any = CENTRES, keys: tuple[str, ...] = KEYS, features: dict[str, Any] | None = None, **model: Any
) -> Artefact:
    """Return a model of three clusters over three features, the logarithms of which are compared."""
    steps = tuple(NumberStep(column=name, fill=0.0, curve="log1p") for name in ("views", "spent", "quiet"))
    fitted = FittedClusters(
        preparation=Preparation(numbers=steps, categories=(), made=("views", "spent", "quiet"), kept=(0, 1, 2)),
        rule=Rule(centres=np.array(centres, np.float64), scales=np.ones(3), reach=np.full(len(keys), np.inf)),
        groups=tuple(Group(key=key, title=key.title(), size=1) for key in keys),
    )
    return Artefact(
        kind="clusters", key="habits", fitted_at=1, as_of=1, people=3, parameters=fitted.parameters(),
        definition=data_of(parse({**MODEL, **model})), feature_set={**(features or FEATURES)},
    )  # fmt: skip


def publish(project: Project, made: Artefact, at: int = 1) -> int:
    """The model is saved and published; return its version."""
    store = models_of(project)
    version = store.save(made).version
    store.publish("clusters", made.key, version, at)
    return version


def events_of(tables: Any) -> list[Event]:
    """Return the rows of a log as events, in order."""
    rows = [row for table in tables for row in table.to_pylist()]
    names = ("profile", "name", "occurred_at", "received_at")
    return [
        Event(id=row["event_id"], **{n: row[n] for n in names}, properties=json.loads(row["properties"]))
        for row in rows
    ]


def records_of(events: list[Event], key: str = "habits") -> list[tuple[int, Event]]:
    """Return (place in the log, record) of every record that a live model wrote."""
    return [
        (place, one) for place, one in enumerate(events) if one.name == SET and one.id.startswith(f"cluster.{key}@")
    ]


def said(model: Standing, oracle: Oracle, profile: str, at: int) -> tuple[str | None, float | None]:
    """Return the cluster and distance that the model says of a person, from what the oracle measures."""
    found = oracle.measure(model.reading.terms, profile, at)
    measured = np.array([[np.nan if one is None else one for one in found]], np.float64)
    places, distances = model.place(measured)
    place, distance = int(places[0]), float(distances[0])
    return (model.fitted.keys[place] if place >= 0 else None), (None if np.isnan(distance) else distance)


def check_records(project: Project, events: list[Event], key: str = "habits", catalog: Any = None) -> int:
    """Every record of the log is what its version of the model says at its instant of what had arrived; return how many there are."""
    store, context = models_of(project), definitions.context(project)
    models: dict[int, Standing] = {}
    oracle = Oracle(catalog if catalog is not None else definitions.catalog(project), events)
    found = records_of(events, key)
    for _, record in found:
        version = int(str(record.properties[f"cluster_version.{key}"]))
        model = models.setdefault(version, standing(store.load("clusters", key, version), context))
        expected = said(model, oracle, record.profile, record.received_at)
        told = (record.properties[f"cluster.{key}"], record.properties[f"cluster_distance.{key}"])
        assert told == expected, f"{record}: the model says {expected}"
    return len(found)


def hold(root: Path, made: Artefact) -> int:
    """As ``publish``, of the project in a folder."""
    return publish(Project(root), made)
