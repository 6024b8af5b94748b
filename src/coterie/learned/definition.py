"""A model as it is written, in ``models/<key>.yaml``: what it learns from, how, and how it is kept up to date."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, TypeAlias

from coterie.features.preparation.recipe import Recipe
from coterie.learned.policy import LiveAssignment, Recalibration
from coterie.learned.words import ClusterCount, FeatureSetKey, ModelKey, Picked
from coterie.segments.conditions.form import Check, Choice, Flaw, Form
from coterie.segments.conditions.words import Doc, Duration, Name, SegmentKey, Text, number, whole

Algorithm: TypeAlias = Literal[
    "kmeans", "hierarchical", "dbscan", "hdbscan", "gaussian", "kprototypes", "gower", "auto"
]
WITHOUT_K = ("dbscan", "hdbscan")
"""Algorithms that find the number of clusters themselves."""


class Model(Form, frozen=True, kw_only=True):
    """What every model says."""

    key: Annotated[ModelKey, Doc("The model's name for ever; the file is `models/<key>.yaml`.")]
    title: Annotated[str, Doc("Its name for people.")] = ""
    description: Annotated[str, Doc("What it is for.")] = ""
    owner: Annotated[str, Doc("Who answers for it.")] = ""
    population: Annotated[SegmentKey | None, Doc("Only the members of this segment; everybody when not said.")] = None
    seed: Annotated[int, whole(0, 2**31 - 1), Doc("Of every draw: the same data and seed give the same model.")] = 0
    live: Annotated[
        LiveAssignment | None, Doc("How a running server keeps its traits up to date; when not said, only publishing writes them.")
    ] = None  # fmt: skip
    recalibrate: Annotated[Recalibration, Doc("When it is fitted anew.")] = Recalibration()
    valid_for: Annotated[Duration, Doc("So long after a fit it counts as valid; then every answer warns.")] = "90d"


class Auto(Form, frozen=True, kw_only=True):
    """What `algorithm: auto` tries."""

    algorithms: Annotated[
        tuple[Algorithm, ...] | None, Doc("These algorithms; all that suit the data when not said.")
    ] = None
    columns: Annotated[
        dict[Name, tuple[Name, ...]] | None, Doc("Named selections of features, each tried; all features when not said.")
    ] = None  # fmt: skip
    within: Annotated[Duration, Doc("Time budget: nothing new is begun after it.")] = "60s"


def _k_with(algorithm: str, k: int | str | None) -> Flaw | None:
    if algorithm in WITHOUT_K and k is not None:
        return Flaw(f"{algorithm} finds the number of clusters itself", "k", received=k, allowed="no k",
                    hint="say how dense a cluster is: min_cluster_size, min_samples, eps")  # fmt: skip
    return None


def _range_in_order(k_range: tuple[int, int]) -> Flaw | None:
    if k_range[0] > k_range[1]:
        return Flaw("the range ends before it begins", "k_range", list(k_range), f"[{k_range[1]}, {k_range[0]}]")
    return None


def _auto_what(algorithm: str, auto: Auto | None) -> Flaw | None:
    if auto is not None and algorithm != "auto":
        return Flaw("only `algorithm: auto` tries several", "auto", allowed="algorithm: auto beside it")
    return None


def _density_of_what(algorithm: str, eps: float | None, min_cluster_size: int | None) -> list[Flaw]:
    told = {"eps": (eps, ("dbscan", "auto")), "min_cluster_size": (min_cluster_size, ("hdbscan", "auto"))}
    return [
        Flaw(f"{algorithm} has no {key}", key, received=value, allowed=f"algorithm: {where[0]}")
        for key, (value, where) in told.items()
        if value is not None and algorithm not in where
    ]


class ClustersModel(Model, frozen=True, kw_only=True):
    """Groups that nobody wrote down: people who are alike in their features."""

    checks: ClassVar[tuple[Check, ...]] = (
        Check(("algorithm", "k"), _k_with),
        Check(("k_range",), _range_in_order),
        Check(("algorithm", "auto"), _auto_what),
        Check(("algorithm", "eps", "min_cluster_size"), _density_of_what),
    )

    kind: Annotated[Literal["clusters"], Doc("This kind of model.")]
    features: Annotated[FeatureSetKey, Doc("The feature set: `features/<key>.yaml`.")]
    columns: Annotated[tuple[Name, ...] | None, Doc("Only these features of it; all when not said.")] = None
    algorithm: Annotated[Algorithm, Doc("How they are found; `auto` compares.")] = "kmeans"
    k: Annotated[ClusterCount | None, Doc("How many clusters; `auto`, when not said, chooses within `k_range`.")] = None
    k_range: Annotated[
        tuple[Annotated[int, whole(2, 100)], Annotated[int, whole(2, 100)]], Doc("From and to: what `auto` chooses from.")
    ] = (2, 12)  # fmt: skip
    starts: Annotated[
        int, whole(1, 100), Doc("Independent starts of an algorithm that needs them; the best is kept.")
    ] = 10
    eps: Annotated[
        float | None, number(0, None), Doc("dbscan: how near neighbours are, in prepared units; chosen from the data when not said.")
    ] = None  # fmt: skip
    min_samples: Annotated[int | None, whole(1, 100_000), Doc("Density: neighbours that make a place dense.")] = None
    min_cluster_size: Annotated[int | None, whole(2, 10_000_000), Doc("hdbscan: the smallest cluster.")] = None
    covariance: Annotated[Literal["diag", "full"], Doc("gaussian: the shape of each cluster.")] = "full"
    auto: Annotated[Auto | None, Doc("What `algorithm: auto` tries, and for how long.")] = None
    prepare: Annotated[Recipe, Doc("How features become numbers that can be compared.")] = Recipe()
    worth: Annotated[
        Name | None, Doc("Feature that says what somebody brought in, for each cluster's share of it; `monetary` where the set has it.")
    ] = None  # fmt: skip
    names: Annotated[
        dict[Name, Text] | None, Doc("Titles for people, by the stable key of a cluster; suggested ones stand for the rest.")
    ] = None  # fmt: skip


class ValueModel(Model, frozen=True, kw_only=True):
    """What customers are worth: expected purchases, the chance that they are still customers, lifetime value."""

    checks: ClassVar[tuple[Check, ...]] = (
        Check(("monetary", "amount"), lambda monetary, amount: _amount_of(monetary, amount)),
    )

    kind: Annotated[Literal["value"], Doc("This kind of model.")]
    model: Annotated[
        Literal["bg_nbd", "mbg_nbd", "pareto_nbd"],
        Doc("How purchases stop. `bg_nbd`: after a purchase; `mbg_nbd`: also after the first; `pareto_nbd`: at any time."),
    ] = "bg_nbd"  # fmt: skip
    purchase: Annotated[Picked, Doc("Which events are purchases.")]
    order: Annotated[
        Name | None, Doc("Property that names the order: events with the same value are one purchase.")
    ] = None
    amount: Annotated[Name | None, Doc("Property with the money of the event.")] = None
    unit: Annotated[Literal["day", "week"], Doc("Unit of time; purchases on one day are one purchase in either.")] = (
        "day"
    )
    horizon: Annotated[Duration, Doc("How far the future is that is foreseen.")] = "365d"
    discount_yearly: Annotated[
        float, number(None, 10, least=0), Doc("Rate by which money of a year later is worth less.")
    ] = 0.1
    monetary: Annotated[
        Literal["gamma_gamma", "mean", "none"], Doc("How the amount of a future purchase is foreseen.")
    ] = "gamma_gamma"
    held_out: Annotated[
        Duration | None, Doc("The last part of the history, kept from a first fit to see whether it foresees; a third of it when not said.")
    ] = None  # fmt: skip


def _amount_of(monetary: str, amount: str | None) -> Flaw | None:
    if monetary != "none" and amount is None:
        return Flaw("without an amount there is no value", "amount", allowed="the property with the money",
                    hint="for purchases alone write monetary: none")  # fmt: skip
    return None


class Target(Form, frozen=True, kw_only=True):
    """What is foreseen: that somebody does something, does it no more, enters or leaves a segment."""

    choices: ClassVar[tuple[Choice, ...]] = (Choice((("did",), ("did_not",), ("entered",), ("exited",)), least=1),)

    did: Annotated[Picked | None, Doc("Does one of these events.")] = None
    did_not: Annotated[Picked | None, Doc("Does none of these events: churn.")] = None
    entered: Annotated[SegmentKey | None, Doc("Is outside of this segment, and enters it.")] = None
    exited: Annotated[SegmentKey | None, Doc("Is in this segment, and leaves it.")] = None


class PropensityModel(Model, frozen=True, kw_only=True):
    """How probable it is that somebody does something soon."""

    kind: Annotated[Literal["propensity"], Doc("This kind of model.")]
    features: Annotated[FeatureSetKey, Doc("The feature set: `features/<key>.yaml`.")]
    columns: Annotated[tuple[Name, ...] | None, Doc("Only these features of it; all when not said.")] = None
    target: Annotated[Target, Doc("What is foreseen.")]
    within: Annotated[Duration, Doc("Within so long after the instant.")] = "30d"
    cutoffs: Annotated[
        int, whole(2, 60), Doc("Instants of the past at which it learns and is tested; the last is the test.")
    ] = 6
    step: Annotated[Duration, Doc("Between one of them and the next.")] = "30d"
    calibration: Annotated[
        Literal["isotonic", "platt", "none", "auto"], Doc("How scores become probabilities; `auto` by how much data there are.")
    ] = "auto"  # fmt: skip
    positives_min: Annotated[
        int, whole(10, 1_000_000), Doc("With fewer cases in the training data nothing is foreseen, and it says so.")
    ] = 50
    trees: Annotated[int, whole(1, 10_000), Doc("At most so many trees; fewer when more do not help.")] = 300
    leaves: Annotated[int, whole(2, 1_024), Doc("Leaves of one tree.")] = 15
    learning_rate: Annotated[float, number(0, 1), Doc("Share of each tree.")] = 0.05


class LookalikeModel(Model, frozen=True, kw_only=True):
    """Who resembles the members of a segment without being one."""

    kind: Annotated[Literal["lookalike"], Doc("This kind of model.")]
    features: Annotated[FeatureSetKey, Doc("The feature set: `features/<key>.yaml`.")]
    columns: Annotated[tuple[Name, ...] | None, Doc("Only these features of it; all when not said.")] = None
    seed_segment: Annotated[SegmentKey, Doc("Whom they resemble.")]
    positives_min: Annotated[
        int, whole(10, 1_000_000), Doc("With fewer members nothing is learned, and it says so.")
    ] = 50
    trees: Annotated[int, whole(1, 10_000), Doc("At most so many trees; fewer when more do not help.")] = 300
    leaves: Annotated[int, whole(2, 1_024), Doc("Leaves of one tree.")] = 15
    learning_rate: Annotated[float, number(0, 1), Doc("Share of each tree.")] = 0.05


def _only_published(live: LiveAssignment | None) -> Flaw | None:
    if live is not None:
        return Flaw("this kind is published at times, not kept up to date event by event", "live",
                    hint="leave live out, and publish it as often as you need")  # fmt: skip
    return None


class InterestsModel(Model, frozen=True, kw_only=True):
    """What people look at more than others do."""

    checks: ClassVar[tuple[Check, ...]] = (Check(("live",), _only_published),)

    kind: Annotated[Literal["interests"], Doc("This kind of model.")]
    looked: Annotated[Picked, Doc("Which events are a look at something.")]
    category: Annotated[Name, Doc("Property that says at what kind of thing: text, or a list of texts.")]
    within: Annotated[Duration | None, Doc("Only events of the last so long; ever when not said.")] = None
    least: Annotated[int, whole(1, 10_000), Doc("Looks that somebody needs; of fewer nothing is said.")] = 3
    people_min: Annotated[int, whole(2, 1_000_000), Doc("A category counts from so many people on.")] = 20
    dimensions: Annotated[int, whole(1, 50), Doc("Axes on which people are placed.")] = 5


class TextModel(Model, frozen=True, kw_only=True):
    """The tone and the topics of what people wrote."""

    checks: ClassVar[tuple[Check, ...]] = (Check(("live",), _only_published),)

    kind: Annotated[Literal["text"], Doc("This kind of model.")]
    said: Annotated[Picked, Doc("Which events bring a text.")]
    text: Annotated[Name, Doc("Property that holds it.")]
    within: Annotated[Duration | None, Doc("Only events of the last so long; ever when not said.")] = None
    language: Annotated[
        Literal["en", "other"], Doc("`en` (when not said) has a lexicon and stop words; `other` has those that you give.")
    ] = "en"  # fmt: skip
    lexicon: Annotated[
        Text | None, Doc("A file beside the model with lines `word,value` (-1 to 1) or `word,not`, in place of the English lexicon.")
    ] = None  # fmt: skip
    stop_words: Annotated[tuple[Name, ...] | None, Doc("Further words that belong to no topic.")] = None
    people_min: Annotated[
        int, whole(5, 1_000_000), Doc("A word counts from so many people on, so that none tells who wrote it.")
    ] = 5
    topics: Annotated[int, whole(1, 50), Doc("How many topics.")] = 6
    dimensions: Annotated[int, whole(1, 50), Doc("Axes on which people are placed by their words.")] = 5


AnyModel: TypeAlias = ClustersModel | ValueModel | PropensityModel | LookalikeModel | InterestsModel | TextModel
KINDS: Mapping[str, type[AnyModel]] = {
    "clusters": ClustersModel,
    "value": ValueModel,
    "propensity": PropensityModel,
    "lookalike": LookalikeModel,
    "interests": InterestsModel,
    "text": TextModel,
}
"""Kind → its form, in the order in which they are told."""


def features_of(model: AnyModel) -> str | None:
    """Return the key of the feature set that a model learns from; nothing for one that reads events."""
    return None if isinstance(model, ValueModel | InterestsModel | TextModel) else model.features


def segments_of(model: AnyModel) -> tuple[str, ...]:
    """Return the segments that a model names."""
    told = [model.population]
    if isinstance(model, LookalikeModel):
        told.append(model.seed_segment)
    if isinstance(model, PropensityModel):
        told += [model.target.entered, model.target.exited]
    return tuple(dict.fromkeys(key for key in told if key))
