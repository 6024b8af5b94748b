"""A feature set as it is written, in ``features/<key>.yaml``, and how it becomes what readers read."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import structs

from coterie.errors import InvalidDefinition, Problem
from coterie.features.builtin import BuiltIn
from coterie.features.expressions import Expression
from coterie.features.feature import Feature, Setting
from coterie.features.formulas import Unreadable, names_of
from coterie.features.own import Own
from coterie.features.plan import Plan
from coterie.features.words import FeatureName, FeatureSetKey
from coterie.limits import DEFAULT
from coterie.segments import core
from coterie.segments.conditions.form import Choice, Condition, Context, Form
from coterie.segments.conditions.words import Doc, MayBeEmpty, Number, SegmentKey, Text, TimeZone, whole


class Frozen(Form, frozen=True, kw_only=True):
    """What was taken from the population when the set was frozen; `coterie features build --freeze` writes it."""

    cuts: Annotated[
        dict[FeatureName, Annotated[tuple[Number, ...], MayBeEmpty()]] | None, Doc("The numbers between the fifths, by feature.")
    ] = None  # fmt: skip
    levels: Annotated[
        dict[FeatureName, Annotated[tuple[Text, ...], MayBeEmpty()]] | None, Doc("The frequent values of each mix, by its prefix.")
    ] = None  # fmt: skip


class FeatureSet(Form, frozen=True, kw_only=True):
    """One feature set: what is measured of everybody in a population."""

    choices: ClassVar[tuple[Choice, ...]] = (
        Choice((("built_in",), ("features",)), least=1, most=2, hint="name what is measured"),
        Choice((("population",), ("who",))),
    )

    key: Annotated[FeatureSetKey, Doc("The set's name for ever; the file is `features/<key>.yaml`.")]
    title: Annotated[str, Doc("Its name for people.")] = ""
    description: Annotated[str, Doc("What it is for.")] = ""
    owner: Annotated[str, Doc("Who answers for it.")] = ""
    version: Annotated[int, whole(1), Doc("Raised with every edit of what is measured.")] = 1
    population: Annotated[SegmentKey | None, Doc("Only the members of this segment.")] = None
    who: Annotated[Condition | None, Doc("Only the people who meet this condition.")] = None
    universe: Annotated[
        Literal["all", "identified"], Doc("Every known person, or only those that have identified themselves.")
    ] = "all"
    time_zone: Annotated[
        TimeZone | None, Doc("Time zone of calendar words and dates; the project's when not said.")
    ] = None
    built_in: Annotated[tuple[BuiltIn, ...] | None, Doc("Families of features that come with Coterie.")] = None
    features: Annotated[dict[FeatureName, Own] | None, Doc("Features of your own, by name.")] = None
    frozen: Annotated[
        Frozen | None, Doc("Fifths and frequent values as they were; without them they are taken from the data anew.")
    ] = None

    def says(self) -> str:
        """Return who is measured, in words."""
        known = "identified " if self.universe == "identified" else ""
        if self.population is not None:
            return f"the {known}members of {self.population}"
        return (
            f"{known}people {self.who.says()}"
            if self.who is not None
            else "everybody"
            if not known
            else "identified people"
        )


def lower(feature_set: FeatureSet, context: Context = Context()) -> Plan:  # noqa: B008  an immutable value
    """Return the set as readers see it. Raises: InvalidDefinition with every problem between its features."""
    setting = setting_of(feature_set, context)
    features = [feature for built_in in feature_set.built_in or () for feature in built_in.features(setting)]
    problems = _twice([*(feature.name for feature in features), *(feature_set.features or {})], feature_set.key)
    own, hidden, flaws = _own(feature_set, features, setting)
    problems += flaws
    columns = [feature for feature in (*features, *own) if feature.name not in hidden]
    if len(columns) > DEFAULT.features_max:
        problems.append(
            Problem(
                "too many features",
                where=feature_set.key,
                received=len(columns),
                allowed=f"at most {DEFAULT.features_max}",
            )
        )
    if problems:
        raise InvalidDefinition(problems)
    return Plan(
        key=feature_set.key,
        version=feature_set.version,
        features=tuple(columns),
        population=feature_set.population or "",
        who=_who(feature_set, setting),
        questions=tuple(one for built_in in feature_set.built_in or () for one in built_in.questions(setting)),
    )


def _who(feature_set: FeatureSet, setting: Setting) -> core.Node | None:
    """Return what people must meet beside being in the population; ``None``: nothing."""
    met = None if feature_set.who is None else feature_set.who.lower(setting.context)
    if feature_set.universe == "all":
        return met
    return core.KNOWN_BY_IDENTIFY if met is None else core.All((core.KNOWN_BY_IDENTIFY, met))


def setting_of(feature_set: FeatureSet, context: Context) -> Setting:
    """Return ``context`` as the features of this set see it, with what was frozen."""
    frozen = feature_set.frozen or Frozen()
    own = structs.replace(context, segment=feature_set.key, time_zone=feature_set.time_zone or context.time_zone)
    return Setting(context=own, cuts=frozen.cuts or {}, levels=frozen.levels or {})


def _own(
    feature_set: FeatureSet, built_in: list[Feature], setting: Setting
) -> tuple[list[Feature], frozenset[str], list[Problem]]:
    """Return the written features (formulas after what they name), the names of the hidden ones, and what is wrong."""
    written = feature_set.features or {}
    known: dict[str, Expression] = {
        one.name: one.expression for one in built_in if one.kind == "number" and one.expression is not None
    }
    found: dict[str, Feature] = {}
    problems: list[Problem] = []
    for name in _ordered(written):
        try:
            feature = written[name].feature(name, setting, known)
        except Unreadable as error:
            flaw = error.flaw
            where = f"{feature_set.key}: features.{name}.formula"
            problems.append(
                Problem(flaw.what, where=where, received=flaw.received, allowed=flaw.allowed, hint=flaw.hint)
            )
            continue
        found[name] = feature
        if feature.kind == "number" and feature.expression is not None:
            known[name] = feature.expression
    hidden = frozenset(name for name, one in written.items() if one.hidden)
    return [found[name] for name in written if name in found], hidden, problems


def _ordered(written: dict[str, Own]) -> list[str]:
    """Return the names so that a formula comes after those it uses; circles come last, where they will be told."""
    waiting = {name: {one for one in names_of(own.formula or "0") if one in written} for name, own in written.items()}
    ordered: list[str] = []
    while waiting:
        ready = [name for name, needs in waiting.items() if not needs - set(ordered)]
        if not ready:
            return [*ordered, *waiting]
        ordered += ready
        waiting = {name: needs for name, needs in waiting.items() if name not in ready}
    return ordered


def _twice(names: list[str], key: str) -> list[Problem]:
    twice = sorted({name for name in names if names.count(name) > 1})
    hint = "give a family a prefix of its own, such as prefix: web_"
    return [
        Problem("two features have this name", where=key, received=name, allowed="one feature per name", hint=hint)
        for name in twice
    ]
