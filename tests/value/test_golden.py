"""Published numbers reproduced: parameters and likelihoods of the papers, and the functional vectors of the BTYD literature."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from coterie.value import bg_nbd, gamma_gamma, mbg_nbd, pareto_nbd
from coterie.value.lifetime import lifetime_value
from tests.value.cdnow import columns, one, summary, with_spend

pytestmark = pytest.mark.data

PAPER = bg_nbd.BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
"""As printed in Fader, Hardie and Lee (2005)."""
VIGNETTE = pareto_nbd.ParetoNbd(r=0.55, alpha=10.56, s=0.61, beta=11.64)
"""As the vignette of BTYD rounds them."""


def test_bg_nbd_is_that_of_the_paper(data: Path) -> None:
    model, found = bg_nbd.fit(summary(data))
    assert found.converged
    assert found.log_likelihood == pytest.approx(-9582.43, abs=0.01)
    assert [model.r, model.alpha, model.a, model.b] == pytest.approx([0.2426, 4.4136, 0.7930, 2.4261], rel=5e-4)


def test_pareto_nbd_is_that_of_the_vignette(data: Path) -> None:
    model, found = pareto_nbd.fit(summary(data))
    assert found.converged
    assert found.log_likelihood == pytest.approx(-9594.97, abs=0.01)
    assert [model.r, model.alpha, model.s, model.beta] == pytest.approx([0.5533, 10.5777, 0.6061, 11.6657], rel=5e-4)


def test_mbg_nbd_is_a_little_more_probable_than_bg_nbd_on_cdnow(data: Path) -> None:
    model, found = mbg_nbd.fit(summary(data))
    assert found.log_likelihood == pytest.approx(-9582.13, abs=0.01)
    assert [model.r, model.alpha, model.a, model.b] == pytest.approx([0.5248, 6.1830, 0.8914, 1.6140], rel=5e-4)


def test_gamma_gamma_is_that_of_the_note(data: Path) -> None:
    told = columns(data / "cdnow" / "cdnow_customers_summary_with_transactions.csv.gz")
    repeated = told["x"] > 0
    assert int(repeated.sum()) == 946
    model, found = gamma_gamma.fit(told["x"], told["zbar"])
    assert found.log_likelihood == pytest.approx(-4055.92, abs=0.01)
    assert [model.p, model.q, model.v] == pytest.approx([6.2488, 3.7446, 15.4477], rel=5e-4)
    expected = model.expected(told["x"], told["zbar"])
    first = [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17]
    assert expected[:10] == pytest.approx(first, abs=0.02)
    assert gamma_gamma.GammaGamma(p=6.25, q=3.74, v=15.44).mean() == pytest.approx(35.22, abs=0.005)


def test_what_one_customer_of_bg_nbd_is_expected_to_do(data: Path) -> None:
    model, _ = bg_nbd.fit(summary(data))
    who = one(2, 30.43, 38.86)
    assert model.purchases(who, 39.0)[0] == pytest.approx(1.2259104, abs=5e-7)
    assert model.alive(who)[0] == pytest.approx(0.72661, abs=5e-6)
    times = np.array([0.1429, 1, 3, 31.8571, 32, 78])
    # the sheet of the authors cuts its series short: its last number differs in the fourth digit
    assert model.purchases_of_new(times) == pytest.approx([0.0078, 0.0532, 0.1506, 1.0405, 1.0437, 1.8576], abs=5e-4)


def test_counts_of_purchases_of_bg_nbd() -> None:
    assert PAPER.probability(0, 39.0) == pytest.approx(0.5737864, abs=5e-8)
    assert PAPER.probability(10, 2.0) == pytest.approx(1.07869e-7, rel=5e-6)
    many = [
        0.0019995214, 0.0015170236, 0.0011633150, 0.0009003148, 0.0007023638,
        0.0005517902, 0.0004361913, 0.0003467171, 0.0002769613, 0.0002222260,
    ]  # fmt: skip
    assert [PAPER.probability(n, 30.0) for n in range(11, 21)] == pytest.approx(many, abs=5e-11)


def test_what_customers_of_pareto_nbd_are_expected_to_do(data: Path) -> None:
    model, _ = pareto_nbd.fit(summary(data))
    who = one(26, 30.86, 31)
    assert model.purchases(who, 52.0)[0] == pytest.approx(25.46, abs=0.005)
    assert model.alive(who)[0] == pytest.approx(0.9979, abs=5e-5)
    new = [
        0.0, 0.05077821, 0.09916088, 0.14542507, 0.18979930,
        0.23247466, 0.27361274, 0.31335159, 0.35181024, 0.38909211,
    ]  # fmt: skip
    assert VIGNETTE.purchases_of_new(np.arange(10.0)) == pytest.approx(new, abs=5e-9)


def test_lifetime_values_over_a_year(data: Path) -> None:
    who = with_spend(data)
    assert who.spend is not None
    counting, _ = bg_nbd.fit(who)
    money, _ = gamma_gamma.fit(who.repeats, who.spend)
    worth = money.expected(who.repeats, who.spend)
    value = lifetime_value(counting, who, worth, periods=12, period=30.0, discount=0.01)
    assert value[:5] == pytest.approx([140.0962, 18.9435, 38.1806, 38.1806, 38.1806], abs=1e-3)
    assert value.sum() == pytest.approx(266_621.60, abs=0.1)
