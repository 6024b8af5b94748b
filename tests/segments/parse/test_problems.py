"""Every wrong definition is refused, with all its problems at once, each with its place and a way out."""

from __future__ import annotations

from typing import Any

import pytest

from coterie.errors import InvalidDefinition
from coterie.segments.parse import DefinitionProblem, parse


def problems(data: dict[str, Any]) -> list[DefinitionProblem]:
    with pytest.raises(InvalidDefinition) as caught:
        parse(data)
    assert all(isinstance(problem, DefinitionProblem) for problem in caught.value.problems)
    return list(caught.value.problems)  # type: ignore[arg-type]


def of(word: str, body: Any) -> list[DefinitionProblem]:
    return problems({"key": "a", "when": {word: body}})


WRONG: list[tuple[str, Any, str, str, str]] = [
    # word, body, path of the only problem, part of what, part of hint
    ("did", {"event": "x", "within": "24 hours"}, "within", "not a duration", "write 24h"),
    ("did", {"event": "x", "within": "0s"}, "within", "not a duration", ""),
    ("did", {"event": "x", "within": "1.5h"}, "within", "not a duration", ""),
    ("did", {"event": "x", "within": "24H"}, "within", "not a duration", "write 24h"),
    ("did", {"event": "x", "within": "99999d"}, "within", "longer than a hundred years", ""),
    ("did", {"event": "x", "within": 30}, "within", "wrong type", "30d"),
    ("did", {"event": "x", "within": "1 month"}, "within", "not a duration", "calendar: month"),
    ("did", {"event": "x", "within": None}, "within", "nothing is written here", ""),
    ("did", {"event": "x", "within": "1d", "during": {"calendar": "day"}}, "", "exclude each other", "one kind"),
    ("did", {"event": "x", "within": "1d", "before": "2026-01-01"}, "", "exclude each other", "one kind"),
    ("did", {"event": "x", "between_ago": ["7d", "14d"]}, "between_ago", "not shorter", "[14d, 7d]"),
    ("did", {"event": "x", "between_ago": ["7d"]}, "between_ago", "wrong length", ""),
    ("did", {"event": "x", "after": "2026-02-01", "before": "2026-01-01"}, "before", "ends before it begins", ""),
    ("did", {"event": "x", "after": "2026-02-30"}, "after", "not an instant", ""),
    ("did", {"event": "x", "after": "yesterday"}, "after", "not an instant", ""),
    ("did", {"event": "x", "after": "2026-02-03T10:00"}, "after", "without an offset", "2026-02-03T10:00Z"),
    ("did", {"event": "x", "time_zone": "Europe/Olso"}, "time_zone", "not a time zone", "'Europe/Oslo'"),
    ("did", {"event": "x", "time_zone": "+02:00"}, "time_zone", "not a time zone", ""),
    ("did", {"evnt": "x"}, "evnt", "unknown key", "'event'"),
    ("did", {"event": "x", "times": 2}, "times", "unknown key", "'exactly'"),
    ("did", {"event": "x", "did": {}}, "did", "unknown key", ""),
    ("did", {}, "", "something is missing", "event: any"),
    ("did", {"where": {"a": 1}}, "", "something is missing", "event: any"),
    ("did", {"event": "x", "like": "a*"}, "", "exclude each other", ""),
    ("did", {"event": ""}, "event", "empty", ""),
    ("did", {"event": []}, "event", "an empty list", ""),
    ("did", {"event": ["a", 5]}, "event[1]", "wrong type", '"5"'),
    ("did", {"like": "abc"}, "like", "not a pattern", "event: abc"),
    ("did", {"like": "$*"}, "like", "system events", ""),
    ("did", {"event": "x", "where": {}}, "where", "an empty mapping", ""),
    ("did", {"event": "x", "where": {"a": [1]}}, "where.a", "wrong type", "in: [...]"),
    ("did", {"event": "x", "where": {"a b": {"gt": 5}}}, 'where["a b"].gt', "unknown key", "'greater_than'"),
    ("did", {"event": "x", "at_least": 3, "at_most": 2}, "at_least", "above at_most", ""),
    ("did", {"event": "x", "at_least": 0}, "at_least", "out of range", ""),
    ("did", {"event": "x", "at_least": 1.5}, "at_least", "wrong type", ""),
    ("did", {"event": "x", "at_least": True}, "at_least", "wrong type", ""),
    ("did", {"event": "x", "exactly": 1, "at_least": 1}, "", "exclude each other", ""),
    ("did", {"event": "x", "same": "p"}, "at_least", "same needs a bound", "exists: true"),
    ("did", "x", "", "wrong type", ""),
    ("did_not", {"event": "x", "at_least": 2}, "at_least", "unknown key", ""),
    ("trait", {"name": "x"}, "", "something is missing", "equals: pro"),
    ("trait", {"equals": 1}, "name", "missing", ""),
    ("trait", {"name": "x", "equals": ""}, "equals", "counts as missing", "missing: true"),
    ("trait", {"name": "x", "equals": None}, "equals", "nothing is written", ""),
    ("trait", {"name": "x", "equals": float("nan")}, "equals", "not a finite number", ""),
    ("trait", {"name": "x", "equals": 2**70}, "equals", "too large", ""),
    ("trait", {"name": "x", "equal": 5}, "equal", "unknown key", "'equals'"),
    ("trait", {"name": "x", "neq": 5}, "neq", "unknown key", "'not_equals'"),
    ("trait", {"name": "x", "missing": False}, "missing", "not one of the allowed words", "opposite"),
    ("trait", {"name": "x", "missing": True, "exists": True}, "", "exclude each other", "opposites"),
    ("trait", {"name": "x", "equals": 1, "in": [1]}, "", "exclude each other", ""),
    ("trait", {"name": "x", "in": []}, "in", "an empty list", ""),
    ("trait", {"name": "x", "in": [1, [2]]}, "in[1]", "wrong type", ""),
    ("trait", {"name": "x", "less_than": "5"}, "less_than", "wrong type", "without quotes"),
    ("trait", {"name": "x", "between": [5, 1]}, "between", "lower end", ""),
    ("trait", {"name": "x", "at_least": 5, "less_than": 5}, "at_least", "no number satisfies", ""),
    ("trait", {"name": "x", "matches": "(?=a)"}, "matches", "not an RE2 expression", ""),
    ("trait", {"name": "x", "matches": "["}, "matches", "not an RE2 expression", ""),
    ("trait", {"name": "x", "version": {"at_least": "2.1"}}, "version.at_least", "not a semantic version", ""),
    ("trait", {"name": "x", "version": "2.1.0"}, "version", "wrong type", ""),
    ("trait", {"name": "x", "version": {}}, "version", "something is missing", ""),
    ("trait", {"name": "x", "near": {"lat": 91, "lon": 1, "within_m": 1}}, "near.lat", "out of range", ""),
    ("trait", {"name": "x", "near": {"lat": 1, "lon": 1, "within": 1}}, "near.within", "unknown key", "'within_m'"),
    ("trait", {"name": "x", "element": {"a": {"element": {"b": 1}}}}, "element.a.element", "cannot be tested", ""),
    ("date", {"trait": "x"}, "", "something is missing", ""),
    ("date", {"trait": "x", "is": "todday"}, "is", "not one of the allowed words", "'today'"),
    ("date", {"trait": "x", "within": "1d", "is": "today"}, "", "exclude each other", ""),
    ("date", {"trait": "x", "anniversary": {"within_days": 400}}, "anniversary.within_days", "out of range", ""),
    ("has_been", {"trait": "x", "equals": 1}, "", "something is missing", ""),
    ("has_been", {"trait": "x", "for_at_least": "1d"}, "equals", "missing", ""),
    ("aggregate", {"kind": "sum", "event": "x", "at_least": 5}, "property", "needs a property", ""),
    ("aggregate", {"kind": "days", "property": "p", "event": "x", "at_least": 5}, "property", "no property", ""),
    ("aggregate", {"kind": "avg", "property": "p", "event": "x", "at_least": 5}, "kind", "not one of", "'mean'"),
    ("aggregate", {"kind": "count", "event": "x"}, "", "something is missing", "at_least: 5"),
    ("aggregate", {"kind": "sum", "property": "p", "event": "x", "at_least": {"trait": ""}}, "at_least.trait", "empty", ""),
    ("aggregate", {"kind": "sum", "property": "p", "event": "x", "equals": "5"}, "equals", "wrong type", "quotes"),
    ("aggregate", {"kind": "latest", "property": "p", "event": "x", "at_least": {"trait": "y"}}, "at_least", "wrong type", ""),
    ("first_time", {"event": "x"}, "within", "missing", ""),
    ("last_time", {"event": "x"}, "", "something is missing", "write did"),
    ("last_time", {"event": "x", "within": "1d", "more_than_ago": "1h"}, "", "exclude each other", ""),
    ("stopped", {"event": "a", "active_within": "7d", "silent_for": "14d"}, "silent_for", "not shorter", ""),
    ("stopped", {"event": "a", "active_within": "7d", "silent_for": "1w"}, "silent_for", "not shorter", ""),
    ("regularly", {"event": "a", "every": "7d", "in": 5, "of_last": 4}, "in", "more periods", ""),
    ("regularly", {"event": "a", "every": "7d", "in": 5, "of_last": 121}, "of_last", "out of range", ""),
    ("then", {"steps": [{"event": "a"}]}, "steps", "at least two", "write did"),
    ("then", {"steps": [{"event": "a"}] * 11}, "steps", "too many", ""),
    ("then", {"steps": [{"event": "a", "within": "1d"}, {"event": "b"}]}, "steps[0].within", "first step", ""),
    ("then", {"steps": [{"event": "a"}, {"event": "b", "within": "8d"}], "in_last": "7d"}, "steps[1].within", "longer", ""),
    ("then_not", {"absent": {"event": "b"}, "for": "1d"}, "", "something is missing", ""),
    ("then_not", {"first": {"event": "a"}, "absent": {"event": "b"}, "for": "1d", "in_last": "1d"}, "for", "not shorter", ""),
    ("then_not", {"first": {"event": "a", "within": "1d"}, "absent": {"event": "b"}, "for": "1d"}, "first.within", "unknown", ""),
    ("inactive", {"for": "14"}, "for", "not a duration", ""),
    ("in_segment", "Other Key", "", "not a segment key", "other-key"),
    ("in_segment", {"key": "x"}, "", "wrong type", ""),
    ("in_list", 5, "", "wrong type", ""),
    ("bucket", {"percent": 101, "salt": "a"}, "percent", "out of range", ""),
    ("bucket", {"percent": 0, "salt": "a"}, "percent", "out of range", ""),
    ("bucket", {"percent": 50, "salt": "a b"}, "salt", "not a salt", ""),
    ("consented", {"purpose": "x"}, "default", "missing", ""),
    ("consented", {"purpose": "x", "default": "opt-in"}, "default", "not one of", ""),
    ("cluster", {"model": "rfm"}, "", "something is missing", "is: loyal"),
    ("cluster", {"model": "rfm", "is": "a", "not": "b"}, "", "exclude each other", "alone"),
    ("cluster", {"model": "rfm", "is": "Loyal Ones"}, "is", "not a segment key", "loyal-ones"),
    ("cluster", {"model": "rfm", "distance": {"at_least": 2, "at_most": 1}}, "distance.at_least", "no number", ""),
    ("top", {"percent": 10, "count": 5, "by": {"kind": "count", "event": "x"}}, "", "exclude each other", ""),
    ("top", {"percent": 10, "by": {"kind": "first", "event": "x"}}, "by.kind", "not one of", ""),
    ("rfm", {"event": "x"}, "", "something is missing", ""),
    ("rfm", {"recency": [5, 4], "event": "x"}, "recency", "lower score", ""),
    ("rfm", {"monetary": [4, 5], "event": "x"}, "property", "monetary needs", ""),
    ("rfm", {"recency": [0, 5], "event": "x"}, "recency[0]", "out of range", ""),
    ("all", [], "", "an empty list", ""),
    ("all", {"everyone": {}}, "", "wrong type", ""),
    ("any", [{"everyone": {}}, {"did": {}}], "[1].did", "something is missing", ""),
    ("not", [{"everyone": {}}], "", "a list", "all: [...]"),
    ("at_least_of", {"count": 3, "of": [{"everyone": {}}]}, "count", "more than there are", ""),
    ("everyone", None, "", "wrong type", ""),
]  # fmt: skip


@pytest.mark.parametrize(("word", "body", "path", "what", "hint"), WRONG)
def test_wrong_conditions_are_refused(word: str, body: Any, path: str, what: str, hint: str) -> None:
    (problem,) = of(word, body)
    joint = "" if not path or path.startswith("[") else "."
    assert problem.path == f"when.{word}{joint}{path}"
    assert what in problem.what
    assert hint in problem.hint


def test_every_problem_is_told_at_once() -> None:
    told = problems(
        {
            "key": "A B",
            "colour": "red",
            "version": "1",
            "universe": "everybody",
            "when": {
                "all": [
                    {"stopped": {"event": 3, "active_within": "7d", "silent_for": "14d"}},
                    {"bucket": {"percent": 150}},
                    {"did": {"event": "x", "within": "soon", "at_least": 3, "at_most": 2}},
                    {"purchased": {}},
                ]
            },
        }
    )
    assert sorted(problem.path for problem in told) == sorted(
        [
            "key",
            "colour",
            "version",
            "universe",
            "when.all[0].stopped.event",
            "when.all[0].stopped.silent_for",
            "when.all[1].bucket.percent",
            "when.all[1].bucket.salt",
            "when.all[2].did.within",
            "when.all[2].did.at_least",
            "when.all[3].purchased",
        ]
    )


def test_every_flaw_of_the_steps_is_told() -> None:
    steps = [{"event": "a", "within": "1d"}, {"event": "b", "within": "8d"}, {"event": "c", "within": "9d"}]
    paths = [problem.path for problem in of("then", {"steps": steps, "in_last": "7d"})]
    assert paths == [f"when.then.steps[{number}].within" for number in range(3)]


def test_missing_salt_is_drawn_afresh() -> None:
    hints = {of("bucket", {"percent": 50})[0].hint for _ in range(3)}
    assert len(hints) == 3
    salt = next(iter(hints)).split()[2]
    assert parse({"key": "a", "when": {"bucket": {"percent": 50, "salt": salt}}}).says()


def test_depth_is_bounded() -> None:
    def nest(depth: int) -> dict[str, Any]:
        return {"everyone": {}} if depth == 1 else {"not": nest(depth - 1)}

    assert parse({"key": "a", "when": nest(16)})
    (problem,) = problems({"key": "a", "when": nest(17)})
    assert problem.what == "nested too deeply"
    assert problems({"key": "a", "when": nest(300)})


@pytest.mark.parametrize(
    ("when", "what", "hint"),
    [
        ("everyone", "a word without its mapping", "everyone: {}"),
        ([{"everyone": {}}], "a list", "all: [...]"),
        ({}, "not a condition", "everyone: {}"),
        (None, "not a condition", "everyone: {}"),
        ({"did": {"event": "x"}, "everyone": {}}, "more than one key", "all: [...]"),
        ({"and": []}, "not a condition", "'all'"),
        ({"performed": {}}, "not a condition", "'did'"),
        ({5: {}}, "not a condition", ""),
    ],
)
def test_wrong_rules(when: Any, what: str, hint: str) -> None:
    (problem,) = problems({"key": "a", "when": when})
    assert problem.what == what
    assert hint in problem.hint


@pytest.mark.parametrize(
    ("fields", "path", "what"),
    [
        ({"refresh": "daily"}, "refresh", "not one of the allowed words"),
        ({"refresh": {"cron": "0 25 * * *"}}, "refresh.cron", "no valid hour"),
        ({"refresh": {"cron": "* * * *"}}, "refresh.cron", "five fields"),
        ({"refresh": {"every": "1d", "cron": "0 3 * * *"}}, "refresh", "these exclude each other"),
        ({"refresh": {}}, "refresh", "something is missing"),
        ({"refresh": {"every": "1d"}, "manual": True}, "refresh", "by hand"),
        ({"manual": "yes"}, "manual", "wrong type"),
        ({"tags": "cart"}, "tags", "wrong type"),
        ({"version": 0}, "version", "out of range"),
        ({"owner": 5}, "owner", "wrong type"),
        ({"time_zone": "Mars/Olympus"}, "time_zone", "not a time zone"),
        ({"explicit": []}, "explicit", "unknown key"),
        ({True: 1}, "True", "a key that is no text"),
    ],
)
def test_wrong_fields(fields: dict[Any, Any], path: str, what: str) -> None:
    (problem,) = problems({"key": "a", "when": {"everyone": {}}, **fields})
    assert problem.path == path
    assert what in problem.what


def test_two_of_a_population_kind_are_refused() -> None:
    top = {"top": {"count": 5, "by": {"kind": "count", "event": "x"}}}
    (problem,) = problems({"key": "a", "when": {"any": [top, {"not": top}]}})
    assert problem.what == "more than one top"


@pytest.mark.parametrize("data", [None, [], "text", 5, {}])
def test_no_definition_at_all(data: Any) -> None:
    with pytest.raises(InvalidDefinition):
        parse(data)


def test_a_problem_reads_well() -> None:
    (problem,) = of("did", {"event": "x", "within": "24 hours"})
    assert str(problem) == (
        "when.did.within: not a duration\n"
        "  received: '24 hours'\n"
        '  allowed:  a whole number above 0 and s, m, h, d or w, such as "24h"\n'
        "  hint: write 24h"
    )


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
def test_text_that_no_store_can_hold_is_refused(text: str) -> None:
    (problem,) = of("trait", {"name": "x", "equals": text})
    assert problem.what == "a character that no store can hold"
    assert of("did", {"event": "x", "where": {text: 1}})[0].path.encode()
