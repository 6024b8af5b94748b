"""A run of the checks: what is new is measured once, what is over is judged once, rules hold or not, owners are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from coterie.engine.project import Project
from coterie.engine.quality.page import page_of
from coterie.engine.quality.rules import checked as rules_of
from coterie.engine.quality.rules import load
from coterie.engine.quality.run import Report, book_of, run
from coterie.errors import InvalidDefinition
from coterie.limits import DAY_US, HOUR_US
from coterie.monitoring.terms import Check
from tests.engine.quality.shop import DAYS, ORDERS, last_day, log, shop, spoilt, without_totals


def told(report: Report) -> set[tuple[str, str, str, str]]:
    return {
        (str(one.finding.check), one.finding.event, one.finding.property, one.finding.rule) for one in report.findings
    }


def test_a_clean_history_has_nothing_wrong_and_is_measured_once(tmp_path: Path) -> None:
    project = shop(
        tmp_path / "shop", settings="quality: {owner: data@shop.example}\n", files={"quality/orders.yaml": ORDERS}
    )
    first = run(project, project.present())
    assert (told(first), first.measured, first.judged, first.rows) == (set(), DAYS, DAYS, log().num_rows)
    again = run(project, project.present())
    assert (again.measured, again.judged, again.rows, again.new) == (0, 0, 0, [])
    assert [one.measured for one in book_of(project).runs()] == [0] or len(book_of(project).runs()) == 1


def test_a_spoilt_day_is_found_by_the_check_and_by_the_rule_and_told_once(tmp_path: Path) -> None:
    files = {"quality/orders.yaml": ORDERS}
    project = shop(tmp_path / "shop", spoilt(without_totals), "quality: {owner: data@shop.example}\n", files)
    report = run(project, project.present(), owners={"order_completed": "till@shop.example"})
    assert ("null rate", "order_completed", "total", "") in told(report)
    assert ("null rate", "order_completed", "total", "orders") in told(report)
    owners = {one.finding.rule: one.finding.owner for one in report.findings}
    assert owners == {"": "till@shop.example", "orders": "orders@shop.example"}
    assert {one.finding.day for one in report.findings} == {last_day()}
    assert run(project, project.present()).new == []
    page = page_of(project)
    assert "of rows have no value" in page
    assert "order_completed" in page
    assert "total has a value" in page or "col_vals_not_null" in page


def test_rows_that_come_later_for_a_judged_day_are_looked_at_again(tmp_path: Path) -> None:
    project = shop(tmp_path / "shop", spoilt(lambda row: row if row["received_at"] % DAY_US > 20 * HOUR_US else None))
    before = run(project, project.present())
    assert ("volume", "*", "", "") in told(before)
    project.events.append(log())
    after = run(project, project.present())
    assert (told(after), after.measured) == (set(), 1)
    assert book_of(project).findings() == []


def test_a_silent_today_is_told_before_the_day_is_over(tmp_path: Path) -> None:
    noon = last_day() * DAY_US + 12 * HOUR_US
    project = shop(tmp_path / "shop", spoilt(lambda row: row if row["received_at"] < noon - 9 * HOUR_US else None))
    report = run(project, noon, slack_us=0)
    (found,) = [one.finding for one in report.findings if one.finding.check is Check.FRESHNESS]
    assert (found.event, found.day) == ("*", last_day())
    assert "still silent" in found.says


def test_what_was_accepted_counts_as_normal(tmp_path: Path) -> None:
    project = shop(tmp_path / "shop", spoilt(without_totals))
    (kept,) = run(project, project.present()).findings
    done = book_of(project).accept(kept.id, project.present())
    assert done.accepted_at == project.present()
    assert "nothing is wrong" in page_of(project)


def test_nothing_personal_is_in_the_book(tmp_path: Path) -> None:
    project = shop(tmp_path / "shop", spoilt(without_totals), files={"quality/orders.yaml": ORDERS})
    run(project, project.present())
    held = b"".join(one.read_bytes() for one in (project.root / ".coterie").glob("quality.db*"))
    emails = {one["properties"] for one in log().to_pylist() if one["name"] == "$identify"}
    assert emails
    assert b"@example.com" not in held
    assert b"p-000" not in held


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("key: orders\nevent: order\nexpect: {total: {between: [5, 1]}}\n", "not a range"),
        ("key: orders\nevent: order\nexpect: {total: {type: integer}}\n", "number"),
        ("key: orders\nevent: order\nexpect: {id: {matches: '('}}\n", "RE2"),
        ("key: orders\nevent: order\nrows_at_least: 1\nalerts: [nobody]\n", "no destination has this key"),
        ("key: other\nevent: order\nrows_at_least: 1\n", "not named after the key"),
    ],
)
def test_mistakes_in_rules_are_told(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "quality").mkdir()
    (tmp_path / "coterie.yaml").write_text("name: shop\n")
    (tmp_path / "quality" / "orders.yaml").write_text(text)
    with pytest.raises(InvalidDefinition) as error:
        rules_of(Project(tmp_path))
    assert words in str(error.value)


def test_every_expectation_can_fail(tmp_path: Path) -> None:
    def broken(row: dict[str, Any]) -> dict[str, Any]:
        if row["name"] != "order_completed":
            return row
        wrong = {"total": -1, "order_id": "order 7", "channel": "web", "cart_id": "c-999999999"}
        return {**row, "properties": {**row["properties"], **wrong}}

    files = {"quality/orders.yaml": ORDERS.replace("may_fail: 0.9", "may_fail: 0.5")}
    project = shop(tmp_path / "shop", spoilt(broken), files=files)
    found = {
        (str(one.finding.check), one.finding.property)
        for one in run(project, project.present()).findings
        if one.finding.rule
    }
    wanted = {
        ("range", "total"),
        ("uniqueness", "order_id"),
        ("format", "order_id"),
        ("range", "channel"),
        ("reference", "cart_id"),
    }
    assert found == wanted


def test_a_rule_that_asks_for_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "quality").mkdir()
    (tmp_path / "quality" / "idle.yaml").write_text("key: idle\nevent: order\nseverity: info\n", encoding="utf-8")
    with pytest.raises(InvalidDefinition, match="at least one of expect, rows_at_least"):
        load(tmp_path)


def test_the_page_says_when_nothing_was_looked_at_and_what_was(tmp_path: Path) -> None:
    project = shop(tmp_path / "shop")
    assert "have not run yet" in page_of(project)
    assert "passed" not in page_of(project)
    run(project, project.present())
    page = page_of(project)
    assert "What was checked on" in page
    assert "the longest bar is" in page
