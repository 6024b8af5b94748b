"""The simulated shop is a lawful log, the same for every batch size, and knows its own truth."""

from __future__ import annotations

import json
from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from coterie.lab import Shop
from coterie.limits import DAY_US
from coterie.model import MERGE
from coterie.values import canonical, event_key, flatten

PEOPLE, DAYS = 600, 12


@pytest.fixture(scope="module")
def shop() -> Shop:
    return Shop(people=PEOPLE, days=DAYS, seed=5, hot=False)


@pytest.fixture(scope="module")
def log(shop: Shop) -> pa.Table:
    return shop.table()


def test_same_seed_same_log_for_every_batch_size(log: pa.Table) -> None:
    for rows in (1, 777, 5_000):
        batches = list(Shop(people=PEOPLE, days=DAYS, seed=5, hot=False).batches(rows))
        assert all(batch.num_rows == rows for batch in batches[:-1])
        assert pa.Table.from_batches(batches).to_pylist() == log.to_pylist()
        if rows == 1:
            assert len(batches) == log.num_rows


def test_other_seed_other_log(log: pa.Table) -> None:
    other = Shop(people=PEOPLE, days=DAYS, seed=6, hot=False).table()
    assert other.column("occurred_at").to_pylist() != log.column("occurred_at").to_pylist()


def test_log_is_lawful(shop: Shop, log: pa.Table) -> None:
    occurred, received = log.column("occurred_at").to_numpy(), log.column("received_at").to_numpy()
    assert log.column("position").to_pylist() == list(range(log.num_rows))
    assert (received[1:] >= received[:-1]).all()
    assert (occurred <= received).all()
    assert received.max() < shop.end
    assert received.min() >= shop.start
    assert ((received - occurred) > 60_000_000).mean() > 0.01, "some arrive late"
    ids = log.column("event_id").to_pylist()
    assert len(set(ids)) == len(ids)
    assert log.column("event_key").to_pylist() == [event_key(one) for one in ids]


def test_properties_are_flat_canonical_json(log: pa.Table) -> None:
    texts = set(log.column("properties").to_pylist())
    assert len(texts) > 100
    for text in texts:
        assert canonical(flatten(json.loads(text))) == text


def test_typed_columns_say_the_same_as_json(log: pa.Table) -> None:
    hot = Shop(people=PEOPLE, days=DAYS, seed=5, hot=True).table()
    keys = [name for name in hot.column_names if name.startswith("p.")]
    assert {"p.product_id", "p.cart_id", "p.total", "p.value"} <= set(keys)
    columns = {key.removeprefix("p."): hot.column(key).to_pylist() for key in keys}
    rest = hot.column("properties").to_pylist()
    for place, text in enumerate(log.column("properties").to_pylist()):
        typed = {key: values[place] for key, values in columns.items() if values[place] is not None}
        assert flatten(typed | json.loads(rest[place])) == json.loads(text)


def test_about_as_many_records_as_asked() -> None:
    for people, days, events in ((2_000, 30, 60_000), (500, 60, 100_000)):
        count = sum(batch.num_rows for batch in Shop(people=people, days=days, seed=2, events=events).batches())
        assert events * 0.85 < count < events * 1.15


def test_duplicates_repeat_an_id_and_change_no_truth(shop: Shop) -> None:
    noisy = Shop(people=PEOPLE, days=DAYS, seed=5, hot=False, duplicates=0.05)
    ids = noisy.table().column("event_id").to_pylist()
    repeated = sum(count - 1 for count in Counter(ids).values())
    assert 0.02 < repeated / len(ids) < 0.08
    assert noisy.truth().column("orders").to_pylist()


def test_truth_is_what_the_log_says(shop: Shop, log: pa.Table) -> None:
    owner: dict[str, str] = {}
    for row in shop.merges().to_pylist():
        owner[row["loser"]] = row["survivor"]
    merges = log.filter(pc.equal(log.column("name").cast(pa.string()), MERGE))
    assert {(r["profile"], json.loads(r["properties"])["loser"], r["received_at"]) for r in merges.to_pylist()} == {
        (r["survivor"], r["loser"], r["at"]) for r in shop.merges().to_pylist()
    }
    assert len(owner) > 20
    orders: Counter[str] = Counter()
    spent: Counter[str] = Counter()
    seen: dict[str, int] = {}
    carts: dict[str, list[int]] = {}
    checkouts: dict[str, list[int]] = {}
    known: set[str] = set()
    for row in log.to_pylist():
        profile = owner.get(row["profile"], row["profile"])
        known.add(profile)
        if not row["name"].startswith("$"):
            seen[profile] = max(seen.get(profile, 0), row["occurred_at"])
        if row["name"] == "order_completed":
            orders[profile] += 1
            spent[profile] += round(json.loads(row["properties"])["total"] * 100)
        if row["name"] == "add_to_cart":
            carts.setdefault(profile, []).append(row["occurred_at"])
        if row["name"] == "checkout_started":
            checkouts.setdefault(profile, []).append(row["occurred_at"])
    truth = shop.truth().to_pylist()
    assert {row["profile"] for row in truth} == known
    for row in truth:
        profile = row["profile"]
        assert row["orders"] == orders[profile]
        assert round(row["spent"] * 100) == spent[profile]
        assert row["last_seen_at"] == seen.get(profile)
        old = [at for at in carts.get(profile, []) if at <= shop.end - DAY_US]
        at_risk = any(not any(at < other for other in checkouts.get(profile, [])) for at in old)
        assert row["at_risk"] == at_risk
        assert row["identified"] == profile.startswith("p-")
    assert 10 < sum(row["at_risk"] for row in truth) < len(truth) / 2


def test_types_behave_as_they_are() -> None:
    truth = Shop(people=8_000, days=30, seed=3).truth().to_pylist()
    spent: Counter[str] = Counter()
    count: Counter[str] = Counter()
    for row in truth:
        spent[row["type"]] += row["spent"]
        count[row["type"]] += 1
    mean = {name: spent[name] / count[name] for name in count}
    assert mean["whale"] > mean["loyal"] > mean["bargain_hunter"] > mean["browser"]


def test_days_and_weeks_have_a_rhythm() -> None:
    log = Shop(people=3_000, days=14, seed=4).table()
    days = Counter((at // DAY_US + 3) % 7 for at in log.column("occurred_at").to_pylist())
    hours = Counter(at % DAY_US // (DAY_US // 24) for at in log.column("occurred_at").to_pylist())
    assert days[5] > days[1] * 1.15, "Saturdays are busier than Tuesdays"
    assert max(hours.values()) > 2 * min(hours.values())


@pytest.mark.parametrize("wrong", [{"people": 0}, {"days": 0}, {"start": 1}])
def test_impossible_shops_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="a shop"):
        Shop(**wrong)


def test_a_shop_that_nobody_visits_has_an_empty_log() -> None:
    quiet = next(
        shop for seed in range(50) if not list((shop := Shop(people=1, days=1, events=1, seed=seed)).batches())
    )
    assert quiet.table().num_rows == 0
    assert quiet.table().schema.names == Shop(people=20, days=2).table().schema.names
    assert quiet.truth().num_rows == 0
    assert quiet.merges().num_rows == 0
