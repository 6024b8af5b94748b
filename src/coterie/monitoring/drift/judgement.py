"""Five things apart, one judgement: sizes, features, migration, validity and outcomes of a window, and whether a model is stale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from coterie.model import Undetermined
from coterie.monitoring.drift.features import EVERYONE, FeatureDrift, drifting_share
from coterie.monitoring.drift.migration import Migration
from coterie.monitoring.drift.outcomes import OutcomeDrift
from coterie.monitoring.drift.sizes import SizeDrift
from coterie.monitoring.drift.validity import Validity

Aspect: TypeAlias = Literal["sizes", "features", "migration", "validity", "outcomes"]
STABILITY_SHARE = 0.8
"""A refit cannot agree with the frozen model more than fits agree among themselves: less than this share of that agreement is asked for."""

MODERATE = 0.1
"""A population stability index above it is told, by convention as a moderate change."""


class Tolerance(Struct, frozen=True, kw_only=True):
    """What a model may drift; ``windows`` on end beyond a bound make it stale."""

    windows: int = 2
    agreement: float = 0.7
    inertia: float = 1.5
    far: float = 0.05
    psi: float = 0.25
    features: float = 0.5


class Window(Struct, frozen=True, kw_only=True):
    """One look: the window that ends ``at`` against the reference that ends ``reference_at`` (µs UTC)."""

    at: int
    reference_at: int
    sizes: SizeDrift
    features: tuple[FeatureDrift, ...] = ()
    migration: Migration | None = None
    retention: tuple[OutcomeDrift, ...] = ()
    validity: Validity | None = None
    outcomes: tuple[OutcomeDrift, ...] = ()


class Remark(Struct, frozen=True, kw_only=True):
    """Something beyond its bound. ``segment`` is "" for everyone; ``stale`` tells whether it counts towards recalibration."""

    aspect: Aspect
    segment: str
    what: str
    value: float
    bound: float
    stale: bool


class Judgement(Struct, frozen=True, kw_only=True):
    """Whether the model is stale after the last window, and what each window had to remark."""

    is_stale: bool
    reasons: tuple[str, ...]
    remarks: tuple[tuple[Remark, ...], ...]


def remarks_of(window: Window, tolerance: Tolerance) -> tuple[Remark, ...]:
    """Return everything in a window that is beyond its bound, those that make a model stale first."""
    found = [*_of_validity(window, tolerance), *_of_sizes(window), *_of_features(window, tolerance)]
    found += [_outcome("migration", one) for one in window.retention if one.is_beyond]
    found += [_outcome("outcomes", one) for one in window.outcomes if one.is_beyond]
    return tuple(sorted(found, key=lambda one: not one.stale))


def judge(windows: Sequence[Window], tolerance: Tolerance) -> Judgement:
    """Return the judgement after the last of ``windows``, which are in the order of time.

    Stale: in each of the last ``tolerance.windows`` windows something crossed a bound that counts (validity, the sizes, the share of
    features that drift). Migration, outcomes and single features are told, and make nothing stale.
    """
    remarks = tuple(remarks_of(window, tolerance) for window in windows)
    last = remarks[-tolerance.windows :]
    stale = len(last) == tolerance.windows and all(any(one.stale for one in found) for found in last)
    reasons = tuple(one.what for one in remarks[-1] if one.stale) if stale else ()
    return Judgement(is_stale=stale, reasons=reasons, remarks=remarks)


def agreement_bound(validity: Validity, tolerance: Tolerance) -> float:
    """Return the agreement that is asked of a frozen model and a refit: never more than what fits of the same data reach."""
    if isinstance(validity.noise_floor, Undetermined):
        return tolerance.agreement
    return min(tolerance.agreement, STABILITY_SHARE * validity.noise_floor)


def _of_validity(window: Window, tolerance: Tolerance) -> list[Remark]:
    if window.validity is None:
        return []
    found, told = [], window.validity
    bound = agreement_bound(told, tolerance)
    if not isinstance(told.agreement, Undetermined) and told.agreement < bound:
        what = f"a fresh fit agrees with the model only to {told.agreement:.2f} (adjusted Rand index, at least {bound:.2f})"
        found.append(_counts("validity", what, told.agreement, bound))
    if not isinstance(told.inertia_ratio, Undetermined) and told.inertia_ratio > tolerance.inertia:
        what = f"people are {told.inertia_ratio:.2f} times as far from their centres as at the fit (squared, at most {tolerance.inertia:g})"
        found.append(_counts("validity", what, told.inertia_ratio, tolerance.inertia))
    if not isinstance(told.far_share, Undetermined) and told.far_share > tolerance.far:
        what = f"{told.far_share:.1%} of the people are far from every centre (at most {tolerance.far:.0%})"
        found.append(_counts("validity", what, told.far_share, tolerance.far))
    return found


def _of_sizes(window: Window) -> list[Remark]:
    psi, told = window.sizes.psi, max(MODERATE, window.sizes.chance)
    if isinstance(psi, Undetermined) or psi <= told:
        return []
    bound = max(window.sizes.bound, window.sizes.chance) if window.sizes.is_beyond else told
    what = f"the sizes of the segments have shifted (PSI {psi:.3f}, at most {bound:.3f})"
    return [Remark(aspect="sizes", segment=EVERYONE, what=what, value=psi, bound=bound, stale=window.sizes.is_beyond)]


def _of_features(window: Window, tolerance: Tolerance) -> list[Remark]:
    found = []
    share = drifting_share(window.features)
    if not isinstance(share, Undetermined) and share >= tolerance.features and share > 0.0:
        what = f"{share:.0%} of the features drift (below {tolerance.features:.0%})"
        found.append(_counts("features", what, share, tolerance.features))
    for one in window.features:
        who = "everyone" if one.segment == EVERYONE else one.segment
        if one.is_shifted and not isinstance(one.distance, Undetermined):
            bound = max(one.bound, one.chance)
            what = f"{one.feature} of {who} has drifted (distance {one.distance:.2f}, at most {bound:.2f})"
            found.append(_tells(one.segment, what, one.distance, bound))
        if one.is_vanishing and not isinstance(one.absence, Undetermined):
            before, now = one.missing
            bound = max(one.bound, one.absence_chance)
            what = f"{one.feature} is missing for {now:.0%} of {who}, where it was {before:.0%}"
            found.append(_tells(one.segment, what, one.absence, bound))
    return found


def _tells(segment: str, what: str, value: float, bound: float) -> Remark:
    return Remark(aspect="features", segment=segment, what=what, value=value, bound=bound, stale=False)


def _outcome(aspect: Aspect, one: OutcomeDrift) -> Remark:
    assert not isinstance(one.effect, Undetermined)
    values = "" if isinstance(one.values, Undetermined) else f" from {one.values[0]:.4g} to {one.values[1]:.4g}"
    what = (
        f"{one.outcome} of {one.segment or 'everyone'} went{values} (effect {one.effect:+.2f}, at most {one.bound:g})"
    )
    return Remark(aspect=aspect, segment=one.segment, what=what, value=one.effect, bound=one.bound, stale=False)


def _counts(aspect: Aspect, what: str, value: float, bound: float) -> Remark:
    return Remark(aspect=aspect, segment=EVERYONE, what=what, value=value, bound=bound, stale=True)
