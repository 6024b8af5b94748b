"""Globs and regular expressions as other engines write them."""

from __future__ import annotations

import pytest
import re2

from coterie.segments.batch.patterns import glob_pattern, java_pattern


@pytest.mark.parametrize(
    ("glob", "name", "matches"),
    [
        ("TEST_*", "TEST_1", True),
        ("TEST_*", "my TEST_1", False),
        ("TEST_*", "TEST_a\nb", True),
        ("TEST?2", "TEST 2", True),
        ("TEST?2", "TEST2", False),
        ("a.b", "axb", False),
        ("[a]{1}|^$\\d(+)", "[a]{1}|^$\\d(+)", True),
        ("", "", True),
        ("*", "é", True),
        ("?", "é", True),
    ],
)
def test_only_stars_and_question_marks_are_special(glob: str, name: str, matches: bool) -> None:
    found = re2.search(glob_pattern(glob), name)  # type: ignore[no-untyped-call]
    assert (found is not None) is matches


@pytest.mark.parametrize(
    ("pattern", "java"),
    [
        ("^a.b$", r"(?d)^a.b\z"),
        ("(?m)^b$", "(?d)(?m)^b$"),
        (r"\$[$]", r"(?d)\$[$]"),
        (r"\s\S[\s]", "(?d)[\\t\\n\\f\\r ][^\\t\\n\\f\\r ][\\t\\n\\f\\r ]"),
        ("(?P<n>x)(?:y)", "(?d)(?<n>x)(?:y)"),
        ("[]a][^]b][[c&&d]", r"(?d)[\]a][^\]b][\[c\&\&d]"),
        ("[[:alpha:]_[:^word:]]", r"(?d)[\p{Alpha}_\W]"),
        ("a\\", "(?d)a\\"),
    ],
)
def test_java_is_told_what_re2_means(pattern: str, java: str) -> None:
    assert java_pattern(pattern) == java
