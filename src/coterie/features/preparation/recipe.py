"""What is to be done with features before a model sees them, as it is written under ``prepare:`` of a model."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

from coterie.segments.conditions.form import Check, Flaw, Form
from coterie.segments.conditions.words import Doc, Name, Number, number, whole

Missing: TypeAlias = Literal["median", "mean", "zero", "leave_out"]
Outliers: TypeAlias = Literal["keep", "winsorise", "drop"]
Transform: TypeAlias = Literal["auto", "none", "log1p", "yeo_johnson", "quantile", "quantile_normal"]
Scale: TypeAlias = Literal["none", "standard", "robust", "minmax"]
Encoding: TypeAlias = Literal["one_hot", "frequency", "svd", "leave_out"]

_TAILS = number(0, 0.25)
_FENCES = number(0, 100)
_WEIGHT = number(0, 1_000_000)


def _bounds_of_what(outliers: str | None, tails: float | None, fences: float | None) -> Flaw | None:
    if tails is not None and fences is not None:
        return Flaw("two ways to tell an outlier", "fences", received=fences, allowed="tails or fences")
    if outliers == "keep" and (tails is not None or fences is not None):
        key = "tails" if tails is not None else "fences"
        return Flaw("outliers are kept", key, allowed="outliers: winsorise or drop beside it")
    return None


class Treatment(Form, frozen=True, kw_only=True):
    """What one feature needs otherwise than the rest."""

    checks: ClassVar[tuple[Check, ...]] = (Check(("outliers", "tails", "fences"), _bounds_of_what),)

    missing: Annotated[Missing | Number | None, Doc("In place of a missing number.")] = None
    outliers: Annotated[Outliers | None, Doc("What becomes of extreme numbers.")] = None
    tails: Annotated[float | None, _TAILS, Doc("Extreme is what lies beyond this share of people, on either side.")] = (
        None
    )
    fences: Annotated[
        float | None, _FENCES, Doc("Extreme is what lies so many quartile ranges beyond the quartiles.")
    ] = None
    transform: Annotated[Transform | None, Doc("A curve that makes the numbers more even.")] = None
    scale: Annotated[Scale | None, Doc("The measure that makes features comparable.")] = None
    categories: Annotated[Encoding | None, Doc("How a category becomes numbers.")] = None
    weight: Annotated[
        float, _WEIGHT, Doc("How much it counts: what it is multiplied with at the end; 1 when not said.")
    ] = 1.0


class Recipe(Form, frozen=True, kw_only=True):
    """How a table of features becomes numbers. Everything that is drawn from data is kept with the model."""

    checks: ClassVar[tuple[Check, ...]] = (Check(("outliers", "tails", "fences"), _bounds_of_what),)

    missing: Annotated[
        Missing | Number,
        Doc("In place of a missing number: `median` (when not said), `mean`, `zero`, a number, or `leave_out`: such people belong to nothing."),
    ] = "median"  # fmt: skip
    mark_missing: Annotated[
        bool, Doc("Whether each number that some lack gets a feature of its own that says so; false when not said.")
    ] = False
    outliers: Annotated[
        Outliers,
        Doc("Extreme numbers: `keep` (when not said), `winsorise` (they become the bound), or `drop` (the fit does not see such people)."),
    ] = "keep"  # fmt: skip
    tails: Annotated[
        float | None, _TAILS, Doc("Extreme is what lies beyond this share of people, on either side; 0.01 when not said.")
    ] = None  # fmt: skip
    fences: Annotated[
        float | None, _FENCES, Doc("Extreme is what lies so many quartile ranges beyond the quartiles, such as 3.")
    ] = None
    transform: Annotated[
        Transform,
        Doc("`auto` (when not said): `log1p` for numbers of 0 and more with a long tail; `none`, `log1p`, `yeo_johnson`, `quantile` (0 to 1), `quantile_normal`."),
    ] = "auto"  # fmt: skip
    scale: Annotated[
        Scale, Doc("`standard` (when not said): mean 0, deviation 1; `robust`: median 0, quartile range 1; `minmax`: 0 to 1; `none`.")
    ] = "standard"  # fmt: skip
    categories: Annotated[
        Encoding,
        Doc("`one_hot` (when not said): a feature per level; `frequency`: how frequent the level is; `svd`: levels with alike people lie near each other; `leave_out`."),
    ] = "one_hot"  # fmt: skip
    rare: Annotated[
        float, number(None, 0.5, least=0), Doc("Levels of fewer than this share of people count as one, `other`; 0.01 when not said. Those of fewer than 5 people always do.")
    ] = 0.01  # fmt: skip
    levels: Annotated[int, whole(1, 200), Doc("The most levels of a category; 20 when not said.")] = 20
    dimensions: Annotated[int, whole(1, 20), Doc("Numbers that a category becomes by `svd`; 2 when not said.")] = 2
    prune: Annotated[
        float | None, number(0, 1), Doc("Of two features with a higher correlation than this the later is left out.")
    ] = None
    components: Annotated[
        int | float | None, number(0, 200),
        Doc("Principal components instead of features: so many, or for a number below 1 as many as hold that share of the variance."),
    ] = None  # fmt: skip
    columns: Annotated[dict[Name, Treatment] | None, Doc("What single features need otherwise.")] = None

    def treatment(self, column: str) -> Treatment:
        """Return what is to be done with one feature: its own words, and the recipe's where it has none."""
        own = (self.columns or {}).get(column, Treatment())
        bounded = own.tails is not None or own.fences is not None
        return Treatment(
            missing=self.missing if own.missing is None else own.missing,
            outliers=own.outliers or ("winsorise" if bounded and self.outliers == "keep" else self.outliers),
            tails=own.tails if bounded else self.tails,
            fences=own.fences if bounded else self.fences,
            transform=own.transform or self.transform,
            scale=own.scale or self.scale,
            categories=own.categories or self.categories,
            weight=own.weight,
        )
