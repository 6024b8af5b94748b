"""What a project has learned: each model with its versions, who signed them, how long they hold, and what was done with it."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from msgspec import Struct, structs

from coterie.engine import definitions as segment_definitions
from coterie.engine.learning.models import definitions, models_of
from coterie.engine.learning.tables import feature_sets, plan_of
from coterie.engine.project import Project
from coterie.errors import InvalidDefinition, NotFound, Problem, nearest
from coterie.learned.artefact import Artefact, Kind
from coterie.learned.definition import AnyModel, features_of
from coterie.learned.parse import columns_of, strangers
from coterie.learned.record import Record
from coterie.storage.models import ModelStore

State: TypeAlias = Literal["not fitted", "fitted", "published", "expired", "refused"]
"""``expired``: published, and older than it was said to hold. ``refused``: a signature does not hold."""
OWN = "this project"


class ModelTold(Struct, frozen=True, kw_only=True):
    """One model: what is written, fitted and published of it. ``problem`` says why a version is refused."""

    kind: Kind
    key: str
    title: str
    state: State
    is_written: bool
    """Whether there is a file of it in ``models/``."""
    is_live: bool
    """Whether a server keeps its traits up to date."""
    versions: tuple[int, ...] = ()
    published: int | None = None
    fitted_at: int | None = None
    """Of the published version, else of the newest."""
    people: int | None = None
    valid_until: int | None = None
    problem: str = ""


class VersionTold(Struct, frozen=True, kw_only=True):
    """One version of a model, without its parameters: from which data, how good, who signed it, until when it holds."""

    kind: Kind
    key: str
    version: int
    title: str
    is_published: bool
    fitted_at: int
    data_since: int
    data_until: int
    people: int
    valid_until: int | None
    seed: int
    signer: str
    """Whose key signed it, by name; its public key is ``signed_with``."""
    signed_with: str
    definition: dict[str, Any]
    feature_set: str
    quality: dict[str, Any]
    warnings: tuple[str, ...]
    coterie: str
    libraries: dict[str, str]


class VerifiedModel(Struct, frozen=True, kw_only=True):
    """Whether the signature of one version holds; ``problem`` says why it does not."""

    kind: Kind
    key: str
    version: int
    holds: bool
    signer: str = ""
    problem: str = ""


def models_told(project: Project, now: int) -> tuple[ModelTold, ...]:
    """Return every model that is written or fitted, by kind and key. Raises: InvalidDefinition for the files in ``models/``."""
    store = models_of(project)
    written: dict[tuple[str, str], AnyModel] = {(one.kind, one.key): one for one in definitions(project)}
    found: list[ModelTold] = []
    for kind, key in sorted({*written, *store.models()}):
        model = written.get((kind, key))
        told = _told(store, kind, key, now)
        title = (model.title if model else "") or told.title
        found.append(
            _with(told, title=title, is_written=model is not None, is_live=model is not None and model.live is not None)
        )
    return tuple(found)


def version_told(project: Project, kind: str, key: str, version: int | None = None) -> VersionTold:
    """Return a version of a model, the published one when not said, else the newest. Raises: NotFound, Problem."""
    store = models_of(project)
    published = store.published_version(kind, key)
    one = store.load(kind, key, published if version is None else version)
    return VersionTold(
        kind=one.kind, key=one.key, version=one.version, title=one.title, is_published=one.version == published,
        fitted_at=one.fitted_at, data_since=one.since, data_until=one.as_of, people=one.people,
        valid_until=one.valid_until, seed=one.seed, signer=_signer(store, store.signer(kind, key, one.version)),
        signed_with=store.signer(kind, key, one.version), definition=one.definition,
        feature_set=str(one.feature_set.get("key", "")), quality=one.quality, warnings=one.warnings,
        coterie=one.coterie, libraries=one.libraries,
    )  # fmt: skip


def verified(project: Project) -> tuple[VerifiedModel, ...]:
    """Return every version of every model, and whether its signature holds."""
    store = models_of(project)
    found: list[VerifiedModel] = []
    for kind, key in store.models():
        for version in store.versions(kind, key):
            try:
                store.load(kind, key, version)
                told = VerifiedModel(kind=_kind(kind), key=key, version=version, holds=True, signer=_signer(store, store.signer(kind, key, version)))  # fmt: skip
            except Problem as error:
                told = VerifiedModel(kind=_kind(kind), key=key, version=version, holds=False, problem=error.what)
            found.append(told)
    return tuple(found)


def check(project: Project) -> list[Problem]:
    """Return everything that is wrong with the models in ``models/``: in each file, and what it names that nobody defines."""
    try:
        models = definitions(project)
    except InvalidDefinition as error:
        return list(error.problems)
    try:
        segments = {one.key for one in segment_definitions.candidates(project)}
    except InvalidDefinition:  # told of by whoever checks segments
        return []
    return strangers(models, segments, _features(project, models)) if models else []


def _features(project: Project, models: list[AnyModel]) -> dict[str, tuple[str, ...]]:
    """Return feature set → its features; of a set that is wrong itself nothing is said to be missing."""
    try:
        sets = feature_sets(project)
    except InvalidDefinition:
        return {key: columns_of(models) for one in models if (key := features_of(one)) is not None}
    found: dict[str, tuple[str, ...]] = {}
    for one in sets:
        try:
            found[one.key] = tuple(feature.name for feature in plan_of(project, one).features)
        except InvalidDefinition:
            found[one.key] = columns_of(models)
    return found


def kind_of(project: Project, key: str, kind: str = "") -> str:
    """Return the kind of the model with that key; it has to be said only where two kinds have one. Raises: NotFound, Problem."""
    known = [*models_of(project).models(), *((one.kind, one.key) for one in definitions(project))]
    found = sorted({there for there, name in known if name == key and kind in ("", there)})
    if not found:
        raise NotFound(
            f"no model {key!r}", hint=nearest(key, [name for _, name in known]) or "see them: coterie models list"
        )
    if len(found) > 1:
        raise Problem("several models have this key", received=key, allowed=f"--kind {' or '.join(found)}")
    return found[0]


def history_of(project: Project, kind: str, key: str) -> tuple[Record, ...]:
    """Return what was done with a model, the newest first. Raises: NotFound when there is no such model."""
    found = models_of(project).history(kind, key)
    if not found:
        models_of(project).load(kind, key)
    return tuple(reversed(found))


def _told(store: ModelStore, kind: str, key: str, now: int) -> ModelTold:
    versions = tuple(store.versions(kind, key))
    bare = ModelTold(kind=_kind(kind), key=key, title="", state="not fitted", is_written=False, is_live=False)
    if not versions:
        return bare
    published = store.published_version(kind, key)
    try:
        one = store.load(kind, key, published)
    except (Problem, NotFound) as error:
        return _with(bare, state="refused", versions=versions, published=published, problem=error.message)
    return _with(
        bare, title=one.title, state=_state(one, published, now), versions=versions, published=published,
        fitted_at=one.fitted_at, people=one.people, valid_until=one.valid_until,
    )  # fmt: skip


def _state(one: Artefact, published: int | None, now: int) -> State:
    if published is None:
        return "fitted"
    return "expired" if one.valid_until is not None and one.valid_until < now else "published"


def _with(told: ModelTold, **changes: Any) -> ModelTold:
    return structs.replace(told, **changes)


def _signer(store: ModelStore, key: str) -> str:
    if key == store.signers.own():
        return OWN
    return next((one.name for one in store.signers.all() if one.key == key), "nobody known")


def _kind(text: str) -> Kind:
    return text  # type: ignore[return-value]  # the store knows no other kinds
