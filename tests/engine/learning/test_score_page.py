"""What others wrote, in data or in a model from elsewhere, is text on a page and never a part of it."""

from __future__ import annotations

from typing import Any

import pytest

from coterie.engine.learning.score_page import score_page
from coterie.learned.artefact import Artefact

EVIL = "<img src=x onerror=alert(1)>"
HELD = {
    "predicted": 1.0, "actual": 1.0, "rmse": 1.0, "naive_rmse": 1.0, "money_ratio": 1.0, "days": 3.0, "by_tenth": [],
    "by_repeats": [{"group": EVIL, "people": 1, "predicted": 1.0, "actual": 1.0, "error": 0.1}],
}  # fmt: skip
VALUE = {
    "purchases": {"parameters": {EVIL: 1.0}, "standard_errors": {EVIL: 1.0}},
    "money": {"parameters": {}, "standard_errors": {}},
    "held_out": HELD,
}
CHANCES = {
    "auc": {"undetermined": EVIL},
    "best_single_feature": {"feature": EVIL, "auc": {"value": 0.6}},
    "influences": [{"feature": EVIL, "share": 0.5}],
    "reliability": {
        "people": 9, "predicted": 0.1, "observed": 0.1, "ece": 0.0, "lift": 1.0, "brier": 0.1, "brier_of_base": 0.1, "bins": [],
    },
}  # fmt: skip


@pytest.mark.parametrize(("kind", "quality"), [("value", VALUE), ("propensity", CHANCES), ("lookalike", CHANCES)])
def test_nothing_that_others_wrote_is_markup(kind: Any, quality: dict[str, Any]) -> None:
    told = Artefact(
        kind=kind, key="worth", title=EVIL, fitted_at=1, as_of=1, people=1, definition={}, parameters={}, quality=quality,
        warnings=(EVIL,),
    )  # fmt: skip
    page = score_page(told)
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
