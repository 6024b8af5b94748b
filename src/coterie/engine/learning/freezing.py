"""A feature set is frozen: what was taken from its population is written into its file, below what stands there."""

from __future__ import annotations

from coterie.engine.learning.tables import FOLDER
from coterie.engine.project import Project
from coterie.errors import Problem
from coterie.features.definition import FeatureSet
from coterie.features.parse import parse_text
from coterie.segments.parse.written import data_of, yaml_text


def freeze(project: Project, frozen: FeatureSet) -> str:
    """The file of the set says its fifths and frequent values; return its path within the project.

    What was written stays as it is, comments too. Raises: Problem when something is frozen in it already.
    """
    where = f"{FOLDER}/{frozen.key}.yaml"
    file = project.root / where
    text = file.read_text(encoding="utf-8")
    if frozen.frozen is None:
        raise Problem("nothing in it depends on the population", where=where, hint="it can be followed live as it is")
    written = parse_text(text, str(file))
    if written.frozen is not None:
        raise Problem(
            "it is frozen already", where=where, received="frozen", hint="take that part out to freeze it anew"
        )
    whole = text.rstrip("\n") + "\n" + yaml_text({"frozen": data_of(frozen.frozen)})
    if parse_text(whole, str(file)) != frozen:
        raise Problem("the file has changed meanwhile", where=where, hint="run the command again")
    file.write_text(whole, encoding="utf-8")
    return where
