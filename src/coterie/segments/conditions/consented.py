"""Consent to a purpose."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from coterie.segments import core
from coterie.segments.conditions.form import Context, Example, Past, Spoken
from coterie.segments.conditions.words import Doc, ListKey

_OPT_IN = {"purpose": "marketing", "default": "out"}
_OPT_OUT = {"purpose": "service", "default": "in"}


class Consented(Spoken, frozen=True, kw_only=True):
    """The person consents to a purpose: the trait `consent.<purpose>` is true, or false for a withdrawal.

    `default` says what silence means.
    """

    word: ClassVar[str] = "consented"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(data=_OPT_IN, events=(Past("page_view", "1d"),), member=False, note="never asked: out"),
        Example(data=_OPT_IN, events=(Past("$set", "1d", {"consent.marketing": True}),), member=True, note="given"),
        Example(data=_OPT_OUT, events=(Past("page_view", "1d"),), member=True, note="never asked: in"),
        Example(
            data=_OPT_OUT,
            events=(Past("$set", "3d", {"consent.service": True}), Past("$set", "1d", {"consent.service": False})),
            member=False,
            note="withdrawn",
        ),
    )

    purpose: Annotated[ListKey, Doc("The purpose, such as marketing.")]
    default: Annotated[Literal["in", "out"], Doc("`in`: consents until withdrawn. `out`: only when given.")]

    def lower(self, context: Context) -> core.Node:
        consent = core.Trait(f"consent.{self.purpose}")
        if self.default == "in":
            return core.Not(core.Holds(consent, core.Equals(False)))
        return core.Holds(consent, core.Equals(True))

    def says(self) -> str:
        done = "have not withdrawn" if self.default == "in" else "have given"
        return f"who {done} their consent to {self.purpose}"

    def denial(self) -> str:
        done = "have withdrawn" if self.default == "in" else "have not given"
        return f"who {done} their consent to {self.purpose}"
