"""Source files: what they may say, and everything that is wrong with them at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from coterie.connectors.sources import definitions
from coterie.connectors.sources.kinds import KINDS, kind_of
from coterie.errors import InvalidDefinition
from coterie.segments.conditions.form import Form
from tests.connectors.sources.folders import MAPPING

GOOD: dict[str, Any] = {"kind": "files", "path": "*.csv", "mapping": MAPPING}


def problems(root: Path, data: Any, name: str = "shop") -> str:
    with pytest.raises(InvalidDefinition) as caught:
        definitions.parse(data, root, name, f"sources/{name}.yaml")
    return str(caught.value)


@pytest.mark.parametrize("word", KINDS)
def test_every_kind_has_a_form_and_opens(word: str) -> None:
    kind = kind_of(word)
    assert issubclass(kind.config, Form)
    assert callable(kind.open)
    assert not {"kind", "every", "title", "enabled", "mapping"} & set(kind.config.__struct_fields__)


def test_a_source_says_what_it_is(tmp_path: Path) -> None:
    found = definitions.parse({**GOOD, "every": "15m", "title": "Orders"}, tmp_path, "shop")
    assert (found.name, found.label, found.title, found.every_us) == ("shop", "source:shop", "Orders", 900_000_000)
    assert (found.kind.word, found.mapping.source, found.enabled) == ("files", "shop", True)
    assert definitions.parse({**GOOD, "enabled": False}, tmp_path, "shop").enabled is False


def test_a_mapping_may_stand_in_its_own_file(tmp_path: Path) -> None:
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "orders.yaml").write_text("source: all\nprofile: who\noccurred_at: at\nevent: bought\n")
    assert definitions.parse({**GOOD, "mapping": "orders"}, tmp_path, "shop").mapping.source == "all"
    told = problems(tmp_path, {**GOOD, "mapping": "order"})
    assert "no such mapping" in told
    assert "did you mean 'orders'" in told


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    told = problems(
        tmp_path, {"kind": "files", "every": "soon", "pattern": "x", "mapping": {"profile": "who"}}, "My Shop"
    )
    for words in (
        "not a name of a source",
        "not a duration",
        "pattern: unknown key",
        "path: missing",
        "occurred_at: missing",
    ):
        assert words in told
    misspelled = problems(tmp_path, {**GOOD, "evry": "15m"})
    assert "evry: unknown key" in misspelled
    assert "did you mean 'every'" in misspelled
    assert "kind: missing" in problems(tmp_path, {"mapping": MAPPING})
    assert "did you mean 'files'" in problems(tmp_path, {**GOOD, "kind": "file"})
    assert "mapping: missing" in problems(tmp_path, {"kind": "files", "path": "a"})
    assert "a mapping is expected here" in problems(tmp_path, ["kind"])
    assert "a stream is read all the time" in problems(
        tmp_path, {"kind": "mqtt", "broker": "h", "topics": ["a/#"], "every": "1m", "mapping": {**MAPPING}}
    )


def test_all_files_of_a_project_are_told_together(tmp_path: Path) -> None:
    assert definitions.load(tmp_path) == {}
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "a.yaml").write_text(
        "kind: files\npath: 7\nmapping: {profile: who, occurred_at: at, event: x}\n"
    )
    (tmp_path / "sources" / "b.yaml").write_text("kind: nothing\n")
    for name in ("c.yaml", "c.yml"):
        (tmp_path / "sources" / name).write_text(
            "kind: files\npath: x\nmapping: {profile: a, occurred_at: b, event: c}\n"
        )
    with pytest.raises(InvalidDefinition) as caught:
        definitions.load(tmp_path)
    told = str(caught.value)
    assert "a.yaml:2: path" in told
    assert "b.yaml:1: kind" in told
    assert "c.yml: two files have this name" in told


def test_the_environment_is_asked_when_a_source_is_opened(tmp_path: Path) -> None:
    found = definitions.parse({**GOOD, "path": "${WHERE}/*.csv"}, tmp_path, "shop")
    with pytest.raises(InvalidDefinition, match="the environment does not set this"):
        definitions.open_source(found, tmp_path, {"WHARE": "x"})
    (tmp_path / "in").mkdir()
    assert definitions.open_source(found, tmp_path, {"WHERE": "in"}).look().what == "0 files, 0 bytes"
