"""Every leaf has words of its own, and the sentences of definitions read well."""

from __future__ import annotations

from typing import Any

import pytest

from coterie.segments import core
from coterie.segments.conditions import CONDITIONS
from coterie.segments.parse import parse
from coterie.segments.says import describe
from tests.segments.conditions.test_examples import EXAMPLES, catalog_of

ORDERS = core.Selector(("order",))
LATE = core.Selector(
    ("order",), where=(core.Field("total", core.Order(">", 50.0)), core.Field("x", core.Exists(), True))
)


def count(window: core.Window = core.EVER, selector: core.Selector = ORDERS) -> core.Aggregate:
    return core.Aggregate("count", selector, "", window)


@pytest.mark.parametrize(
    ("leaf", "said"),
    [
        (core.Compare(count(), ">=", 1.0), "did order"),
        (core.Compare(count(core.Rolling(86_400_000_000)), ">=", 2.0), "did order at least twice in the last day"),
        (core.Compare(count(), "=", 0.0), "did not do order"),
        (core.Compare(count(), "<=", 3.0), "did order at most 3 times"),
        (core.Compare(count(selector=LATE), ">=", 1.0), "did order (where total is above 50 and x is missing)"),
        (core.Compare(count(selector=core.Selector(pattern="T*")), ">", 1.0), "did an event like T* at least twice"),
        (core.Compare(core.Aggregate("sum", ORDERS, "total"), ">=", 500.0), "sum of total over order is at least 500"),
        (core.Compare(core.Aggregate("mean", ORDERS, "t"), ">", core.Trait("u")), "mean t over order is above their u"),
        (core.Compare(core.Elapsed(core.Trait("born")), "<", 60e6), "born lies less than 1 minute back"),
        (core.Compare(core.Elapsed(core.Trait("due")), ">=", -60e6), "due lies at most 1 minute ahead"),
        (core.Compare(core.Elapsed(core.Trait("due")), "<", 0.0), "due lies in the future"),
        (core.Compare(core.Until(core.Trait("due"), "day"), "=", 0.0), "due is 0 calendar days ahead"),
        (
            core.Compare(core.Until(core.Trait("born"), "anniversary"), "<=", 7.0),
            "days until the anniversary of born: 7 or less",
        ),
        (core.Compare(core.Hash("x7f3"), "<", 2.0**31), "falls into the first 50 % of salt x7f3"),
        (core.Holds(core.Trait("plan"), core.Equals("pro")), 'plan is "pro"'),
        (
            core.Holds(core.Aggregate("latest", ORDERS, "shop"), core.Text("contains", "n")),
            'latest shop on order contains "n"',
        ),
        (core.InSegment("vip"), "is in the segment vip"),
        (
            core.Sequence(
                (core.Step(ORDERS), core.Step(LATE, 60_000_000)), 3_600_000_000, "id", core.Absent(ORDERS, 60_000_000)
            ),
            "did order, then order (where total is above 50 and x is missing) within 1 minute"
            " and then no order for 1 minute or more, with the same id, in the last hour",
        ),
    ],
)
def test_leaves_in_words(leaf: core.Leaf, said: str) -> None:
    assert describe(leaf) == said


@pytest.mark.parametrize(("word", "example"), EXAMPLES)
def test_every_leaf_of_every_example_has_words(word: str, example: Any) -> None:
    for leaf in core.leaves(catalog_of(word, example)["example"].node):
        said = describe(leaf)
        assert said.strip() == said
        assert "  " not in said


def sentence(when: Any) -> str:
    return parse({"key": "a", "when": when}).says()


DID = {"did": {"event": "login", "within": "7d"}}
PRO = {"trait": {"name": "plan", "equals": "pro"}}
NEW = {"trait": {"name": "age", "less_than": 30}}


@pytest.mark.parametrize(
    ("when", "said"),
    [
        (DID, "People who did login in the last 7 days."),
        ({"all": [DID, PRO]}, 'People who did login in the last 7 days and whose plan is "pro".'),
        ({"any": [PRO, {"all": [DID, NEW]}]},
         'People whose plan is "pro" or (who did login in the last 7 days and whose age is below 30).'),
        ({"all": [DID, PRO, NEW]}, 'People who did login in the last 7 days, whose plan is "pro" and whose age is below 30.'),
        ({"not": DID}, "People who did not do login in the last 7 days."),
        ({"not": {"not": DID}}, "People who did login in the last 7 days."),
        ({"not": PRO}, 'People whose plan is not "pro".'),
        ({"not": NEW}, "People who are not among those whose age is below 30."),
        ({"not": {"all": [DID, PRO]}},
         'People who are not among those (who did login in the last 7 days and whose plan is "pro").'),
        ({"none": [DID]}, "People who did not do login in the last 7 days."),
        ({"none": [DID, PRO]},
         'People who are not among those (who did login in the last 7 days or whose plan is "pro").'),
        ({"did": {"event": "a b", "exactly": 0}}, 'People who did not do "a b".'),
        ({"did": {"event": ["a", "b"], "at_least": 2, "at_most": 3}}, "People who did a or b 2 to 3 times."),
        ({"did": {"event": "a", "during": {"calendar": "month", "offset": 1}}}, "People who did a last month."),
        ({"did": {"event": "a", "during": {"calendar": "day", "last": 3}}},
         "People who did a in the last 3 calendar days, the present one included."),
        ({"inactive": {"for": "14d"}}, "People who have done nothing for 14 days."),
        ({"everyone": {}}, "People who are known."),
    ],
)  # fmt: skip
def test_sentences(when: Any, said: str) -> None:
    assert sentence(when) == said


@pytest.mark.parametrize("word", list(CONDITIONS))
def test_every_condition_can_be_denied(word: str) -> None:
    data = {word: CONDITIONS[word].examples[0].data}
    said, denied = sentence(data), sentence({"not": data})
    assert said != denied
    assert denied.startswith("People who") or word == "not"
    assert sentence({"not": {"not": data}}) in (said, said.replace("People", "People", 1))
