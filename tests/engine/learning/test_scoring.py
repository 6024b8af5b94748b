"""Value, propensity and lookalikes over a log: what had arrived counts, numbers become traits, traits move segments."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest

from coterie.connectors.mapping_file import load_mapping
from coterie.engine import definitions
from coterie.engine.apply import apply
from coterie.engine.history import History
from coterie.engine.ingest import ingest
from coterie.engine.learning import chances, propensity, renewal, scoring
from coterie.engine.learning.models import definition, models_of
from coterie.engine.learning.score_page import score_page
from coterie.engine.learning.scoring import Kind
from coterie.engine.project import Project
from coterie.errors import NotFound, Problem
from coterie.learned.artefact import Artefact
from coterie.learned.definition import PropensityModel
from coterie.limits import DAY_US
from coterie.model import Undetermined
from coterie.segments.batch import Purchases
from coterie.segments.core import Selector, Trait
from coterie.segments.instants import instant_of
from tests.engine.learning.buying import DAYS, START, late, rows, shop
from tests.value.cdnow import columns

KINDS: tuple[tuple[Kind, str], ...] = (("value", "worth"), ("propensity", "soon"), ("propensity", "gone"), ("lookalike", "like"))  # fmt: skip
TOLD = rows()
AT = START + DAYS * DAY_US


def fitted(project: Project, kind: Kind, key: str, at: int = AT) -> Artefact:
    found = scoring.fit(project, kind, key, at)
    assert isinstance(found, Artefact), found
    return found


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return shop(tmp_path_factory.mktemp("shop"), TOLD)


@pytest.mark.parametrize(("kind", "key"), KINDS)
def test_a_model_is_kept_signed_and_says_the_same_when_it_is_read_again(project: Project, kind: Kind, key: str) -> None:
    first = fitted(project, kind, key)
    again = fitted(project, kind, key)
    plain = msgspec.json.encode(again.parameters, order="sorted")
    assert msgspec.json.encode(first.parameters, order="sorted") == plain
    assert again.version == first.version + 1
    read = scoring.model_then(project, kind, key)
    assert msgspec.json.encode(read.parameters, order="sorted") == plain
    told = scoring.table_of(scoring.scored(project, read, AT))
    assert told.equals(scoring.table_of(scoring.scored(project, first, AT)))
    assert told.num_rows > 50
    assert first.warnings or first.quality
    assert "</html>" in score_page(first)


def test_what_arrived_after_the_instant_changes_nothing(project: Project, tmp_path: Path) -> None:
    then = START + 200 * DAY_US
    other = shop(
        tmp_path, [*late([row for row in TOLD if row["received_at"] <= then], then), *rows(200, seed=9)[-400:]]
    )
    assert other.events.count() != project.events.count()
    for kind, key in KINDS:
        mine, theirs = fitted(project, kind, key, then), fitted(other, kind, key, then)
        assert mine.parameters == theirs.parameters
        assert mine.quality == theirs.quality
        one, two = (scoring.table_of(scoring.scored(where, mine, then)) for where in (project, other))
        assert one.equals(two)


def test_what_is_foreseen_of_a_shop_holds_in_the_part_held_out(project: Project) -> None:
    held = fitted(project, "value", "worth").quality["held_out"]
    assert 0.8 < held["ratio"] < 1.25
    assert held["rmse"] < held["naive_rmse"]
    assert sum(one["people"] for one in held["by_tenth"]) == held["people"]
    found = fitted(project, "propensity", "soon").quality
    assert found["auc"]["low"] > 0.6
    assert found["reliability"]["ece"] < 0.08


def test_the_instants_of_a_propensity_do_not_overlap(project: Project) -> None:
    model = definition(project, "soon")
    assert isinstance(model, PropensityModel)
    found = propensity.cutoffs_of(model, AT)
    every = [*found.past, found.tuning, found.test]
    assert len(every) == 6
    assert all(later - earlier >= 14 * DAY_US for earlier, later in pairwise(every))
    assert found.test + 14 * DAY_US == AT


def test_whose_outcome_is_asked(project: Project) -> None:
    artefact = fitted(project, "propensity", "gone")
    found = scoring.scored(project, artefact, AT)
    with History(project.events) as history:
        lively = history.members_at(definitions.catalog(project, definitions.on_disk(project)), "lively", AT)
    assert set(found.profiles) == lively, "only members can leave"
    like = scoring.scored(project, fitted(project, "lookalike", "like"), AT)
    assert not set(like.profiles) & lively, "members are no lookalikes"


def test_too_short_a_log_says_so_and_keeps_nothing(tmp_path: Path) -> None:
    small = shop(tmp_path, TOLD[:150])
    told = scoring.fit(small, "propensity", "soon", small.present())
    assert isinstance(told, Undetermined)
    assert "the log begins" in told.reason or "at least 50" in told.reason
    assert models_of(small).versions("propensity", "soon") == []
    with pytest.raises(NotFound):
        scoring.fit(small, "propensity", "nobody", small.present())
    with pytest.raises(Problem, match="the future"):
        scoring.fit(small, "value", "worth", small.wall() + DAY_US)


def test_publishing_moves_segments_once_and_withdrawing_moves_them_back(tmp_path: Path) -> None:
    shopping = shop(tmp_path, TOLD)
    apply(shopping, shopping.present())
    fitted(shopping, "value", "worth")
    done = scoring.publish_scores(shopping, "value", "worth")
    assert done.people == done.written > 300
    assert done.changes is not None
    assert 0 < done.changes < done.people
    valued = scoring.table_of(scoring.scored(shopping, scoring.model_then(shopping, "value", "worth"), done.at))
    worthy = {row["profile"] for row in valued.to_pylist() if row["clv"] is not None and row["clv"] >= 150}
    with History(shopping.events) as history:
        members = history.members_at(definitions.catalog(shopping), "valuable", shopping.present())
        traits = history.measures([Trait("clv.worth"), Trait("value_version.worth")], shopping.present())
    assert members == worthy
    assert done.changes == len(worthy)
    assert set(traits["m1"].to_pylist()) <= {1.0, None}
    again = scoring.publish_scores(shopping, "value", "worth")
    assert again.people == done.people
    gone = renewal.withdraw(shopping, "value", "worth")
    assert gone.people == done.people
    assert gone.changes == len(worthy)
    with pytest.raises(NotFound):
        renewal.withdraw(shopping, "value", "worth")


def test_merged_people_have_one_history(tmp_path: Path) -> None:
    instant = AT + 1
    merge = {"event_id": "m", "profile": "u0001", "name": "$merge", "occurred_at": instant, "received_at": instant, "properties": '{"loser":"u0002"}'}  # fmt: skip
    merged = shop(tmp_path, [*TOLD, merge])
    artefact = fitted(merged, "value", "worth", instant)
    assert "u0002" in scoring.scored(merged, artefact, AT).profiles
    found = scoring.scored(merged, artefact, instant)
    assert "u0002" not in found.profiles
    assert "u0001" in found.profiles


def test_traits_say_what_is_known_and_nothing_else() -> None:
    found = chances.Chances(
        kind="propensity", key="soon", version=3, at=0, profiles=np.array(["a"], object), values=np.array([0.123456])
    )
    assert chances.traits_of(found) == [("a", {"propensity.soon": 0.1235, "propensity_version.soon": 3})]


@pytest.mark.data
def test_histories_of_cdnow_are_those_of_the_papers(tmp_path: Path, data: Path) -> None:
    (tmp_path / "coterie.yaml").write_text("name: cdnow\ntime_zone: America/New_York\n")
    text = (Path(__file__).parents[3] / "examples" / "mappings" / "cdnow.yaml").read_text()
    (tmp_path / "then.yaml").write_text(text + "received_at: occurred_at\n")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "worth.yaml").write_text(
        "key: worth\nkind: value\npurchase: order_completed\namount: total\nunit: week\n"
    )
    project = Project(tmp_path)
    ingest(project, [data / "cdnow" / "CDNOW_sample.txt.gz"], load_mapping(tmp_path / "then.yaml"), now=project.wall())
    what = Purchases(selector=Selector(("order_completed",)), amount="total", time_zone="America/New_York")
    at = instant_of("1997-09-30T12:00:00-04:00")
    assert at is not None
    with History(project.events) as history:
        table = history.purchases(what, at)
    told = {row["profile"]: row for row in table.to_pylist()}
    known = columns(data / "cdnow" / "cdnow_customers_summary_with_transactions.csv.gz")
    assert len(told) == len(known["ID"]) == 2_357
    today = 10_134  # 1997-09-30
    for place, number in enumerate(known["ID"]):
        row = told[f"{int(number):04}"]
        assert row["purchases"] - 1 == known["x"][place]
        assert (row["last_day"] - row["first_day"]) / 7 == pytest.approx(known["t_x"][place], abs=0.006)
        assert (today - row["first_day"]) / 7 == pytest.approx(known["T"][place], abs=0.006)
        assert (row["spent"] or 0) / max(row["paid"], 1) == pytest.approx(known["zbar"][place], abs=0.006)
    artefact = fitted(project, "value", "worth", at)
    assert artefact.quality["purchases"]["log_likelihood"] == pytest.approx(-9582.4, abs=1.5), "times in whole days"
    whole = fitted(project, "value", "worth", project.present())
    held = whole.quality["held_out"]
    assert held["money_ratio"] == pytest.approx(1.0, abs=0.05)
    assert held["ratio"] == pytest.approx(1.0, abs=0.08)
    assert held["rmse"] < held["naive_rmse"]
    within = [abs(one["predicted"] - one["actual"]) <= 2 * one["error"] for one in held["by_repeats"]]
    assert sum(within) >= 5
