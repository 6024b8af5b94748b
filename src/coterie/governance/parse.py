"""Files of rules: one for each topic, ``governance/<key>.yaml``; every problem of every file at once."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from coterie.errors import InvalidDefinition, Problem, nearest
from coterie.governance.definition import Rule, Standard, normal_of
from coterie.governance.normal import Normal, Texts
from coterie.segments.conditions.form import Flaw
from coterie.segments.conditions.places import Lines, place
from coterie.segments.parse.folder import form_of, loaded, text_of
from coterie.segments.parse.text import read


class Ruled(Struct, frozen=True, eq=False):
    """A rule that is ready: where it stands, and what it does."""

    standard: str
    number: int
    """Its place in its file, from 1."""
    rule: Rule
    normal: Normal


class Standards(Struct, frozen=True, eq=False):
    """All rules of a project, in the order in which they are applied: files by name, rules as written."""

    standards: tuple[Standard, ...] = ()
    rules: tuple[Ruled, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.rules)


def parse_text(text: str, file: str = "", texts: Texts | None = None) -> Standards:
    """Return the rules that YAML text describes; ``texts`` reads the files that they name. Raises: InvalidDefinition with every problem."""
    document = read(text, file)
    standard = form_of(Standard, document.data, file, document.lines)
    problems: list[Problem] = []
    rules = _ready(standard, file, document.lines, texts or _nothing, problems)
    if problems:
        raise InvalidDefinition(problems)
    return Standards((standard,), rules)


def parse_in(folder: str | Path, text: str) -> Standards:
    """Return the rules of one text as if it lay in ``folder``, beside the files that it names. Raises: InvalidDefinition."""
    return parse_text(text, "", _reader(Path(folder)))


def load(folder: str | Path) -> Standards:
    """Return the rules of a folder, none if there is no such folder. Raises: InvalidDefinition for all files together."""
    reader = _reader(Path(folder))
    found = loaded(Path(folder), lambda text, file: parse_text(text, file, reader), lambda one: one.standards[0].key)
    every = tuple(found.values())
    return Standards(
        tuple(standard for one in every for standard in one.standards),
        tuple(rule for one in every for rule in one.rules),
    )


def _reader(folder: Path) -> Texts:
    """Return what reads a file that lies beside the rules."""

    def texts(name: str) -> str:
        known = {one.name: one for one in folder.iterdir() if one.is_file()} if folder.is_dir() else {}
        if name not in known:  # a name is looked up among those that are there, never followed as a path
            hint = nearest(name, [one for one in known if one.endswith(".csv")])
            raise Problem("no such file", received=name, allowed=f"a file in {folder.name}/", hint=hint)
        return text_of(known[name]).removeprefix("\ufeff")  # spreadsheets write one

    return texts


def _nothing(name: str) -> str:
    raise Problem("no such file", received=name, allowed="a file in governance/")


def _ready(standard: Standard, file: str, lines: Lines, texts: Texts, problems: list[Problem]) -> tuple[Ruled, ...]:
    found: list[Ruled] = []
    for number, rule in enumerate(standard.rules):
        here = ("rules", number, rule.word)
        try:
            found.append(Ruled(standard.key, number + 1, rule, normal_of(rule, texts)))
        except Problem as error:
            what = f"{error.where}: {error.what}" if error.where else error.what
            flaw = Flaw(what, received=error.received, allowed=error.allowed, hint=error.hint)
            problems.append(place(flaw, here, file, lines))
        except InvalidDefinition as error:
            problems += error.problems
    return tuple(found)
