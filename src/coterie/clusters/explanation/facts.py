"""What is said of a clustering: per cluster its size, worth, differences, members, rule and name, as values."""

from __future__ import annotations

from msgspec import Struct, structs

from coterie.model import Undetermined


class Difference(Struct, frozen=True, kw_only=True):
    """How the members of one cluster differ from everybody else in one feature, or in having one level of a category.

    ``difference`` is (mean of members − mean of the others) / standard deviation of all, over those whose value is known, with a 95 %
    interval from ``low`` to ``high``. For a level of a category the value is 1 where a customer has it and 0 elsewhere, so that the two means are shares.
    """

    column: str
    title: str
    unit: str = ""
    level: str | None = None
    mean: float
    elsewhere: float
    median: float
    median_elsewhere: float
    difference: float
    low: float
    high: float
    exceeds: float
    """The chance that a random member lies above a random other customer, ties counted half: 0.5 is no difference, whatever the tails are."""
    exceeds_low: float
    exceeds_high: float
    """Its 95 % interval."""
    known: float
    """Share of the members for whom the feature is known."""


class Member(Struct, frozen=True, kw_only=True):
    """One member: how far from the centre (prepared space), which other cluster is nearest, and by how much that is farther."""

    profile: str
    distance: float
    neighbour: int
    margin: float
    """Distance to the neighbour's centre − distance to the own; 0 on the border, below 0 where another centre is nearer."""


class Bound(Struct, frozen=True, kw_only=True):
    """What a rule asks of one feature. Numbers: ``at_least`` ≤ value < ``below``; categories: it is, or is not, one of ``levels``.

    Customers whose value is missing pass only where ``missing`` says so.
    """

    column: str
    at_least: float | None = None
    below: float | None = None
    levels: tuple[str, ...] = ()
    negate: bool = False
    missing: bool = False


class Fidelity(Struct, frozen=True, kw_only=True):
    """How well a rule says who is in its cluster, over all customers that were clustered."""

    accuracy: float
    precision: float
    """Share of those whom the rule picks that are members."""
    recall: float
    """Share of the members whom the rule picks."""
    f1: float
    people: int
    """How many the rule picks."""


class ShortRule(Struct, frozen=True, kw_only=True):
    """A tree of depth ≤ 3 as what it says: any of ``branches``, each of which is all of its bounds. ``says`` is it in words."""

    branches: tuple[tuple[Bound, ...], ...]
    fidelity: Fidelity
    says: str


class Explained(Struct, frozen=True, kw_only=True):
    """One cluster. ``cluster`` is its label in the clustering; ``key`` and ``name`` are suggestions until an identity is given to it."""

    cluster: int
    key: str
    name: str
    says: str
    """One paragraph of plain words: how many, what they are worth, what is different, the rule."""
    size: int
    share: float
    revenue: float | Undetermined
    revenue_share: float | Undetermined
    differences: tuple[Difference, ...]
    """Greatest first, by how far ``exceeds`` is from 0.5."""
    typical: tuple[Member, ...] = ()
    border: tuple[Member, ...] = ()
    rule: ShortRule | Undetermined


class Explanation(Struct, frozen=True, kw_only=True):
    """A clustering in words and figures. ``people`` were clustered; ``noise`` of them are in no cluster."""

    clusters: tuple[Explained, ...]
    people: int
    noise: int
    columns: tuple[str, ...]
    """The features that were compared."""
    rule_columns: tuple[str, ...]
    """The features that rules may use: those that can be written as conditions of a segment."""

    def of(self, cluster: int) -> Explained:
        """Return what is said of one label. Raises: KeyError."""
        for one in self.clusters:
            if one.cluster == cluster:
                return one
        raise KeyError(cluster)

    def anonymous(self) -> Explanation:
        """Return the same without the members that are named: what may be kept in an artefact."""
        return structs.replace(
            self, clusters=tuple(structs.replace(one, typical=(), border=()) for one in self.clusters)
        )
