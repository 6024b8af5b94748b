"""Value models over a project's log: fitted as of an instant, tried on the last part of the history, scored for everybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pyarrow as pa
from msgspec import Struct

from coterie.engine import definitions
from coterie.engine.history import History
from coterie.engine.learning.models import libraries
from coterie.engine.learning.publication import Rows
from coterie.engine.learning.telling import Told, quiet
from coterie.engine.project import Project
from coterie.errors import NotFound, Problem, nearest
from coterie.features.table import Texts
from coterie.learned.artefact import Artefact
from coterie.learned.definition import ValueModel
from coterie.learned.parse import definition_of
from coterie.learned.words import events_of
from coterie.limits import DAY_US
from coterie.model import Value
from coterie.segments.batch import Purchases
from coterie.segments.durations import us_of
from coterie.segments.instants import start_of, unit_at
from coterie.segments.parse.written import data_of
from coterie.value import holdout
from coterie.value.forecast import (
    REPEATERS_MIN,
    UNIT_DAYS,
    Buyers,
    Forecast,
    Scores,
    foresee,
    score,
)
from coterie.value.history import Floats, Histories

if TYPE_CHECKING:
    from coterie.value.fitting import Fit

SEPARATE = 0.3
"""Gamma–Gamma takes it that how much people spend does not hang on how often they buy; beyond this correlation it warns."""


class People(Struct, frozen=True, kw_only=True):
    """Who had bought by an instant: ``profiles`` (n,), what the models need of them, and what they bought ``after`` an earlier instant.

    ``since`` is the local day (since 1970) of the first purchase of all.
    """

    profiles: Texts
    buyers: Buyers
    later: Floats
    later_total: Floats
    since: int


class Valued(Struct, frozen=True, kw_only=True):
    """What a model foresees of everybody who has bought, as of ``at``; ``expired`` says that the model is older than it was to hold."""

    key: str
    version: int
    at: int
    profiles: Texts
    scores: Scores
    expired: bool = False


def fit(project: Project, model: ValueModel, at: int, told: Told = quiet) -> Artefact:
    """Return the model fitted on what had arrived by ``at``; it is neither saved nor published.

    A first fit leaves out the last part of the history and is compared with it (``quality.held_out``); the model that is returned is
    fitted on all. Raises: Problem with too few repeat buyers. Cost: three scans of the log, and 3 s per million buyers.
    """
    told("reading purchases", 0.05)
    people = _people(project, model, at)
    told(f"fitting {len(people.profiles):,} histories", 0.3)
    forecast, counting, money = foresee(model.model, model.monetary, people.buyers)
    told("holding out the last part of the history", 0.5)
    held = _held_out(project, model, at, people.since)
    quality = _quality(people.buyers, forecast, counting, money, held)
    zone = project.settings.time_zone
    return Artefact(
        kind="value", key=model.key, title=model.title, fitted_at=project.wall(), as_of=at,
        since=start_of(people.since, "day", zone), people=len(people.profiles), definition=data_of(model), seed=model.seed,
        parameters={"forecast": forecast.told(), "time_zone": zone}, quality=quality,
        warnings=tuple(_warnings(model, people.buyers, forecast, counting, money, held)),
        valid_until=at + us_of(model.valid_for), coterie=libraries("coterie").get("coterie", ""), libraries=libraries("numpy", "scipy"),
    )  # fmt: skip


def scored(project: Project, artefact: Artefact, at: int) -> Valued:
    """Return what the model foresees of everybody who had bought by ``at``. Cost: one scan of the log, and 2 s per million buyers."""
    model, forecast = _model_of(artefact)
    people = _people(project, model, at, zone=str(artefact.parameters["time_zone"]))
    scores = score(
        forecast, people.buyers, horizon_days=us_of(model.horizon) / DAY_US, discount_yearly=model.discount_yearly
    )
    expired = artefact.valid_until is not None and artefact.valid_until < at
    return Valued(
        key=artefact.key, version=artefact.version, at=at, profiles=people.profiles, scores=scores, expired=expired
    )


def traits_of(valued: Valued) -> Rows:
    """Return the traits of everybody: ``expected_purchases``, ``p_alive``, ``clv`` and ``value_version`` of the model.

    What cannot be said is removed rather than left as it was.
    """
    names = [f"{word}.{valued.key}" for word in ("expected_purchases", "p_alive", "clv")]
    columns = (valued.scores.purchases, valued.scores.alive, valued.scores.value)
    version = f"value_version.{valued.key}"
    rows: list[tuple[str, Mapping[str, Value]]] = []
    for profile, *numbers in zip(valued.profiles, *(one.tolist() for one in columns), strict=True):
        told: dict[str, Value] = {name: _rounded(number) for name, number in zip(names, numbers, strict=True)}
        rows.append((profile, {**told, version: valued.version}))
    return rows


def table_of(valued: Valued) -> pa.Table:
    """Return (profile, expected_purchases, p_alive, purchase_worth, clv), the most valuable first; null where it cannot be said."""
    scores = valued.scores
    order = np.argsort(-np.nan_to_num(scores.value, nan=-np.inf), kind="stable")
    if not np.isfinite(scores.value).any():
        order = np.argsort(-scores.purchases, kind="stable")
    columns = {
        "expected_purchases": scores.purchases, "p_alive": scores.alive, "purchase_worth": scores.worth, "clv": scores.value,
    }  # fmt: skip
    numbers = {name: pa.array(column[order], from_pandas=True) for name, column in columns.items()}
    return pa.table({"profile": pa.array(valued.profiles[order], pa.string()), **numbers})


# ── purchases ────────────────────────────────────────────────────────────────────────────────────────────────


def _people(project: Project, model: ValueModel, at: int, *, after: int | None = None, zone: str = "") -> People:
    zone = zone or project.settings.time_zone
    what = Purchases(
        selector=events_of(model.purchase).picker.selector(zone),
        order=model.order or "", amount=(model.amount or "") if model.monetary != "none" else "", time_zone=zone,
    )  # fmt: skip
    with History(project.events) as history:
        table = history.purchases(what, at, after=after)
        if model.population is not None:
            catalog = definitions.catalog(project, definitions.candidates(project))
            if model.population not in catalog:
                raise NotFound(f"no segment {model.population!r}", hint=nearest(model.population, catalog.keys))
            members = history.members_at(catalog, model.population, at)
            table = table.filter(pa.array([one in members for one in table["profile"].to_pylist()], pa.bool_()))
    if not table.num_rows:
        raise Problem(
            "nobody had bought by then", where=f"models/{model.key}.yaml: purchase", received=data_of(model)["purchase"],
            hint="as known then counts: events that arrived later do not; is history mapped with received_at: occurred_at?",
        )  # fmt: skip
    return _read(table, unit_at(at, "day", zone), UNIT_DAYS[model.unit])


def _read(table: pa.Table, today: int, unit_days: float) -> People:
    columns = {name: _floats(table, name) for name in table.column_names if name != "profile"}
    first, paid = columns["first_day"], columns["paid"]
    histories = Histories(
        repeats=columns["purchases"] - 1,
        recency=(columns["last_day"] - first) / unit_days,
        age=(today - first) / unit_days,
    )
    spend = np.where(paid > 0, np.nan_to_num(columns["spent"]) / np.maximum(paid, 1), 0.0)
    return People(
        profiles=np.array(table["profile"].to_pylist(), dtype=object),
        buyers=Buyers(histories=histories, paid=paid, spend=spend, unit_days=unit_days),
        later=columns["later"], later_total=columns["later_total"], since=int(first.min()),
    )  # fmt: skip


def _floats(table: pa.Table, name: str) -> Floats:
    column: Floats = table[name].cast(pa.float64()).to_numpy(zero_copy_only=False)
    return column


# ── fits ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _held_out(project: Project, model: ValueModel, at: int, since: int) -> holdout.HeldOut | str:
    """Return the comparison with the last part of the history, or why there is none."""
    zone = project.settings.time_zone
    today = unit_at(at, "day", zone)
    days = (today - since) // 3 if model.held_out is None else us_of(model.held_out) // DAY_US
    if days < 1 or today - days <= since:
        return f"the history of {today - since} days is too short to hold out {days}"
    split = start_of(today - days + 1, "day", zone) - 1
    try:
        before = _people(project, model, split)
        forecast, _, _ = foresee(model.model, model.monetary, before.buyers)
    except Problem as problem:
        return f"without the last {days} days: {problem.what}"
    after = _people(project, model, at, after=split)
    place = {profile: number for number, profile in enumerate(after.profiles)}
    found = [(number, place[who]) for number, who in enumerate(before.profiles) if who in place]
    mine, theirs = (np.array([pair[side] for pair in found], dtype=np.int64) for side in (0, 1))
    scores = score(forecast, before.buyers, horizon_days=float(days), discount_yearly=0.0)
    who = before.buyers.histories
    naive = holdout.own_pace(who.repeats, who.age, days / before.buyers.unit_days)
    spent = None if forecast.money is None else (scores.value[mine], after.later_total[theirs])
    return holdout.compared(
        scores.purchases[mine], after.later[theirs], naive[mine], who.repeats[mine], days=float(days), money=spent
    )


def _quality(
    buyers: Buyers, forecast: Forecast, counting: Fit, money: Fit | None, held: holdout.HeldOut | str
) -> dict[str, Any]:
    fits = {"purchases": counting, **({"money": money} if money is not None else {})}
    repeats = buyers.histories.repeats
    return {
        "repeat_buyers": int((repeats > 0).sum()),
        "bought_once": int((repeats == 0).sum()),
        "people_stop": forecast.people_stop,
        **{name: _fit_told(fit) for name, fit in fits.items()},
        "money_and_frequency": _plain(_correlation(buyers), "too few people with amounts"),
        "held_out": {"undetermined": held} if isinstance(held, str) else holdout.plain(held),
    }


def _fit_told(fit: Fit) -> dict[str, Any]:
    reason = "the data do not tell this parameter: the likelihood hardly changes with it"
    return {
        "parameters": fit.parameters,
        "standard_errors": {name: _plain(error, reason) for name, error in fit.errors.items()},
        "log_likelihood": fit.log_likelihood,
        "evaluations": fit.evaluations,
        "converged": fit.converged,
    }


def _warnings(
    model: ValueModel, buyers: Buyers, forecast: Forecast, counting: Fit, money: Fit | None, held: holdout.HeldOut | str
) -> list[str]:
    said: list[str] = []
    for name, found in (("purchases", counting), ("money", money)):
        if found is None:
            continue
        if not found.converged:
            said.append(f"the search for the parameters of {name} ended before it arrived: {found.message}")
        loose = [key for key, error in found.errors.items() if not np.isfinite(error)]
        if loose and (name == "money" or forecast.people_stop):
            said.append(f"the data do not tell {', '.join(loose)} of {name}: look at the model, not at its numbers")
    repeated = int((buyers.histories.repeats > 0).sum())
    if repeated < 10 * REPEATERS_MIN:
        said.append(f"only {repeated} people bought more than once: the numbers are coarse")
    once = len(buyers) - repeated
    if not forecast.people_stop:
        said.append(
            "the data do not show that anybody stops buying: p_alive is not said of anybody, and purchases are foreseen as if all went on"
        )
    elif model.model == "bg_nbd" and once:
        said.append(f"bg_nbd cannot tell of the {once:,} who bought once whether they are still customers: they have no p_alive (mbg_nbd and pareto_nbd can)")  # fmt: skip
    related = _correlation(buyers)
    if model.monetary == "gamma_gamma" and abs(related) > SEPARATE:
        said.append(f"how much people spend hangs on how often they buy (correlation {related:.2f}): Gamma–Gamma takes it that it does not")  # fmt: skip
    if money is not None and money.parameters["q"] <= 1:
        said.append("amounts vary so much that their mean is not finite: people without a repeat purchase have no clv")
    return said + ([f"not tried: {held}"] if isinstance(held, str) else holdout.words(held))


def _correlation(buyers: Buyers) -> float:
    some = (buyers.paid > 0) & (buyers.spend > 0)
    if some.sum() < 3 or buyers.paid[some].std() == 0 or buyers.spend[some].std() == 0:
        return float("nan")
    return float(np.corrcoef(buyers.paid[some], buyers.spend[some])[0, 1])


def _model_of(artefact: Artefact) -> tuple[ValueModel, Forecast]:
    model = definition_of(artefact)
    if not isinstance(model, ValueModel):
        raise Problem("no model of value", where=artefact.key, received=artefact.kind, allowed="value")
    try:
        return model, Forecast.read(artefact.parameters["forecast"])
    except (KeyError, msgspec.ValidationError) as error:
        raise Problem("the parameters of the model are not whole", where=artefact.key, received=str(error)) from error


def _plain(number: float, reason: str) -> Any:
    return float(number) if np.isfinite(number) else {"undetermined": reason}


def _rounded(number: float) -> float | None:
    return round(number, 6) if np.isfinite(number) else None
