"""What is built in: families of features that belong together, one file each. To add one: write its file, and list it here."""

from __future__ import annotations

from typing import Annotated, ClassVar, Protocol

from coterie.features.builtin.basket import Basket
from coterie.features.builtin.discount import Discount
from coterie.features.builtin.hours import Hours
from coterie.features.builtin.mix import Mix
from coterie.features.builtin.rfm import Rfm
from coterie.features.builtin.rhythm import Rhythm
from coterie.features.builtin.sessions import Sessions
from coterie.features.builtin.tenure import Tenure
from coterie.features.builtin.velocity import Velocity
from coterie.features.feature import Feature, Question, Setting
from coterie.features.words import FeatureName
from coterie.segments.conditions.form import Choice, Form
from coterie.segments.conditions.words import Doc

__all__ = ["FAMILIES", "BuiltIn", "Family"]

FAMILIES: dict[str, type[Form]] = {
    "rfm": Rfm,
    "tenure": Tenure,
    "rhythm": Rhythm,
    "basket": Basket,
    "mix": Mix,
    "discount": Discount,
    "sessions": Sessions,
    "velocity": Velocity,
    "hours": Hours,
}
"""Word → family, in the order of the page on features."""


class Family(Protocol):
    """Features that belong together."""

    word: ClassVar[str]

    def features(self, setting: Setting, prefix: str) -> tuple[Feature, ...]: ...

    def says(self) -> str: ...


class BuiltIn(Form, frozen=True, kw_only=True):
    """One family: exactly one of the words, and what its columns begin with."""

    choices: ClassVar[tuple[Choice, ...]] = (Choice(tuple((word,) for word in FAMILIES), least=1),)

    rfm: Annotated[Rfm | None, Doc("Recency, frequency and monetary value, and their scores.")] = None
    tenure: Annotated[Tenure | None, Doc("How long somebody is here.")] = None
    rhythm: Annotated[Rhythm | None, Doc("The days between two, and whether somebody is overdue.")] = None
    basket: Annotated[Basket | None, Doc("The usual order.")] = None
    mix: Annotated[Mix | None, Doc("Shares of categories, devices, channels or countries.")] = None
    discount: Annotated[Discount | None, Doc("How much is bought at a discount.")] = None
    sessions: Annotated[Sessions | None, Doc("Visits: how many, how long, how deep.")] = None
    velocity: Annotated[Velocity | None, Doc("Whether somebody speeds up or slows down.")] = None
    hours: Annotated[Hours | None, Doc("Hours of the day and days of the week.")] = None
    prefix: Annotated[
        FeatureName | None, Doc("What the names of its columns begin with, such as `web_`; `mix` begins with its property when not said.")
    ] = None  # fmt: skip

    @property
    def family(self) -> Family:
        """The one that is written."""
        found: Family = next(one for word in FAMILIES if (one := getattr(self, word)) is not None)
        return found

    def beginning(self) -> str:
        """Return what the names of its columns begin with."""
        family = self.family
        return self.prefix if self.prefix is not None else family.prefix() if isinstance(family, Mix) else ""

    def features(self, setting: Setting) -> tuple[Feature, ...]:
        return self.family.features(setting, self.beginning())

    def questions(self, setting: Setting) -> tuple[Question, ...]:
        """Return what must be asked of the data before its features are known."""
        return self.mix.questions(setting, self.beginning()) if self.mix is not None else ()

    def says(self) -> str:
        return self.family.says()
