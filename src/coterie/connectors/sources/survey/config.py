"""What ``sources/<name>.yaml`` says of a survey: who answered, which questions there are, and what they measure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from coterie.connectors.sources.kinds import Setting
from coterie.errors import InvalidDefinition, Problem, nearest
from coterie.segments.conditions.form import Check, Flaw, Form
from coterie.segments.conditions.words import Doc, Name, Number, Text, TimeZone, whole

if TYPE_CHECKING:
    from coterie.connectors.sources.survey.survey import Survey

INNER = "from"
EVENT = "survey_answered"


def _refuse_bounds(least: float | None, most: float | None) -> Flaw | None:
    if (least is None) != (most is None):
        return Flaw("only one of two", "least", allowed="least and most, or neither")
    if least is not None and most is not None and least >= most:
        return Flaw("nothing lies between", "most", received=most, allowed=f"above {least:g}")
    return None


def _refuse_reading(words: bool, separator: str, answers: object, reversed: bool) -> Flaw | None:
    if words and (separator or answers is not None or reversed):
        return Flaw("words have no numbers", "words", received=True, allowed="words alone")
    if separator and reversed:
        return Flaw("a choice of several cannot be reversed", "reversed", received=True, allowed="false")
    return None


class Item(Form, frozen=True, kw_only=True):
    """One question."""

    checks: ClassVar[tuple[Check, ...]] = (
        Check(("least", "most"), _refuse_bounds),
        Check(("words", "separator", "answers", "reversed"), _refuse_reading),
    )

    name: Annotated[
        Name | None, Doc("What it is called as a property; the column or question itself when not said.")
    ] = None
    answers: Annotated[
        Name | None, Doc("The set of `answers` that it is answered with; the answers are numbers when not said.")
    ] = None
    reversed: Annotated[
        bool, Doc("Whether a high answer means little of what its scale measures; false when not said.")
    ] = False
    least: Annotated[Number | None, Doc("The lowest number that can be answered.")] = None
    most: Annotated[Number | None, Doc("The highest number that can be answered.")] = None
    words: Annotated[bool, Doc("Whether the answer is kept as it was written, or chosen; false when not said.")] = False
    separator: Annotated[str, Doc("What stands between several choices, such as `;`; they become a list.")] = ""


class Scale(Form, frozen=True, kw_only=True):
    """What several items measure together."""

    items: Annotated[tuple[Name, ...], Doc("Names of items.")]
    minimum: Annotated[
        int | None, whole(1), Doc("Of how many there must be an answer; of all when not said. Else there is no value.")
    ] = None
    how: Annotated[
        Literal["mean", "sum"],
        Doc("`mean` of what was answered, or `sum`: that mean times the number of items; `mean` when not said."),
    ] = "mean"


class Config(Form, frozen=True, kw_only=True):
    """A survey on top of another source, whose rows are its answers."""

    survey: Annotated[Name | None, Doc("Its name in the events; that of the source when not said.")] = None
    shape: Annotated[
        Literal["wide", "long"],
        Doc("`wide`: a row per person, a column per question; `long`: a row per answer; `wide` when not said."),
    ] = "wide"
    respondent: Annotated[Text, Doc("Column that says who answered.")]
    identifier: Annotated[Name, Doc("Kind of identifier in that column; `user_id` when not said.")] = "user_id"
    answered_at: Annotated[Text, Doc("Column that says when.")]
    time_zone: Annotated[TimeZone, Doc("Where that is told without an offset; UTC when not said.")] = "UTC"
    response: Annotated[
        Text | None, Doc("Column that tells responses apart; the person and the instant when not said.")
    ] = None
    question: Annotated[Text | None, Doc("Column of the question, in `long`.")] = None
    answer: Annotated[Text | None, Doc("Column of the answer, in `long`.")] = None
    answers: Annotated[
        dict[Name, dict[Text, Number]] | None, Doc("Sets of answers by name: what is shown → its number.")
    ] = None
    items: Annotated[dict[Text, Item], Doc("Column (`wide`) or question (`long`) → what it is.")]
    scales: Annotated[dict[Name, Scale] | None, Doc("Scales by the trait that they become.")] = None


def open_source(config: Config, setting: Setting) -> Survey:
    """Return the survey on its opened source. Raises: InvalidDefinition with all that does not fit together."""
    from coterie.connectors.sources.survey.survey import Survey

    problems = [*mistakes(config, setting.name)]
    if setting.inner is None or setting.inner.continuous:
        where = f"sources/{setting.name}.yaml: from.kind"
        problems.append(Problem("a stream has no end", where=where, allowed="files, a table, or an API"))
    if problems or setting.inner is None:
        raise InvalidDefinition(problems)
    return Survey(config, setting.name, setting.inner)


def name_of(column: str, item: Item) -> str:
    """Return the property that an item becomes."""
    return item.name or column


def mistakes(config: Config, source: str) -> list[Problem]:
    """Return what does not fit together."""
    found: list[Problem] = []

    def wrong(what: str, at: str, received: object, allowed: str, hint: str = "") -> None:
        found.append(Problem(what, where=f"sources/{source}.yaml: {at}", received=received, allowed=allowed, hint=hint))

    for field in ("question", "answer"):
        value = getattr(config, field)
        if (value is None) == (config.shape == "long"):
            wrong("missing" if value is None else "not of this shape", field, value, "a column, with shape: long only")
    names = [name_of(column, item) for column, item in config.items.items()]
    for name in sorted({one for one in names if names.count(one) > 1}):
        wrong("two items have this name", "items", name, "a name for each")
    sets = config.answers or {}
    for column, item in config.items.items():
        if item.answers is not None and item.answers not in sets:
            wrong(
                "no such answers", f"items.{column}.answers", item.answers, ", ".join(sets), nearest(item.answers, sets)
            )
        if item.reversed and item.answers is None and item.least is None:
            wrong("cannot be turned round", f"items.{column}.reversed", True, "answers, or least and most beside it")
    counted = [name_of(one, item) for one, item in config.items.items() if not item.words and not item.separator]
    for name, scale in (config.scales or {}).items():
        for one in scale.items:
            if one not in counted:
                wrong("no item with a number", f"scales.{name}.items", one, ", ".join(counted), nearest(one, counted))
        if name in names:
            wrong("an item has this name", "scales", name, "another name")
        if scale.minimum is not None and scale.minimum > len(scale.items):
            wrong("more than there are", f"scales.{name}.minimum", scale.minimum, f"up to {len(scale.items)}")
    return found


def mapping_of(config: Config, name: str) -> dict[str, Any]:
    """Return the mapping of a survey whose file has none: an event with every answer, and the scales as traits."""
    items = {one: one for one in (name_of(column, item) for column, item in config.items.items())}
    scales = {one: one for one in config.scales or {}}
    return {
        "event": EVENT,
        "identifiers": {config.identifier: config.respondent},
        "occurred_at": {"column": config.answered_at, "format": "any", "time_zone": config.time_zone},
        "properties": {**items, **scales, "survey": {"constant": config.survey or name}},
        "traits": scales,
    }
