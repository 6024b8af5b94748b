"""Tables of fields on pages that are written by hand: each stands between two comments, and is written from the form."""

from __future__ import annotations

import re
from pathlib import Path

from coterie.connectors.destinations.definitions import KINDS
from coterie.connectors.destinations.destination import Way
from coterie.connectors.sources import sheet
from coterie.connectors.sources.folder import kind as folder
from coterie.engine.quality.rules import Expect
from coterie.engine.quality.rules import Rule as QualityRule
from coterie.features.builtin import FAMILIES
from coterie.features.definition import FeatureSet, Frozen
from coterie.features.own import Own, Since, TraitValue, ValueMeasure
from coterie.governance.definition import Rule, Standard
from coterie.governance.kinds.boolean import Boolean
from coterie.governance.kinds.country import Country
from coterie.governance.kinds.currency import Currency
from coterie.governance.kinds.email import Email
from coterie.governance.kinds.instant import Moment as Instants
from coterie.governance.kinds.language import Language
from coterie.governance.kinds.number import Number
from coterie.governance.kinds.phone import Phone
from coterie.governance.kinds.text import Wording
from coterie.governance.kinds.unit import Unit
from coterie.governance.kinds.vocabulary import Vocabulary
from coterie.learned.definition import (
    Auto,
    ClustersModel,
    InterestsModel,
    LookalikeModel,
    PropensityModel,
    Target,
    TextModel,
    ValueModel,
)
from coterie.learned.policy import Bounds, LiveAssignment, Recalibration
from coterie.segments.conditions.form import Form
from coterie.segments.language_docs import table
from coterie.taxonomy.event import EventPlan
from coterie.taxonomy.handling import Policy, SourceHandling
from coterie.taxonomy.property import Property
from coterie.triggers.definition import Moment, Sample, Trigger
from coterie.triggers.gathering import Gather
from coterie.triggers.restraints import Consent, Filter, Frequency, Holdout, QuietHours, Reentry
from tests.docs.blocks import ROOT

FORMS: dict[str, tuple[type[Form], ...]] = {
    "triggers.md": (Trigger, Moment, Filter, Consent, Frequency, QuietHours, Holdout, Reentry, Gather, Sample),
    "destinations.md": (*KINDS.values(), Way),
    "governance.md": (
        Standard,
        Rule,
        Wording,
        Number,
        Boolean,
        Instants,
        Unit,
        Currency,
        Phone,
        Email,
        Country,
        Language,
        Vocabulary,
    ),
    "models.md": (
        ClustersModel,
        Auto,
        ValueModel,
        PropensityModel,
        Target,
        LookalikeModel,
        InterestsModel,
        TextModel,
        LiveAssignment,
        Recalibration,
        Bounds,
    ),
    "quality.md": (QualityRule, Expect),
    "features.md": (FeatureSet, Own, ValueMeasure, Since, TraitValue, Frozen, *FAMILIES.values()),
    "sources/files.md": (folder.Config,),
    "sources/sheets.md": (sheet.Config,),
    "tracking-plan.md": (EventPlan, Property, Policy, SourceHandling),
}
"""Page of docs/ → the forms whose fields it shows."""
ELSEWHERE = ("picker", "window", "value-operators")
"""Headings of the language page that tables link to."""


def filled(page: str) -> str:
    """Return a page of docs/ with its tables written anew."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    for form in FORMS[page]:
        fields = table(form)
        for heading in ELSEWHERE:
            up = "../" * page.count("/")
            fields = fields.replace(f"](#{heading})", f"]({up}language.md#{heading})")
        begin, end = f"<!-- fields of {form.__name__} -->", "<!-- end of fields -->"
        pattern = re.compile(f"{re.escape(begin)}\n.*?{re.escape(end)}", re.DOTALL)
        assert len(pattern.findall(text)) == 1, f"{page} has no place for the fields of {form.__name__}"
        text = pattern.sub(lambda _, told=f"{begin}\n\n{fields}\n{end}": told, text)
    return text


def write(page: str, path: str) -> None:
    """Write a page with its tables to ``path``."""
    Path(path).write_text(filled(page), encoding="utf-8")


def star(path: str) -> None:
    """Write the page of the star schema, with its tables, to ``path``."""
    from coterie.engine.exporting.schema import TABLES

    told = []
    for each in TABLES:
        rows = [f"| `{one.name}` | {one.type} | {one.means} |" for one in each.fields]
        rows += [f"| `{each.open.partition(': ')[0]}` | | {each.open.partition(': ')[2]} |"] if each.open else []
        head = [f"### {each.name}", "", each.means, "", "| column | type | what it is |", "| --- | --- | --- |"]
        told.append("\n".join([*head, *rows]))
    text = (ROOT / "docs" / "bi.md").read_text(encoding="utf-8")
    begin, end = "<!-- tables -->", "<!-- end of tables -->"
    before, after = text.partition(begin)[0], text.rpartition(end)[2] if end in text else text.partition(begin)[2]
    body = "\n\n".join(told)
    Path(path).write_text(f"{before}{begin}\n\n{body}\n\n{end}{after}", encoding="utf-8")
