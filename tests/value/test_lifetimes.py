"""Laws of the lifetime models: gradients, draws from the model itself, people with thousands of purchases, people who never stop."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from coterie.errors import Problem
from coterie.value import bg_nbd, gamma_gamma, mbg_nbd, nbd, pareto_nbd
from coterie.value.forecast import EVIDENCE, Buyers, Forecast, fit_counting, fit_money, fit_never_stopping, score
from coterie.value.history import Floats, Histories, Levels, collapse
from coterie.value.lifetime import discounted, lifetime_value, schedule
from tests.value.cdnow import one

Told = Callable[[Floats], tuple[Floats, Floats]]


def people(count: int = 400, seed: int = 1) -> Histories:
    rng = np.random.default_rng(seed)
    age = rng.integers(1, 200, count).astype(float)
    repeats = rng.poisson(rng.gamma(0.7, 3, count)).astype(float)
    recency = np.where(repeats > 0, np.ceil(rng.random(count) * age), 0.0)
    return Histories(repeats=repeats, recency=recency, age=age)


def _likelihoods() -> dict[str, tuple[Told, Floats]]:
    who = people()
    levels, recency, age = Levels.of(who.repeats), who.recency, who.age
    spend = np.random.default_rng(4).gamma(2, 20, len(who))
    bought = Levels.of(who.repeats + 1)
    four = np.array([0.7, 12.0, 0.6, 2.5])
    return {
        "bg_nbd": (lambda at: bg_nbd.likelihood(at, levels, recency, age), four),
        "mbg_nbd": (lambda at: mbg_nbd.likelihood(at, levels, recency, age), four),
        "pareto_nbd": (lambda at: pareto_nbd.likelihood(at, who.repeats, recency, age), np.array([0.7, 12.0, 0.6, 9.0])),
        "nbd": (lambda at: nbd.likelihood(at, levels, age), np.array([0.7, 12.0])),
        "gamma_gamma": (lambda at: gamma_gamma.likelihood(at, bought, spend, np.log(spend)), np.array([6.0, 3.7, 15.0])),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["bg_nbd", "mbg_nbd", "pareto_nbd", "nbd", "gamma_gamma"])
def test_the_gradient_is_that_of_the_likelihood(name: str) -> None:
    likelihood, point = _likelihoods()[name]
    _, gradient = likelihood(point)
    for place in range(len(point)):
        step = np.zeros(len(point))
        step[place] = 1e-5 * point[place]
        slope = (likelihood(point + step)[0] - likelihood(point - step)[0]) / (2 * step[place])
        assert gradient[place] == pytest.approx(slope, rel=1e-4, abs=1e-5)


def drawn(count: int, stops: str, seed: int = 7) -> tuple[Histories, Floats, Floats]:
    """Return histories of 40 weeks drawn from BG/NBD, MBG/NBD or Pareto/NBD, purchases in the 40 weeks after, and who is left."""
    rng = np.random.default_rng(seed)
    rate, leave = rng.gamma(1.2, 1 / 8, count), rng.beta(1.5, 4, count)
    life = rng.exponential(1 / rng.gamma(1.5, 1 / 30, count))
    repeats, recency, later, alive = np.zeros(count), np.zeros(count), np.zeros(count), np.ones(count)
    for who in range(count):
        now, gone = 0.0, stops == "mbg_nbd" and rng.random() < leave[who]
        while not gone:
            now += rng.exponential(1 / rate[who])
            if now > 80 or (stops == "pareto_nbd" and now > life[who]):
                break
            if now <= 40:
                repeats[who], recency[who] = repeats[who] + 1, now
            else:
                later[who] += 1
            gone = stops != "pareto_nbd" and rng.random() < leave[who]
            if gone and now <= 40:
                alive[who] = 0
        if gone and repeats[who] == 0 and now == 0.0:
            alive[who] = 0
        if stops == "pareto_nbd":
            alive[who] = float(life[who] > 40)
    return Histories(repeats=repeats, recency=recency, age=np.full(count, 40.0)), later, alive


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("bg_nbd", bg_nbd.BgNbd(r=1.2, alpha=8.0, a=1.5, b=4.0)),
        ("mbg_nbd", mbg_nbd.MbgNbd(r=1.2, alpha=8.0, a=1.5, b=4.0)),
        ("pareto_nbd", pareto_nbd.ParetoNbd(r=1.2, alpha=8.0, s=1.5, beta=30.0)),
    ],
)
def test_what_is_expected_is_what_happens_to_people_drawn_from_the_model(
    name: str, model: bg_nbd.BgNbd | mbg_nbd.MbgNbd | pareto_nbd.ParetoNbd
) -> None:
    who, later, alive = drawn(8_000, name)
    expected, chance = model.purchases(who, 40.0), model.alive(who)
    for group in (who.repeats == 0, (who.repeats > 0) & (who.repeats < 4), who.repeats >= 4):
        error = later[group].std() / np.sqrt(group.sum())
        assert expected[group].mean() == pytest.approx(later[group].mean(), abs=4 * error + 1e-3)
        share = np.sqrt(max(alive[group].var(), 1e-4) / group.sum())
        assert chance[group].mean() == pytest.approx(alive[group].mean(), abs=4 * share)
    in_all = who.repeats + later
    assert model.purchases_of_new(80.0) == pytest.approx(in_all.mean(), abs=4 * in_all.std() / np.sqrt(len(in_all)))


def test_counts_of_purchases_are_probabilities_with_the_expected_mean() -> None:
    model = bg_nbd.BgNbd(r=1.2, alpha=8.0, a=1.5, b=4.0)
    chances = np.array([model.probability(count, 40.0) for count in range(200)])
    assert chances.sum() == pytest.approx(1, abs=1e-6)
    assert chances @ np.arange(200) == pytest.approx(float(model.purchases_of_new(40.0)), rel=1e-4)


@pytest.mark.parametrize("repeats", [5.0, 900.0, 40_000.0])
def test_customers_with_thousands_of_purchases_overflow_nothing(repeats: float) -> None:
    who = one(repeats, 300.0, 365.0)
    fits = (
        bg_nbd.BgNbd(r=0.24, alpha=31.0, a=0.79, b=2.43),
        mbg_nbd.MbgNbd(r=0.24, alpha=31.0, a=0.79, b=2.43),
        pareto_nbd.ParetoNbd(r=0.55, alpha=70.0, s=0.6, beta=80.0),
    )
    with np.errstate(over="raise", invalid="raise"):
        for model in fits:
            assert 0 <= model.alive(who)[0] <= 1
            assert np.isfinite(model.purchases(who, 365.0)[0])


def test_where_most_stop_after_their_second_purchase() -> None:
    model, times = bg_nbd.BgNbd(r=0.5, alpha=9.0, a=0.3, b=0.4), np.array([1.0, 30.0, 900.0])
    chances = np.array([[model.probability(count, time) for count in range(3_000)] for time in times])
    told = model.purchases_of_new(times)
    assert told[:2] == pytest.approx((chances @ np.arange(3_000))[:2], rel=2e-3)
    assert (np.diff(told) > 0).all()
    again = model.purchases(one(0, 0, 1e-9), times[1])
    assert again[0] == pytest.approx(told[1], rel=1e-6), "somebody who bought just now is somebody new"


def test_near_a_of_one_nothing_jumps() -> None:
    who = people(50)
    values = [bg_nbd.BgNbd(r=0.5, alpha=9.0, a=a, b=2.0).purchases(who, 30.0) for a in (1 - 1e-4, 1.0, 1 + 1e-4)]
    assert values[1] == pytest.approx((values[0] + values[2]) / 2, rel=1e-6)


def test_a_fit_does_not_depend_on_the_order_or_on_counting_people_twice() -> None:
    who = people(800)
    parameters, found = fit_counting("bg_nbd", who)
    order = np.random.default_rng(1).permutation(len(who))
    again, _ = fit_counting(
        "bg_nbd", Histories(repeats=who.repeats[order], recency=who.recency[order], age=who.age[order])
    )
    assert again == parameters
    twice = Histories(**{name: np.tile(getattr(who, name), 2) for name in ("repeats", "recency", "age")})
    doubled, other = fit_counting("bg_nbd", twice)
    assert doubled == pytest.approx(parameters, rel=1e-6)
    assert other.errors["r"] == pytest.approx(found.errors["r"] / np.sqrt(2), rel=1e-3)


def test_standard_errors_are_those_of_repeated_draws() -> None:
    fits = [fit_counting("bg_nbd", drawn(700, "bg_nbd", seed)[0]) for seed in range(25)]
    spread = np.std([np.log(parameters["r"]) for parameters, _ in fits], ddof=1)
    told = np.median([found.errors["r"] / found.parameters["r"] for _, found in fits])
    assert 0.6 < told / spread < 1.7


def test_nobody_is_said_to_have_stopped_where_nobody_does() -> None:
    rng = np.random.default_rng(5)
    age = rng.integers(100, 300, 3_000).astype(float)
    repeats = rng.poisson(rng.gamma(1.5, 1 / 60, 3_000) * age).astype(float)
    latest = age * rng.random(3_000) ** (1 / np.maximum(repeats, 1))
    never = Histories(repeats=repeats, recency=np.where(repeats > 0, latest, 0.0), age=age)
    for who, stop in ((never, False), (drawn(3_000, "bg_nbd")[0], True)):
        parameters, found = fit_counting("mbg_nbd", who)
        stopping = 2 * (found.log_likelihood - fit_never_stopping(who).log_likelihood) > EVIDENCE
        assert stopping == stop
        buyers = Buyers(histories=who, paid=np.zeros(len(who)), spend=np.zeros(len(who)))
        forecast = Forecast(model="mbg_nbd", unit_days=1.0, parameters=parameters, people_stop=stopping)
        scores = score(forecast, buyers, horizon_days=30, discount_yearly=0.1)
        assert np.isnan(scores.alive).all() == (not stop)
        assert np.isfinite(scores.purchases).all()
        assert np.isnan(scores.value).all(), "without amounts there is no value"


def test_scores_are_the_same_alone_and_among_others() -> None:
    who = people(300)
    money = Buyers(histories=who, paid=who.repeats, spend=np.where(who.repeats > 0, 20.0, 0.0))
    parameters, _ = fit_counting("bg_nbd", who)
    worth, _ = fit_money("mean", money)
    forecast = Forecast.read(Forecast(model="bg_nbd", unit_days=7.0, parameters=parameters, money=worth).told())
    every = score(forecast, money, horizon_days=200, discount_yearly=0.2)
    for place in (0, 17, 299):
        part = slice(place, place + 1)
        alone = Buyers(
            histories=Histories(repeats=who.repeats[part], recency=who.recency[part], age=who.age[part]),
            paid=money.paid[part], spend=money.spend[part],
        )  # fmt: skip
        told = score(forecast, alone, horizon_days=200, discount_yearly=0.2)
        assert told.value[0] == every.value[place]
        assert np.array_equal(told.alive, every.alive[part], equal_nan=True)
    assert np.isnan(every.alive[who.repeats == 0]).all(), "bg_nbd cannot tell of those who bought once"


def test_discounting() -> None:
    who = people(20)
    model = bg_nbd.BgNbd(r=0.5, alpha=9.0, a=0.7, b=2.0)
    ends, factors = schedule(100, 0.0)
    assert ends == [30.0, 60.0, 90.0, 100]
    assert discounted(model, who, ends, factors) == pytest.approx(model.purchases(who, 100.0))
    _, dear = schedule(100, 0.5)
    assert dear[-1] == pytest.approx(1.5 ** (-100 / 365))
    month = lifetime_value(model, who, np.full(20, 3.0), periods=1, period=30.0, discount=0.01)
    assert month == pytest.approx(3.0 * model.purchases(who, 30.0) / 1.01)


def test_too_little_is_said_and_not_fitted() -> None:
    with pytest.raises(Problem, match="too few people bought more than once"):
        fit_counting("bg_nbd", one(2, 3, 5))
    nothing = Buyers(histories=one(2, 3, 5), paid=np.zeros(1), spend=np.zeros(1))
    with pytest.raises(Problem, match="no repeat purchase has an amount"):
        fit_money("gamma_gamma", nothing)
    with pytest.raises(Problem, match="customer 0"):
        one(0, 3, 5)


def test_collapse_counts_equal_customers() -> None:
    counted = collapse(np.array([1.0, 0.0, 1.0]), np.array([2.0, 0.0, 2.0]))
    assert counted.counts.tolist() == [1, 2]
    assert counted.inverse.tolist() == [1, 0, 1]


@pytest.mark.parametrize("seed", [2, 8, 9])
def test_a_search_that_arrives_has_converged_whatever_its_last_step_is_called(seed: int) -> None:
    rng = np.random.default_rng(seed)
    purchases = rng.integers(1, 9, 200).astype(float)
    found = gamma_gamma.fit(purchases, np.round(rng.gamma(8 * purchases) * 5 / purchases, 2))[1]
    assert found.converged, found.message
