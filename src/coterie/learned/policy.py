"""How a model is kept: how often everybody is looked at again, and when it is fitted anew."""

from __future__ import annotations

from typing import Annotated, Literal

from coterie.learned.words import Picked
from coterie.segments.conditions.form import Form
from coterie.segments.conditions.words import Doc, Duration, Name, number, whole


class LiveAssignment(Form, frozen=True, kw_only=True):
    """How a running server keeps the traits of a model up to date."""

    every: Annotated[
        Duration, Doc("Everybody is looked at again at least this often, spread over the time; people with new events at once.")
    ] = "1d"  # fmt: skip
    tolerance: Annotated[
        float, number(None, None, least=0), Doc("A distance is written again when it moved by more than this share of itself; another cluster always is.")
    ] = 0.1  # fmt: skip


class Bounds(Form, frozen=True, kw_only=True):
    """What a model may drift before it counts as stale. Crossed once is a remark, in `windows` windows on end it is stale."""

    windows: Annotated[int, whole(1, 12), Doc("So many windows one after the other beyond a bound.")] = 2
    agreement: Annotated[
        float, number(None, 1, least=0), Doc("Adjusted Rand index of the frozen model against a fresh fit, at least.")
    ] = 0.7
    inertia: Annotated[
        float, number(1, None), Doc("Mean squared distance to the centre against that of the fit, at most.")
    ] = 1.5
    far: Annotated[
        float, number(0, 1), Doc("Share of people farther from every centre than 99 % were at the fit, at most.")
    ] = 0.05
    psi: Annotated[float, number(0, None), Doc("Population stability index of the sizes, at most.")] = 0.25
    features: Annotated[
        float, number(0, 1), Doc("Share of the features that drift (normalised Wasserstein or Jensen–Shannon above 0.1), below.")
    ] = 0.5  # fmt: skip


class Recalibration(Form, frozen=True, kw_only=True):
    """When a model is fitted anew, and what becomes of the new one."""

    policy: Annotated[
        Literal["by_hand", "shadow", "auto"],
        Doc("`by_hand`: only told. `shadow`: fitted beside the old one, compared, and promoted by a person. `auto`: promoted when the comparison says so."),
    ] = "by_hand"  # fmt: skip
    every: Annotated[Duration, Doc("How often drift is looked at.")] = "7d"
    window: Annotated[Duration, Doc("The span of one window that is compared with the fit.")] = "30d"
    bounds: Annotated[Bounds, Doc("What it may drift.")] = Bounds()
    conversion: Annotated[
        Picked | None, Doc("Event that counts as success: drift tells which share of each cluster did it within a window.")
    ] = None  # fmt: skip
    values: Annotated[
        tuple[Name, ...] | None, Doc("Traits in numbers, such as `clv.customers`, whose mean per cluster is watched.")
    ] = None  # fmt: skip
    alert: Annotated[bool, Doc("Whether a stale model is told to the destinations of alerts.")] = True
