"""YAML or JSON text → plain data and the line of every key, refusing what two readers of YAML would read differently.

The same text must mean the same in every YAML reader, so that words that YAML 1.1 and 1.2 read differently (``yes``,
``on``, ``0150``, ``12:30``, ``1_000``) have to be put in quotes. Dates are text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Hashable
from typing import Any

import yaml

from coterie.errors import InvalidDefinition
from coterie.segments.conditions.form import Flaw
from coterie.segments.conditions.places import DefinitionProblem, Lines, Path, written

_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_SWITCHES = frozenset(
    form for word in ("yes", "no", "on", "off") for form in (word, word.capitalize(), word.upper())
)  # fmt: skip
_OTHER_BASE = re.compile(r"[-+]?(0[0-9_]+|0[xob][0-9a-fA-F_]+)")
_GROUPED = re.compile(r"[-+]?[0-9][0-9_]*_[0-9_]*(\.[0-9_]*)?")
_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")
_SPECIAL = re.compile(r"[-+]?\.(inf|nan)", re.IGNORECASE)
_TAG = "tag:yaml.org,2002:"
INT_MAX = 2**63 - 1
BYTES_MAX = 1_000_000
"""A definition longer than this is a mistake."""


class Document:
    """The data of one file and the line on which each path begins."""

    def __init__(self, data: Any, lines: Lines) -> None:
        self.data, self.lines = data, lines


def read(text: str, file: str = "") -> Document:
    """Return the data of YAML or (for a ``.json`` file) JSON text; InvalidDefinition with every problem of the notation."""
    if len(text) > BYTES_MAX:
        flaw = Flaw("too long", received=len(text), allowed=f"at most {BYTES_MAX:,} characters")
        raise InvalidDefinition([DefinitionProblem(flaw, "", file)])
    return _read_json(text, file) if file.endswith(".json") else _read_yaml(text, file)


def _read_json(text: str, file: str) -> Document:
    problems: list[DefinitionProblem] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in items]
        for name in sorted({name for name in names if names.count(name) > 1}):
            problems.append(DefinitionProblem(Flaw("the key stands here twice", received=name), name, file))
        return dict(items)

    def special(word: str) -> Any:
        problems.append(DefinitionProblem(Flaw("not a finite number", received=word, allowed="a number"), "", file))
        return 0

    try:
        data = json.loads(text, object_pairs_hook=pairs, parse_constant=special)
    except json.JSONDecodeError as error:
        raise InvalidDefinition([DefinitionProblem(Flaw(f"not JSON: {error.msg}"), "", file, error.lineno)]) from error
    except RecursionError as error:
        raise InvalidDefinition([DefinitionProblem(Flaw("nested too deeply"), "", file)]) from error
    if problems:
        raise InvalidDefinition(problems)
    return Document(data, {})


def _read_yaml(text: str, file: str) -> Document:
    try:
        nodes = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        line = None if error.problem_mark is None else error.problem_mark.line + 1
        what = " ".join(part for part in (error.problem or "not YAML", error.context or "") if part)
        hint = ""
        if "alias" in what:
            hint = "aliases are not part of the language: name what you repeat a segment and use in_segment"
        elif "cannot start any token" in what or "found character" in what:
            hint = "indent with spaces, and put text with special characters in quotes"
        raise InvalidDefinition([DefinitionProblem(Flaw(f"not YAML: {what}", hint=hint), "", file, line)]) from error
    except yaml.YAMLError as error:
        raise InvalidDefinition([DefinitionProblem(Flaw(f"not YAML: {error}"), "", file)]) from error
    except RecursionError as error:
        raise InvalidDefinition([DefinitionProblem(Flaw("nested too deeply"), "", file)]) from error
    if len(nodes) != 1:
        flaw = Flaw("a file holds one definition", received=f"{len(nodes)} documents", allowed="one",
                    hint="give each its own file" if nodes else "the file is empty")  # fmt: skip
        raise InvalidDefinition([DefinitionProblem(flaw, "", file)])
    builder = _Builder(file)
    data = builder.build(nodes[0], ())
    if builder.problems:
        raise InvalidDefinition(builder.problems)
    return Document(data, builder.lines)


class _Builder:
    """Turns YAML nodes into plain data, noting lines and problems of the notation."""

    def __init__(self, file: str) -> None:
        self.problems: list[DefinitionProblem] = []
        self.lines: dict[Path, int] = {}
        self._file = file
        self._seen: set[int] = set()

    def build(self, node: yaml.Node, path: Path, is_key: bool = False) -> Any:
        if not is_key:
            self.lines.setdefault(path, node.start_mark.line + 1)
        if id(node) in self._seen:
            return self._tell(
                node, path, Flaw("aliases are not part of the language", hint="write it out, or use in_segment")
            )
        self._seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if node.tag not in (f"{_TAG}map", f"{_TAG}seq"):
            return self._tell(node, path, _tagged(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, i)) for i, item in enumerate(node.value)]
        return self._tell(node, path, _tagged(node))

    def _tell(self, node: yaml.Node, path: Path, flaw: Flaw) -> None:
        self.problems.append(DefinitionProblem(flaw, written(path), self._file, node.start_mark.line + 1))

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[Any, Any]:
        data: dict[Any, Any] = {}
        first: dict[Any, int] = {}
        for key_node, value_node in node.value:
            key = self.build(key_node, path, is_key=True)
            if not isinstance(key, Hashable):
                self._tell(key_node, path, Flaw("a key that is no text"))
                continue
            inner = (*path, str(key))
            if key in data:
                flaw = Flaw("the key stands here twice", received=key, hint=f"it stands on line {first[key]} already")
                self._tell(key_node, inner, flaw)
            first.setdefault(key, key_node.start_mark.line + 1)
            self.lines[inner] = key_node.start_mark.line + 1
            data[key] = self.build(value_node, inner)
        return data

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        text = str(node.value)
        if node.style is not None:
            return text if node.tag == f"{_TAG}str" else self._tell(node, path, _tagged(node))
        flaw = _ambiguity(text)
        if flaw is not None:
            return self._tell(node, path, flaw)
        name, value = _resolved(text)
        if node.tag not in (f"{_TAG}{name}", *([f"{_TAG}timestamp"] if name == "str" else [])):
            return self._tell(node, path, _tagged(node))
        if isinstance(value, int) and abs(value) > INT_MAX:
            return self._tell(node, path, Flaw("too large a number", received=text, allowed="64 bits"))
        if isinstance(value, float) and not math.isfinite(value):
            return self._tell(node, path, Flaw("too large a number", received=text, allowed="a finite number"))
        return value


def _resolved(text: str) -> tuple[str, Any]:
    """Return the kind and the value of an unquoted scalar by the core schema of YAML 1.2."""
    if text in _NULL:
        return "null", None
    if text in _BOOL:
        return "bool", _BOOL[text]
    if _INT.fullmatch(text):
        return "int", int(text)
    if _FLOAT.fullmatch(text):
        return "float", float(text)
    return "str", text


def _tagged(node: yaml.Node) -> Flaw:
    return Flaw(
        "tags are not part of the language, nor is text that some readers take for a number",
        received=str(node.value) if isinstance(node, yaml.ScalarNode) else node.tag,
        hint="put text in quotes, and write numbers with digits and a point only",
    )


def _ambiguity(text: str) -> Flaw | None:
    """Return what two readers of YAML would disagree about, or ``None``."""
    quoted = f'for text write "{text}" in quotes'
    if text in _SWITCHES:
        meant = "true" if text.lower() in ("yes", "on") else "false"
        return Flaw("read as true or false by some and as text by others", received=text,
                    allowed="true, false, or text in quotes", hint=f"write {meant}; {quoted}")  # fmt: skip
    if text in ("<<", "="):
        return Flaw("merge keys are not part of the language", received=text)
    if _SPECIAL.fullmatch(text):
        return Flaw("not a finite number", received=text, allowed="a number")
    if _OTHER_BASE.fullmatch(text) or _GROUPED.fullmatch(text) or _SEXAGESIMAL.fullmatch(text):
        return Flaw("read as different numbers by different readers", received=text,
                    allowed="digits without a leading zero, base prefix, underscore or colon", hint=quoted)  # fmt: skip
    return None


def reads_as_text(text: str) -> bool:
    """Return whether ``text``, unquoted, is read as this text by every reader of YAML."""
    return _ambiguity(text) is None and _resolved(text)[0] == "str"
